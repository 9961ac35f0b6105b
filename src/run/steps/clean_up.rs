//! Empties the staging database.

use super::super::catalog;
use super::super::context::{Context, Done, StepResult};
use super::register;
use aws_sdk_glue::types::Table;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.staging_database();
    let lake =
        format!("s3://{}/{}", context.pipeline.lake.bucket, context.pipeline.exports_prefix());
    let present = catalog::tables(context.clients, &database).await?;
    let (ours, others): (Vec<&Table>, Vec<&Table>) = present.values().partition(|table| {
        catalog::is_view(table)
            || catalog::location(table).is_some_and(|location| location.starts_with(&lake))
    });
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
