//! Dates in MySQL's format language
//! (<https://trino.io/docs/current/functions/datetime.html#mysql-date-functions>).

use super::calendar::{self, Civil, DAY};
use super::{Result, first};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, StringArray, TimestampMillisecondArray,
};
use std::sync::Arc;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn unsupported(specifier: char) -> QueryError {
    let message =
        format!("%{} not currently supported in date format string", specifier.escape_debug());
    QueryError::data("INVALID_FUNCTION_ARGUMENT", message)
}

pub(super) fn date_format(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [moments, formats] = arrays else { return Ok(first(arrays)) };
    let formats = formats.as_string::<i32>();
    let texts =
        super::time::millis(moments)?.into_iter().enumerate().map(|(row, millis)| match millis {
            Some(millis) if formats.is_valid(row) => print(millis, formats.value(row)).map(Some),
            _ => Ok(None),
        });
    Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
}

fn print(millis: i64, format: &str) -> Result<String> {
    let civil = Civil::of(millis);
    let (hour, minute, second) =
        (civil.millis / 3_600_000, civil.millis / 60_000 % 60, civil.millis / 1000 % 60);
    let twelve = (hour + 11) % 12 + 1;
    let half = if hour < 12 { "AM" } else { "PM" };
    let name = |names: &[&'static str], index: i64| -> &'static str {
        usize::try_from(index - 1).ok().and_then(|i| names.get(i).copied()).unwrap_or_default()
    };
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let Some(specifier) = characters.next() else { return Err(unsupported('%')) };
        let piece = match specifier {
            'Y' => format!("{:04}", civil.year),
            'y' => format!("{:02}", civil.year.rem_euclid(100)),
            'm' => format!("{:02}", civil.month),
            'c' => civil.month.to_string(),
            'd' => format!("{:02}", civil.day),
            'e' => civil.day.to_string(),
            'H' => format!("{hour:02}"),
            'k' => hour.to_string(),
            'h' | 'I' => format!("{twelve:02}"),
            'l' => twelve.to_string(),
            'i' => format!("{minute:02}"),
            's' | 'S' => format!("{second:02}"),
            'f' => format!("{:03}000", civil.millis % 1000),
            'p' => half.to_owned(),
            'M' => name(&MONTHS, civil.month).to_owned(),
            'b' => name(&MONTHS, civil.month).chars().take(3).collect(),
            'W' => name(&DAYS, civil.weekday()).to_owned(),
            'a' => name(&DAYS, civil.weekday()).chars().take(3).collect(),
            'j' => format!("{:03}", civil.day_of_year()),
            'T' => format!("{hour:02}:{minute:02}:{second:02}"),
            'r' => format!("{twelve:02}:{minute:02}:{second:02} {half}"),
            'v' => format!("{:02}", civil.iso_week().1),
            'x' => format!("{:04}", civil.iso_week().0),
            'D' | 'U' | 'u' | 'V' | 'w' | 'X' => return Err(unsupported(specifier)),
            other => other.to_string(),
        };
        text.push_str(&piece);
    }
    Ok(text)
}

pub(super) fn date_parse(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts, formats] = arrays else { return Ok(first(arrays)) };
    let (texts, formats) = (texts.as_string::<i32>(), formats.as_string::<i32>());
    let parsed = texts.iter().zip(formats.iter()).map(|pair| {
        let (Some(text), Some(format)) = pair else { return Ok(None) };
        let millis = read(text, format)?;
        if millis.is_none() {
            let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
            let message = format!("Invalid format: \"{shown}\"");
            return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
        }
        Ok(millis)
    });
    Ok(Arc::new(parsed.collect::<Result<TimestampMillisecondArray>>()?))
}

