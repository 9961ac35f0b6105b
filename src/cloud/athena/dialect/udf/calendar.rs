//! The calendar: days, months and weeks of milliseconds since 1970.

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;

/// A moment's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Of the day.
    pub(super) millis: i64,
}

impl Civil {
    pub(super) fn of(millis: i64) -> Self {
        let day = millis.div_euclid(DAY);
        // The days of a year that begins in March, of eras of 400 years:
        // https://howardhinnant.github.io/date_algorithms.html#civil_from_days
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * march + 2) / 5 + 1,
            millis: millis.rem_euclid(DAY),
        }
    }

    pub(super) fn to_millis(self) -> i64 {
        days(self.year, self.month, self.day) * DAY + self.millis
    }

    /// Monday is 1.
    pub(super) fn weekday(self) -> i64 {
        (days(self.year, self.month, self.day) + 3).rem_euclid(7) + 1
    }

    pub(super) fn day_of_year(self) -> i64 {
        days(self.year, self.month, self.day) - days(self.year, 1, 1) + 1
    }

    /// The year and number of the week in ISO 8601: the week of the year's first Thursday is 1.
    pub(super) fn iso_week(self) -> (i64, i64) {
        let day = days(self.year, self.month, self.day);
        let thursday = Self::of((day + 4 - self.weekday()) * DAY);
        (thursday.year, (thursday.day_of_year() - 1) / 7 + 1)
    }

    /// Months since the year 0, and whether the rest of `self` comes before that of `other`.
    fn months(self) -> i64 {
        self.year * 12 + self.month - 1
    }
}

/// Days since 1970.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Whether a unit is shorter than a day.
pub(super) fn within_day(unit: &str) -> bool {
    matches!(unit, "millisecond" | "second" | "minute" | "hour")
}

/// The milliseconds of a unit of one length.
fn length(unit: &str) -> Option<i64> {
    Some(match unit {
        "millisecond" => 1,
        "second" => 1000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => return None,
    })
}

/// The months of a unit of several lengths.
fn months(unit: &str) -> Option<i64> {
    Some(match unit {
        "month" => 1,
        "quarter" => 3,
        "year" => 12,
        _ => return None,
    })
}

/// The unit's beginning; `None` for what is no unit.
pub(super) fn truncate(unit: &str, millis: i64) -> Option<i64> {
    if unit == "week" {
        let day = millis.div_euclid(DAY);
        return Some((day - (day + 3).rem_euclid(7)) * DAY);
    }
    if let Some(length) = length(unit) {
        return Some(millis.div_euclid(length) * length);
    }
    let months = months(unit)?;
    let civil = Civil::of(millis);
    Some(days(civil.year, (civil.month - 1) / months * months + 1, 1) * DAY)
}

/// So many units later; a day that the month does not have becomes its last. `None` for what is no
/// unit, or beyond time.
pub(super) fn add(unit: &str, millis: i64, number: i64) -> Option<i64> {
    if let Some(length) = length(unit) {
        return millis.checked_add(number.checked_mul(length)?);
    }
    let civil = Civil::of(millis);
    let total = civil.months().checked_add(number.checked_mul(months(unit)?)?)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    if year.abs() > 200_000_000 {
        return None;
    }
    let day = civil.day.min(days_in_month(year, month));
    Some(Civil { year, month, day, millis: civil.millis }.to_millis())
}

/// Whole units from one moment to another; `None` for what is no unit.
pub(super) fn difference(unit: &str, from: i64, to: i64) -> Option<i64> {
    if let Some(length) = length(unit) {
        return Some(to.checked_sub(from)? / length);
    }
    let size = months(unit)?;
    let mut count = Civil::of(to).months() - Civil::of(from).months();
    let reached = add("month", from, count)?;
    if from <= to && reached > to {
        count -= 1;
    } else if from > to && reached < to {
        count += 1;
    }
    Some(count / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        super::super::time::parse_timestamp(text).unwrap()
    }

    #[test]
    fn the_calendar_agrees_with_jiff() {
        for day in (-800_000..800_000).step_by(97) {
            let civil = Civil::of(day * DAY + 5);
            let jiff = jiff::Timestamp::from_millisecond(day * DAY + 5)
                .unwrap()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            let parts = (i64::from(jiff.year()), i64::from(jiff.month()), i64::from(jiff.day()));
            assert_eq!((civil.year, civil.month, civil.day), parts);
            assert_eq!(civil.to_millis(), day * DAY + 5);
            assert_eq!(civil.weekday(), i64::from(jiff.weekday().to_monday_one_offset()));
            assert_eq!(civil.day_of_year(), i64::from(jiff.day_of_year()));
            let week = jiff.iso_week_date();
            assert_eq!(civil.iso_week(), (i64::from(week.year()), i64::from(week.week())));
        }
    }

    #[test]
    fn units_are_counted_whole() {
        let diff = |unit, from, to| difference(unit, at(from), at(to)).unwrap();
        assert_eq!(diff("day", "2020-01-01 12:00", "2020-01-03 11:00"), 1);
        assert_eq!(diff("day", "2020-01-03 11:00", "2020-01-01 12:00"), -1);
        assert_eq!(diff("month", "2020-01-31", "2020-02-29"), 1);
        assert_eq!(diff("month", "2020-01-15", "2020-03-14"), 1);
        assert_eq!(diff("month", "2020-03-14", "2020-01-15"), -1);
        assert_eq!(diff("year", "2020-02-29", "2021-02-28"), 1);
        assert_eq!(diff("quarter", "2020-01-01", "2020-12-31"), 3);
        assert_eq!(difference("fortnight", 0, 0), None);
        assert_eq!(add("month", at("2021-01-31"), 1), Some(at("2021-02-28")));
        assert_eq!(add("year", at("2020-02-29 10:00"), -1), Some(at("2019-02-28 10:00")));
        assert_eq!(truncate("week", at("2024-01-07 10:00")), Some(at("2024-01-01")));
        assert_eq!(truncate("quarter", at("2024-06-30 10:00")), Some(at("2024-04-01")));
        assert_eq!(truncate("hour", at("1969-12-31 23:59")), Some(at("1969-12-31 23:00")));
    }
}
