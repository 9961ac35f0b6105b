//! Values from two sides: the statistics of Parquet footers and the text of Athena's answers.

use super::kind::Kind;
use crate::printable::line;
use jiff::civil;
use parquet::file::statistics::Statistics;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// How much of a text is compared, in characters: a LOB may hold 500 MB.
pub const TEXT_LIMIT: usize = 1024;
/// How much of a binary value is compared, in bytes.
pub const BINARY_LIMIT: usize = 512;

/// A value, in the form that its kind compares in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Integers, unscaled decimals, days and moments since 1970, and booleans as 0 and 1.
    Int(i128),
    /// Floating-point numbers, never NaN.
    Float(f64),
    /// Text and bytes, compared as unsigned bytes.
    Bytes(Vec<u8>),
}

impl Value {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            // Values of one column are of one kind.
            _ => Ordering::Equal,
        }
    }
}

/// The least or greatest value of some data, as its statistics tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The value.
    pub value: Value,
    /// Whether the value itself occurs. A shortened one is only a bound.
    pub exact: bool,
}

/// What the footers say of the values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    /// There are none but NULLs.
    Empty,
    /// From, to.
    Known(Bound, Bound),
    /// Nothing that could be compared, and why.
    Unknown(String),
}

impl Range {
    /// What one column chunk says, which holds `values` values, NULLs included.
    #[must_use]
    pub fn of_chunk(kind: &Kind, values: u64, statistics: Option<&Statistics>) -> Self {
        let Some(statistics) = statistics else {
            return if values == 0 {
                Self::Empty
            } else {
                Self::Unknown("a file has no statistics for it".to_owned())
            };
        };
        if values == 0 || statistics.null_count_opt() == Some(values) {
            return Self::Empty;
        }
        if *kind == Kind::Timestamp96 {
            return Self::Unknown("moments in twelve bytes have no defined order".to_owned());
        }
        let bytes =
            matches!(statistics, Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_));
        if bytes && statistics.is_min_max_deprecated() {
            return Self::Unknown("a file has statistics in an old form, without order".to_owned());
        }
        let (Some(min), Some(max)) = (
            statistics.min_bytes_opt().and_then(|raw| decode(kind, raw)),
            statistics.max_bytes_opt().and_then(|raw| decode(kind, raw)),
        ) else {
            return Self::Unknown("a file leaves least and greatest value out".to_owned());
        };
        // Numbers are never shortened, and only some writers say so.
        let exact = |said: bool| said || !bytes;
        Self::Known(
            Bound { value: min, exact: exact(statistics.min_is_exact()) },
            Bound { value: max, exact: exact(statistics.max_is_exact()) },
        )
    }

    /// What two parts of the data say together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, range) | (range, Self::Empty) => range,
            (Self::Unknown(reason), _) | (_, Self::Unknown(reason)) => Self::Unknown(reason),
            (Self::Known(min_a, max_a), Self::Known(min_b, max_b)) => Self::Known(
                outer(min_a, min_b, Ordering::Less),
                outer(max_a, max_b, Ordering::Greater),
            ),
        }
    }
}

/// The bound that lies further out; of equal ones the exact one.
fn outer(a: Bound, b: Bound, direction: Ordering) -> Bound {
    match a.value.compare(&b.value) {
        Ordering::Equal => Bound { exact: a.exact || b.exact, value: a.value },
        order if order == direction => a,
        _ => b,
    }
}

/// A value as statistics hold it: little-endian numbers, big-endian decimals, plain bytes.
///
/// <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>, `Statistics`.
fn decode(kind: &Kind, raw: &[u8]) -> Option<Value> {
    let little = || match raw.len() {
        4 => raw.try_into().ok().map(|raw| i128::from(i32::from_le_bytes(raw))),
        8 => raw.try_into().ok().map(|raw| i128::from(i64::from_le_bytes(raw))),
        _ => None,
    };
    let float = |value: f64| (!value.is_nan()).then_some(Value::Float(value));
    match kind {
        Kind::Bool => raw.first().map(|byte| Value::Int(i128::from(*byte))),
        Kind::Int(_) | Kind::Date | Kind::Timestamp { .. } => little().map(Value::Int),
        // Decimals in INT32 and INT64 are little-endian; in byte arrays big-endian. A byte array of
        // four or eight bytes never holds a decimal: those precisions fit the integers.
        Kind::Decimal { precision, .. } => match (precision, raw.len()) {
            (..=9, 4) | (..=18, 8) => little().map(Value::Int),
            _ => big_endian(raw).map(Value::Int),
        },
        Kind::Float => float(f64::from(f32::from_le_bytes(raw.try_into().ok()?))),
        Kind::Double => float(f64::from_le_bytes(raw.try_into().ok()?)),
        Kind::Text | Kind::Binary => Some(Value::Bytes(raw.to_vec())),
        Kind::Timestamp96 | Kind::Other(_) => None,
    }
}

/// A two's complement number of up to sixteen bytes.
fn big_endian(raw: &[u8]) -> Option<i128> {
    let first = *raw.first()?;
    if raw.len() > 16 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Some(raw.iter().fold(start, |value, byte| (value << 8) | i128::from(*byte)))
}

/// Which end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The least value.
    Least,
    /// The greatest value.
    Greatest,
}

/// How a bound of the footers and an answer of Athena's go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same value, as far as Athena prints it.
    Equal,
    /// The footers hold a bound that the value respects.
    Within,
    /// They contradict each other.
    Different,
    /// The answer is no value that could be compared, and why.
    Unreadable(String),
}

