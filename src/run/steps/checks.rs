//! The configuration's checks, over the staged export and before anything of it goes live: queries that
//! must return no rows, how old the newest rows are, and how much the number of rows changes.

mod measures;

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::Verdict;
use super::register::CONCURRENCY;
use crate::aws::sql::identifier;
use crate::aws::{Athena, QueryError, QueryResult, try_in_parallel_or_stop};
use crate::pipeline::DataCheck;
use crate::printable::line;
use crate::verify::{Check, CheckStatus};
use measures::Measure;

/// Rows of a check that the report shows.
const ROWS: usize = 10;
/// Characters of a value that the report shows.
const WIDTH: usize = 60;
/// Failures that the message names before it only counts.
const NAMED: usize = 3;
/// What the ids of these checks begin with.
const IDS: [&str; 3] = ["check:", "freshness:", "row-change"];

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let pipeline = context.pipeline;
    let database = pipeline.staging_database();
    let stop = context.stop().within();
    let athena = context.athena_until(stop.clone());
    let mut queries = Vec::new();
    try_in_parallel_or_stop(
        CONCURRENCY,
        pipeline.checks.queries.iter().collect(),
        &stop,
        |check| {
            let (athena, database) = (&athena, database.as_str());
            Box::pin(async move { query(athena, database, check).await })
        },
        |check| queries.push(check),
    )
    .await?;
    let to_measure = measures(context).await?;
    let (athena, shared) = (&athena, &*context);
    let mut measured = Vec::new();
    try_in_parallel_or_stop(
        CONCURRENCY,
        to_measure,
        &stop,
        |measure| {
            Box::pin(async move {
                let check = measure.make(shared, athena).await?;
                Ok::<_, StepError>((measure.table().to_owned(), check))
            })
        },
        |check| measured.push(check),
    )
    .await?;
    let failures: Vec<String> = queries
        .iter()
        .map(|check| (None, check))
        .chain(measured.iter().map(|(table, check)| (Some(table), check)))
        .filter(|(_, check)| check.is_failed())
        .map(|(table, check)| say(table.map(String::as_str), check))
        .collect();
    let made = queries.len() + measured.len();
    let help = queries
        .iter()
        .chain(measured.iter().map(|(_, check)| check))
        .find(|check| check.is_failed())
        .map(|check| check.help.clone());
    let (fit, at) = (help.is_none(), context.clock.now());
    // Made durable with the end of the step, and never parted from its failure.
    context.journal.state.admission = Some(Verdict { fit, at });
    note(context, queries, measured).await?;
    let Some(help) = help else { return Ok(Done::Did(format!("{made} checks"))) };
    let mut named: Vec<String> = failures.iter().take(NAMED).cloned().collect();
    if failures.len() > NAMED {
        named.push(format!("and {} more", failures.len() - NAMED));
    }
    let message = format!(
        "{} of {made} checks of the data failed, so nothing goes live: {}",
        failures.len(),
        named.join("; ")
    );
    Err(StepError::found(FailureKind::Checks, message, help))
}

fn say(table: Option<&str>, check: &Check) -> String {
    let place = table.map_or_else(String::new, |table| format!("table `{}`: ", line(table)));
    format!("{place}{}: expected {}, found {}", check.title, check.expected, check.found)
}

/// Puts the checks where the report shows them, in place of those of an earlier attempt.
async fn note(
    context: &mut Context<'_>,
    queries: Vec<Check>,
    measured: Vec<(String, Check)>,
) -> Result<(), StepError> {
    let mut verification = context.journal.details.verification.take().unwrap_or_default();
    let old = |check: &Check| IDS.iter().any(|id| check.id.starts_with(id));
    verification.export.retain(|check| !old(check));
    verification.export.extend(queries);
    for table in &mut verification.tables {
        table.checks.retain(|check| !old(check));
    }
    for (name, check) in measured {
        match verification.tables.iter_mut().find(|table| table.table == name) {
            Some(table) => table.checks.push(check),
            None => verification.export.push(check),
        }
    }
    context.journal.state.report.verification = Some(verification.clone());
    context.journal.details.verification = Some(verification);
    context.journal.save_details().await?;
    Ok(())
}

