//! Whether other runs have published something newer since this one chose its snapshot.
//!
//! A run may be resumed days after it has failed, when other runs have long gone on. What it would make live
//! is then older than what is live, however new its export is: its snapshot was the newest when it began.
//! So what counts is the time in the run's id, against the time in the ids of the exports that are live.

use super::super::super::catalog::{self, EXPORT, PIPELINE, RUN};
use super::super::super::context::{Context, StepError, is_ours, time_of};
use super::super::super::error::FailureKind;
use crate::printable::line;
use aws_sdk_glue::types::Table;
use std::collections::BTreeMap;

/// Refuses to turn tables back to an older export that went live with another run, begun after this one.
pub(in crate::run) fn refuse(
    context: &Context<'_>,
    present: &BTreeMap<String, Table>,
) -> Result<(), StepError> {
    let report = &context.journal.state.report;
    let Some(newest) = newest(context, present) else { return Ok(()) };
    if time_of(newest) <= time_of(&report.run_id) {
        return Ok(());
    }
    let own = report.export.as_ref().filter(|export| export.status == "COMPLETE");
    let mut help = "begin a new run, which exports the newest snapshot".to_owned();
    if let Some(own) = own {
        help = format!(
            "{help}; `snaplake rollback --to {}` makes the older export live all the same",
            line(&own.id)
        );
    }
    let message = format!(
        "export `{}` went live since this run began, and would be turned back to something older",
        line(newest)
    );
    Err(StepError::found(FailureKind::Conflict, message, help))
}

/// Tells of tables that are turned back because the snapshot that the configuration chooses has an older
/// export, which the run adopted.
pub(super) fn tell(context: &mut Context<'_>, present: &BTreeMap<String, Table>) {
    let own = context.journal.state.report.export.as_ref().map(|export| export.id.clone());
    let Some((own, newest)) = own.zip(newest(context, present)) else { return };
    if time_of(newest) > time_of(&own) {
        let message = format!(
            "live tables pointed at export `{}`, which is newer than `{}`, the one of the snapshot that \
             was chosen",
            line(newest),
            line(&own)
        );
        context.warn(message);
    }
}

/// The newest export among those that the tables to be moved point at and that others than this run made
/// live. None for a rollback, which goes where a person sends it, and in history mode, where each export
/// has a partition of its own.
fn newest<'a>(context: &Context<'_>, present: &'a BTreeMap<String, Table>) -> Option<&'a str> {
    let (pipeline, journal) = (context.pipeline, &context.journal);
    if journal.state.kept_export.is_some() || pipeline.partition().is_some() {
        return None;
    }
    let (report, plan) = (&journal.state.report, &journal.details.plan);
    let own = report.export.as_ref().map(|export| export.id.as_str());
    present
        .values()
        .filter(|table| plan.is_empty() || plan.iter().any(|plan| plan.table == table.name()))
        .filter(|table| {
            catalog::parameter(table, PIPELINE) == Some(pipeline.name.as_str())
                && catalog::parameter(table, RUN) != Some(report.run_id.as_str())
        })
        .filter_map(|table| catalog::parameter(table, EXPORT))
        .filter(|export| is_ours(&pipeline.name, export) && own != Some(*export))
        .max_by_key(|export| time_of(export))
}
