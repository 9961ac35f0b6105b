//! Functions on text and bytes (<https://trino.io/docs/current/functions/string.html>,
//! <https://trino.io/docs/current/functions/binary.html>).

use super::param::{binary, each, integer, text};
use super::{Function, Result, first};
use crate::cloud::athena::error::QueryError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryArray, BooleanArray, Int32Array, Int64Array,
    StringArray,
};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt::Write as _;
use std::sync::Arc;

/// A function of one text.
macro_rules! text_of_text {
    ($name:literal, $f:expr) => {
        Function {
            name: $name,
            takes: |a| each(a, &[text]),
            gives: |_| DataType::Utf8,
            eval: |arrays| {
                let f: fn(&str) -> String = $f;
                Ok(Arc::new(texts(arrays, 0).map(|value| value.map(f)).collect::<StringArray>()))
            },
        }
    };
}

/// A function that cuts off characters at the ends: white space, or those of a second text.
macro_rules! trim {
    ($name:literal, $space:expr, $chosen:expr) => {
        Function {
            name: $name,
            takes: |a| each(a, &[text]).or_else(|| each(a, &[text, text])),
            gives: |_| DataType::Utf8,
            eval: |arrays| {
                let space: fn(&str) -> &str = $space;
                let chosen: for<'a> fn(&'a str, &[char]) -> &'a str = $chosen;
                if arrays.len() == 1 {
                    let cut = texts(arrays, 0).map(|value| value.map(space));
                    return Ok(Arc::new(cut.collect::<StringArray>()));
                }
                let cut = texts(arrays, 0).zip(texts(arrays, 1)).map(|(value, characters)| {
                    let characters: Vec<char> = characters?.chars().collect();
                    Some(chosen(value?, &characters))
                });
                Ok(Arc::new(cut.collect::<StringArray>()))
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    text_of_text!("trino_lower", |text| text.to_lowercase()),
    text_of_text!("trino_upper", |text| text.to_uppercase()),
    text_of_text!("trino_reverse", |text| text.chars().rev().collect()),
    trim!("trino_trim", str::trim, |text, of| text.trim_matches(of)),
    trim!("trino_ltrim", str::trim_start, |text, of| text.trim_start_matches(of)),
    trim!("trino_rtrim", str::trim_end, |text, of| text.trim_end_matches(of)),
    Function {
        name: "trino_length",
        takes: |a| each(a, &[text]).or_else(|| each(a, &[binary])),
        gives: |_| DataType::Int64,
        eval: |arrays| {
            if let Some(texts) = first(arrays).as_string_opt::<i32>() {
                let lengths = texts.iter().map(|text| i64::try_from(text?.chars().count()).ok());
                return Ok(Arc::new(lengths.collect::<Int64Array>()));
            }
            let lengths = bytes(arrays).map(|bytes| i64::try_from(bytes?.len()).ok());
            Ok(Arc::new(lengths.collect::<Int64Array>()))
        },
    },
    Function {
        name: "trino_strpos",
        takes: |a| each(a, &[text, text]),
        gives: |_| DataType::Int64,
        eval: |arrays| {
            let places = texts(arrays, 0).zip(texts(arrays, 1)).map(|(text, part)| {
                let (text, part) = (text?, part?);
                let before = text.find(part).and_then(|at| text.get(..at));
                let place = before.map_or(0, |before| before.chars().count() + 1);
                i64::try_from(place).ok()
            });
            Ok(Arc::new(places.collect::<Int64Array>()))
        },
    },
    Function {
        name: "trino_starts_with",
        takes: |a| each(a, &[text, text]),
        gives: |_| DataType::Boolean,
        eval: |arrays| {
            let rows = texts(arrays, 0).zip(texts(arrays, 1));
            let begins = rows.map(|(text, part)| Some(text?.starts_with(part?)));
            Ok(Arc::new(begins.collect::<BooleanArray>()))
        },
    },
    Function {
        name: "trino_replace",
        takes: |a| each(a, &[text, text]).or_else(|| each(a, &[text, text, text])),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let rows = texts(arrays, 0).zip(texts(arrays, 1)).enumerate();
            let replaced = rows.map(|(row, (text, search))| {
                let by = match arrays.get(2) {
                    None => "",
                    Some(by) => {
                        let by = by.as_string::<i32>();
                        if by.is_null(row) {
                            return None;
                        }
                        by.value(row)
                    }
                };
                Some(text?.replace(search?, by))
            });
            Ok(Arc::new(replaced.collect::<StringArray>()))
        },
    },
    Function {
        name: "trino_split_part",
        takes: |a| each(a, &[text, text, integer]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let Some(numbers) = arrays.get(2) else { return Ok(first(arrays)) };
            let numbers = numbers.as_primitive::<Int64Type>();
            let rows = texts(arrays, 0).zip(texts(arrays, 1)).zip(numbers.iter());
            let parts = rows.map(|((text, delimiter), number)| {
                let (Some(text), Some(delimiter), Some(number)) = (text, delimiter, number) else {
                    return Ok(None);
                };
                // Beyond the last part there is none.
                let Ok(number @ 1..) = usize::try_from(number) else {
                    let message = "Index must be greater than zero";
                    return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
                };
                Ok(text.split(delimiter).nth(number - 1))
            });
            Ok(Arc::new(parts.collect::<Result<StringArray>>()?))
        },
    },
    Function {
        name: "trino_lpad",
        takes: |a| each(a, &[text, integer, text]),
        gives: |_| DataType::Utf8,
        eval: |arrays| pad(arrays, true),
    },
    Function {
        name: "trino_rpad",
        takes: |a| each(a, &[text, integer, text]),
        gives: |_| DataType::Utf8,
        eval: |arrays| pad(arrays, false),
    },
    Function {
        name: "trino_chr",
        takes: |a| each(a, &[integer]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let numbers = first(arrays);
            let texts = numbers.as_primitive::<Int64Type>().iter().map(|number| {
                let Some(number) = number else { return Ok(None) };
                let character = u32::try_from(number).ok().and_then(char::from_u32);
                let message = || format!("Not a valid Unicode code point: {number}");
                character
                    .map(|character| Some(character.to_string()))
                    .ok_or_else(|| QueryError::data("INVALID_FUNCTION_ARGUMENT", message()))
            });
            Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
        },
    },
    Function {
        name: "trino_codepoint",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Int32,
        eval: |arrays| {
            let points = texts(arrays, 0).map(|text| {
                let Some(text) = text else { return Ok(None) };
                let mut characters = text.chars();
                let (Some(only), None) = (characters.next(), characters.next()) else {
                    let message = "Input string must be a single character string";
                    return Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message));
                };
                Ok(i32::try_from(u32::from(only)).ok())
            });
            Ok(Arc::new(points.collect::<Result<Int32Array>>()?))
        },
    },
    Function {
        name: "trino_to_utf8",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Binary,
        eval: |arrays| {
            let encoded = texts(arrays, 0).map(|text| text.map(str::as_bytes));
            Ok(Arc::new(encoded.collect::<BinaryArray>()))
        },
    },
    Function {
        name: "trino_from_utf8",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let decoded = bytes(arrays).map(|bytes| bytes.map(String::from_utf8_lossy));
            Ok(Arc::new(decoded.collect::<StringArray>()))
        },
    },
    Function {
        name: "trino_from_hex",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Binary,
        eval: |arrays| {
            let decoded = texts(arrays, 0).map(|text| {
                let Some(text) = text else { return Ok(None) };
                let digits: Option<Vec<u8>> = text
                    .chars()
                    .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
                    .collect();
                match digits {
                    Some(digits) if digits.len() % 2 == 0 => {
                        let pairs = digits.chunks_exact(2);
                        Ok(Some(pairs.map(|p| p.iter().fold(0, |a, b| a << 4 | b)).collect()))
                    }
                    _ => {
                        let message = "Invalid hexadecimal string";
                        Err(QueryError::data("INVALID_FUNCTION_ARGUMENT", message))
                    }
                }
            });
            let decoded = decoded.collect::<Result<Vec<Option<Vec<u8>>>>>()?;
            Ok(Arc::new(decoded.iter().map(Option::as_deref).collect::<BinaryArray>()))
        },
    },
    Function {
        name: "trino_to_base64",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let encoded = bytes(arrays).map(|bytes| bytes.map(|bytes| STANDARD.encode(bytes)));
            Ok(Arc::new(encoded.collect::<StringArray>()))
        },
    },
    Function {
        name: "trino_from_base64",
        takes: |a| each(a, &[text]),
        gives: |_| DataType::Binary,
        eval: |arrays| {
            let decoded = texts(arrays, 0).map(|text| {
                let Some(text) = text else { return Ok(None) };
                let invalid = |_| QueryError::data("INVALID_FUNCTION_ARGUMENT", "Invalid base64");
                STANDARD.decode(text).map(Some).map_err(invalid)
            });
            let decoded = decoded.collect::<Result<Vec<Option<Vec<u8>>>>>()?;
            Ok(Arc::new(decoded.iter().map(Option::as_deref).collect::<BinaryArray>()))
        },
    },
    Function {
        name: "trino_sha256",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Binary,
        eval: |arrays| {
            let hashed =
                bytes(arrays).map(|bytes| bytes.map(|bytes| Sha256::digest(bytes).to_vec()));
            Ok(Arc::new(hashed.collect::<BinaryArray>()))
        },
    },
    Function {
        name: "trino_sha512",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Binary,
        eval: |arrays| {
            let hashed =
                bytes(arrays).map(|bytes| bytes.map(|bytes| Sha512::digest(bytes).to_vec()));
            Ok(Arc::new(hashed.collect::<BinaryArray>()))
        },
    },
    Function {
        name: "trino_substr",
        takes: |a| {
            each(a, &[text, integer])
                .or_else(|| each(a, &[text, integer, integer]))
                .or_else(|| each(a, &[binary, integer]))
                .or_else(|| each(a, &[binary, integer, integer]))
        },
        gives: |p| p.first().cloned().unwrap_or(DataType::Utf8),
        eval: |arrays| Ok(substr(arrays)),
    },
    Function {
        name: "trino_to_hex",
        takes: |a| each(a, &[binary]),
        gives: |_| DataType::Utf8,
        eval: |arrays| {
            let written = bytes(arrays).map(|value| {
                value.map(|bytes| {
                    bytes.iter().fold(String::new(), |mut text, byte| {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "{byte:02X}");
                        text
                    })
                })
            });
            Ok(Arc::new(written.collect::<StringArray>()))
        },
    },
];

