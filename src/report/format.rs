//! Numbers, sizes and durations as people read them.

use jiff::Timestamp;

/// Groups digits: `336776` is `336,776`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size in bytes, with a binary unit and one decimal.
pub(super) fn bytes(number: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut tenths = u128::from(number) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units.get(unit).copied().unwrap_or_default())
}

/// The time between two moments: `1 h 02 min`, `3 min 05 s`, `4.2 s`; zero when they are reversed.
pub(super) fn duration(started: Timestamp, ended: Timestamp) -> String {
    let milliseconds = (ended.as_millisecond() - started.as_millisecond()).max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        3600.. => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{seconds}.{} s", milliseconds % 1000 / 100),
    }
}

pub(super) use crate::printable::lines as safe;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(336_776), "336,776");
    }

    #[test]
    fn picks_a_unit() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 * 1024 * 1024), "5.0 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB".replace("16777216.0", "16777215.9"));
    }

    #[test]
    fn picks_a_span() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(duration(at(0), at(4)), "4.0 s");
        assert_eq!(duration(at(0), at(185)), "3 min 05 s");
        assert_eq!(duration(at(0), at(3720)), "1 h 02 min");
        assert_eq!(duration(at(5), at(0)), "0.0 s");
    }
}
