//! Functions on dates and timestamps (<https://trino.io/docs/current/functions/datetime.html>).

use super::param::{MILLIS, each, integer, text};
use super::{Function, Result, first};
use crate::cloud::athena::dialect::udf::calendar::{self, Civil, DAY};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Date32Array, Float64Array, Int64Array,
    TimestampMillisecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int64Type, TimeUnit, TimestampMillisecondType,
};
use std::sync::Arc;

macro_rules! field {
    ($name:literal, $part:expr) => {
        Function {
            name: $name,
            takes: |a| each(a, &[moment]),
            gives: |_| DataType::Int64,
            eval: |arrays| {
                let part: fn(Civil) -> i64 = $part;
                let values = millis(&first(arrays))?.into_iter();
                Ok(Arc::new(values.map(|m| m.map(|m| part(Civil::of(m)))).collect::<Int64Array>()))
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    field!("trino_year", |c| c.year),
    field!("trino_quarter", |c| (c.month - 1) / 3 + 1),
    field!("trino_month", |c| c.month),
    field!("trino_week", |c| c.iso_week().1),
    field!("trino_year_of_week", |c| c.iso_week().0),
    field!("trino_day", |c| c.day),
    field!("trino_day_of_week", |c| c.weekday()),
    field!("trino_day_of_year", |c| c.day_of_year()),
    field!("trino_hour", |c| c.millis / 3_600_000),
    field!("trino_minute", |c| c.millis / 60_000 % 60),
    field!("trino_second", |c| c.millis / 1000 % 60),
    field!("trino_millisecond", |c| c.millis % 1000),
    Function {
        name: "trino_instant",
        takes: |a| each(a, &[moment]),
        gives: |_| zoned(),
        eval: |arrays| Ok(cast(&first(arrays), &zoned())?),
    },
    Function {
        name: "trino_date_trunc",
        takes: |a| each(a, &[text, moment]),
        gives: |p| p.get(1).cloned().unwrap_or(MILLIS),
        eval: |arrays| with_unit(arrays, 1, |unit, millis, _| calendar::truncate(unit, millis)),
    },
    Function {
        name: "trino_date_add",
        takes: |a| each(a, &[text, integer, moment]),
        gives: |p| p.get(2).cloned().unwrap_or(MILLIS),
        eval: |arrays| with_unit(arrays, 2, calendar::add),
    },
    Function {
        name: "trino_date_diff",
        takes: |a| each(a, &[text, moment, moment]),
        gives: |_| DataType::Int64,
        eval: date_diff,
    },
    Function {
        name: "trino_last_day_of_month",
        takes: |a| each(a, &[moment]),
        gives: |_| DataType::Date32,
        eval: |arrays| {
            let last = millis(&first(arrays))?.into_iter().map(|millis| {
                let civil = Civil::of(millis?);
                let day = calendar::days_in_month(civil.year, civil.month);
                i32::try_from(calendar::days(civil.year, civil.month, day)).ok()
            });
            Ok(Arc::new(last.collect::<Date32Array>()))
        },
    },
    Function {
        name: "trino_to_unixtime",
        takes: |a| each(a, &[moment]),
        gives: |_| DataType::Float64,
        eval: |arrays| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds of this era fit in 53 bits"
            )]
            let seconds = millis(&first(arrays))?.into_iter().map(|m| m.map(|m| m as f64 / 1000.0));
            Ok(Arc::new(seconds.collect::<Float64Array>()))
        },
    },
    Function {
        name: "trino_date_format",
        takes: |a| each(a, &[moment, text]),
        gives: |_| DataType::Utf8,
        eval: super::format::date_format,
    },
    Function {
        name: "trino_date_parse",
        takes: |a| each(a, &[text, text]),
        gives: |_| MILLIS,
        eval: super::format::date_parse,
    },
    Function {
        name: "trino_from_iso8601_date",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Date32,
        eval: |arrays| {
            let array = first(arrays);
            let days = array.as_string::<i32>().iter().map(|text| {
                let Some(text) = text else { return Ok(None) };
                let message = || format!("Invalid format: \"{}\"", text.escape_debug());
                parse_date(text)
                    .map(Some)
                    .ok_or_else(|| QueryError::data("INVALID_FUNCTION_ARGUMENT", message()))
            });
            Ok(Arc::new(days.collect::<Result<Date32Array>>()?))
        },
    },
];

fn zoned() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// Dates, and timestamps in milliseconds with or without a zone.
pub(super) fn moment(kind: &DataType) -> Option<DataType> {
    match kind {
        DataType::Date32 | DataType::Null => Some(DataType::Date32),
        DataType::Timestamp(_, None) => Some(MILLIS),
        DataType::Timestamp(_, Some(_)) => Some(zoned()),
        _ => None,
    }
}

