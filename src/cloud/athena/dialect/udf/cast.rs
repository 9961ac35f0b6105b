//! Casts (<https://trino.io/docs/current/functions/conversion.html>): what Trino casts, and how.

use super::number::{collect, rescaled};
use super::param::{MILLIS, each, integer, is_text};
use super::time::{self, parse_date, parse_timestamp};
use super::{Function, Result, first, nothing};
use crate::cloud::athena::error::QueryError;
use crate::cloud::athena::results;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMillisecondType,
};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "trino_varchar",
        takes: text_only,
        gives: |_| DataType::Utf8,
        eval: |a| Ok(first(a)),
    },
    Function {
        name: "trino_varbinary",
        takes: |a| each(a, &[super::param::binary]),
        gives: |_| DataType::Binary,
        eval: |a| Ok(first(a)),
    },
    Function { name: "trino_to_whole", takes: scalars, gives: whole_type, eval: to_whole::<false> },
    Function {
        name: "trino_to_whole_or_null",
        takes: scalars,
        gives: whole_type,
        eval: to_whole::<true>,
    },
    Function {
        name: "trino_to_number",
        takes: scalars,
        gives: number_type,
        eval: to_number::<false>,
    },
    Function {
        name: "trino_to_number_or_null",
        takes: scalars,
        gives: number_type,
        eval: to_number::<true>,
    },
    Function {
        name: "trino_to_decimal",
        takes: scalars,
        gives: |p| nothing(p),
        eval: |a| Ok(first(a)),
    },
    Function {
        name: "trino_to_boolean",
        takes: scalars,
        gives: |_| DataType::Boolean,
        eval: to_boolean::<false>,
    },
    Function {
        name: "trino_to_boolean_or_null",
        takes: scalars,
        gives: |_| DataType::Boolean,
        eval: to_boolean::<true>,
    },
    Function {
        name: "trino_to_date",
        takes: moments,
        gives: |_| DataType::Date32,
        eval: to_date::<false>,
    },
    Function {
        name: "trino_to_date_or_null",
        takes: moments,
        gives: |_| DataType::Date32,
        eval: to_date::<true>,
    },
    Function {
        name: "trino_to_timestamp",
        takes: moments,
        gives: |_| MILLIS,
        eval: to_timestamp::<false>,
    },
    Function {
        name: "trino_to_timestamp_or_null",
        takes: moments,
        gives: |_| MILLIS,
        eval: to_timestamp::<true>,
    },
    Function {
        name: "trino_to_varchar",
        takes: |a| each(a, &[printable]).or_else(|| each(a, &[printable, integer])),
        gives: |_| DataType::Utf8,
        eval: to_varchar,
    },
];

fn text_only(arguments: &[DataType]) -> Option<Vec<DataType>> {
    each(arguments, &[super::param::text])
}

/// Numbers, booleans and text.
fn scalars(arguments: &[DataType]) -> Option<Vec<DataType>> {
    each(
        arguments,
        &[|kind| match kind {
            kind if is_text(kind) => Some(DataType::Utf8),
            DataType::Boolean => Some(DataType::Boolean),
            kind => super::param::numeric(kind),
        }],
    )
}

/// Dates, timestamps and text.
fn moments(arguments: &[DataType]) -> Option<Vec<DataType>> {
    each(arguments, &[|kind| if is_text(kind) { Some(DataType::Utf8) } else { time::moment(kind) }])
}

/// What has a text whose form does not depend on the engine's version: no doubles.
fn printable(kind: &DataType) -> Option<DataType> {
    match kind {
        kind if is_text(kind) => Some(DataType::Utf8),
        DataType::Boolean => Some(DataType::Boolean),
        kind if kind.is_floating() => Some(DataType::Float64),
        kind => super::param::numeric(kind).or_else(|| time::moment(kind)),
    }
}

fn invalid(text: &str, kind: &str) -> QueryError {
    let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    QueryError::data("INVALID_CAST_ARGUMENT", format!("Cannot cast '{shown}' to {kind}"))
}

/// A value, or NULL in its place when that is allowed.
fn or_null<T>(result: Result<T>, null: bool) -> Result<Option<T>> {
    match result {
        Err(_) if null => Ok(None),
        other => other.map(Some),
    }
}

fn whole_type(p: &[DataType]) -> DataType {
    match nothing(p) {
        DataType::Utf8 => DataType::Int64,
        DataType::Boolean => DataType::Int32,
        kind if kind.is_floating() => DataType::Float64,
        DataType::Decimal128(precision, scale) => {
            let kept = i16::from(precision) - i16::from(scale) + 1;
            DataType::Decimal128(u8::try_from(kept.clamp(1, 38)).unwrap_or(38), 0)
        }
        other => other,
    }
}

