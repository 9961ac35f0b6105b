use super::*;
use parquet::data_type::{ByteArray, FixedLenByteArray};

const MICROS: Kind = Kind::Timestamp { digits: 6 };

fn exact(value: Value) -> Bound {
    Bound { value, exact: true }
}

fn same(kind: &Kind, value: Value, answer: &str) -> bool {
    agree(kind, End::Least, &exact(value), answer) == Agreement::Equal
}

#[test]
fn numbers_are_compared_by_value_not_by_text() {
    assert!(same(&Kind::Int(64), Value::Int(-5), "-5"));
    assert!(!same(&Kind::Int(64), Value::Int(-5), "5"));
    assert!(same(&Kind::Double, Value::Float(1e10), "1.0E10"));
    assert!(same(&Kind::Float, Value::Float(f64::from(0.1_f32)), "0.1"));
    assert!(!same(&Kind::Double, Value::Float(f64::from(0.1_f32)), "0.1"));
    assert!(same(&Kind::Double, Value::Float(-0.0), "0.0"));
    assert!(same(&Kind::Double, Value::Float(f64::INFINITY), "Infinity"));
    let money = Kind::Decimal { precision: 10, scale: 2 };
    assert!(same(&money, Value::Int(-1250), "-12.50"));
    assert!(same(&money, Value::Int(-1250), "-12.5"));
    assert!(same(&money, Value::Int(-50), "-0.50"));
    assert!(!same(&money, Value::Int(-50), "0.50"));
    assert!(matches!(
        agree(&money, End::Least, &exact(Value::Int(1)), "0.015"),
        Agreement::Unreadable(_)
    ));
    let largest = Kind::Decimal { precision: 38, scale: 0 };
    assert!(same(&largest, Value::Int(10_i128.pow(38) - 1), &"9".repeat(38)));
}

#[test]
fn nan_is_said_to_be_no_matter_for_statistics() {
    let found = agree(&Kind::Double, End::Greatest, &exact(Value::Float(1.0)), "NaN");
    assert!(matches!(found, Agreement::Unreadable(reason) if reason.contains("NaN")));
}

#[test]
fn moments_agree_as_far_as_athena_prints_them() {
    // 2013-01-01 10:00:00.123456
    let count = Value::Int(1_357_034_400_123_456);
    assert!(same(&MICROS, count.clone(), "2013-01-01 10:00:00.123"));
    assert!(same(&MICROS, count.clone(), "2013-01-01 10:00:00.123456"));
    assert!(same(&MICROS, count.clone(), "2013-01-01 10:00:00.124"), "rounded up");
    assert!(!same(&MICROS, count.clone(), "2013-01-01 10:00:00.125"));
    assert!(!same(&MICROS, count.clone(), "2013-01-01 10:00:00.123457"));
    assert!(!same(&MICROS, count, "2013-01-01 10:00:01.123"));
    let before_1970 = Value::Int(-1);
    assert!(same(&MICROS, before_1970, "1969-12-31 23:59:59.999999"));
    assert!(same(&Kind::Date, Value::Int(-1), "1969-12-31"));
    assert!(same(&Kind::Date, Value::Int(15_706), "2013-01-01"));
}

#[test]
fn text_is_compared_as_far_as_it_is_asked_for() {
    let long = "日".repeat(TEXT_LIMIT + 5);
    let asked: String = long.chars().take(TEXT_LIMIT).collect();
    assert!(same(&Kind::Text, Value::Bytes(long.clone().into_bytes()), &asked));
    assert!(!same(&Kind::Text, Value::Bytes(long.into_bytes()), "日"));
    assert!(same(&Kind::Binary, Value::Bytes(vec![0, 255]), "00FF"));
    assert!(!same(&Kind::Binary, Value::Bytes(vec![0, 255]), "00FE"));
}

#[test]
fn a_shortened_statistic_is_a_bound() {
    let bound = |text: &str| Bound { value: Value::Bytes(text.into()), exact: false };
    assert_eq!(agree(&Kind::Text, End::Least, &bound("ab"), "abc"), Agreement::Within);
    assert_eq!(agree(&Kind::Text, End::Least, &bound("ab"), "aa"), Agreement::Different);
    assert_eq!(agree(&Kind::Text, End::Greatest, &bound("ac"), "abz"), Agreement::Within);
    assert_eq!(agree(&Kind::Text, End::Greatest, &bound("ac"), "ad"), Agreement::Different);
    // The same distance with an exact bound is a contradiction.
    let exact = exact(Value::Bytes("ab".into()));
    assert_eq!(agree(&Kind::Text, End::Least, &exact, "abc"), Agreement::Different);
}

#[test]
fn chunks_merge_to_the_outermost_values() {
    let chunk = |min, max| {
        let statistics = Statistics::int32(Some(min), Some(max), None, Some(1), false);
        Range::of_chunk(&Kind::Int(32), 10, Some(&statistics))
    };
    let all = Statistics::int32(None, None, None, Some(4), false);
    let nulls = Range::of_chunk(&Kind::Int(32), 4, Some(&all));
    assert_eq!(nulls, Range::Empty);
    let Range::Known(min, max) = chunk(3, 9).merge(nulls).merge(chunk(-7, 5)) else { panic!() };
    assert_eq!((min.value, max.value), (Value::Int(-7), Value::Int(9)));
    let missing = Range::of_chunk(&Kind::Int(32), 10, None);
    assert!(matches!(chunk(1, 2).merge(missing), Range::Unknown(_)));
}

#[test]
fn decimals_in_byte_arrays_are_signed_and_big_endian() {
    let kind = Kind::Decimal { precision: 20, scale: 0 };
    let bytes = |value: i128| {
        let raw = value.to_be_bytes();
        FixedLenByteArray::from(ByteArray::from(raw[7..].to_vec()))
    };
    let statistics = Statistics::fixed_len_byte_array(
        Some(bytes(-3)),
        Some(bytes(18_446_744_073_709_551_615)),
        None,
        Some(0),
        false,
    );
    let Range::Known(min, max) = Range::of_chunk(&kind, 5, Some(&statistics)) else { panic!() };
    assert_eq!((min.value, max.value), (Value::Int(-3), Value::Int(18_446_744_073_709_551_615)));
}

#[test]
fn old_statistics_of_bytes_have_no_order() {
    let statistics = Statistics::byte_array(
        Some(ByteArray::from("a")),
        Some(ByteArray::from("b")),
        None,
        Some(0),
        true,
    );
    assert!(matches!(Range::of_chunk(&Kind::Text, 5, Some(&statistics)), Range::Unknown(_)));
}

#[test]
fn values_are_shown_as_people_write_them() {
    assert_eq!(show(&Kind::Decimal { precision: 9, scale: 2 }, &Value::Int(-5)), "-0.05");
    assert_eq!(show(&Kind::Decimal { precision: 9, scale: 0 }, &Value::Int(12)), "12");
    assert_eq!(show(&Kind::Date, &Value::Int(15_706)), "2013-01-01");
    assert_eq!(show(&MICROS, &Value::Int(1_357_034_400_123_456)), "2013-01-01 10:00:00.123456");
    assert_eq!(show(&Kind::Text, &Value::Bytes(b"a\x1b[31m".to_vec())), "'a\\u{1b}[31m'");
    assert_eq!(show(&Kind::Binary, &Value::Bytes(vec![1, 255])), "0x01ff");
}
