//! Verifies every staged table before anything goes live.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::Verdict;
use super::super::options::Event;
use crate::aws::try_in_parallel_or_stop;
use crate::printable::line;
use crate::verify::{
    Check, CheckStatus, StagedColumn, TableVerification, Verification, verify_table,
    warning_checks, warning_unknown,
};

/// Tables that are verified at a time: far below Athena's quota of active queries
/// (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>), so that others can work.
pub(in crate::run) const CONCURRENCY: usize = 8;

/// Failures that the message names before it only counts.
const NAMED: usize = 3;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    context.inspection().await?;
    let database = context.pipeline.staging_database();
    let present = catalog::tables(context.clients, &database).await?;
    let inspection = context.inspection.take().unwrap_or_default();
    let plan = context.journal.details.plan.clone();
    let export = context.journal.state.report.export.as_ref();
    // The run that awaits an export hears RDS's warning; of a kept one it may be in that run's journal.
    let state = &context.journal.state;
    let warned = if state.kept_export.is_none() || state.warning_known {
        warning_checks(export.and_then(|export| export.warning.as_deref()))
    } else {
        vec![warning_unknown()]
    };
    let mut verification = Verification { export: warned, tables: Vec::new() };
    verification.export.extend(inspection.checks.iter().cloned());
    // What the others ask once one query could not be carried through is of no use to anyone.
    let stop = context.stop().within();
    let athena = context.athena_until(stop.clone());
    let extra = context.options.checks.as_deref();
    let total = inspection.tables.len();
    let (database, athena, plan, present) = (database.as_str(), &athena, &plan, &present);
    let progress = context.progress;
    try_in_parallel_or_stop(
        CONCURRENCY,
        inspection.tables.iter().collect(),
        &stop,
        |table| {
            let planned = plan.iter().find(|plan| plan.source() == table.source);
            let registered = planned.and_then(|plan| {
                let found = present.get(&plan.staged)?;
                let location = catalog::location(found)?;
                Some((plan.staged.as_str(), location, catalog::columns(found)))
            });
            Box::pin(async move {
                let registered: Option<(&str, &str, &[StagedColumn])> =
                    registered.as_ref().map(|(name, location, columns)| {
                        (*name, location.as_str(), columns.as_slice())
                    });
                verify_table(table, database, registered, athena, extra).await
            })
        },
        |table| {
            let done = verification.tables.len() + 1;
            progress.event(&Event::TableVerified { table: &table, done, total });
            verification.tables.push(table);
        },
    )
    .await?;
    context.inspection = Some(inspection);
    verification.tables.sort_by(|a, b| a.table.cmp(&b.table));
    let outcome = outcome(&verification);
    let fit = outcome.is_ok();
    // Some of an export's tables tell nothing of the others, unless they are bad.
    if !fit || context.journal.state.only_tables.is_empty() {
        let at = context.clock.now();
        // Made durable with the end of the step, and never parted from its failure.
        context.journal.state.verdict = Some(Verdict { fit, at });
    }
    if !fit {
        // Made from what was seen so far: an attempt that sees more of the export plans anew.
        context.journal.details.plan.clear();
        context.journal.details.partition = None;
    }
    for warning in fewer_files(&verification) {
        context.warn(warning);
    }
    context.journal.details.verification = Some(verification.clone());
    context.journal.state.report.verification = Some(verification);
    context.journal.save_details().await?;
    outcome
}

/// Tables with fewer files than parts: no proof of a loss, and yet all that a loss would leave to see.
fn fewer_files(verification: &Verification) -> Vec<String> {
    let parts = verification.tables.iter().flat_map(|table| {
        table.checks.iter().filter(|check| check.id == "parts").map(move |check| (table, check))
    });
    parts
        .filter(|(_, check)| check.status == CheckStatus::Warning)
        .map(|(table, check)| {
            format!(
                "table `{}` has {} for {}; {}",
                line(&table.table),
                check.found,
                check.expected,
                check.help
            )
        })
        .collect()
}

fn outcome(verification: &Verification) -> StepResult {
    let failures: Vec<_> = verification.failures().collect();
    let checks = verification.export.len()
        + verification.tables.iter().map(|table| table.checks.len()).sum::<usize>();
    let rows: u64 = verification.tables.iter().filter_map(|table| table.rows).sum();
    let tables = verification.tables.len();
    if failures.is_empty() {
        return Ok(Done::Did(format!("{tables} tables, {rows} rows, {checks} checks")));
    }
    let mut named: Vec<String> =
        failures.iter().take(NAMED).map(|(table, check)| say(*table, check)).collect();
    if failures.len() > NAMED {
        named.push(format!("and {} more", failures.len() - NAMED));
    }
    let help = failures.first().map(|(_, check)| check.help.clone()).unwrap_or_default();
    Err(StepError::found(
        FailureKind::Verification,
        format!(
            "{} of {checks} checks failed, so nothing goes live: {}",
            failures.len(),
            named.join("; ")
        ),
        help,
    ))
}

fn say(table: Option<&TableVerification>, check: &Check) -> String {
    let place = table.map_or_else(
        || "export".to_owned(),
        |table| format!("table `{}`", table.table.escape_debug()),
    );
    format!("{place}: {}: expected {}, found {}", check.title, check.expected, check.found)
}
