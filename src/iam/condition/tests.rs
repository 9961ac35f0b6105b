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
