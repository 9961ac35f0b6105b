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
        takes: |a| match a {
            [list @ DataType::List(_), index] => Some(vec![list.clone(), integer(index)?]),
            _ => None,
        },
        gives: |p| match p.first() {
            Some(DataType::List(item)) => item.data_type().clone(),
            _ => DataType::Null,
        },
        eval: element_at,
    },
    Function {
        name: "trino_split",
        takes: |a| super::param::each(a, &[text, text]),
        gives: |_| DataType::new_list(DataType::Utf8, true),
        eval: split,
    },
];

/// From 1, negative from the end; NULL beyond either.
fn element_at(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [lists, indexes] = arrays else { return Ok(first(arrays)) };
    let (lists, indexes) = (lists.as_list::<i32>(), indexes.as_primitive::<Int64Type>());
    let places = (0..lists.len()).map(|row| {
        if lists.is_null(row) || indexes.is_null(row) {
            return Ok(None);
        }
        let length = i64::from(lists.value_length(row));
        let place = match indexes.value(row) {
            0 => {
                let message = "SQL array indices start at 1";
                return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
            }
            index if index > 0 => index - 1,
            index => length + index,
        };
        let offset = i64::from(lists.value_offsets().get(row).copied().unwrap_or_default());
        Ok((0..length).contains(&place).then(|| u64::try_from(offset + place).unwrap_or_default()))
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
