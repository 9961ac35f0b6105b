//! MySQL and MariaDB servers. Connections cannot hand a snapshot on; they can all take theirs at one
//! moment, while nobody writes
//! (<https://mariadb.com/kb/en/flush/>, <https://dev.mysql.com/doc/refman/8.4/en/commit.html>).

mod connection;
mod slices;
mod values;

use super::{
    BATCH_BYTES, BATCH_ROWS, Column, Found, FoundColumn, Part, RowSink, SourceAddress, SourceError,
    Table, readers_wanted,
};
use connection::{Target, query_error};
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use mysql::prelude::Queryable as _;
use mysql::{Conn, Value};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use values::ColumnReader;

/// Connections whose transactions all see the same moment.
pub(super) struct Reader {
    target: Target,
    database: String,
    idle: Mutex<Vec<Conn>>,
    returned: Condvar,
    /// How many connections there are, idle or not.
    count: usize,
    notes: Vec<String>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({:?} of {:?})", self.database, self.target)
    }
}

/// A connection out of the pool, which it goes back to.
struct Lent<'a> {
    reader: &'a Reader,
    connection: Option<Conn>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.reader.idle().push(connection);
            self.reader.returned.notify_one();
        }
    }
}

impl Reader {
    pub(super) fn open(url: &SourceAddress, database: &str) -> Result<Self, SourceError> {
        let target = Target::parse(url, database)?;
        let mut first = target.connect()?;
        let database: Option<String> =
            first.query_first("SELECT DATABASE()").map_err(|e| query_error("the database", &e))?;
        let mut notes = Vec::new();
        let connections =
            connection::at_one_moment(&target, first, readers_wanted() + 1, &mut notes)?;
        let reader = Self {
            target,
            database: database.unwrap_or_default(),
            count: connections.len(),
            idle: Mutex::new(connections),
            returned: Condvar::new(),
            notes,
        };
        reader.with_engines_noted()
    }

    /// Engines without transactions have no snapshots.
    fn with_engines_noted(mut self) -> Result<Self, SourceError> {
        const TABLES: &str = "SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t \
            LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE \
            WHERE t.TABLE_SCHEMA = ? AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') \
            AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' ORDER BY 1";
        let found: Vec<(String, Option<String>)> =
            self.query("the catalog", TABLES, &self.database)?;
        for (table, engine) in found {
            self.notes.push(format!(
                "the table `{}` is of the engine {}, which has no snapshots: what is written to it \
                 during the rehearsal is seen",
                table.escape_debug(),
                engine.unwrap_or_default().escape_debug()
            ));
        }
        Ok(self)
    }

    pub(super) fn readers(&self) -> usize {
        (self.count - 1).max(1)
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    pub(super) fn shown(&self) -> &str {
        self.target.shown()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Lent<'_> {
        let mut idle = self.idle();
        loop {
            if let Some(connection) = idle.pop() {
                return Lent { reader: self, connection: Some(connection) };
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn query<T: mysql::prelude::FromRow>(
        &self,
        what: &str,
        query: &str,
        argument: &str,
    ) -> Result<Vec<T>, SourceError> {
        let mut lent = self.lend();
        let Some(connection) = &mut lent.connection else { return Ok(Vec::new()) };
        connection.exec(query, (argument,)).map_err(|error| query_error(what, &error))
    }

    pub(super) fn tables(&self) -> Result<Vec<Found>, SourceError> {
        // Sequences and views are none; TEMPORARY tables belong to their sessions.
        const COLUMNS: &str = "SELECT t.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE \
            FROM information_schema.TABLES t JOIN information_schema.COLUMNS c \
            ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME \
            WHERE t.TABLE_SCHEMA = ? AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') \
            ORDER BY BINARY t.TABLE_NAME, c.ORDINAL_POSITION";
        let rows: Vec<(String, String, String)> =
            self.query("the catalog", COLUMNS, &self.database)?;
        let mut tables: Vec<Found> = Vec::new();
        for (table, column, declared) in rows {
            let column = FoundColumn { name: column, declared, wire: None };
            match tables.last_mut() {
                Some(last) if last.name == table => last.columns.push(column),
                _ => tables.push(Found {
                    schema: None,
                    name: table,
                    columns: vec![column],
                    skipped: None,
                    parts: Vec::new(),
                }),
            }
        }
        self.slice(&mut tables)?;
        Ok(tables)
    }

    /// Reads by the binary protocol, where numbers and times are no texts.
    pub(super) fn read<E: From<SourceError>>(
        &self,
        table: &Table,
        columns: &[Column],
        part: &Part,
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
        let query = format!(
            "SELECT {} FROM {}{}",
            names.join(", "),
            quoted(&table.name),
            slices::condition(part)
        );
        let failed = |error| E::from(query_error(&table.name, &error));
        let mut lent = self.lend();
        let Some(connection) = &mut lent.connection else { return Ok(()) };
        let rows = connection.exec_iter(query, ()).map_err(failed)?;
        let schema = Table::arrow(columns);
        let mut readers: Vec<ColumnReader> = columns.iter().map(ColumnReader::new).collect();
        let (mut number, mut held, mut bytes) = (0_u64, 0, 0);
        let mut flush = |readers: &mut Vec<ColumnReader>, held: usize| {
            let arrays = readers.iter_mut().map(ColumnReader::finish).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(held));
            let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
                .map_err(SourceError::from)?;
            sink(batch)
        };
        for row in rows {
            let values = row.map_err(failed)?.unwrap();
            number += 1;
            held += 1;
            for ((reader, value), column) in readers.iter_mut().zip(values).zip(columns) {
                bytes += reader.push(&value).map_err(|why| SourceError::Value {
                    table: table.name.clone(),
                    column: column.name.clone(),
                    declared: column.declared.text.clone(),
                    row: number,
                    found: values::shown(&value),
                    why,
                })?;
            }
            if held == BATCH_ROWS || bytes >= BATCH_BYTES {
                flush(&mut readers, held)?;
                (held, bytes) = (0, 0);
            }
        }
        if held > 0 { flush(&mut readers, held) } else { Ok(()) }
    }

    /// Reads by the text protocol.
    pub(super) fn text_rows<E: From<SourceError>>(
        &self,
        query: &str,
        row: &mut RowSink<'_, E>,
    ) -> Result<(), E> {
        let failed = |error| E::from(query_error("rows", &error));
        let mut lent = self.lend();
        let Some(connection) = &mut lent.connection else { return Ok(()) };
        for found in connection.query_iter(query).map_err(failed)? {
            let values = found.map_err(failed)?.unwrap();
            let texts: Vec<Option<&[u8]>> = values
                .iter()
                .map(|value| match value {
                    Value::Bytes(bytes) => Some(bytes.as_slice()),
                    _ => None,
                })
                .collect();
            row(&texts)?;
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
