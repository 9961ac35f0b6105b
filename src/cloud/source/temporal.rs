//! Dates and times as SQLite's tables hold them: ISO 8601 text, or seconds since 1970
//! (<https://sqlite.org/datatype3.html#date_and_time_datatype>).

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Microseconds since 1970 of a date and time. Without an offset it is taken as UTC.
pub(super) fn micros(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_microsecond());
    }
    // Not through a timestamp: jiff's end a day before the year 9999 does.
    let civil = text.parse::<DateTime>().ok()?;
    i64::try_from(civil.duration_since(EPOCH).as_micros()).ok()
}

/// Microseconds since 1970 of seconds since 1970, while the year has four digits: what is later is
/// more likely milliseconds, and is refused.
pub(super) fn micros_of_seconds(seconds: i64) -> Option<i64> {
    Timestamp::from_second(seconds).ok().map(Timestamp::as_microsecond)
}

/// A date in the form that MySQL and PostgreSQL print, `YYYY-MM-DD`; a time after it must be
/// midnight.
pub(super) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(date.to_string());
    }
    let civil = text.parse::<DateTime>().ok()?;
    let midnight = civil.time() == jiff::civil::Time::midnight();
    midnight.then(|| civil.date().to_string())
}

/// A timestamp as PostgreSQL prints it: `2013-01-01 05:00:00.25`, with `+00` when it has a zone
/// (<https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT>).
pub(super) fn postgres_timestamp(micros: i64, zone: bool) -> Option<String> {
    let civil = EPOCH.checked_add(SignedDuration::from_micros(micros)).ok()?;
    let mut text = civil.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let fraction = civil.subsec_nanosecond() / 1000;
    if fraction > 0 {
        let digits = format!(".{fraction:06}");
        text.push_str(digits.trim_end_matches('0'));
    }
    if zone {
        text.push_str("+00");
    }
    Some(text)
}

/// Texts that PostgreSQL prints for dates which ISO 8601 cannot write.
pub(super) fn postgres_special(text: &str) -> bool {
    matches!(text, "infinity" | "-infinity") || text.ends_with(" BC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        assert_eq!(micros("1970-01-01 00:00:01"), Some(1_000_000));
        assert_eq!(micros("1970-01-01T00:00:01.25Z"), Some(1_250_000));
        assert_eq!(micros("1970-01-01 09:00:00+09:00"), Some(0));
        assert_eq!(micros("1970-01-02"), Some(86_400_000_000));
        assert_eq!(micros("1969-12-31 23:59:59.999999"), Some(-1));
        assert_eq!(micros("9999-12-31 23:59:59.999999"), Some(253_402_300_799_999_999));
        assert_eq!(micros("01/02/2013"), None);
        assert_eq!(micros("0000-00-00 00:00:00"), None);
        assert_eq!(micros_of_seconds(1_700_000_000), Some(1_700_000_000_000_000));
        assert_eq!(micros_of_seconds(1_700_000_000_000), None);
    }

    #[test]
    fn texts_are_those_the_engine_prints() {
        assert_eq!(date("2013-01-31").as_deref(), Some("2013-01-31"));
        assert_eq!(date("2013-01-31 00:00:00").as_deref(), Some("2013-01-31"));
        assert_eq!(date("2013-01-31 00:00:01"), None);
        assert_eq!(date("2013-02-31"), None);
        let print = |text, zone| postgres_timestamp(micros(text).unwrap(), zone).unwrap();
        assert_eq!(print("2013-01-01T05:00:00Z", false), "2013-01-01 05:00:00");
        assert_eq!(print("2013-01-01T05:00:00.250Z", true), "2013-01-01 05:00:00.25+00");
    }
}