/// Compares a bound of the footers with what Athena answered.
#[must_use]
pub fn agree(kind: &Kind, end: End, bound: &Bound, answer: &str) -> Agreement {
    let (found, tolerance) = match read(kind, answer) {
        Ok(found) => found,
        Err(reason) => return Agreement::Unreadable(reason),
    };
    let expected = shorten(kind, &bound.value);
    let order = match (&expected, &found) {
        (Value::Int(a), Value::Int(b)) if a.abs_diff(*b) < tolerance => Ordering::Equal,
        _ => expected.compare(&found),
    };
    let outside = match end {
        End::Least => Ordering::Less,
        End::Greatest => Ordering::Greater,
    };
    match order {
        Ordering::Equal => Agreement::Equal,
        order if order == outside && !bound.exact => Agreement::Within,
        _ => Agreement::Different,
    }
}

/// As much of a value as the query asks for.
fn shorten(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Text, Value::Bytes(bytes)) => {
            let end = String::from_utf8_lossy(bytes)
                .char_indices()
                .nth(TEXT_LIMIT)
                .map_or(bytes.len(), |(at, _)| at);
            Value::Bytes(bytes.iter().copied().take(end).collect())
        }
        (Kind::Binary, Value::Bytes(bytes)) => {
            Value::Bytes(bytes.iter().copied().take(BINARY_LIMIT).collect())
        }
        _ => value.clone(),
    }
}

/// A value as Athena prints it, and how far it may lie from the truth because Athena prints less.
fn read(kind: &Kind, text: &str) -> Result<(Value, u128), String> {
    let unreadable = || format!("Athena's answer `{}` is no {kind}", line(text));
    let value = match kind {
        Kind::Bool => match text {
            "true" => Value::Int(1),
            "false" => Value::Int(0),
            _ => return Err(unreadable()),
        },
        Kind::Int(_) => Value::Int(text.parse().map_err(|_| unreadable())?),
        Kind::Decimal { scale, .. } => Value::Int(unscaled(text, *scale).ok_or_else(unreadable)?),
        Kind::Float | Kind::Double => {
            let number = if *kind == Kind::Float {
                text.parse::<f32>().map(f64::from)
            } else {
                text.parse::<f64>()
            };
            let number = number.map_err(|_| unreadable())?;
            if number.is_nan() {
                return Err("the column holds NaN, which statistics leave out".to_owned());
            }
            Value::Float(number)
        }
        Kind::Date => {
            let day: civil::Date = text.parse().map_err(|_| unreadable())?;
            Value::Int(i128::from(days(day)))
        }
        Kind::Timestamp { digits } => {
            let moment: civil::DateTime = text.parse().map_err(|_| unreadable())?;
            let nanos = i128::from(days(moment.date())) * 86_400_000_000_000
                + moment.time().duration_since(civil::Time::midnight()).as_nanos();
            let printed = text.rsplit_once('.').map_or(0, |(_, fraction)| {
                fraction.chars().take_while(char::is_ascii_digit).count()
            });
            let printed = u32::try_from(printed).unwrap_or(9);
            let unit = 10_i128.pow(9_u32.saturating_sub(*digits));
            let tolerance = 10_u128.pow(digits.saturating_sub(printed));
            return Ok((Value::Int(nanos.div_euclid(unit)), tolerance));
        }
        Kind::Text => Value::Bytes(text.as_bytes().to_vec()),
        Kind::Binary => Value::Bytes(from_hex(text).ok_or_else(unreadable)?),
        Kind::Timestamp96 | Kind::Other(_) => return Err(unreadable()),
    };
    Ok((value, 1))
}

fn days(date: civil::Date) -> i32 {
    date.since(civil::Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days())
}

/// `-12.5` with a scale of 2 is -1250.
fn unscaled(text: &str, scale: u32) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    let (kept, rest) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    if !rest.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let value: i128 = format!("{whole}{kept:0<scale$}").parse().ok()?;
    Some(if negative { -value } else { value })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect()
}

/// A value for people: short, and without control characters.
#[must_use]
pub fn show(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Bool, Value::Int(number)) => (*number != 0).to_string(),
        (Kind::Decimal { scale, .. }, Value::Int(number)) => scaled(*number, *scale),
        (Kind::Date, Value::Int(day)) => i64::try_from(*day)
            .ok()
            .and_then(|day| {
                civil::Date::constant(1970, 1, 1)
                    .checked_add(jiff::Span::new().try_days(day).ok()?)
                    .ok()
            })
            .map_or_else(|| format!("day {day}"), |date| date.to_string()),
        (Kind::Timestamp { digits }, Value::Int(count)) => {
            let unit = 10_i128.pow(9_u32.saturating_sub(*digits));
            count
                .checked_mul(unit)
                .and_then(|nanos| jiff::Timestamp::from_nanosecond(nanos).ok())
                .map_or_else(
                    || format!("{count} units since 1970"),
                    |moment| moment.strftime("%Y-%m-%d %H:%M:%S%.f").to_string(),
                )
        }
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Float(number)) => number.to_string(),
        (Kind::Text, Value::Bytes(bytes)) => show_text(&String::from_utf8_lossy(bytes)),
        (_, Value::Bytes(bytes)) => {
            let hex = bytes.iter().take(20).fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            if bytes.len() > 20 { format!("0x{hex}…") } else { format!("0x{hex}") }
        }
    }
}

/// A text for people: at most 60 characters, in quotes, without control characters.
#[must_use]
pub fn show_text(text: &str) -> String {
    let mut shown: String = line(&text.chars().take(60).collect::<String>());
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

fn scaled(number: i128, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap_or_default();
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    match digits.split_at_checked(digits.len().saturating_sub(scale)) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits}"),
    }
}

#[cfg(test)]
mod tests;
