//! Takes what runs of this pipeline have made out of the staging database.

use super::super::catalog;
use super::super::context::{Context, Done, StepResult};
use super::super::staging::Ours;
use super::register;
use aws_sdk_glue::types::Table;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.staging_database();
    let present = catalog::tables(context.clients, &database).await?;
    let ours = Ours::among(context.pipeline, &context.journal.details.plan, &present);
    let (ours, others): (Vec<&Table>, Vec<&Table>) =
        present.values().partition(|table| ours.has(table));
    let names: Vec<&str> = ours.iter().map(|table| table.name()).collect();
    register::clear(context, &database, &names).await?;
    for other in others {
        context.warn(format!(
            "`{database}.{}` is not of this pipeline and was left where it is",
            other.name().escape_debug()
        ));
    }
    Ok(Done::Did(format!("{} tables and views deleted from {database}", names.len())))
}
