//! Databases that stand behind a rehearsed RDS instance: their tables, their rows, from one
//! consistent snapshot.
//!
//! A source is named by a URL. `sqlite:PATH` stands in for whichever engine the configuration names:
//! the types that its tables declare are read as that engine's types, and values that the engine
//! could not have held are errors, never guesses.

pub mod coerce;
mod engine;
mod sqlite;
mod temporal;

pub use engine::{DeclaredType, Engine, Family};

use crate::cloud::export::type_map::{self, ExportType};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use std::path::PathBuf;
use std::sync::Arc;

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceUrl {
    /// `sqlite:PATH`, relative paths as the process sees them.
    Sqlite(PathBuf),
}

impl SourceUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`SourceError::Url`] for anything but `sqlite:PATH`.
    pub fn parse(url: &str) -> Result<Self, SourceError> {
        let bad = |why| SourceError::Url { url: url.to_owned(), why };
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(bad("it has no scheme"));
        };
        match scheme {
            // `sqlite:///a/b` and `sqlite:a/b` are both in use.
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.starts_with(':') {
                    return Err(bad("it names no file"));
                }
                if path.contains(['\0', '?', '#']) {
                    return Err(bad("a path here has no `?`, `#` or NUL"));
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            "postgres" | "postgresql" | "mysql" => {
                Err(bad("only `sqlite:` is supported by this build so far"))
            }
            _ => Err(bad("the scheme is unknown")),
        }
    }
}

/// A table of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The schema; in MySQL's family the database's name.
    pub schema: String,
    /// The table's name, as the source has it.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column of a source's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, as the source has it.
    pub name: String,
    /// The type it was declared with.
    pub declared: DeclaredType,
    /// What it becomes in Parquet.
    pub export: ExportType,
}

impl Table {
    /// The Arrow schema of the batches that [`Source::read`] gives for these columns.
    #[must_use]
    pub fn arrow(columns: &[Column]) -> SchemaRef {
        let columns: Vec<_> = columns.iter().map(|c| (c.name.as_str(), c.export)).collect();
        Self::arrow_of(&columns)
    }

    /// The same of names and types.
    pub(super) fn arrow_of(columns: &[(&str, ExportType)]) -> SchemaRef {
        let fields = columns.iter().map(|(name, export)| Field::new(*name, export.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// An open database, read-only, at one moment: what is written to it later is not seen.
#[derive(Debug)]
pub struct Source {
    engine: Engine,
    database: String,
    reader: sqlite::Reader,
}

impl Source {
    /// Opens the database behind `url` as one of `engine` whose name is `database`, and takes its
    /// snapshot.
    ///
    /// # Errors
    /// [`SourceError::Url`], [`SourceError::Missing`], [`SourceError::NotADatabase`],
    /// [`SourceError::Database`].
    pub fn open(url: &str, engine: Engine, database: &str) -> Result<Self, SourceError> {
        let SourceUrl::Sqlite(path) = SourceUrl::parse(url)?;
        Ok(Self { engine, database: database.to_owned(), reader: sqlite::Reader::open(&path)? })
    }

    /// The engine whose types the source's are read as.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The schema of every table that has none of its own: `public`, or in MySQL's family the
    /// database's name.
    #[must_use]
    pub fn default_schema(&self) -> &str {
        match self.engine.family() {
            Family::MySql => &self.database,
            Family::PostgreSql => "public",
        }
    }

    /// Every table, in order of name.
    ///
    /// # Errors
    /// [`SourceError::Empty`] when there is none; [`SourceError::UnknownType`] for a declared type
    /// that the engine does not have; [`SourceError::Database`].
    pub fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let mut tables = Vec::new();
        for name in self.reader.table_names()? {
            let mut columns = Vec::new();
            for (column, declared) in self.reader.columns(&name)? {
                let declared = DeclaredType::parse(&declared);
                let Some(export) = type_map::export_type(self.engine.family(), &declared) else {
                    return Err(SourceError::UnknownType {
                        table: name,
                        column,
                        declared: declared.text,
                        engine: self.engine.name(),
                    });
                };
                columns.push(Column { name: column, declared, export });
            }
            tables.push(Table { schema: self.default_schema().to_owned(), name, columns });
        }
        if tables.is_empty() {
            return Err(SourceError::Empty { database: self.reader.path().to_owned() });
        }
        Ok(tables)
    }

    /// The table of this name.
    ///
    /// # Errors
    /// [`SourceError::NoSuchTable`], and those of [`Source::tables`].
    pub fn table(&self, name: &str) -> Result<Table, SourceError> {
        let mut tables = self.tables()?;
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        match tables.iter().position(|table| table.name == name) {
            Some(position) => Ok(tables.swap_remove(position)),
            None => Err(SourceError::NoSuchTable { table: name.to_owned(), tables: names }),
        }
    }

    /// Reads these columns of every row of `table`, in batches of bounded size.
    ///
    /// # Errors
    /// [`SourceError::Value`] for a value that is none of its column's type;
    /// [`SourceError::Database`]; whatever `sink` fails with.
    pub fn read<E: From<SourceError>>(
        &self,
        table: &str,
        columns: &[Column],
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.reader.read(self.engine.family(), table, columns, sink)
    }
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The URL is none, or of an engine that cannot be read here.
    #[error("`{}` is no source: {why}", .url.escape_debug())]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file is missing or is no file.
    #[error("`{}` cannot be opened: {why}", .path.escape_debug())]
    Missing {
        /// As given.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file is not an SQLite database.
    #[error("`{}` is not an SQLite database", .path.escape_debug())]
    NotADatabase {
        /// As given.
        path: String,
    },
    /// There are no tables.
    #[error("the database `{}` has no tables", .database.escape_debug())]
    Empty {
        /// The file.
        database: String,
    },
    /// The table does not exist.
    #[error("the source has no table `{}`{}", .table.escape_debug(), there_are(.tables))]
    NoSuchTable {
        /// As asked for.
        table: String,
        /// Those that exist.
        tables: Vec<String>,
    },
    /// The engine that SQLite stands in for has no such type.
    #[error(
        "`{}.{}` is declared as `{}`, which is no type of {engine}",
        .table.escape_debug(), .column.escape_debug(), .declared.escape_debug()
    )]
    UnknownType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type, as declared.
        declared: String,
        /// The engine's name.
        engine: &'static str,
    },
    /// SQLite holds a value that a column of the declared type could not hold in the engine.
    #[error(
        "row {row} of `{}` has {found} in `{}`, which is no `{}`: {why}",
        .table.escape_debug(), .column.escape_debug(), .declared.escape_debug()
    )]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type, as declared.
        declared: String,
        /// From 1, in the order of reading.
        row: u64,
        /// The value, shortened and escaped.
        found: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The database cannot be read.
    #[error("cannot read the source: {0}")]
    Database(#[from] rusqlite::Error),
    /// A batch of rows cannot be put together.
    #[error("cannot hold the source's rows: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
}

impl SourceError {
    /// Whether the user named or made the wrong thing, rather than the disk failing.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Database(_) | Self::Arrow(_))
    }
}

/// `; it has a, b`, for the help of an error.
fn there_are(tables: &[String]) -> String {
    let shown: Vec<String> =
        tables.iter().take(12).map(|name| format!("`{}`", name.escape_debug())).collect();
    let more = if tables.len() > shown.len() { ", …" } else { "" };
    if shown.is_empty() { String::new() } else { format!("; it has {}{more}", shown.join(", ")) }
}

#[cfg(test)]
mod tests;
