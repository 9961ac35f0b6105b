//! PostgreSQL servers: one exported snapshot that all connections read
//! (<https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION>).

mod catalog;
mod connection;
mod decode;
mod print;
mod text;
mod tls;

pub(super) use catalog::Wire;

use super::{Column, Found, Part, RowSink, SourceAddress, SourceError, Table};
use connection::{Connection, Target};
use datafusion::arrow::array::RecordBatch;
use decode::Decoder;
use futures::StreamExt as _;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A server at one moment. The transaction that exported the snapshot stays open as long as this
/// lives; other connections take the snapshot up for one query each.
#[derive(Debug)]
pub(super) struct Reader {
    target: Target,
    snapshot: String,
    holder: Mutex<Connection>,
    idle: Mutex<Vec<Connection>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader {
    pub(super) fn open(url: &SourceAddress, database: &str) -> Result<Self, SourceError> {
        let target = Target::parse(url, database)?;
        let holder = Connection::open(&target)?;
        let snapshot = holder.run("a snapshot", async |client| {
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            let row = client.query_one("SELECT pg_catalog.pg_export_snapshot()", &[]).await?;
            row.try_get::<_, String>(0)
        })?;
        Ok(Self { target, snapshot, holder: Mutex::new(holder), idle: Mutex::default() })
    }

    pub(super) fn shown(&self) -> &str {
        self.target.shown()
    }

    pub(super) fn tables(&self) -> Result<Vec<Found>, SourceError> {
        let holder = locked(&self.holder);
        holder.run("the catalog", async |client| catalog::tables(client).await)
    }

    /// As `pg_dump` does: whoever would empty or change the tables waits.
    pub(super) fn hold(&self, tables: &[Table]) -> Result<(), SourceError> {
        let names: Vec<String> = tables
            .iter()
            .filter(|table| table.skipped.is_none())
            .map(|table| catalog::relation(&table.schema, &table.name))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
        let holder = locked(&self.holder);
        // A savepoint, for an error would end the snapshot.
        holder.run("the tables", async |client| {
            client.batch_execute("SAVEPOINT before_lock").await?;
            let locked = client.batch_execute(&lock).await;
            if locked.is_err() {
                client.batch_execute("ROLLBACK TO SAVEPOINT before_lock").await?;
            }
            locked
        })
    }

    pub(super) fn read<E: From<SourceError>>(
        &self,
        table: &Table,
        columns: &[Column],
        part: &Part,
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let query = catalog::select(table, columns, part);
        let copy = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
        let mut decoder = Decoder::new(&table.name, columns);
        self.copied(&table.name, &copy, &mut |chunk| {
            decoder.push(chunk)?;
            if decoder.full() { sink(decoder.batch()?) } else { Ok(()) }
        })?;
        decoder.check_end()?;
        if decoder.is_empty() { Ok(()) } else { sink(decoder.batch()?) }
    }

    pub(super) fn text_rows<E: From<SourceError>>(
        &self,
        query: &str,
        row: &mut RowSink<'_, E>,
    ) -> Result<(), E> {
        let mut rows = text::Rows::default();
        let copy = format!("COPY ({query}) TO STDOUT");
        self.copied("rows", &copy, &mut |chunk| rows.push(chunk, row))
    }

    /// Runs a `COPY … TO STDOUT` in the snapshot and hands on what arrives.
    fn copied<E: From<SourceError>>(
        &self,
        what: &str,
        copy: &str,
        chunk: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let idle = locked(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.target)?,
        };
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{}'",
            self.snapshot.replace('\'', "''")
        );
        connection.block_on(async |client| {
            let failed = |error| E::from(connection::query_error(what, &error));
            client.batch_execute(&begin).await.map_err(failed)?;
            let mut stream = pin!(client.copy_out(copy).await.map_err(failed)?);
            while let Some(bytes) = stream.next().await {
                chunk(&bytes.map_err(failed)?)?;
            }
            client.batch_execute("COMMIT").await.map_err(failed)
        })?;
        // A connection whose COPY was not read to its end is closed instead, which stops the server.
        locked(&self.idle).push(connection);
        Ok(())
    }
}
