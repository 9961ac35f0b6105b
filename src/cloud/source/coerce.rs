//! SQLite's values as values of the declared type, or the reason why they are none.

use super::temporal;
use super::{DeclaredType, Family};
use crate::cloud::export::type_map::ExportType;
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// Collects a column's values.
#[derive(Debug)]
pub struct ColumnReader {
    builder: Builder,
    form: Form,
}

#[derive(Debug)]
enum Builder {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Decimal { builder: Decimal128Builder, precision: u8, scale: u8 },
}

/// What the engine prints, or holds, for a value of the declared type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Plain,
    Date(Family),
    Timestamp {
        zone: bool,
    },
    Numeric {
        scale: Option<u8>,
    },
    /// Of so many bytes, most significant first.
    Bits {
        bytes: usize,
    },
}

impl Form {
    fn of(family: Family, declared: &DeclaredType) -> Self {
        let number = |index: usize| declared.args.get(index).and_then(|n| u8::try_from(*n).ok());
        match (family, declared.base.as_str()) {
            _ if declared.array => Self::Plain,
            (_, "date") => Self::Date(family),
            (Family::PostgreSql, "timestamp" | "timestamp without time zone" | "datetime") => {
                Self::Timestamp { zone: false }
            }
            (Family::PostgreSql, "timestamptz" | "timestamp with time zone") => {
                Self::Timestamp { zone: true }
            }
            (_, "numeric" | "decimal" | "dec" | "fixed") => {
                let scale = number(1).or_else(|| number(0).map(|_| 0));
                Self::Numeric { scale }
            }
            (Family::MySql, "bit") => {
                Self::Bits { bytes: usize::from(number(0).unwrap_or(1)).div_ceil(8) }
            }
            _ => Self::Plain,
        }
    }
}

type Why = &'static str;

impl ColumnReader {
    /// For a column of a declared type that is exported as `kind`.
    #[must_use]
    pub fn new(family: Family, declared: &DeclaredType, kind: ExportType) -> Self {
        let builder = match kind {
            ExportType::Boolean => Builder::Boolean(BooleanBuilder::new()),
            ExportType::Int16 => Builder::Int16(Int16Builder::new()),
            ExportType::Int32 => Builder::Int32(Int32Builder::new()),
            ExportType::Int64 => Builder::Int64(Int64Builder::new()),
            ExportType::Float => Builder::Float(Float32Builder::new()),
            ExportType::Double => Builder::Double(Float64Builder::new()),
            ExportType::Text => Builder::Text(StringBuilder::new()),
            ExportType::Bytes => Builder::Bytes(BinaryBuilder::new()),
            ExportType::TimestampMicros => {
                Builder::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(kind.arrow()))
            }
            ExportType::Decimal { precision, scale } => Builder::Decimal {
                builder: Decimal128Builder::new().with_data_type(kind.arrow()),
                precision,
                scale,
            },
        };
        Self { builder, form: Form::of(family, declared) }
    }

    /// Adds a value; returns about how many bytes it takes.
    ///
    /// # Errors
    /// Why the value is none of the column's type.
    pub fn push(&mut self, value: ValueRef<'_>) -> Result<usize, Why> {
        let null = matches!(value, ValueRef::Null);
        match &mut self.builder {
            Builder::Boolean(b) if null => b.append_null(),
            Builder::Int16(b) if null => b.append_null(),
            Builder::Int32(b) if null => b.append_null(),
            Builder::Int64(b) if null => b.append_null(),
            Builder::Float(b) if null => b.append_null(),
            Builder::Double(b) if null => b.append_null(),
            Builder::Text(b) if null => b.append_null(),
            Builder::Bytes(b) if null => b.append_null(),
            Builder::Timestamp(b) if null => b.append_null(),
            Builder::Decimal { builder, .. } if null => builder.append_null(),
            Builder::Boolean(b) => b.append_value(boolean(value)?),
            Builder::Int16(b) => b.append_value(integer(value)?.try_into().map_err(range)?),
            Builder::Int32(b) => b.append_value(integer(value)?.try_into().map_err(range)?),
            Builder::Int64(b) => b.append_value(integer(value)?.try_into().map_err(range)?),
            #[expect(clippy::cast_possible_truncation, reason = "REAL rounds to single precision")]
            Builder::Float(b) => b.append_value(float(value)? as f32),
            Builder::Double(b) => b.append_value(float(value)?),
            Builder::Timestamp(b) => b.append_value(timestamp(value)?),
            Builder::Decimal { builder, precision, scale } => {
                let unscaled = decimal(value, *scale)?;
                let limit = 10_i128.checked_pow(u32::from(*precision)).ok_or("too many digits")?;
                if unscaled.abs() >= limit {
                    return Err("it has too many digits");
                }
                builder.append_value(unscaled);
            }
            Builder::Text(b) => {
                let text = text(value, self.form)?;
                b.append_value(&text);
                return Ok(text.len() + 4);
            }
            Builder::Bytes(b) => {
                let bytes = bytes(value, self.form)?;
                b.append_value(&bytes);
                return Ok(bytes.len() + 4);
            }
        }
        Ok(8)
    }

    /// What was collected; begins anew.
    pub fn finish(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Boolean(b) => Arc::new(b.finish()),
            Builder::Int16(b) => Arc::new(b.finish()),
            Builder::Int32(b) => Arc::new(b.finish()),
            Builder::Int64(b) => Arc::new(b.finish()),
            Builder::Float(b) => Arc::new(b.finish()),
            Builder::Double(b) => Arc::new(b.finish()),
            Builder::Text(b) => Arc::new(b.finish()),
            Builder::Bytes(b) => Arc::new(b.finish()),
            Builder::Timestamp(b) => Arc::new(b.finish()),
            Builder::Decimal { builder, .. } => Arc::new(builder.finish()),
        }
    }
}

