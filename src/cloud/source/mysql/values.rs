//! Values of the binary protocol into Arrow's builders.

use crate::cloud::export::type_map::ExportType;
use crate::cloud::source::Column;
use crate::cloud::source::coerce::parse_decimal;
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, Decimal128Builder, Float64Builder, Int16Builder, Int32Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use jiff::civil::DateTime;
use mysql::Value;
use std::sync::Arc;

type Why = &'static str;

/// Collects a column's values.
pub(super) struct ColumnReader {
    builder: Builder,
    /// Digits of a second's fraction that a `TIME` prints.
    fraction: usize,
}

enum Builder {
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Decimal { builder: Decimal128Builder, scale: u8 },
}

impl ColumnReader {
    pub(super) fn new(column: &Column) -> Self {
        let arrow = column.export.arrow();
        let builder = match column.export {
            ExportType::Int16 => Builder::Int16(Int16Builder::new()),
            // MySQL's family has no type that becomes a BOOLEAN.
            ExportType::Int32 | ExportType::Boolean => Builder::Int32(Int32Builder::new()),
            ExportType::Int64 => Builder::Int64(Int64Builder::new()),
            ExportType::Float | ExportType::Double => Builder::Double(Float64Builder::new()),
            ExportType::Text => Builder::Text(StringBuilder::new()),
            ExportType::Bytes => Builder::Bytes(BinaryBuilder::new()),
            ExportType::TimestampMicros => {
                Builder::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(arrow))
            }
            ExportType::Decimal { scale, .. } => {
                Builder::Decimal { builder: Decimal128Builder::new().with_data_type(arrow), scale }
            }
        };
        let fraction =
            column.declared.args.first().and_then(|digits| usize::try_from(*digits).ok());
        Self { builder, fraction: fraction.unwrap_or(0).min(6) }
    }

    /// Adds a value; returns about how many bytes it takes.
    pub(super) fn push(&mut self, value: &Value) -> Result<usize, Why> {
        const RANGE: Why = "it is out of range";
        let null = *value == Value::NULL;
        match &mut self.builder {
            Builder::Int16(b) if null => b.append_null(),
            Builder::Int32(b) if null => b.append_null(),
            Builder::Int64(b) if null => b.append_null(),
            Builder::Double(b) if null => b.append_null(),
            Builder::Text(b) if null => b.append_null(),
            Builder::Bytes(b) if null => b.append_null(),
            Builder::Timestamp(b) if null => b.append_null(),
            Builder::Decimal { builder, .. } if null => builder.append_null(),
            Builder::Int16(b) => b.append_value(integer(value)?.try_into().map_err(|_| RANGE)?),
            Builder::Int32(b) => b.append_value(integer(value)?.try_into().map_err(|_| RANGE)?),
            Builder::Int64(b) => b.append_value(integer(value)?.try_into().map_err(|_| RANGE)?),
            Builder::Double(b) => b.append_value(match value {
                Value::Float(number) => f64::from(*number),
                Value::Double(number) => *number,
                _ => return Err("it is not a number"),
            }),
            Builder::Timestamp(b) => b.append_value(micros(value)?),
            Builder::Decimal { builder, scale } => builder.append_value(match value {
                Value::Bytes(text) => parse_decimal(utf8(text)?, *scale)?,
                value => integer(value)?,
            }),
            Builder::Bytes(b) => {
                let Value::Bytes(bytes) = value else { return Err("it is not bytes") };
                b.append_value(bytes);
                return Ok(bytes.len() + 4);
            }
            Builder::Text(b) => {
                if let Value::Bytes(bytes) = value {
                    b.append_value(utf8(bytes)?);
                    return Ok(bytes.len() + 4);
                }
                b.append_value(printed(value, self.fraction)?);
            }
        }
        Ok(8)
    }

    /// What was collected; begins anew.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Int16(b) => Arc::new(b.finish()),
            Builder::Int32(b) => Arc::new(b.finish()),
            Builder::Int64(b) => Arc::new(b.finish()),
            Builder::Double(b) => Arc::new(b.finish()),
            Builder::Text(b) => Arc::new(b.finish()),
            Builder::Bytes(b) => Arc::new(b.finish()),
            Builder::Timestamp(b) => Arc::new(b.finish()),
            Builder::Decimal { builder, .. } => Arc::new(builder.finish()),
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Why> {
    std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")
}

fn integer(value: &Value) -> Result<i128, Why> {
    match value {
        Value::Int(number) => Ok(i128::from(*number)),
        Value::UInt(number) => Ok(i128::from(*number)),
        _ => Err("it is not a whole number"),
    }
}

/// Microseconds since 1970 of a DATETIME, or of a TIMESTAMP in UTC.
fn micros(value: &Value) -> Result<i64, Why> {
    const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let Value::Date(year, month, day, hour, minute, second, micros) = *value else {
        return Err("it is not a date and time");
    };
    let part = |number: u8| i8::try_from(number).unwrap_or(-1);
    let civil = DateTime::new(
        i16::try_from(year).unwrap_or(-1),
        part(month),
        part(day),
        part(hour),
        part(minute),
        part(second),
        i32::try_from(micros).unwrap_or(-1).saturating_mul(1000),
    );
    let civil =
        civil.map_err(|_| "no timestamp is a date without a day, a month or a year that exists")?;
    i64::try_from(civil.duration_since(EPOCH).as_micros()).map_err(|_| "it is out of range")
}

/// A DATE, a TIME or a number as the server prints it.
fn printed(value: &Value, fraction: usize) -> Result<String, Why> {
    Ok(match *value {
        Value::Date(year, month, day, ..) => format!("{year:04}-{month:02}-{day:02}"),
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days.saturating_mul(24).saturating_add(u32::from(hours));
            let digits = format!("{micros:06}");
            let digits = digits.get(..fraction).unwrap_or_default();
            let point = if fraction > 0 { "." } else { "" };
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{point}{digits}")
        }
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        _ => return Err("it has no text"),
    })
}

/// A value as an error shows it. Texts and bytes are not shown: they may be personal.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::Date(year, month, day, hour, minute, second, _) => {
            format!("`{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}`")
        }
        other => printed(other, 6).unwrap_or_else(|_| "a value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_the_server_prints() {
        for (value, fraction, expected) in [
            (Value::Date(0, 0, 0, 0, 0, 0, 0), 0, "0000-00-00"),
            (Value::Date(2024, 0, 0, 0, 0, 0, 0), 0, "2024-00-00"),
            (Value::Time(true, 34, 22, 59, 59, 0), 0, "-838:59:59"),
            (Value::Time(false, 0, 0, 0, 1, 500_000), 3, "00:00:01.500"),
            (Value::Time(false, 0, 0, 0, 0, 0), 6, "00:00:00.000000"),
        ] {
            assert_eq!(printed(&value, fraction).unwrap(), expected);
        }
    }

    #[test]
    fn zero_dates_are_no_timestamps() {
        assert!(micros(&Value::Date(0, 0, 0, 0, 0, 0, 0)).is_err());
        assert!(micros(&Value::Date(2024, 2, 30, 0, 0, 0, 0)).is_err());
        assert_eq!(micros(&Value::Date(1970, 1, 1, 0, 0, 1, 5)), Ok(1_000_005));
        let last = micros(&Value::Date(9999, 12, 31, 23, 59, 59, 999_999));
        assert_eq!(last, Ok(253_402_300_799_999_999));
    }
}
