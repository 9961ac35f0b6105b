//! Functions on arrays (<https://trino.io/docs/current/functions/array.html>).

use super::param::{integer, text};
use super::{Function, Result, first};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Array, ListBuilder, StringBuilder, UInt64Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "trino_cardinality",
        takes: |a| matches!(a, [DataType::List(_) | DataType::Map(..)]).then(|| a.to_vec()),
        gives: |_| DataType::Int64,
        eval: |arrays| {
            let array = first(arrays);
            let length = |row: usize| match array.as_list_opt::<i32>() {
                Some(lists) => i64::from(lists.value_length(row)),
                None => i64::from(array.as_map().value_length(row)),
            };
            let lengths = (0..array.len()).map(|row| array.is_valid(row).then(|| length(row)));
            Ok(Arc::new(lengths.collect::<Int64Array>()))
        },
    },
    Function {
        name: "trino_element_at",
        takes: list_and_index,
        gives: element,
        eval: |arrays| chosen(arrays, |index, length| Ok(element_at(index, length))),
    },
    Function {
        name: "trino_subscript",
        takes: list_and_index,
        gives: element,
        eval: |arrays| chosen(arrays, subscript),
    },
    Function {
        name: "trino_split",
        takes: |a| super::param::each(a, &[text, text]),
        gives: |_| DataType::new_list(DataType::Utf8, true),
        eval: split,
    },
];

fn list_and_index(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [list @ DataType::List(_), index] => Some(vec![list.clone(), integer(index)?]),
        // Athena has these, too: refused when they are looked into.
        [DataType::Map(..), _] => Some(arguments.to_vec()),
        _ => None,
    }
}

fn element(parameters: &[DataType]) -> DataType {
    match parameters.first() {
        Some(DataType::List(item)) => item.data_type().clone(),
        Some(DataType::Map(entries, _)) => match entries.data_type() {
            DataType::Struct(fields) => fields.last().map(|value| value.data_type().clone()),
            _ => None,
        }
        .unwrap_or(DataType::Null),
        _ => DataType::Null,
    }
}

/// Which element an index is of a list of so many, counted from 0; none for NULL.
type Choice = fn(index: i64, length: i64) -> Result<Option<i64>>;

/// Indices begin at 1; negative ones count from the end; beyond either there is NULL.
fn element_at(index: i64, length: i64) -> Option<i64> {
    let place = if index > 0 { index - 1 } else { length + index };
    (0..length).contains(&place).then_some(place)
}

/// `array[index]`, which must be there
/// (<https://trino.io/docs/current/functions/array.html#subscript-operator>; the messages are those of
/// <https://github.com/trinodb/trino/blob/master/core/trino-main/src/main/java/io/trino/operator/scalar/ArraySubscriptOperator.java>).
fn subscript(index: i64, length: i64) -> Result<Option<i64>> {
    if index < 0 {
        let message = format!("Array subscript is negative: {index}");
        return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
    }
    if index > length {
        let message = format!(
            "Array subscript must be less than or equal to array length: {index} > {length}"
        );
        return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
    }
    Ok(Some(index - 1))
}

fn chosen(arrays: &[ArrayRef], choice: Choice) -> Result<ArrayRef> {
    let [lists, indexes] = arrays else { return Ok(first(arrays)) };
    let (Some(lists), Some(indexes)) =
        (lists.as_list_opt::<i32>(), indexes.as_primitive_opt::<Int64Type>())
    else {
        return Err(QueryError::rehearsal("an element of a map"));
    };
    let places = (0..lists.len()).map(|row| {
        if lists.is_null(row) || indexes.is_null(row) {
            return Ok(None);
        }
        if indexes.value(row) == 0 {
            let message = "SQL array indices start at 1";
            return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
        }
        let place = choice(indexes.value(row), i64::from(lists.value_length(row)))?;
        let offset = i64::from(lists.value_offsets().get(row).copied().unwrap_or_default());
        Ok(place.map(|place| u64::try_from(offset + place).unwrap_or_default()))
    });
    let places = places.collect::<Result<UInt64Array>>()?;
    Ok(take(lists.values(), &places, None)?)
}

fn split(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts, delimiters] = arrays else { return Ok(first(arrays)) };
    let mut lists = ListBuilder::new(StringBuilder::new());
    let rows = texts.as_string::<i32>().iter().zip(delimiters.as_string::<i32>().iter());
    for pair in rows {
        let (Some(text), Some(delimiter)) = pair else {
            lists.append(false);
            continue;
        };
        if delimiter.is_empty() {
            let message = "The delimiter may not be the empty string";
            return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
        }
        for part in text.split(delimiter) {
            lists.values().append_value(part);
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
