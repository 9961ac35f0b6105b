//! Functions on text and bytes (<https://trino.io/docs/current/functions/string.html>,
//! <https://trino.io/docs/current/functions/binary.html>).

use super::param::{binary, each, integer, text};
use super::{Function, Result};
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "trino_substr",
        takes: |a| {
            each(a, &[text, integer])
                .or_else(|| each(a, &[text, integer, integer]))
                .or_else(|| each(a, &[binary, integer]))
                .or_else(|| each(a, &[binary, integer, integer]))
        },
        gives: |p| p.first().cloned().unwrap_or(DataType::Utf8),
        eval: substr,
    },
    Function {
        name: "trino_to_hex",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            Ok(Arc::new(StringArray::from_iter(bytes(arrays).map(|value| {
                value.map(|bytes| {
                    bytes.iter().fold(String::new(), |mut text, byte| {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "{byte:02X}");
                        text
                    })
                })
            }))))
        },
    },
];

fn bytes(arrays: &[ArrayRef]) -> impl Iterator<Item = Option<&[u8]>> {
    arrays.first().map(|array| array.as_binary::<i32>().iter()).into_iter().flatten()
}

/// From 1; a negative start counts from the end; zero, or beyond either end, is empty.
fn substr(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let number = |index: usize, row: usize| {
        let array = arrays.get(index)?.as_primitive_opt::<Int64Type>()?;
        array.is_valid(row).then(|| array.value(row))
    };
    let range = |row: usize, size: usize| -> Option<(usize, usize)> {
        let size = i64::try_from(size).ok()?;
        let start = number(1, row)?;
        let length = if arrays.len() > 2 { number(2, row)? } else { size };
        let from = match start {
            0 => return Some((0, 0)),
            start if start > size || -start > size => return Some((0, 0)),
            start if start > 0 => start - 1,
            start => size + start,
        };
        let to = from.saturating_add(length.max(0)).min(size);
        Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
    };
    let Some(first) = arrays.first() else { return Ok(Arc::new(StringArray::new_null(0))) };
    if let Some(texts) = first.as_string_opt::<i32>() {
        let cut = texts.iter().enumerate().map(|(row, text)| {
            let text = text?;
            let (from, to) = range(row, text.chars().count())?;
            Some(text.chars().skip(from).take(to - from).collect::<String>())
        });
        return Ok(Arc::new(cut.collect::<StringArray>()));
    }
    let cut = first.as_binary::<i32>().iter().enumerate().map(|(row, bytes)| {
        let bytes = bytes?;
        let (from, to) = range(row, bytes.len())?;
        bytes.get(from..to)
    });
    Ok(Arc::new(cut.collect::<BinaryArray>()))
}