/// What a text says in a format; `None` when it does not follow it.
fn read(text: &str, format: &str) -> Result<Option<i64>> {
    let (mut year, mut month, mut day) = (1970, 1, 1);
    let (mut hour, mut minute, mut second, mut fraction) = (0, 0, 0, 0);
    let mut afternoon = None;
    let mut rest = text;
    let format = format.replace("%T", "%H:%i:%s").replace("%r", "%I:%i:%s %p");
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            match rest.strip_prefix(character) {
                Some(after) => rest = after,
                None => return Ok(None),
            }
            continue;
        }
        let Some(specifier) = characters.next() else { return Err(unsupported('%')) };
        let most = match specifier {
            'Y' => 4,
            'f' => 9,
            'm' | 'c' | 'd' | 'e' | 'H' | 'k' | 'h' | 'I' | 'l' | 'i' | 's' | 'S' | 'y' => 2,
            'M' | 'b' | 'W' | 'a' | 'p' => 0,
            _ => return Err(unsupported(specifier)),
        };
        if most == 0 {
            let names: &[&str] = match specifier {
                'M' | 'b' => &MONTHS,
                'p' => &["AM", "PM"],
                _ => &DAYS,
            };
            let Some((index, length)) = named(rest, names, matches!(specifier, 'b' | 'a')) else {
                return Ok(None);
            };
            rest = rest.get(length..).unwrap_or_default();
            match specifier {
                'M' | 'b' => month = index + 1,
                'p' => afternoon = Some(index == 1),
                _ => {}
            }
            continue;
        }
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        rest = after;
        let Ok(value) = number.parse::<i64>() else { return Ok(None) };
        match specifier {
            'Y' => year = value,
            // Joda's pivot: the years from 1970 to 2069.
            'y' => year = if value < 70 { 2000 + value } else { 1900 + value },
            'm' | 'c' => month = value,
            'd' | 'e' => day = value,
            'H' | 'k' | 'h' | 'I' | 'l' => hour = value,
            'i' => minute = value,
            's' | 'S' => second = value,
            _ => {
                let millis = format!("{number:0<3}");
                fraction = millis.get(..3).and_then(|ms| ms.parse().ok()).unwrap_or(0);
            }
        }
    }
    if let Some(afternoon) = afternoon {
        if !(1..=12).contains(&hour) {
            return Ok(None);
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let valid = rest.is_empty()
        && (1..=12).contains(&month)
        && (1..=calendar::days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let millis = ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
    Ok(valid.then(|| calendar::days(year, month, day) * DAY + millis))
}

/// Which of the names, whole or their first three letters, a text begins with, and its length.
fn named(text: &str, names: &[&str], short: bool) -> Option<(i64, usize)> {
    let starts = |name: &str| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
    for (index, name) in (0..).zip(names) {
        let candidates = if short { [*name, name.get(..3)?] } else { [*name, *name] };
        if let Some(found) = candidates.into_iter().find(|name| starts(name)) {
            return Some((index, found.len()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::time::parse_timestamp;
    use super::*;

    #[test]
    fn formats_print_and_read() {
        let at = parse_timestamp("2013-01-09 17:05:03.250").unwrap();
        for (format, text) in [
            ("%Y-%m-%d %H:%i:%s", "2013-01-09 17:05:03"),
            ("%W %e %M %Y %l:%i %p", "Wednesday 9 January 2013 5:05 PM"),
            ("%a %b %c %y %j %f %T", "Wed Jan 1 13 009 250000 17:05:03"),
            ("%x-W%v 100%%", "2013-W02 100%"),
        ] {
            assert_eq!(print(at, format).unwrap(), text);
        }
        assert!(print(at, "%U").is_err());
        let parsed = |text, format| read(text, format).unwrap();
        assert_eq!(parsed("2013-01-09 17:05:03.25", "%Y-%m-%d %H:%i:%s.%f"), Some(at));
        assert_eq!(parsed("9 Jan 2013 05:05:03 pm", "%e %b %Y %h:%i:%s %p"), Some(at - 250));
        assert_eq!(parsed("2013-13-01", "%Y-%m-%d"), None);
        assert_eq!(parsed("2013-01-01x", "%Y-%m-%d"), None);
        assert_eq!(parsed("13/01/02", "%y/%m/%d"), parse_timestamp("2013-01-02"));
    }
}
