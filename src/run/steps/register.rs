//! Registers the export's tables in the staging database, from the export's own manifests and files.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::PlannedTable;
use super::super::partitions::{self, Pointer};
use super::super::staging::{Ours, needed};
use super::export;
use crate::aws::{ErrorKind, try_in_parallel};
use crate::pipeline::{CatalogMode, Pipeline};
use crate::verify::TableInspection;
use aws_sdk_glue::types::Table;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Calls to the catalog that are made at a time.
pub(in crate::run) const CONCURRENCY: usize = 8;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let pipeline = context.pipeline;
    if context.journal.details.plan.is_empty() {
        let inspection = context.inspection().await?;
        let plan = inspection.tables.iter().filter_map(|table| planned(pipeline, table)).collect();
        context.journal.details.plan = plan;
        if pipeline.catalog.mode == CatalogMode::History {
            let partition = partition_of_export(context).await?;
            context.journal.details.partition = Some(partition);
        }
        context.journal.save_details().await?;
    } else {
        export::still_there(context).await?;
    }
    let (tables, there) = fill(context).await?;
    let mut detail = format!("{tables} tables in {}", pipeline.staging_database());
    if there > 0 {
        let _ = write!(detail, ", {there} of them already there");
    }
    Ok(Done::Did(detail))
}

/// In history mode: the date of the export's snapshot, which is its partition.
async fn partition_of_export(context: &mut Context<'_>) -> Result<String, StepError> {
    let catalog = &context.pipeline.catalog;
    let zone = crate::config::time_zone(&catalog.time_zone).ok_or_else(|| {
        StepError::found(
            FailureKind::Setup,
            format!("there is no time zone `{}`", catalog.time_zone),
            "look at its spelling in `[catalog] time_zone`",
        )
    })?;
    let clash = context
        .journal
        .details
        .plan
        .iter()
        .find(|plan| catalog::has_column(&plan.columns, &catalog.partition));
    if let Some(plan) = clash {
        return Err(StepError::found(
            FailureKind::Setup,
            format!("table `{}` has a column `{}` of its own", plan.source(), catalog.partition),
            "name the partition's column otherwise, in `[catalog] partition`",
        ));
    }
    let of_run = context.journal.state.report.snapshot.as_ref().and_then(|one| one.created);
    let time = context.inspection().await?.snapshot_time.or(of_run);
    time.map(|time| time.to_zoned(zone).date().to_string()).ok_or_else(|| {
        StepError::found(
            FailureKind::Setup,
            "neither the export's manifest nor RDS tells when the snapshot was made",
            "export a snapshot that RDS knows",
        )
    })
}

/// Fills the staging database with what is planned, and takes out whatever else runs of this pipeline have
/// left there. Gives the number of tables, and of those that were there already.
pub(in crate::run) async fn fill(context: &Context<'_>) -> Result<(usize, usize), StepError> {
    let pipeline = context.pipeline;
    let export = context.export_id()?;
    let database = pipeline.staging_database();
    let present = catalog::tables(context.clients, &database).await?;
    let plan = &context.journal.details.plan;
    let key = pipeline.partition();
    let ours = Ours::among(pipeline, plan, &present);
    let names = plan.iter().map(|plan| plan.staged.clone());
    ours.refuse_others(&needed(pipeline, names), &present)?;
    let leftovers: Vec<&str> = present
        .values()
        .filter(|table| ours.has(table))
        .filter(|table| !plan.iter().any(|plan| is_staged(plan, key, table)))
        .map(Table::name)
        .collect();
    clear(context, &database, &leftovers).await?;
    let run_id = context.journal.state.report.run_id.as_str();
    let missing: Vec<&PlannedTable> = plan
        .iter()
        .filter(|plan| !present.get(&plan.staged).is_some_and(|table| is_staged(plan, key, table)))
        .collect();
    let there = plan.len() - missing.len();
    let (database_name, export) = (database.as_str(), export.as_str());
    try_in_parallel(CONCURRENCY, missing, |plan| {
        let marks = catalog::marks(&pipeline.name, run_id, export);
        let input = catalog::new_input(&plan.staged, plan, key, marks);
        Box::pin(async move {
            context.stop().check()?;
            if let Some(input) = input {
                match catalog::create(context.clients, database_name, input).await {
                    // A call whose answer was lost is repeated, and then finds its own work.
                    Err(error) if error.kind == ErrorKind::Conflict => {
                        let now = catalog::tables(context.clients, database_name).await?;
                        if !now.get(&plan.staged).is_some_and(|now| is_staged(plan, key, now)) {
                            return Err(error.into());
                        }
                    }
                    outcome => outcome?,
                }
            }
            Ok::<(), StepError>(())
        })
    })
    .await?;
    if let Some(value) = &context.journal.details.partition {
        try_in_parallel(CONCURRENCY, plan.iter().collect(), |plan| {
            Box::pin(async move {
                context.stop().check()?;
                let wanted = Pointer::of(plan);
                let clients = context.clients;
                partitions::point(clients, database_name, &plan.staged, value, None, &wanted)
                    .await
                    .map_err(StepError::from)
            })
        })
        .await?;
    }
    Ok((plan.len(), there))
}

/// What is to be registered and published of a table; nothing when Athena could not read its types,
/// which verification reports.
pub(in crate::run) fn planned(
    pipeline: &Pipeline,
    table: &TableInspection,
) -> Option<PlannedTable> {
    let columns = table.columns().ok()?;
    let complete =
        table.manifest.as_ref().is_some_and(crate::verify::manifest::TableManifest::is_complete);
    if columns.is_empty() || !complete {
        return None;
    }
    Some(PlannedTable {
        database: table.source.database.clone(),
        schema: table.source.schema.clone(),
        name: table.source.name.clone(),
        table: table.name.clone(),
        staged: table.name.clone(),
        location: format!("s3://{}/{}", pipeline.lake.bucket, table.prefix),
        columns,
        originals: originals(table),
    })
}

/// The types that a table's columns have in the source database, as the manifest tells them.
pub(in crate::run) fn originals(table: &TableInspection) -> BTreeMap<String, String> {
    let manifest = table.manifest.iter();
    let mappings = manifest.flat_map(|one| &one.schema_metadata.original_type_mappings);
    mappings
        .map(|mapping| (mapping.column_name.to_lowercase(), mapping.original_type.clone()))
        .collect()
}

/// Whether a table in the staging database is what the plan wants there.
fn is_staged(plan: &PlannedTable, key: Option<&str>, table: &Table) -> bool {
    table.name() == plan.staged
        && catalog::location(table).as_deref() == Some(plan.location.as_str())
        && catalog::columns(table) == plan.columns
        && catalog::partition_keys(table).as_slice() == key.as_slice()
}

/// Deletes tables from the staging database; views first, since they read tables.
pub(in crate::run) async fn clear(
    context: &Context<'_>,
    database: &str,
    names: &[&str],
) -> Result<(), StepError> {
    try_in_parallel(CONCURRENCY, names.to_vec(), |name| {
        Box::pin(async move {
            context.stop().check()?;
            Ok::<(), StepError>(catalog::delete(context.clients, database, name).await?)
        })
    })
    .await?;
    Ok(())
}
