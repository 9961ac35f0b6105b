//! The source's side: rows as SQLite gives them, read without the exporter.

use super::Fingerprint;
use super::value::{Row, Target, Unfit, microseconds, unscaled};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Why the source's side could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The database cannot be read.
    #[error("cannot read the source database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A value does not fit the type that the export gave its column.
    #[error("column `{}`: {unfit}", .column.escape_debug())]
    Unfit {
        /// The column.
        column: String,
        /// What does not fit.
        unfit: Unfit,
    },
}

/// The fingerprint of `table` in the SQLite database at `path`, with the columns and types of the
/// export.
///
/// # Errors
/// [`SourceError`].
pub fn source_fingerprint(
    path: &Path,
    table: &str,
    columns: &[(String, Target)],
) -> Result<Fingerprint, SourceError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let names: Vec<_> = columns.iter().map(|(name, _)| quoted(name)).collect();
    let names = if names.is_empty() { "NULL".to_owned() } else { names.join(", ") };
    let mut statement = connection.prepare(&format!("SELECT {names} FROM {}", quoted(table)))?;
    let mut rows = statement.query([])?;
    let mut sum = Fingerprint::default();
    let mut row = Row::default();
    while let Some(found) = rows.next()? {
        row.clear();
        for (index, (column, target)) in columns.iter().enumerate() {
            add(&mut row, found.get_ref(index)?, *target)
                .map_err(|unfit| SourceError::Unfit { column: column.clone(), unfit })?;
        }
        sum.add(row.bytes());
    }
    Ok(sum)
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn add(row: &mut Row, value: ValueRef<'_>, target: Target) -> Result<(), Unfit> {
    if value == ValueRef::Null {
        row.null();
        return Ok(());
    }
    let text = match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    let fits = match (target, value) {
        (Target::Boolean, ValueRef::Integer(value @ (0 | 1))) => {
            row.boolean(value == 1);
            true
        }
        (Target::Boolean, _) => match text.map(str::to_ascii_lowercase).as_deref() {
            Some("t" | "true") => {
                row.boolean(true);
                true
            }
            Some("f" | "false") => {
                row.boolean(false);
                true
            }
            _ => false,
        },
        (Target::Integer, ValueRef::Integer(value)) => {
            row.integer(value.into());
            true
        }
        (Target::Integer, ValueRef::Real(value)) => whole(value).map(|v| row.integer(v)).is_some(),
        (Target::Integer, _) => {
            text.and_then(|text| text.trim().parse().ok()).map(|v| row.integer(v)).is_some()
        }
        (Target::Decimal(scale), ValueRef::Integer(value)) => {
            unscaled(&value.to_string(), scale).map(|v| row.decimal(v)).is_some()
        }
        (Target::Decimal(scale), ValueRef::Real(value)) => {
            // SQLite keeps a DECIMAL as the nearest float: the column's scale says what was meant.
            let digits = usize::try_from(scale).unwrap_or(0);
            unscaled(&format!("{value:.digits$}"), scale).map(|v| row.decimal(v)).is_some()
        }
        (Target::Decimal(scale), _) => {
            text.and_then(|text| unscaled(text, scale)).map(|v| row.decimal(v)).is_some()
        }
        (Target::Float, ValueRef::Real(value)) => {
            row.float(value);
            true
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "the column holds floats; so does the export"
        )]
        (Target::Float, ValueRef::Integer(value)) => {
            row.float(value as f64);
            true
        }
        (Target::Float, _) => {
            text.and_then(|text| text.trim().parse().ok()).map(|v| row.float(v)).is_some()
        }
        (Target::Timestamp, _) => text.and_then(microseconds).map(|v| row.timestamp(v)).is_some(),
        (Target::Text, ValueRef::Integer(value)) => {
            row.text(&value.to_string());
            true
        }
        (Target::Text, ValueRef::Real(value)) => {
            row.text(&value.to_string());
            true
        }
        (Target::Text, _) => text.map(|text| row.text(text)).is_some(),
        (Target::Bytes, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
            row.binary(bytes);
            true
        }
        (Target::Bytes, _) => false,
    };
    if fits { Ok(()) } else { Err(Unfit { found: kind(value), target: target.name() }) }
}

/// The whole number that a float is, if it is one.
fn whole(value: f64) -> Option<i128> {
    if value.fract() != 0.0 {
        return None;
    }
    format!("{value:.0}").parse().ok()
}

fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) => "an integer",
        ValueRef::Real(_) => "a floating-point number",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "bytes",
    }
}