/// Milliseconds since 1970 of dates or timestamps.
pub(super) fn millis(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
    if let Some(dates) = array.as_primitive_opt::<Date32Type>() {
        return Ok(dates.iter().map(|day| day.map(|day| i64::from(day) * DAY)).collect());
    }
    Ok(cast(array, &MILLIS)?.as_primitive::<TimestampMillisecondType>().iter().collect())
}

/// The day in which a millisecond lies, since 1970.
pub(super) fn day_of(millis: i64) -> i32 {
    i32::try_from(millis.div_euclid(DAY)).unwrap_or(i32::MAX)
}

fn bad_unit(unit: &str, kind: &str) -> QueryError {
    let unit: String = unit.chars().take(30).flat_map(char::escape_debug).collect();
    QueryError::data("INVALID_FUNCTION_ARGUMENT", format!("'{unit}' is not a valid {kind} field"))
}

fn kind_name(array: &ArrayRef) -> &'static str {
    if *array.data_type() == DataType::Date32 { "DATE" } else { "TIMESTAMP" }
}

/// Applies `f(unit, millis, number)` and gives what was given: dates or timestamps.
fn with_unit(
    arrays: &[ArrayRef],
    at: usize,
    f: fn(&str, i64, i64) -> Option<i64>,
) -> Result<ArrayRef> {
    let Some(array) = arrays.get(at) else { return Ok(first(arrays)) };
    let units = first(arrays);
    let units = units.as_string::<i32>();
    let numbers = arrays.get(1).and_then(|array| array.as_primitive_opt::<Int64Type>());
    let is_date = *array.data_type() == DataType::Date32;
    let values = millis(array)?.into_iter().enumerate().map(|(row, value)| {
        let number = match numbers {
            Some(numbers) if at == 2 => numbers.is_valid(row).then(|| numbers.value(row)),
            _ => Some(0),
        };
        let (Some(value), Some(number), true) = (value, number, units.is_valid(row)) else {
            return Ok(None);
        };
        let unit = units.value(row).to_ascii_lowercase();
        if is_date && calendar::within_day(&unit) {
            return Err(bad_unit(&unit, "DATE"));
        }
        f(&unit, value, number).map(Some).ok_or_else(|| bad_unit(&unit, kind_name(array)))
    });
    let values = values.collect::<Result<Vec<Option<i64>>>>()?;
    if is_date {
        return Ok(Arc::new(values.into_iter().map(|m| m.map(day_of)).collect::<Date32Array>()));
    }
    let array = array.data_type().clone();
    let result: ArrayRef = Arc::new(values.into_iter().collect::<TimestampMillisecondArray>());
    Ok(cast(&result, &array)?)
}

fn date_diff(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [units, from, to] = arrays else { return Ok(first(arrays)) };
    let dates = *from.data_type() == DataType::Date32 && *to.data_type() == DataType::Date32;
    let kind = kind_name(if dates { from } else { to });
    let units = units.as_string::<i32>();
    let pairs = millis(from)?.into_iter().zip(millis(to)?).enumerate();
    let values = pairs.map(|(row, pair)| {
        let ((Some(from), Some(to)), true) = (pair, units.is_valid(row)) else { return Ok(None) };
        let unit = units.value(row).to_ascii_lowercase();
        if dates && calendar::within_day(&unit) {
            return Err(bad_unit(&unit, kind));
        }
        calendar::difference(&unit, from, to).map(Some).ok_or_else(|| bad_unit(&unit, kind))
    });
    Ok(Arc::new(values.collect::<Result<Int64Array>>()?))
}

/// `YYYY-MM-DD`, months and days of one digit allowed, as Trino casts.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    let text = text.trim();
    let mut parts = text.splitn(3, '-');
    let number = |part: Option<&str>, most: usize| {
        let part = part?;
        let digits =
            !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<i64>().ok() } else { None }
    };
    let (year, month, day) =
        (number(parts.next(), 4)?, number(parts.next(), 2)?, number(parts.next(), 2)?);
    let valid =
        (1..=12).contains(&month) && (1..=calendar::days_in_month(year, month)).contains(&day);
    if valid { i32::try_from(calendar::days(year, month, day)).ok() } else { None }
}

/// `YYYY-MM-DD[ hh:mm[:ss[.fraction]]]`, rounded to milliseconds. No `T`, no zone.
pub(super) fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let midnight = i64::from(parse_date(date)?) * DAY;
    let mut parts = time.trim().splitn(3, ':');
    let number = |part: Option<&str>, below: i64| {
        let part = part?;
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value = if digits { part.parse::<i64>().ok()? } else { return None };
        (value < below).then_some(value)
    };
    let (hour, minute) = (number(parts.next(), 24)?, number(parts.next(), 60)?);
    let mut millis = (hour * 60 + minute) * 60_000;
    if let Some(seconds) = parts.next() {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        millis += number(Some(whole), 60)? * 1000;
        if !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 12 {
            return None;
        }
        let micros: i64 = format!("{fraction:0<4}").get(..4)?.parse().ok()?;
        millis += (micros + 5) / 10;
    }
    Some(midnight + millis)
}
