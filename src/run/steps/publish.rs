//! Points the live tables at the verified export.
//!
//! A table goes live by one call that replaces its location, so a query sees either the old files or the
//! new ones. Each call names the version that was read, so a change by somebody else is noticed and never
//! overwritten. When one table fails, those that were moved are moved back; a table that is new stays,
//! since it points at verified files and nobody has read it before. Tables that the export does not have
//! any more stay as they are, and the report names them.

use super::super::catalog::{self, MOVED, PIPELINE, PREVIOUS};
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::PlannedTable;
use super::super::options::Event;
use super::super::report::{Action, PublishedTable};
use super::register::CONCURRENCY;
use crate::aws::{ErrorKind, in_parallel};
use aws_sdk_glue::types::Table;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// A table that is to go live, and what is there now.
struct Move {
    plan: PlannedTable,
    before: Option<Table>,
}

/// Runs the step. It does not listen to requests to stop: half of the tables moved would be worse than
/// the few seconds that the rest takes.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.catalog.database.clone();
    let present = catalog::tables(context.clients, &database).await?;
    let plan = context.journal.details.plan.clone();
    no_strangers(context, &database, &plan, &present)?;
    left_behind(context, &plan, &present);
    let moves: Vec<Move> = plan
        .into_iter()
        .map(|plan| Move { before: present.get(&plan.table).cloned(), plan })
        .collect();
    context.journal.state.report.tables = moves.iter().map(intended).collect();
    context.journal.save()?;

    let failed = AtomicBool::new(false);
    let total = moves.len();
    let mut done = 0;
    let mut first_error = None;
    let shared: &Context<'_> = context;
    let mut actions: Vec<Option<Action>> = Vec::with_capacity(total);
    let (failed, database_name) = (&failed, database.as_str());
    in_parallel(
        CONCURRENCY,
        moves.iter().collect(),
        |table| {
            Box::pin(async move {
                if failed.load(Ordering::Relaxed) {
                    return None;
                }
                let outcome = publish(shared, database_name, table).await;
                if outcome.is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
                Some((table, outcome))
            })
        },
        |outcome| {
            actions.push(match outcome {
                Some((table, Ok(action))) => {
                    done += 1;
                    let table = table.plan.table.as_str();
                    shared.progress.event(&Event::TablePublished { table, done, total });
                    Some(action)
                }
                Some((_, Err(error))) => {
                    first_error.get_or_insert(error);
                    None
                }
                None => None,
            });
            // What is under way is waited for, so that it is known what was moved.
            ControlFlow::Continue(())
        },
    )
    .await;
    let back = match &first_error {
        Some(_) => move_back(context, &database, &moves, &mut actions).await,
        None => 0,
    };
    let mut report = std::mem::take(&mut context.journal.state.report.tables);
    for (row, action) in report.iter_mut().zip(&actions) {
        if let Some(action) = action {
            row.action = *action;
        }
    }
    if let Some(error) = first_error {
        // What never happened is not reported as done.
        let mut actions = actions.iter();
        report.retain(|_| actions.next().is_some_and(Option::is_some));
        context.journal.state.report.tables = report;
        let created = count(&actions_of(context), Action::Created);
        return Err(said(error, back, created));
    }
    context.journal.state.report.tables = report;
    let actions = actions_of(context);
    Ok(Done::Did(format!(
        "{} moved, {} new, {} unchanged in {database}",
        count(&actions, Action::Moved),
        count(&actions, Action::Created),
        count(&actions, Action::Unchanged)
    )))
}

fn actions_of(context: &Context<'_>) -> Vec<Action> {
    context.journal.state.report.tables.iter().map(|table| table.action).collect()
}

fn count(actions: &[Action], wanted: Action) -> usize {
    actions.iter().filter(|action| **action == wanted).count()
}

/// Adds to an error what became of the other tables.
fn said(error: StepError, back: usize, created: usize) -> StepError {
    let others = format!(
        "; {back} tables that had been moved were moved back, {created} new ones point at the \
         verified export"
    );
    match error {
        StepError::Found { kind, message, help } => {
            StepError::Found { kind, message: message + &others, help }
        }
        StepError::Aws(mut call) => {
            call.message.push_str(&others);
            StepError::Aws(call)
        }
        other => other,
    }
}

