//! LIKE, in which a backslash is nothing special
//! (<https://trino.io/docs/current/functions/comparison.html#pattern-comparison-like>).

use super::param::{each, text};
use super::{Function, Result, first};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "trino_like",
    takes: |a| each(a, &[text, text]).or_else(|| each(a, &[text, text, text])),
    gives: |_| DataType::Boolean,
    eval: like,
}];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    Exactly(char),
}

fn like(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [texts, patterns, rest @ ..] = arrays else { return Ok(first(arrays)) };
    let escapes = rest.first().and_then(|array| array.as_string_opt::<i32>());
    // The pattern is the same in every row, as a rule.
    let mut last: Option<(&str, &str, Vec<Part>)> = None;
    let mut matched = Vec::with_capacity(texts.len());
    let rows = texts.as_string::<i32>().iter().zip(patterns.as_string::<i32>().iter());
    for (row, pair) in rows.enumerate() {
        let escape = match escapes {
            Some(escapes) if escapes.is_null(row) => None,
            Some(escapes) => Some(escapes.value(row)),
            None => Some(""),
        };
        let ((Some(text), Some(pattern)), Some(escape)) = (pair, escape) else {
            matched.push(None);
            continue;
        };
        let parts = match last.take() {
            Some((known, with, parts)) if known == pattern && with == escape => parts,
            _ => parts(pattern, escape)?,
        };
        matched.push(Some(matches(text, &parts)));
        last = Some((pattern, escape, parts));
    }
    Ok(Arc::new(BooleanArray::from(matched)))
}

fn parts(pattern: &str, escape: &str) -> Result<Vec<Part>> {
    let mut characters = escape.chars();
    let escape = characters.next();
    let invalid = |why: &str| QueryError::data("INVALID_FUNCTION_ARGUMENT", why);
    if characters.next().is_some() {
        return Err(invalid("Escape string must be a single character"));
    }
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            _ if Some(character) == escape => match characters.next() {
                Some(next) if matches!(next, '%' | '_') || Some(next) == escape => Part::Exactly(next),
                _ => {
                    return Err(invalid(
                        "Escape character must be followed by '%', '_' or the escape character itself",
                    ));
                }
            },
            '%' => Part::Any,
            '_' => Part::One,
            character => Part::Exactly(character),
        });
    }
    Ok(parts)
}

/// Goes back to the last `%` only, so that time is at most text times pattern.
fn matches(text: &str, parts: &[Part]) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut back: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (parts.get(at), rest.next()) {
            (Some(Part::Any), _) => {
                rest = before.clone();
                at += 1;
                back = Some((at, before));
                continue;
            }
            (Some(Part::One), Some(_)) => {
                at += 1;
                continue;
            }
            (Some(Part::Exactly(wanted)), Some(found)) if *wanted == found => {
                at += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((part, mut from)) = back.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        at = part;
        rest = from.clone();
        back = Some((part, from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_without_a_backslash() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "%b%", true),
            ("abc", "_b_", true),
            ("abc", "ab", false),
            ("", "%", true),
            ("a\\b", "a\\_", true),
            ("日本語", "日_語", true),
            ("aaaaaaaaaaaaaaaaaaaab", "%a%a%a%a%c", false),
            ("mississippi", "m%iss%pi", true),
        ] {
            assert_eq!(matches(text, &parts(pattern, "").unwrap()), expected, "{text} {pattern}");
        }
        assert!(matches("a_c", &parts("a#_c", "#").unwrap()));
        assert!(!matches("abc", &parts("a#_c", "#").unwrap()));
        assert!(parts("a#b", "#").is_err());
    }
}
