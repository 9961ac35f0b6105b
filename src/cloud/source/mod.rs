//! Databases that stand behind a rehearsed RDS instance: their tables, their rows, from one
//! consistent snapshot.
//!
//! A source is named by a URL. `postgres:` and `mysql:` are servers, read as they are. `sqlite:PATH`
//! stands in for whichever engine the configuration names: the types that its tables declare are read
//! as that engine's types, and values that the engine could not have held are errors, never guesses.

pub mod coerce;
mod engine;
mod error;
mod mysql;
mod part;
mod postgres;
mod sqlite;
mod temporal;
mod url;

pub use engine::{DeclaredType, Engine, Family};
pub use error::SourceError;
pub use part::{Column, Part, Table};
pub use url::{SourceAddress, SourceUrl, shown};

use crate::cloud::export::type_map;
use datafusion::arrow::array::RecordBatch;

/// Rows of a batch at most.
const BATCH_ROWS: usize = 8192;
/// Bytes of a batch's values, about, at most: large objects make batches shorter.
const BATCH_BYTES: usize = 4 << 20;
/// Connections that read at the same time, at most: each has its row group in memory.
const MAX_READERS: usize = 6;

/// Whoever takes a row of texts; none is NULL.
pub type RowSink<'a, E> = dyn FnMut(&[Option<&[u8]>]) -> Result<(), E> + 'a;

/// An open database, read-only, at one moment: what is written to it later is not seen, by whichever
/// connection. Its methods block; they may be called from several threads.
#[derive(Debug)]
pub struct Source {
    engine: Engine,
    database: String,
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Sqlite(sqlite::Reader),
    PostgreSql(Box<postgres::Reader>),
    MySql(mysql::Reader),
}

/// A table as its catalog has it.
struct Found {
    /// None where every table has the default schema.
    schema: Option<String>,
    name: String,
    columns: Vec<FoundColumn>,
    skipped: Option<&'static str>,
    parts: Vec<Part>,
}

struct FoundColumn {
    name: String,
    declared: String,
    wire: Option<postgres::Wire>,
}

impl Source {
    /// Opens the database behind `url` as one of `engine` whose name is `database`, and takes its
    /// snapshot. Not to be called where blocking is not allowed.
    ///
    /// # Errors
    /// [`SourceError`]: the URL is none or of another engine, the database is not there, or does not
    /// let this user in.
    pub fn open(url: &str, engine: Engine, database: &str) -> Result<Self, SourceError> {
        let parsed = SourceUrl::parse(url)?;
        parsed.suits(engine)?;
        let reader = match parsed {
            SourceUrl::Sqlite(path) => Reader::Sqlite(sqlite::Reader::open(&path)?),
            SourceUrl::PostgreSql(url) => {
                Reader::PostgreSql(Box::new(postgres::Reader::open(&url, database)?))
            }
            SourceUrl::MySql(url) => Reader::MySql(mysql::Reader::open(&url, database)?),
        };
        Ok(Self { engine, database: database.to_owned(), reader })
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

    /// How many parts can be read at the same time.
    #[must_use]
    pub fn readers(&self) -> usize {
        match &self.reader {
            Reader::Sqlite(_) => 1,
            Reader::PostgreSql(_) => readers_wanted(),
            Reader::MySql(reader) => reader.readers(),
        }
    }

    /// What somebody should know about how this source is read, for the report.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match &self.reader {
            Reader::MySql(reader) => reader.notes(),
            _ => Vec::new(),
        }
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

    /// Every table, in order of schema and name.
    ///
    /// # Errors
    /// [`SourceError::Empty`] when there is none; [`SourceError::UnknownType`] for a declared type
    /// that the engine does not have; what the database fails with.
    pub fn tables(&self) -> Result<Vec<Table>, SourceError> {
        let found = match &self.reader {
            Reader::Sqlite(reader) => reader.tables()?,
            Reader::PostgreSql(reader) => reader.tables()?,
            Reader::MySql(reader) => reader.tables()?,
        };
        let tables =
            found.into_iter().map(|table| self.mapped(table)).collect::<Result<Vec<_>, _>>()?;
        if tables.is_empty() {
            return Err(SourceError::Empty { database: self.shown() });
        }
        Ok(tables)
    }