fn range(_: std::num::TryFromIntError) -> Why {
    "it is out of range"
}

fn utf8(bytes: &[u8]) -> Result<&str, Why> {
    std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")
}

fn integer(value: ValueRef<'_>) -> Result<i128, Why> {
    const WHY: Why = "it is not a whole number";
    match value {
        ValueRef::Integer(number) => Ok(i128::from(number)),
        // Beyond 2⁵³ a double is no longer a particular whole number.
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2⁵³")]
        ValueRef::Real(number)
            if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 =>
        {
            Ok(number as i128)
        }
        ValueRef::Text(text) => utf8(text)?.trim().parse().map_err(|_| WHY),
        _ => Err(WHY),
    }
}

fn float(value: ValueRef<'_>) -> Result<f64, Why> {
    const WHY: Why = "it is not a number";
    match value {
        #[expect(clippy::cast_precision_loss, reason = "as the engine does when it stores it")]
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(text) => utf8(text)?.trim().parse().map_err(|_| WHY),
        _ => Err(WHY),
    }
}

fn boolean(value: ValueRef<'_>) -> Result<bool, Why> {
    const WHY: Why = "it is neither true nor false";
    match value {
        ValueRef::Integer(0) => Ok(false),
        ValueRef::Integer(1) => Ok(true),
        ValueRef::Text(text) => match utf8(text)?.trim().to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Ok(true),
            "f" | "false" | "n" | "no" | "off" | "0" => Ok(false),
            _ => Err(WHY),
        },
        _ => Err(WHY),
    }
}

fn timestamp(value: ValueRef<'_>) -> Result<i64, Why> {
    match value {
        ValueRef::Integer(seconds) => temporal::micros_of_seconds(seconds)
            .ok_or("as seconds since 1970 it is beyond the year 9999"),
        ValueRef::Text(text) => {
            temporal::micros(utf8(text)?).ok_or("it is not a date and time in ISO 8601")
        }
        _ => Err("it is not a date and time"),
    }
}

fn decimal(value: ValueRef<'_>, scale: u8) -> Result<i128, Why> {
    match value {
        ValueRef::Integer(number) => parse_decimal(&number.to_string(), scale),
        // The shortest text that reads back as the same double: what was typed, as a rule.
        ValueRef::Real(number) if number.is_finite() => {
            let unscaled = parse_decimal(&number.to_string(), scale)?;
            // https://sqlite.org/datatype3.html#type_affinity: what SQLite makes of a number with
            // more digits is no longer the number that was typed.
            let mut digits = unscaled.unsigned_abs();
            while digits > 0 && digits.is_multiple_of(10) {
                digits /= 10;
            }
            if digits < 10_u128.pow(15) {
                Ok(unscaled)
            } else {
                Err("SQLite keeps it as a double, true to 15 digits; a blob of its text keeps all")
            }
        }
        // SQLite makes a double of a decimal's text, unless it is kept as bytes.
        ValueRef::Text(text) | ValueRef::Blob(text) => parse_decimal(utf8(text)?.trim(), scale),
        _ => Err("it is not a decimal number"),
    }
}

/// The unscaled value of a decimal text, rounded half away from zero as both engines do when they
/// store it (<https://dev.mysql.com/doc/refman/8.4/en/precision-math-rounding.html>).
pub(super) fn parse_decimal(text: &str, scale: u8) -> Result<i128, Why> {
    const WHY: Why = "it is not a decimal number";
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| WHY)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WHY);
    }
    // Where the point stands in `all` after scaling: that many digits are kept.
    let keep = i32::try_from(whole.len())
        .map_err(|_| WHY)?
        .checked_add(exponent)
        .and_then(|keep| keep.checked_add(i32::from(scale)))
        .ok_or(WHY)?;
    let mut unscaled: i128 = 0;
    let mut round = false;
    for (position, byte) in (0..).zip(all.bytes()) {
        if position < keep {
            unscaled = unscaled
                .checked_mul(10)
                .and_then(|n| n.checked_add(i128::from(byte - b'0')))
                .ok_or("it has too many digits")?;
        } else if position == keep {
            round = byte >= b'5';
        }
    }
    let length = i32::try_from(all.len()).map_err(|_| WHY)?;
    for _ in length..keep {
        if unscaled == 0 {
            break;
        }
        unscaled = unscaled.checked_mul(10).ok_or("it has too many digits")?;
    }
    unscaled += i128::from(round);
    Ok(if negative { -unscaled } else { unscaled })
}