/// Refuses to take over what somebody else made.
fn no_strangers(
    context: &Context<'_>,
    database: &str,
    plan: &[PlannedTable],
    present: &BTreeMap<String, Table>,
) -> Result<(), StepError> {
    let pipeline = context.pipeline;
    for planned in plan {
        let Some(table) = present.get(&planned.table) else { continue };
        if catalog::parameter(table, PIPELINE) != Some(pipeline.name.as_str()) {
            return Err(StepError::found(
                FailureKind::Setup,
                format!(
                    "`{database}.{}` is there already and is not of pipeline `{}`",
                    planned.table, pipeline.name
                ),
                format!(
                    "nothing was changed; drop or rename it, or set its parameter `{PIPELINE}` to \
                     `{}` to hand it over",
                    pipeline.name
                ),
            ));
        }
    }
    for view in &pipeline.views {
        if present.get(&view.name).is_some_and(|table| !catalog::is_view(table)) {
            return Err(StepError::found(
                FailureKind::Setup,
                format!("`{database}.{}` is a table, so no view can have its name", view.name),
                "nothing was changed; rename the view in snaplake.toml",
            ));
        }
    }
    Ok(())
}

/// Tells of tables that the export does not have any more.
fn left_behind(
    context: &mut Context<'_>,
    plan: &[PlannedTable],
    present: &BTreeMap<String, Table>,
) {
    if !context.journal.state.only_tables.is_empty() {
        return;
    }
    let name = context.pipeline.name.clone();
    let gone: Vec<String> = present
        .values()
        .filter(|table| {
            !catalog::is_view(table)
                && catalog::parameter(table, PIPELINE) == Some(name.as_str())
                && !plan.iter().any(|plan| plan.table == table.name())
        })
        .map(|table| table.name().to_owned())
        .collect();
    for table in gone {
        context.warn(format!(
            "table `{}` is not in this export; it stays as it is and keeps its older export from \
             being pruned. Drop it when nobody needs it",
            table.escape_debug()
        ));
    }
}

fn intended(table: &Move) -> PublishedTable {
    let plan = &table.plan;
    let before = table.before.as_ref();
    let at = before.and_then(catalog::location);
    let unchanged = before.is_some_and(|before| is_unchanged(plan, before));
    let names = |columns: &[crate::verify::StagedColumn]| -> Vec<String> {
        columns.iter().map(|column| column.name.to_lowercase()).collect()
    };
    let (new, old) = (names(&plan.columns), before.map(|table| names(&catalog::columns(table))));
    let missing_in = |here: &[String], there: &[String]| -> Vec<String> {
        here.iter().filter(|name| !there.contains(name)).cloned().collect()
    };
    PublishedTable {
        table: plan.table.clone(),
        source: plan.source().to_string(),
        action: match before {
            None => Action::Created,
            Some(_) if unchanged => Action::Unchanged,
            Some(_) => Action::Moved,
        },
        location: plan.location.clone(),
        previous: if at.as_deref() == Some(plan.location.as_str()) {
            before.and_then(|table| catalog::parameter(table, PREVIOUS)).map(str::to_owned)
        } else {
            at
        },
        new_columns: old.as_ref().map(|old| missing_in(&new, old)).unwrap_or_default(),
        dropped_columns: old.as_ref().map(|old| missing_in(old, &new)).unwrap_or_default(),
    }
}

fn is_unchanged(plan: &PlannedTable, before: &Table) -> bool {
    catalog::location(before).as_deref() == Some(plan.location.as_str())
        && catalog::columns(before) == plan.columns
}

async fn publish(context: &Context<'_>, database: &str, table: &Move) -> Result<Action, StepError> {
    let plan = &table.plan;
    let report = &context.journal.state.report;
    let export = report.export.as_ref().map(|export| export.id.as_str()).unwrap_or_default();
    let marks = catalog::marks(&context.pipeline.name, &report.run_id, export);
    let now = (MOVED.to_owned(), context.clock.now().to_string());
    let action = match &table.before {
        Some(before) if is_unchanged(plan, before) => return Ok(Action::Unchanged),
        Some(before) => {
            let previous = catalog::location(before)
                .filter(|previous| *previous != plan.location)
                .map(|previous| (PREVIOUS.to_owned(), previous));
            let parameters = marks.into_iter().chain(previous).chain([now]);
            let Some(input) = catalog::moved_input(before, plan, parameters) else {
                return Err(nameless(plan));
            };
            let version = before.version_id().map(str::to_owned);
            let replaced = catalog::replace(context.clients, database, input, version).await;
            replaced.map_err(|error| conflict(error, database, plan))?;
            Action::Moved
        }
        None => {
            let Some(input) = catalog::new_input(&plan.table, plan, marks.into_iter().chain([now]))
            else {
                return Err(nameless(plan));
            };
            let created = catalog::create(context.clients, database, input).await;
            created.map_err(|error| conflict(error, database, plan))?;
            Action::Created
        }
    };
    let after = catalog::table(context.clients, database, &plan.table).await?;
    if after.as_ref().and_then(catalog::location).as_deref() != Some(plan.location.as_str()) {
        return Err(StepError::found(
            FailureKind::Conflict,
            format!("`{database}.{}` was changed by somebody else just now", plan.table),
            "find out who writes to this table, then resume the run",
        ));
    }
    Ok(action)
}