fn texts(arrays: &[ArrayRef], index: usize) -> impl Iterator<Item = Option<&str>> {
    arrays.get(index).map(|array| array.as_string::<i32>().iter()).into_iter().flatten()
}

/// Filled up, or cut, to a size.
fn pad(arrays: &[ArrayRef], left: bool) -> Result<ArrayRef> {
    let Some(sizes) = arrays.get(1) else { return Ok(first(arrays)) };
    let sizes = sizes.as_primitive::<Int64Type>();
    let rows = texts(arrays, 0).zip(sizes.iter()).zip(texts(arrays, 2));
    let padded = rows.map(|((text, size), with)| {
        let (Some(text), Some(size), Some(with)) = (text, size, with) else { return Ok(None) };
        let invalid = |why: &str| QueryError::data("INVALID_FUNCTION_ARGUMENT", why);
        let size = usize::try_from(size).ok().filter(|size| i32::try_from(*size).is_ok());
        let size =
            size.ok_or_else(|| invalid("Target length must be in the range [0..2147483647]"))?;
        if with.is_empty() {
            return Err(invalid("Padding string must not be empty"));
        }
        let length = text.chars().count();
        let fill: String = with.chars().cycle().take(size.saturating_sub(length)).collect();
        let cut: String = text.chars().take(size).collect();
        Ok(Some(if left { fill + &cut } else { cut + &fill }))
    });
    Ok(Arc::new(padded.collect::<Result<StringArray>>()?))
}

fn bytes(arrays: &[ArrayRef]) -> impl Iterator<Item = Option<&[u8]>> {
    arrays.first().map(|array| array.as_binary::<i32>().iter()).into_iter().flatten()
}

/// From 1; a negative start counts from the end; zero, or beyond either end, is empty.
fn substr(arrays: &[ArrayRef]) -> ArrayRef {
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
    let array = first(arrays);
    if let Some(texts) = array.as_string_opt::<i32>() {
        let cut = texts.iter().enumerate().map(|(row, text)| {
            let text = text?;
            let (from, to) = range(row, text.chars().count())?;
            Some(text.chars().skip(from).take(to - from).collect::<String>())
        });
        return Arc::new(cut.collect::<StringArray>());
    }
    let cut = array.as_binary::<i32>().iter().enumerate().map(|(row, bytes)| {
        let bytes = bytes?;
        let (from, to) = range(row, bytes.len())?;
        bytes.get(from..to)
    });
    Arc::new(cut.collect::<BinaryArray>())
}
