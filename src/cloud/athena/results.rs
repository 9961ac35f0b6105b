//! Values and files of results, printed as Athena prints them.

use super::ColumnInfo;
use super::error::QueryError;
use super::types::HiveType;
use datafusion::arrow::array::{Array, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, TimeUnit, TimestampMillisecondType, UInt64Type,
};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use std::fmt::Write as _;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The result's columns.
pub(super) fn columns(schema: &Schema) -> Result<Vec<ColumnInfo>, QueryError> {
    let info = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| {
        let kind = HiveType::from_arrow(field.data_type()).ok_or_else(|| {
            QueryError::rehearsal(format!(
                "a result of type {} (column {})",
                field.data_type(),
                field.name()
            ))
        })?;
        Ok(ColumnInfo::new(field.name(), &kind))
    };
    schema.fields().iter().map(info).collect()
}

/// A batch's rows as text, NULL as `None`.
pub(super) fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>, QueryError> {
    let columns = batch.columns().iter().map(normal).collect::<Result<Vec<_>, _>>()?;
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| value(column.as_ref(), row)).collect())
        .collect()
}

/// The array in the one form of its type that [`value`] prints.
fn normal(
    array: &datafusion::arrow::array::ArrayRef,
) -> Result<datafusion::arrow::array::ArrayRef, QueryError> {
    let wanted = match array.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        DataType::Timestamp(unit, None) if *unit != TimeUnit::Millisecond => {
            DataType::Timestamp(TimeUnit::Millisecond, None)
        }
        _ => return Ok(array.clone()),
    };
    cast(array, &wanted).map_err(|error| QueryError::data("GENERIC_USER_ERROR", error))
}

/// A value as Athena prints it, NULL as `None`.
fn value(array: &dyn Array, row: usize) -> Result<Option<String>, QueryError> {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Ok(None);
    }
    let nested = |inner: &dyn Array, row: usize| -> Result<String, QueryError> {
        Ok(value(inner, row)?.unwrap_or_else(|| "null".to_owned()))
    };
    Ok(Some(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            java_number(f64::from(value), &format!("{value:?}"), &format!("{value:E}"))
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            java_number(value, &format!("{value:?}"), &format!("{value:E}"))
        }
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            timestamp(array.as_primitive::<TimestampMillisecondType>().value(row))?
        }
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row))?,
        DataType::List(_) => {
            let items = normal(&array.as_list::<i32>().value(row))?;
            let items: Vec<String> = (0..items.len())
                .map(|item| nested(items.as_ref(), item))
                .collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let mut parts = Vec::new();
            for (field, column) in fields.iter().zip(columns) {
                let column = normal(column)?;
                parts.push(format!("{}={}", field.name(), nested(column.as_ref(), row)?));
            }
            format!("{{{}}}", parts.join(", "))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let mut parts = Vec::new();
            if let [keys, values] = entries.columns() {
                let (keys, values) = (normal(keys)?, normal(values)?);
                for entry in 0..entries.len() {
                    let key = nested(keys.as_ref(), entry)?;
                    parts.push(format!("{key}={}", nested(values.as_ref(), entry)?));
                }
            }
            format!("{{{}}}", parts.join(", "))
        }
        other => return Err(QueryError::rehearsal(format!("a result of type {other}"))),
    }))
}

/// A floating-point number as Java's `Double.toString` prints it
/// (<https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Double.html>), from
/// Rust's shortest plain and exponential forms.
pub(super) fn java_number(value: f64, plain: &str, exponential: &str) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        plain.to_owned()
    } else {
        match exponential.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => exponential.to_owned(),
        }
    }
}

/// `2013-01-01 05:00:00.000`
pub(super) fn timestamp(millis: i64) -> Result<String, QueryError> {
    EPOCH
        .checked_add(SignedDuration::from_millis(millis))
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string())
        .map_err(|_| QueryError::rehearsal("a timestamp beyond the year 9999"))
}

/// `2013-01-01`
pub(super) fn date(days: i32) -> Result<String, QueryError> {
    EPOCH
        .checked_add(SignedDuration::from_hours(i64::from(days) * 24))
        .map(|time| time.date().to_string())
        .map_err(|_| QueryError::rehearsal("a date beyond the year 9999"))
}

/// `61 62 63`
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{space}{byte:02x}");
    }
    text
}

/// Rows as Athena's CSV: every value in quotes, NULL as nothing at all
/// (<https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>).
pub(super) fn csv(columns: &[ColumnInfo], rows: &[Vec<Option<String>>]) -> String {
    let mut text = String::new();
    let names = columns.iter().map(|column| Some(column.name.as_str()));
    line(&mut text, names);
    for row in rows {
        line(&mut text, row.iter().map(Option::as_deref));
    }
    text
}

fn line<'a>(text: &mut String, values: impl Iterator<Item = Option<&'a str>>) {
    for (index, value) in values.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if let Some(value) = value {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_like_java_s() {
        for (value, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1_234_567.0, "1234567.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(java_number(value, &format!("{value:?}"), &format!("{value:E}")), text);
        }
    }

    #[test]
    fn times_look_like_trino_s() {
        assert_eq!(timestamp(1_357_016_400_250).unwrap(), "2013-01-01 05:00:00.250");
        assert_eq!(timestamp(253_402_300_799_999).unwrap(), "9999-12-31 23:59:59.999");
        assert_eq!(timestamp(-1).unwrap(), "1969-12-31 23:59:59.999");
        assert_eq!(date(-1).unwrap(), "1969-12-31");
        assert_eq!(hex(b"ab\xff"), "61 62 ff");
    }

    #[test]
    fn csv_quotes_everything_but_null() {
        let columns =
            [ColumnInfo::new("a", &HiveType::String), ColumnInfo::new("b", &HiveType::Int)];
        let rows =
            [vec![Some("x \"y\"\n".to_owned()), None], vec![Some(String::new()), Some("1".into())]];
        assert_eq!(csv(&columns, &rows), "\"a\",\"b\"\n\"x \"\"y\"\"\n\",\n\"\",\"1\"\n");
    }
}
