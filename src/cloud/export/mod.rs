//! Snapshot exports: a source's tables as Parquet in the layout of RDS, with its manifests.

mod cause;
mod manifest;
pub mod names;
mod tables;
pub mod type_map;
mod writer;

pub use cause::failure_cause;
pub use names::{check_export_only, export_folder};
pub use writer::Written;

use self::manifest::TableStatus;
use self::tables::{Job, Work};
use self::writer::Limits;
use super::caller::Caller;
use super::source::{Engine, Family, Source, SourceAddress, SourceError, Table};
use super::storage::{Body, ObjectStore, StoreError};
use bytes::Bytes;
use datafusion::parquet::errors::ParquetError;
use jiff::Timestamp;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What is to be exported, and where to.
pub struct ExportRequest<'a> {
    /// The export task's identifier.
    pub id: String,
    /// The ARN of the snapshot or cluster.
    pub source_arn: String,
    /// RDS's name of the engine.
    pub engine: String,
    /// Where the data really are.
    pub source_url: SourceAddress,
    /// The same, when it is open already: what is exported is of the moment it was opened.
    pub held: Option<Arc<Source>>,
    /// The database's name in the instance.
    pub database: String,
    /// Which databases, schemas and tables; all when empty.
    pub export_only: Vec<String>,
    /// The bucket.
    pub bucket: String,
    /// The prefix, possibly empty.
    pub prefix: String,
    /// The ARN of the role that writes.
    pub role_arn: String,
    /// The ARN of the key under which the objects are encrypted.
    pub kms_key_arn: String,
    /// When the snapshot was taken.
    pub snapshot_time: Timestamp,
    /// When the task started.
    pub task_start_time: Timestamp,
    /// When the task ends, given the bytes extracted. Called once, before the manifests.
    pub end_time: &'a (dyn Fn(u64) -> Timestamp + Sync),
}

/// What an export came to.
#[derive(Debug, Clone)]
pub struct ExportOutcome {
    /// Bytes extracted.
    pub bytes: u64,
    /// The task's `WarningMessage`: JSON, when something was left out.
    pub warning_message: Option<String>,
    /// The tables that were exported, in order.
    pub tables: Vec<ExportedTable>,
}

/// A table that was exported.
#[derive(Debug, Clone)]
pub struct ExportedTable {
    /// `db.table` or `db.schema.table`.
    pub target: String,
    /// Its rows, bytes and files.
    pub written: Written,
}

/// Why an export failed; [`failure_cause`] says it as RDS does.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// RDS cannot export snapshots of this engine.
    #[error("the engine `{}` has no snapshot export", .0.escape_debug())]
    Engine(String),
    /// The source cannot be read, or holds what its engine could not hold.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// `ExportOnly` names what does not exist.
    #[error("`{}` of ExportOnly names nothing in the source", .0.escape_debug())]
    NothingThere(String),
    /// The role, the bucket or the key refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows cannot be written as Parquet.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// The disk fails.
    #[error("cannot write a file: {0}")]
    Disk(std::io::Error),
    /// Someone cancelled the task.
    #[error("the export was canceled")]
    Canceled,
}

/// Exports, as many parts at a time as the source has readers. Blocks; memory is bounded by a row
/// group (32 MiB, encoded) and some batches for each reader, not by the source's size.
///
/// # Errors
/// [`ExportError`]. The files written until then stay, as RDS leaves them.
pub fn run(
    request: &ExportRequest<'_>,
    objects: &dyn ObjectStore,
    caller: &Caller,
    cancel: &AtomicBool,
) -> Result<ExportOutcome, ExportError> {
    run_within(request, objects, caller, cancel, Limits::default())
}

