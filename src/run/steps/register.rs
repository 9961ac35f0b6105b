//! Registers the export's tables in the staging database, from the export's own manifests and files.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::journal::PlannedTable;
use crate::aws::try_in_parallel;
use crate::pipeline::Pipeline;
use crate::verify::TableInspection;
use aws_sdk_glue::types::Table;
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
        context.journal.save_details()?;
    }
    let (tables, there) = fill(context).await?;
    let mut detail = format!("{tables} tables in {}", pipeline.staging_database());
    if there > 0 {
        let _ = write!(detail, ", {there} of them already there");
    }
    Ok(Done::Did(detail))
}

/// Fills the staging database with what is planned and nothing else. Gives the number of tables, and of
/// those that were there already.
pub(in crate::run) async fn fill(context: &Context<'_>) -> Result<(usize, usize), StepError> {
    let pipeline = context.pipeline;
    let export = context.export_id()?;
    let database = pipeline.staging_database();
    let present = catalog::tables(context.clients, &database).await?;
    let plan = &context.journal.details.plan;
    let leftovers: Vec<&str> = present
        .values()
        .filter(|table| !plan.iter().any(|plan| is_staged(plan, table)))
        .map(Table::name)
        .collect();
    clear(context, &database, &leftovers).await?;
    let run_id = context.journal.state.report.run_id.as_str();
    let missing: Vec<&PlannedTable> = plan
        .iter()
        .filter(|plan| !present.get(&plan.staged).is_some_and(|table| is_staged(plan, table)))
        .collect();
    let there = plan.len() - missing.len();
    let (database_name, export) = (database.as_str(), export.as_str());
    try_in_parallel(CONCURRENCY, missing, |plan| {
        let marks = catalog::marks(&pipeline.name, run_id, export);
        let input = catalog::new_input(&plan.staged, plan, marks);
        Box::pin(async move {
            context.stop().check()?;
            if let Some(input) = input {
                catalog::create(context.clients, database_name, input).await?;
            }
            Ok::<(), StepError>(())
        })
    })
    .await?;
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
    })
}

/// Whether a table in the staging database is what the plan wants there.
fn is_staged(plan: &PlannedTable, table: &Table) -> bool {
    table.name() == plan.staged
        && catalog::location(table).as_deref() == Some(plan.location.as_str())
        && catalog::columns(table) == plan.columns
        && table.partition_keys().is_empty()
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
