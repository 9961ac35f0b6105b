//! SQLite files, read-only, in one read transaction.

use super::coerce::ColumnReader;
use super::{BATCH_BYTES, BATCH_ROWS, Column, Family, Found, FoundColumn, SourceError, Table};
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An open file and its transaction, which ends with it.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Mutex<Connection>,
    path: String,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let missing = |why: String| SourceError::Missing { path: shown.clone(), why };
        let metadata = std::fs::metadata(path).map_err(|error| missing(error.to_string()))?;
        if !metadata.is_file() {
            return Err(missing("it is not a file".to_owned()));
        }
        // Not OPEN_URI: the path is a path, whatever is in it.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let begun = connection
            .execute_batch("PRAGMA query_only = ON; BEGIN; SELECT count(*) FROM sqlite_schema;");
        match begun {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                Err(SourceError::NotADatabase { path: shown })
            }
            begun => {
                begun?;
                Ok(Self { connection: Mutex::new(connection), path: shown })
            }
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tables(&self) -> Result<Vec<Found>, SourceError> {
        let mut tables = Vec::new();
        for name in self.table_names()? {
            let columns = self.columns(&name)?;
            tables.push(Found { schema: None, name, columns, skipped: None, parts: Vec::new() });
        }
        Ok(tables)
    }

    /// Ordinary tables, without SQLite's own, views, and the shadows of virtual tables.
    fn table_names(&self) -> Result<Vec<String>, SourceError> {
        let connection = self.connection();
        let mut statement = connection.prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Names and declared types, generated columns included, hidden ones not.
    fn columns(&self, table: &str) -> Result<Vec<FoundColumn>, SourceError> {
        let connection = self.connection();
        let mut statement = connection.prepare(
            "SELECT name, type FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
        )?;
        let columns = statement.query_map([table], |row| {
            Ok(FoundColumn { name: row.get(0)?, declared: row.get(1)?, wire: None })
        })?;
        Ok(columns.collect::<Result<_, _>>()?)
    }

    pub(super) fn read<E: From<SourceError>>(
        &self,
        family: Family,
        table: &str,
        columns: &[Column],
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
        let sql = format!("SELECT {} FROM {}", names.join(", "), quoted(table));
        let connection = self.connection();
        let mut statement = connection.prepare(&sql).map_err(SourceError::from)?;
        let mut rows = statement.query([]).map_err(SourceError::from)?;
        let schema = Table::arrow(columns);
        let mut readers: Vec<ColumnReader> = columns
            .iter()
            .map(|column| ColumnReader::new(family, &column.declared, column.export))
            .collect();
        let mut number = 0_u64;
        let mut held = 0;
        let mut bytes = 0;
        loop {
            let row = rows.next().map_err(SourceError::from)?;
            let ended = row.is_none();
            if let Some(row) = row {
                number += 1;
                held += 1;
                for (index, (reader, column)) in readers.iter_mut().zip(columns).enumerate() {
                    let value = row.get_ref(index).map_err(SourceError::from)?;
                    bytes += reader.push(value).map_err(|why| SourceError::Value {
                        table: table.to_owned(),
                        column: column.name.clone(),
                        declared: column.declared.text.clone(),
                        row: number,
                        found: super::coerce::shown(value),
                        why,
                    })?;
                }
            }
            if held == BATCH_ROWS || bytes >= BATCH_BYTES || (ended && held > 0) {
                let arrays = readers.iter_mut().map(ColumnReader::finish).collect();
                let options = RecordBatchOptions::new().with_row_count(Some(held));
                let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
                    .map_err(SourceError::from)?;
                sink(batch)?;
                (held, bytes) = (0, 0);
            }
            if ended {
                return Ok(());
            }
        }
    }
}

/// An identifier in SQLite's double quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