fn text(value: ValueRef<'_>, form: Form) -> Result<std::borrow::Cow<'_, str>, Why> {
    let plain = match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(utf8(bytes)?),
        _ => None,
    };
    match form {
        Form::Date(family) => {
            let text = plain.ok_or("it is not a date")?;
            let special = match family {
                Family::MySql => text == "0000-00-00",
                Family::PostgreSql => temporal::postgres_special(text),
            };
            if special {
                return Ok(text.into());
            }
            temporal::date(text).map(Into::into).ok_or("it is not a date in ISO 8601")
        }
        Form::Timestamp { zone } => match plain {
            Some(text) if temporal::postgres_special(text) => Ok(text.into()),
            _ => temporal::postgres_timestamp(timestamp(value)?, zone)
                .map(Into::into)
                .ok_or("it is out of range"),
        },
        Form::Numeric { scale } => {
            // PostgreSQL's numeric holds these, too.
            if let Some(text @ ("NaN" | "Infinity" | "-Infinity")) = plain {
                return Ok(text.into());
            }
            let Some(scale) = scale else {
                decimal(value, 20)?;
                return Ok(as_is(value, plain).into());
            };
            Ok(scaled(decimal(value, scale)?, scale).into())
        }
        Form::Plain | Form::Bits { .. } => match plain {
            Some(text) => Ok(text.into()),
            None => Ok(as_is(value, plain).into()),
        },
    }
}

fn as_is(value: ValueRef<'_>, plain: Option<&str>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        _ => plain.unwrap_or_default().to_owned(),
    }
}

/// `1230` at scale 2 is `12.30`.
fn scaled(unscaled: i128, scale: u8) -> String {
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

fn bytes(value: ValueRef<'_>, form: Form) -> Result<std::borrow::Cow<'_, [u8]>, Why> {
    match (value, form) {
        (ValueRef::Text(bytes) | ValueRef::Blob(bytes), _) => Ok(bytes.into()),
        (ValueRef::Integer(number), Form::Bits { bytes }) => {
            let all = number.to_be_bytes();
            let (dropped, kept) = all.split_at(all.len().saturating_sub(bytes));
            if dropped.iter().any(|byte| *byte != 0) {
                return Err("it has too many bits");
            }
            Ok(kept.to_vec().into())
        }
        // A number in a CHAR column is its text, as the engine would have stored it.
        (ValueRef::Integer(_) | ValueRef::Real(_), Form::Plain) => {
            Ok(as_is(value, None).into_bytes().into())
        }
        _ => Err("it is not bytes"),
    }
}

/// A value as an error shows it: escaped, at most 60 characters.
#[must_use]
pub fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
            let more = if text.chars().nth(60).is_some() { "…" } else { "" };
            format!("`{short}{more}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_half_away_from_zero() {
        for (text, scale, unscaled) in [
            ("12.30", 2, 1230),
            ("0.1", 2, 10),
            ("0.30000000000000004", 2, 30),
            ("1.005", 2, 101),
            ("-1.005", 2, -101),
            ("1.0049", 2, 100),
            ("5", 0, 5),
            (".5", 0, 1),
            ("1e3", 2, 100_000),
            ("1.5e-1", 2, 15),
            ("0.004", 2, 0),
            ("1e-9", 2, 0),
        ] {
            assert_eq!(parse_decimal(text, scale), Ok(unscaled), "{text}");
        }
        for text in ["", "-", ".", "1,5", "abc", "1e", "NaN"] {
            assert!(parse_decimal(text, 2).is_err(), "{text}");
        }
        assert!(parse_decimal("1e99", 2).is_err());
        assert_eq!(scaled(-5, 2), "-0.05");
        assert_eq!(scaled(1230, 2), "12.30");
        assert_eq!(scaled(7, 0), "7");
    }

    #[test]
    fn bits_keep_their_declared_width() {
        let mut bits = DeclaredType::parse("bit(9)");
        let form = Form::of(Family::MySql, &bits);
        assert_eq!(bytes(ValueRef::Integer(257), form).as_deref(), Ok([1, 1].as_slice()));
        assert!(bytes(ValueRef::Integer(1 << 16), form).is_err());
        bits.args.clear();
        let form = Form::of(Family::MySql, &bits);
        assert_eq!(bytes(ValueRef::Integer(1), form).as_deref(), Ok([1].as_slice()));
    }
}
