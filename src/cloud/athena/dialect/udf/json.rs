//! Functions on JSON in text (<https://trino.io/docs/current/functions/json.html>).

use super::param::{each, text};
use super::{Function, Result, first};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use serde_json::Value;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "trino_json_extract_scalar",
        takes: |a| each(a, &[text, text]),
        gives: |_| DataType::Utf8,
        eval: extract_scalar,
    },
    Function {
        name: "trino_json_array_length",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Int64,
        eval: |arrays| {
            let array = first(arrays);
            let lengths = array.as_string::<i32>().iter().map(|json| {
                let value: Value = serde_json::from_str(json?).ok()?;
                i64::try_from(value.as_array()?.len()).ok()
            });
            Ok(Arc::new(lengths.collect::<Int64Array>()))
        },
    },
];

/// Text, numbers and booleans at a path; NULL for everything else, what is no JSON included.
fn extract_scalar(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [documents, paths] = arrays else { return Ok(first(arrays)) };
    let rows = documents.as_string::<i32>().iter().zip(paths.as_string::<i32>().iter());
    let values = rows.map(|pair| {
        let (Some(document), Some(path)) = pair else { return Ok(None) };
        let steps = steps(path)?;
        let Ok(value) = serde_json::from_str::<Value>(document) else { return Ok(None) };
        let mut found = Some(&value);
        for step in &steps {
            found = found.and_then(|value| match (value, step) {
                (Value::Object(members), Step::Key(key)) => members.get(key),
                (Value::Array(items), Step::Index(index)) => items.get(*index),
                _ => None,
            });
        }
        Ok(match found {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(truth)) => Some(truth.to_string()),
            _ => None,
        })
    });
    Ok(Arc::new(values.collect::<Result<StringArray>>()?))
}

#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Reads `$.a["b"][0]`; what Trino's paths have more is refused.
fn steps(path: &str) -> Result<Vec<Step>> {
    let refused = || QueryError::rehearsal(format!("the JSON path `{}`", path.escape_debug()));
    let mut rest = path.trim().strip_prefix('$').ok_or_else(refused)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, tail) = after.split_at(end);
            let plain =
                !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-:".contains(c));
            if !plain {
                return Err(refused());
            }
            steps.push(Step::Key(key.to_owned()));
            rest = tail;
        } else {
            let after = rest.strip_prefix('[').ok_or_else(refused)?;
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let close = match quote {
                Some(quote) => format!("{quote}]"),
                None => "]".to_owned(),
            };
            let inside = if quote.is_some() { after.get(1..).unwrap_or_default() } else { after };
            let (key, tail) = inside.split_once(close.as_str()).ok_or_else(refused)?;
            if key.contains('\\') {
                return Err(refused());
            }
            steps.push(match quote {
                Some(_) => Step::Key(key.to_owned()),
                None => Step::Index(key.parse().map_err(|_| refused())?),
            });
            rest = tail;
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(
            steps("$.a['b c'][0][\"d\"]").unwrap(),
            [key("a"), key("b c"), Step::Index(0), key("d")]
        );
        assert_eq!(steps("$").unwrap(), []);
        for path in ["", "a", "$..a", "$.*", "$[*]", "$.", "$[", "$['a'"] {
            assert!(steps(path).unwrap_err().is_rehearsal(), "{path}");
        }
    }
}