    fn mapped(&self, found: Found) -> Result<Table, SourceError> {
        let mut columns = Vec::new();
        for column in found.columns {
            let declared = DeclaredType::parse(&column.declared);
            let Some(export) = type_map::export_type(self.engine.family(), &declared) else {
                return Err(SourceError::UnknownType {
                    table: found.name,
                    column: column.name,
                    declared: declared.text,
                    engine: self.engine.name(),
                });
            };
            let wire = column.wire.map(Into::into);
            columns.push(Column { name: column.name, declared, export, wire });
        }
        let schema = found.schema.unwrap_or_else(|| self.default_schema().to_owned());
        let (name, skipped, parts) = (found.name, found.skipped, found.parts);
        Ok(Table { schema, name, columns, skipped, parts })
    }

    /// The table of this name in this schema; in the default schema when that is empty.
    ///
    /// # Errors
    /// [`SourceError::NoSuchTable`], and those of [`Source::tables`].
    pub fn table(&self, schema: &str, name: &str) -> Result<Table, SourceError> {
        let wanted = if schema.is_empty() { self.default_schema() } else { schema };
        let mut tables = self.tables()?;
        let shown = |schema: &str, name: &str| {
            if schema == self.default_schema() {
                name.to_owned()
            } else {
                format!("{schema}.{name}")
            }
        };
        let names = tables.iter().map(|table| shown(&table.schema, &table.name)).collect();
        match tables.iter().position(|table| table.name == name && table.schema == wanted) {
            Some(position) => Ok(tables.swap_remove(position)),
            None => Err(SourceError::NoSuchTable { table: shown(wanted, name), tables: names }),
        }
    }

    /// Keeps others from changing what these tables are until the source is closed: an old snapshot
    /// does not see a table again that was emptied by TRUNCATE.
    ///
    /// # Errors
    /// What the database fails with.
    pub fn hold(&self, tables: &[Table]) -> Result<(), SourceError> {
        match &self.reader {
            Reader::PostgreSql(reader) => reader.hold(tables),
            // SQLite's read transaction and InnoDB's metadata locks do this by themselves.
            Reader::Sqlite(_) | Reader::MySql(_) => Ok(()),
        }
    }

    /// Reads these columns of every row of a part of `table`, in batches of bounded size.
    ///
    /// # Errors
    /// [`SourceError::Value`] for a value that is none of its column's type; what the database fails
    /// with; whatever `sink` fails with.
    pub fn read<E: From<SourceError>>(
        &self,
        table: &Table,
        columns: &[Column],
        part: &Part,
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.reader {
            Reader::Sqlite(reader) => reader.read(self.engine.family(), &table.name, columns, sink),
            Reader::PostgreSql(reader) => reader.read(table, columns, part, sink),
            Reader::MySql(reader) => reader.read(table, columns, part, sink),
        }
    }

    /// The rows of a query on a server, every value as the server's own text, from the same snapshot.
    /// It shares no code with [`Source::read`] but the connection: what was exported can be checked
    /// by it.
    ///
    /// # Errors
    /// What the database fails with; whatever `row` fails with. [`SourceError::Query`] for SQLite.
    pub fn text_rows<E: From<SourceError>>(
        &self,
        query: &str,
        row: &mut RowSink<'_, E>,
    ) -> Result<(), E> {
        match &self.reader {
            Reader::Sqlite(_) => {
                let message = "SQLite has no texts of its own".to_owned();
                Err(SourceError::Query { what: "texts".to_owned(), message }.into())
            }
            Reader::PostgreSql(reader) => reader.text_rows(query, row),
            Reader::MySql(reader) => reader.text_rows(query, row),
        }
    }

    /// What may be shown of where it is.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.reader {
            Reader::Sqlite(reader) => reader.path().to_owned(),
            Reader::PostgreSql(reader) => reader.shown().to_owned(),
            Reader::MySql(reader) => reader.shown().to_owned(),
        }
    }
}

/// One reader a core, within reason.
fn readers_wanted() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MAX_READERS)
}

#[cfg(test)]
mod tests;
