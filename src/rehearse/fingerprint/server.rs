//! The source's side of a server: rows as it prints them, read without the exporter.

use super::Fingerprint;
use super::value::{Row, Target, Unfit, microseconds, unscaled};
use crate::cloud::source::{Family, Source, SourceError};

/// Why a server's side could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A value does not fit the type that the export gave its column.
    #[error("column `{}`: {unfit}", .column.escape_debug())]
    Unfit {
        /// The column.
        column: String,
        /// What does not fit.
        unfit: Unfit,
    },
}

/// The fingerprint of a table on the server behind `source`, in its snapshot, with the columns and
/// types of the export.
///
/// # Errors
/// [`ServerError`].
pub fn server_fingerprint(
    source: &Source,
    schema: &str,
    table: &str,
    columns: &[(String, Target)],
) -> Result<Fingerprint, ServerError> {
    let found = source.table(schema, table)?;
    let family = source.engine().family();
    let selected: Vec<String> =
        columns.iter().map(|(name, target)| expression(family, name, *target)).collect();
    let selected = if selected.is_empty() { "NULL".to_owned() } else { selected.join(", ") };
    let from = match family {
        Family::PostgreSql if found.is_partitioned() => {
            format!("{}.{}", quoted(family, &found.schema), quoted(family, &found.name))
        }
        // What inherits from it is a table of its own.
        Family::PostgreSql => {
            format!("ONLY {}.{}", quoted(family, &found.schema), quoted(family, &found.name))
        }
        Family::MySql => quoted(family, &found.name),
    };
    let mut sum = Fingerprint::default();
    let mut row = Row::default();
    source.text_rows::<ServerError>(&format!("SELECT {selected} FROM {from}"), &mut |values| {
        row.clear();
        for (value, (column, target)) in values.iter().zip(columns) {
            add(&mut row, family, *value, *target)
                .ok_or_else(|| Unfit { found: "text", target: target.name() })
                .map_err(|unfit| ServerError::Unfit { column: column.clone(), unfit })?;
        }
        sum.add(row.bytes());
        Ok(())
    })?;
    Ok(sum)
}

/// A column, so that its text is exact: floats of 32 bits are widened by the server, for their own
/// text is too short.
fn expression(family: Family, name: &str, target: Target) -> String {
    let name = quoted(family, name);
    match (family, target) {
        (Family::PostgreSql, Target::Float) => format!("CAST({name} AS double precision)"),
        (Family::MySql, Target::Float) => format!("CAST({name} AS DOUBLE)"),
        _ => name,
    }
}

fn quoted(family: Family, name: &str) -> String {
    match family {
        Family::PostgreSql => format!("\"{}\"", name.replace('"', "\"\"")),
        Family::MySql => format!("`{}`", name.replace('`', "``")),
    }
}

fn add(row: &mut Row, family: Family, value: Option<&[u8]>, target: Target) -> Option<()> {
    let Some(bytes) = value else {
        row.null();
        return Some(());
    };
    // The text protocol sends bytes as they are; HEX would print a BIT as a number, and a CHAR in the
    // column's own encoding.
    if (family, target) == (Family::MySql, Target::Bytes) {
        row.binary(bytes);
        return Some(());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    match target {
        Target::Boolean => row.boolean(match text {
            "t" | "1" => true,
            "f" | "0" => false,
            _ => return None,
        }),
        Target::Integer => row.integer(text.parse().ok()?),
        Target::Decimal(scale) => row.decimal(unscaled(text, scale)?),
        Target::Float => row.float(text.parse().ok()?),
        Target::Timestamp => row.timestamp(microseconds(text)?),
        Target::Text => row.text(text),
        Target::Bytes => {
            row.binary(&unhex(text.strip_prefix("\\x")?)?);
        }
    }
    Some(())
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_server_are_read_as_their_types() {
        let mut row = Row::default();
        for (family, text, target) in [
            (Family::PostgreSql, "t", Target::Boolean),
            (Family::PostgreSql, "-Infinity", Target::Float),
            (Family::PostgreSql, "\\x00ff", Target::Bytes),
            (Family::MySql, "\u{1}", Target::Bytes),
            (Family::MySql, "0000000012.50", Target::Decimal(2)),
            (Family::MySql, "9999-12-31 23:59:59.999999", Target::Timestamp),
        ] {
            assert!(add(&mut row, family, Some(text.as_bytes()), target).is_some(), "{text}");
        }
        assert!(add(&mut row, Family::PostgreSql, Some(b"00"), Target::Bytes).is_none());
        assert!(add(&mut row, Family::MySql, Some(b"x"), Target::Integer).is_none());
        assert_eq!(unhex("0aF"), None);
    }
}