/// One query of the configuration. More rows than are shown are not fetched.
async fn query(athena: &Athena<'_>, database: &str, check: &DataCheck) -> Result<Check, StepError> {
    // The line break ends a comment that the statement may end with.
    let sql = format!("SELECT * FROM (\n{}\n) LIMIT {}", check.sql, ROWS + 1);
    let (id, title) =
        (format!("check:{}", check.name), format!("check `{}` finds nothing", check.name));
    match athena.query(database, &sql).await {
        Ok(answer) if answer.rows.is_empty() => Ok(Check::passed(id, title, "no rows")),
        Ok(answer) => Ok(Check::failed(
            id,
            title,
            "no rows",
            rows(&answer),
            "these rows are what the check looks for: mend them at the source, or change the check in \
             snaplake.toml and resume the run",
        )),
        Err(error @ QueryError::Failed { .. }) if !error.is_about_access() => {
            let QueryError::Failed { reason, .. } = &error else { return Err(error.into()) };
            Err(StepError::found(
                FailureKind::View,
                format!("check `{}`: {}", check.name, line(reason)),
                "fix its SQL in snaplake.toml and resume the run; nothing is live yet",
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// The rows of an answer for people: so many, so wide, and nothing in them that steers a terminal.
fn rows(answer: &QueryResult) -> String {
    let shown = answer.rows.iter().take(ROWS).map(|row| {
        let values = answer.columns.iter().zip(row).map(|(column, value)| {
            format!("{} = {}", cut(&column.name), value.as_deref().map_or("NULL".into(), cut))
        });
        format!("({})", values.collect::<Vec<_>>().join(", "))
    });
    let shown: Vec<String> = shown.collect();
    let more = if answer.rows.len() > ROWS { "more than " } else { "" };
    format!("{more}{} rows: {}", answer.rows.len().min(ROWS), shown.join(" "))
}

fn cut(text: &str) -> String {
    let mut shown = line(&text.chars().take(WIDTH).collect::<String>());
    if text.chars().count() > WIDTH {
        shown.push('…');
    }
    shown
}

/// What is to be measured of the tables of this export.
async fn measures(context: &Context<'_>) -> Result<Vec<Measure>, StepError> {
    let pipeline = context.pipeline;
    let plan = &context.journal.details.plan;
    let mut measures: Vec<Measure> = Vec::new();
    for freshness in &pipeline.checks.freshness {
        let planned = plan.iter().find(|plan| plan.table == freshness.table).cloned();
        measures.push(Measure::Age(freshness.clone(), planned));
    }
    if !pipeline.checks.bounds_rows() {
        return Ok(measures);
    }
    let database = &pipeline.catalog.database;
    let live = catalog::tables(context.clients, database).await?;
    let verified = context.journal.details.verification.iter().flat_map(|all| &all.tables);
    for table in verified {
        let (Some(bound), Some(rows)) = (pipeline.checks.row_change(&table.table), table.rows)
        else {
            continue;
        };
        let there = live.get(&table.table).filter(|there| {
            catalog::parameter(there, catalog::PIPELINE) == Some(pipeline.name.as_str())
                && !catalog::is_shell(there)
        });
        let from = there.map(|_| {
            let name = identifier(&table.table);
            match pipeline.partition().map(identifier) {
                // The newest day of the live table is what a new export is compared with.
                Some(key) => {
                    format!("{name} WHERE {key} = (SELECT MAX({key}) FROM {name})")
                }
                None => name,
            }
        });
        measures.push(Measure::Rows { table: table.table.clone(), rows, bound, from });
    }
    Ok(measures)
}

/// A check that has nothing to compare with.
fn not_comparable(id: &str, title: &str, expected: &str, why: &str) -> Check {
    Check::new(id, title, CheckStatus::NotComparable, expected, "", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Column;

    #[test]
    fn rows_are_few_narrow_and_steer_no_terminal() {
        let column = |name: &str| Column { name: name.into(), data_type: "varchar".into() };
        let row = vec![Some(format!("\u{1b}[31m{}", "x".repeat(100))), None];
        let answer = QueryResult {
            columns: vec![column("note"), column("id")],
            rows: vec![row; ROWS + 1],
            ..QueryResult::default()
        };
        let shown = rows(&answer);
        assert!(shown.starts_with("more than 10 rows: (note = \\u{1b}[31mxxx"), "{shown}");
        assert!(shown.contains("…, id = NULL)"), "{shown}");
        assert!(shown.len() < 2000, "{}", shown.len());
    }
}