fn to_whole<const NULL: bool>(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    let kind = whole_type(&[array.data_type().clone()]);
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let parse = |text: &str| text.parse::<i64>().map_err(|_| invalid(text, "bigint"));
            let values = array
                .as_string::<i32>()
                .iter()
                .map(|text| text.map_or(Ok(None), |text| or_null(parse(text), NULL)));
            Arc::new(collect::<Int64Type>(values)?)
        }
        DataType::Decimal128(_, scale) => {
            let DataType::Decimal128(precision, _) = kind else { return Ok(array) };
            rescaled(&array, *scale, 0, precision)?
        }
        from if from.is_floating() => {
            let doubles = cast(&array, &DataType::Float64)?;
            let rounded = doubles.as_primitive::<Float64Type>().iter().map(|value| {
                let Some(value) = value else { return Ok(None) };
                if value.is_finite() {
                    Ok(Some(value.round()))
                } else {
                    or_null(Err(invalid(&value.to_string(), "bigint")), NULL)
                }
            });
            Arc::new(rounded.collect::<Result<Float64Array>>()?)
        }
        _ => cast(&array, &kind)?,
    })
}

fn number_type(p: &[DataType]) -> DataType {
    match nothing(p) {
        DataType::Utf8 => DataType::Float64,
        DataType::Boolean => DataType::Int32,
        other => other,
    }
}

fn to_number<const NULL: bool>(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    let Some(texts) = array.as_string_opt::<i32>() else {
        return Ok(cast(&array, &number_type(&[array.data_type().clone()]))?);
    };
    let parse = |text: &str| match text.trim() {
        "Infinity" | "+Infinity" => Ok(f64::INFINITY),
        "-Infinity" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        // Rust reads "inf" and "nan" in any case, Java does not.
        trimmed if trimmed.contains(['i', 'n', 'I', 'N']) => Err(invalid(text, "double")),
        trimmed => trimmed.parse::<f64>().map_err(|_| invalid(text, "double")),
    };
    let values = texts.iter().map(|text| text.map_or(Ok(None), |t| or_null(parse(t), NULL)));
    Ok(Arc::new(collect::<Float64Type>(values)?))
}

fn to_boolean<const NULL: bool>(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    let Some(texts) = array.as_string_opt::<i32>() else {
        let array = if matches!(array.data_type(), DataType::Decimal128(..)) {
            cast(&array, &DataType::Float64)?
        } else {
            array
        };
        return Ok(cast(&array, &DataType::Boolean)?);
    };
    let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" => Ok(true),
        "f" | "false" | "0" => Ok(false),
        _ => Err(invalid(text, "boolean")),
    };
    let values = texts.iter().map(|text| text.map_or(Ok(None), |t| or_null(parse(t), NULL)));
    Ok(Arc::new(values.collect::<Result<BooleanArray>>()?))
}

fn to_date<const NULL: bool>(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    if let Some(texts) = array.as_string_opt::<i32>() {
        let parse = |text: &str| {
            parse_date(text).ok_or_else(|| {
                let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
                QueryError::data(
                    "INVALID_CAST_ARGUMENT",
                    format!("Value cannot be cast to date: {shown}"),
                )
            })
        };
        let values = texts.iter().map(|text| text.map_or(Ok(None), |t| or_null(parse(t), NULL)));
        return Ok(Arc::new(collect::<Date32Type>(values)?));
    }
    let days = time::millis(&array)?.into_iter().map(|millis| Ok(millis.map(time::day_of)));
    Ok(Arc::new(collect::<Date32Type>(days)?))
}

fn to_timestamp<const NULL: bool>(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    if let Some(texts) = array.as_string_opt::<i32>() {
        let parse = |text: &str| {
            parse_timestamp(text).ok_or_else(|| {
                let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
                let message = format!("Value cannot be cast to timestamp: {shown}");
                QueryError::data("INVALID_CAST_ARGUMENT", message)
            })
        };
        let values = texts.iter().map(|text| text.map_or(Ok(None), |t| or_null(parse(t), NULL)));
        return Ok(Arc::new(collect::<TimestampMillisecondType>(values)?));
    }
    let millis = time::millis(&array)?.into_iter().map(Ok);
    Ok(Arc::new(collect::<TimestampMillisecondType>(millis)?))
}

fn to_varchar(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    let limit = arrays.get(1).and_then(|limit| limit.as_primitive_opt::<Int64Type>());
    let is_text = *array.data_type() == DataType::Utf8;
    let print = |row: usize| -> Result<Option<String>> {
        if array.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
            DataType::Boolean => array.as_boolean().value(row).to_string(),
            DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
            DataType::Date32 => results::date(array.as_primitive::<Date32Type>().value(row))?,
            DataType::Timestamp(_, None) => {
                results::timestamp(array.as_primitive::<TimestampMillisecondType>().value(row))?
            }
            kind if kind.is_integer() => {
                cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().value(row).to_string()
            }
            DataType::Float64 => {
                return Err(QueryError::rehearsal("a cast of double or real to varchar"));
            }
            other => return Err(QueryError::rehearsal(format!("a cast of {other} to varchar"))),
        }))
    };
    let rows = (0..array.len()).map(|row| {
        let Some(text) = print(row)? else { return Ok(None) };
        let Some(limit) = limit.filter(|limit| limit.is_valid(row)) else { return Ok(Some(text)) };
        let limit = usize::try_from(limit.value(row)).unwrap_or_default();
        if text.chars().count() <= limit {
            Ok(Some(text))
        } else if is_text {
            Ok(Some(text.chars().take(limit).collect()))
        } else {
            let message = format!("Value {text} cannot be represented as varchar({limit})");
            Err(QueryError::data("INVALID_CAST_ARGUMENT", message))
        }
    });
    Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
}