fn run_within(
    request: &ExportRequest<'_>,
    objects: &dyn ObjectStore,
    caller: &Caller,
    cancel: &AtomicBool,
    limits: Limits,
) -> Result<ExportOutcome, ExportError> {
    let engine = Engine::parse(&request.engine)
        .ok_or_else(|| ExportError::Engine(request.engine.clone()))?;
    let family = engine.family();
    let folder = export_folder(&request.prefix, &request.id);
    probe(request, objects, caller, &folder)?;
    let source = match &request.held {
        Some(held) => Arc::clone(held),
        None => Arc::new(Source::open(request.source_url.reveal(), engine, &request.database)?),
    };
    let tables = names::select(family, &request.database, &request.export_only, source.tables()?)
        .map_err(ExportError::NothingThere)?;

    let mut statuses = Vec::new();
    let mut jobs = Vec::new();
    for table in tables {
        let status = status(request, family, &table);
        if !status.skipped {
            jobs.push(Job::new(&folder, request, table, status.columns.clone(), statuses.len()));
        }
        statuses.push(status);
    }
    source.hold(&jobs.iter().map(|job| job.table.clone()).collect::<Vec<_>>())?;
    let work = Work { request, source: &source, objects, caller, cancel, limits };
    let mut exported = Vec::new();
    for (job, written) in jobs.iter().zip(tables::write(&work, &jobs)?) {
        let Some(status) = statuses.get_mut(job.status) else { continue };
        status.bytes = written.bytes;
        status.files = written.keys.len();
        exported.push(ExportedTable { target: status.target.clone(), written });
    }

    let bytes = statuses.iter().map(|status| status.bytes).sum();
    let end = (request.end_time)(bytes);
    for status in &mut statuses {
        status.times.1 = end;
    }
    let id = &request.id;
    let manifests = [
        (format!("export_info_{id}.json"), manifest::export_info(request, end, bytes)),
        (
            format!("export_tables_info_{id}_from_1_to_{}.json", statuses.len()),
            manifest::tables_info(&statuses),
        ),
    ];
    for (name, manifest) in manifests {
        let body = Body::from(format!("{manifest:#}\n"));
        writer::put(request, objects, caller, &format!("{folder}/{name}"), body)?;
    }
    Ok(ExportOutcome { bytes, warning_message: warning_message(&statuses), tables: exported })
}

/// What there is to say of a table before it is read.
fn status(request: &ExportRequest<'_>, family: Family, table: &Table) -> TableStatus {
    let unfit: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| !names::exportable_column(name))
        .collect();
    let mut status = TableStatus {
        target: names::target(family, &request.database, table),
        warning: None,
        skipped: true,
        columns: vec![],
        bytes: 0,
        times: (request.task_start_time, request.task_start_time),
        files: 0,
    };
    if !names::exportable_table(&table.name) {
        status.warning = Some("the table's name has a slash".to_owned());
    } else if let Some(why) = table.skipped {
        status.warning = Some(why.to_owned());
    } else if !unfit.is_empty() {
        status.warning =
            Some(format!("columns have names that no export has: {}", unfit.join(", ")));
    } else if table.columns.is_empty() {
        status.warning = Some("the table has no columns".to_owned());
    } else {
        status.skipped = false;
        status.columns.clone_from(&table.columns);
    }
    status
}

/// Uses each right that AWS says the role must have, before any table is read: its page
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html>) lists
/// them, without saying which object RDS reads and deletes. Here it is a marker of its own.
fn probe(
    request: &ExportRequest<'_>,
    objects: &dyn ObjectStore,
    caller: &Caller,
    folder: &str,
) -> Result<(), ExportError> {
    objects.bucket_location(caller, &request.bucket)?;
    objects.list(caller, &request.bucket, &format!("{folder}/"))?;
    let key = format!("{folder}/_temporary");
    writer::put(request, objects, caller, &key, Body::Bytes(Bytes::default()))?;
    objects.get(caller, &request.bucket, &key, None)?;
    objects.delete(caller, &request.bucket, &key)?;
    Ok(())
}

/// The task's `WarningMessage` when tables were left out. What `skippedObjectives` holds on AWS is
/// written nowhere; here nothing is skipped but tables.
fn warning_message(statuses: &[TableStatus]) -> Option<String> {
    let tables: Vec<serde_json::Value> = statuses
        .iter()
        .filter_map(|status| {
            let warning = status.warning.as_ref()?;
            Some(json!({ "tableName": status.target, "reason": warning }))
        })
        .collect();
    if tables.is_empty() {
        return None;
    }
    let message = json!({ "skippedTables": tables, "skippedObjectives": [], "general": [] });
    Some(message.to_string())
}

#[cfg(test)]
mod tests;