fn nameless(plan: &PlannedTable) -> StepError {
    StepError::found(
        FailureKind::Setup,
        format!("table `{}` has no name that Glue takes", plan.source()),
        "list the wanted tables in `tables`",
    )
}

/// An error of a call that lost against somebody else is a conflict, not a failure of AWS.
fn conflict(error: crate::aws::AwsError, database: &str, plan: &PlannedTable) -> StepError {
    if error.kind == ErrorKind::Conflict {
        return StepError::found(
            FailureKind::Conflict,
            format!(
                "`{database}.{}` was changed by somebody else after this run had read it, and was \
                 left as they made it",
                plan.table
            ),
            "find out who writes to this table, then resume the run",
        );
    }
    error.into()
}

/// Moves back what was moved, as it was. Gives the number of tables that point where they did.
async fn move_back(
    context: &mut Context<'_>,
    database: &str,
    moves: &[Move],
    actions: &mut [Option<Action>],
) -> usize {
    let mut back = 0;
    for (table, action) in moves.iter().zip(actions) {
        let (Some(Action::Moved), Some(before)) = (*action, &table.before) else { continue };
        match restore(context, database, table, before).await {
            Ok(()) => {
                *action = Some(Action::MovedBack);
                back += 1;
            }
            Err(error) => {
                let why = match error {
                    StepError::Aws(error) => error.to_string(),
                    StepError::Found { message, .. } => message,
                    _ => "the move back failed".to_owned(),
                };
                context.warn(format!(
                    "table `{}` could not be moved back and points at the new, verified export: \
                     {why}",
                    table.plan.table
                ));
            }
        }
    }
    back
}

async fn restore(
    context: &Context<'_>,
    database: &str,
    table: &Move,
    before: &Table,
) -> Result<(), StepError> {
    let plan = &table.plan;
    let now = catalog::table(context.clients, database, &plan.table).await?;
    let Some(now) =
        now.filter(|now| catalog::location(now).as_deref() == Some(plan.location.as_str()))
    else {
        return Err(StepError::found(
            FailureKind::Conflict,
            format!("`{database}.{}` was changed by somebody else", plan.table),
            "",
        ));
    };
    let Some(input) = catalog::input_of(before) else { return Err(nameless(plan)) };
    let version = now.version_id().map(str::to_owned);
    let replaced = catalog::replace(context.clients, database, input, version).await;
    replaced.map_err(|error| conflict(error, database, plan))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::StagedColumn;
    use aws_sdk_glue::types::{Column, StorageDescriptor};

    fn plan(columns: &[&str]) -> PlannedTable {
        PlannedTable {
            database: "shop".into(),
            schema: "public".into(),
            name: "orders".into(),
            table: "orders".into(),
            staged: "orders".into(),
            location: "s3://lake/exports/new/shop/public.orders/".into(),
            columns: columns
                .iter()
                .map(|name| StagedColumn { name: (*name).into(), hive_type: "int".into() })
                .collect(),
        }
    }

    fn table(location: &str, columns: &[&str]) -> Table {
        let columns =
            columns.iter().map(|name| Column::builder().name(*name).r#type("int").build().unwrap());
        Table::builder()
            .name("orders")
            .storage_descriptor(
                StorageDescriptor::builder()
                    .location(location)
                    .set_columns(Some(columns.collect()))
                    .build(),
            )
            .build()
            .unwrap()
    }

    #[test]
    fn new_and_dropped_columns_are_named() {
        let before = table("s3://lake/exports/old/shop/public.orders", &["ID", "gone"]);
        let report = intended(&Move { plan: plan(&["id", "note"]), before: Some(before) });
        assert_eq!(report.action, Action::Moved);
        assert_eq!(report.new_columns, ["note"]);
        assert_eq!(report.dropped_columns, ["gone"]);
        assert_eq!(report.previous.as_deref(), Some("s3://lake/exports/old/shop/public.orders/"));
    }

    #[test]
    fn a_table_that_points_there_already_is_left_alone() {
        let plan = plan(&["id"]);
        let before = table(plan.location.trim_end_matches('/'), &["id"]);
        assert!(is_unchanged(&plan, &before));
        assert_eq!(intended(&Move { plan, before: Some(before) }).action, Action::Unchanged);
    }
}
