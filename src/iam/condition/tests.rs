use super::value::{Cidr, Number, instant};
use super::*;
use std::cmp::Ordering;

#[test]
fn operators_are_read_with_set_and_if_exists() {
    assert_eq!(
        Operator::parse("ForAnyValue:StringNotLikeIfExists"),
        Some((Some(SetOperator::ForAnyValue), Operator::StringNotLike, true))
    );
    assert_eq!(Operator::parse("Null"), Some((None, Operator::Null, false)));
    for unknown in
        ["NullIfExists", "StringMatches", "ForSomeValues:StringLike", "IfExists", "", "é"]
    {
        assert_eq!(Operator::parse(unknown), None, "{unknown}");
    }
}

#[test]
fn dates_in_every_form_of_the_w3c_note() {
    let same = [
        "2020-04-01T00:00:00Z",
        "2020-04-01T09:00:00+09:00",
        "2020-03-31T19:00-05:00",
        "2020-04-01",
        "2020-04",
        "1585699200",
        "2020-04-01T00:00:00.000Z",
        "2020-04-01T09:00+09",
        "2020-04-01T09:30:00+0930",
        "2020-04-01T05:45:00+05:45",
        "2020-03-31T20:30:00-0330",
    ];
    for text in same {
        assert_eq!(instant(text), Some(1_585_699_200_000_000_000), "{text}");
    }
    assert_eq!(instant("2020"), instant("2020-01-01"));
    assert_eq!(instant("1970-01-01T00:00:00.5Z"), Some(500_000_000));
    assert_eq!(instant("2000-02-29").map(|it| it / 1_000_000_000), Some(951_782_400));
    for text in
        ["20200-04-01", "2020-4-01", "2020-004-01", "2020-04-01T1:00Z", "2020-04-01T001:00Z"]
    {
        assert_eq!(instant(text), None, "{text}");
    }
    for text in
        ["", "yesterday", "2020-13-01", "2019-02-29", "2020-04-01T25:00Z", "2020-04T00:00Z", "1e3"]
    {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn numbers_are_compared_exactly() {
    let order =
        |one: &str, other: &str| Number::parse(one).unwrap().order(&Number::parse(other).unwrap());
    assert_eq!(order("10", "9"), Ordering::Greater);
    assert_eq!(order("-10", "9"), Ordering::Less);
    assert_eq!(order("1.50", "1.5"), Ordering::Equal);
    assert_eq!(order("-0", "0"), Ordering::Equal);
    assert_eq!(order("1e3", "1000"), Ordering::Equal);
    assert_eq!(order("25e-1", "2.5"), Ordering::Equal);
    assert_eq!(order("9007199254740993", "9007199254740992"), Ordering::Greater);
    assert_eq!(order("0.1", "0.09"), Ordering::Greater);
    for text in ["", "-", ".", "1,000", "0x10", "NaN", "1e99999"] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}

#[test]
fn ranges_hold_their_addresses() {
    let holds =
        |range: &str, address: &str| Cidr::parse(range).unwrap().contains(address.parse().unwrap());
    assert!(holds("203.0.113.0/24", "203.0.113.255"));
    assert!(!holds("203.0.113.0/24", "203.0.114.0"));
    assert!(holds("203.0.113.7", "203.0.113.7"));
    assert!(!holds("203.0.113.7", "203.0.113.6"));
    assert!(holds("0.0.0.0/0", "8.8.8.8"));
    assert!(!holds("0.0.0.0/0", "2001:db8::1"));
    assert!(holds("2001:db8::/32", "2001:db8:1234::1"));
    assert!(holds("::/0", "::1"));
    for text in
        ["203.0.113.0/33", "2001:db8::/129", "203.0.113", "203.0.113.0/", "203.0.113.0/+8", "*"]
    {
        assert_eq!(Cidr::parse(text), None, "{text}");
    }
}

/// Against another implementation of the calendar.
#[test]
fn days_are_counted_as_the_calendar_does() {
    let nanoseconds = |date: jiff::civil::Date| {
        date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_nanosecond()
    };
    for year in [1, 4, 100, 400, 1600, 1899, 1900, 1969, 1970, 1972, 1999, 2000, 2024, 2026, 2100] {
        for month in 1..=12_i8 {
            for day in 1..=31_i8 {
                let wanted = jiff::civil::Date::new(year, month, day).ok().map(nanoseconds);
                let text = format!("{year:04}-{month:02}-{day:02}");
                assert_eq!(instant(&text), wanted, "{text}");
                let noon = wanted.map(|it| it + 43_200_000_000_000);
                assert_eq!(instant(&format!("{text}T12:00Z")), noon, "{text}");
            }
        }
    }
    for text in ["2020-00-01", "2020-01-00", "2020-13-01", "2020-01-32", "2020-01-01-01"] {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn clocks_are_read_to_their_limits() {
    let after = |text: &str| instant(&format!("1970-01-01T{text}"));
    let second = 1_000_000_000;
    for (text, wanted) in [
        ("00:00", 0),
        ("00:01", 60 * second),
        ("01:00", 3600 * second),
        ("01:02:03", 3723 * second),
        ("23:59:59", 86_399 * second),
        ("24:00", 86_400 * second),
        ("00:59:60", 3600 * second),
        ("00:00:00.000000001", 1),
        ("00:00:00.0000000019", 1),
        ("00:00:01.25Z", 1_250_000_000),
        ("02:30+02:30", 0),
        ("02:31+02:30", 60 * second),
        ("00:00-01:01", 3660 * second),
    ] {
        assert_eq!(after(text), Some(wanted), "{text}");
    }
    for text in [
        "25:00",
        "00:60",
        "00:00:61",
        "00:00:00.",
        "00:00:00.x",
        "00:00:00.1x",
        "00",
        "00:00:00:00",
        "00:00+1",
        "00:00+001",
        "00:00+1:00",
        "00:00+01:0",
        "00:00+01000",
        "1:00",
        "00:1",
    ] {
        assert_eq!(after(text), None, "{text}");
    }
    assert_eq!(instant("-1"), Some(-second));
    assert_eq!(instant(" 10 "), Some(10 * second));
    for text in ["-", "1.5", "99999999999999999999", "1970T00:00", "1970-01T00:00"] {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn points_of_numbers_move() {
    let equal = |one: &str, other: &str| {
        assert_eq!(Number::parse(one), Number::parse(other), "{one} {other}");
        assert!(Number::parse(one).is_some(), "{one}");
    };
    equal("1.25e1", "12.5");
    equal("1e-2", "0.01");
    equal("123e-5", "0.00123");
    equal("0.00123E5", "123");
    equal("+12.50", "12.5");
    equal("12345e-2", "123.45");
    equal("1.2345e2", "123.45");
    equal(".5", "0.5");
    equal("5.", "5");
    equal("007", "7");
    equal(" 7 ", "7");
    equal("1e400", &format!("1{}", "0".repeat(400)));
    equal("1e-400", &format!("0.{}1", "0".repeat(399)));
    for text in ["1e401", "1e-401", "1e", "e1", "1.2.3", "--1", "+-1", "1a", "1.a", "a.1"] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn numbers_are_ordered_as_integers_are(one in -100_000_i64..100_000, other in -100_000_i64..100_000) {
        // In thousandths.
        let written = |value: i64| {
            let size = value.unsigned_abs();
            let sign = if value < 0 { "-" } else { "" };
            Number::parse(&format!("{sign}{}.{:03}", size / 1000, size % 1000)).unwrap()
        };
        proptest::prop_assert_eq!(written(one).order(&written(other)), one.cmp(&other));
    }

    #[test]
    fn ranges_hold_what_shares_their_first_bits(
        network: u128, bits in 0_u8..=128, flipped in 0_u8..128, narrow: bool,
    ) {
        let width = if narrow { 32 } else { 128 };
        let (bits, flipped) = (bits % (width + 1), flipped % width);
        let text = |value: u128| -> String {
            if narrow {
                std::net::Ipv4Addr::from(u32::try_from(value & 0xffff_ffff).unwrap()).to_string()
            } else {
                std::net::Ipv6Addr::from(value).to_string()
            }
        };
        let range = Cidr::parse(&format!("{}/{bits}", text(network))).unwrap();
        // Bit 0 is the first of the address.
        let other = network ^ (1_u128 << (width - 1 - flipped));
        proptest::prop_assert!(range.contains(text(network).parse().unwrap()));
        proptest::prop_assert_eq!(range.contains(text(other).parse().unwrap()), flipped >= bits);
    }
}
