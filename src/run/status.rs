//! What is live, what is kept, and what can be called off.

use super::catalog::{self, EXPORT, MOVED, PIPELINE, RUN};
use super::error::Failure;
use super::journal::KnownExports;
use super::steps::{prune, snapshot};
use crate::aws::{AwsError, Clients, failed};
use crate::pipeline::{Pipeline, Step};
use serde::Serialize;

/// What is live and what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The live database.
    pub database: String,
    /// Its tables that are this pipeline's, by name.
    pub tables: Vec<LiveTable>,
    /// The names of its views.
    pub views: Vec<String>,
    /// Tables of the live database that are not this pipeline's.
    pub strangers: Vec<String>,
    /// The exports in the lake, newest first.
    pub exports: Vec<KeptExport>,
}

/// A live table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveTable {
    /// Its name.
    pub table: String,
    /// The export that it points at.
    pub export: Option<String>,
    /// Where it points.
    pub location: Option<String>,
    /// When it was moved there, as the run noted it.
    pub moved_at: Option<String>,
    /// The run that moved it.
    pub run: Option<String>,
    /// How many columns it has.
    pub columns: usize,
}

/// An export in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptExport {
    /// Its identifier.
    pub id: String,
    /// Whether its manifest is there, so that tables can be rolled back to it.
    pub complete: bool,
    /// Whether it failed its last verification, as far as [`Status::judge`] was told.
    pub unfit: bool,
    /// Whether the configuration's checks refused its data, likewise.
    pub refused: bool,
    /// How many live tables point at it.
    pub tables: usize,
}

impl Status {
    /// Notes which of the exports failed their last verification, or whose data checks refused, as journals
    /// tell it.
    pub fn judge(&mut self, known: &KnownExports) {
        for export in &mut self.exports {
            export.unfit = known.is_unfit(&export.id);
            export.refused = known.is_refused(&export.id);
        }
    }
}

/// Looks at what is live and what is kept. Reads only.
///
/// # Errors
/// When a call fails.
pub async fn status(pipeline: &Pipeline, clients: &Clients) -> Result<Status, AwsError> {
    let database = pipeline.catalog.database.clone();
    let mut tables = Vec::new();
    let mut views = Vec::new();
    let mut strangers = Vec::new();
    for table in catalog::tables(clients, &database).await?.into_values() {
        let name = table.name().to_owned();
        let text = |key| catalog::parameter(&table, key).map(str::to_owned);
        if catalog::is_view(&table) {
            views.push(name);
        } else if text(PIPELINE).as_ref() == Some(&pipeline.name) {
            tables.push(LiveTable {
                export: text(EXPORT),
                location: catalog::location(&table),
                moved_at: text(MOVED),
                run: text(RUN),
                columns: catalog::columns(&table).len(),
                table: name,
            });
        } else {
            strangers.push(name);
        }
    }
    let mut exports: Vec<KeptExport> = prune::exports(pipeline, clients)
        .await?
        .into_iter()
        .map(|export| {
            let root = pipeline.export_location(&export.id);
            let points = |table: &&LiveTable| {
                table.location.as_ref().is_some_and(|location| location.starts_with(&root))
            };
            let tables = tables.iter().filter(points).count();
            let (unfit, refused) = (false, false);
            KeptExport { id: export.id, complete: export.complete, unfit, refused, tables }
        })
        .collect();
    exports.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(Status { database, tables, views, strangers, exports })
}

/// Whether a rollback to an export would move one of the tables: one that points at a later export, and that
/// this one has files of. Reads only.
///
/// # Errors
/// When a call fails.
pub async fn would_move(
    pipeline: &Pipeline,
    clients: &Clients,
    export: &str,
    tables: &[&LiveTable],
) -> Result<bool, AwsError> {
    for table in tables {
        let Some(now) = table.export.as_deref().filter(|now| *now > export) else { continue };
        let of_now = pipeline.export_location(now);
        let Some(folder) = table.location.as_ref().and_then(|it| it.strip_prefix(&of_now)) else {
            // Its partitions are the exports: what a rollback does to them is seen when it is planned.
            return Ok(true);
        };
        let files = format!("{}{folder}", pipeline.export_prefix(export));
        if clients.any(&pipeline.lake.bucket, &files).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The snapshot that a run would export, by its identifier, and the storage allocated for it in GiB; none
/// when each run makes one, or RDS does not tell. Reads only.
///
/// # Errors
/// When the call fails, or there is no snapshot.
pub async fn snapshot_size(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Option<(String, u64)>, Failure> {
    let found = snapshot::existing(pipeline, clients).await.map_err(|error| {
        let (kind, message, help) = error.told();
        Failure::new(Step::Snapshot, kind, message, help)
    })?;
    Ok(found.and_then(|found| {
        let gib = u64::try_from(found.allocated_gib?).ok()?;
        Some((found.id, gib))
    }))
}

/// Cancels an export that is still running; gives RDS's word for its state.
///
/// # Errors
/// When the call fails; an export that has ended cannot be cancelled.
pub async fn cancel_export(clients: &Clients, id: &str) -> Result<String, AwsError> {
    let answer = clients
        .rds
        .cancel_export_task()
        .export_task_identifier(id)
        .send()
        .await
        .map_err(failed("rds", "CancelExportTask", id))?;
    Ok(answer.status.unwrap_or_default())
}
