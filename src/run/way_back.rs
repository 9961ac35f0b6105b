//! What the live tables and views were before a run touched them, and making them so again.
//!
//! It is in the journal before the first pointer moves, so that whatever attempt of a run fails, it knows
//! the way back of all that earlier attempts have moved.

use super::catalog;
use super::context::{Context, StepError};
use super::error::FailureKind;
use super::journal::PlannedTable;
use super::partitions::{self, Pointer};
use super::report::Action;
use super::steps::register::CONCURRENCY;
use crate::aws::{AwsError, Clients, ErrorKind, QueryError, in_parallel};
use crate::printable::line;
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::ControlFlow;

/// A live table before a run moved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableBefore {
    /// Its name.
    pub(super) table: String,
    /// Where it pointed; none when it was not there.
    pub(super) location: Option<String>,
    columns: Vec<ColumnBefore>,
    parameters: BTreeMap<String, String>,
    input_format: Option<String>,
    output_format: Option<String>,
    serde: Option<String>,
    serde_parameters: BTreeMap<String, String>,
    /// The partitions that the run changes, by value; none for one that was not there.
    #[serde(default)]
    pub(super) partitions: BTreeMap<String, Option<Pointer>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ColumnBefore {
    name: String,
    hive_type: Option<String>,
    comment: Option<String>,
}

/// A live view before a run replaced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ViewBefore {
    /// Its name.
    pub(super) view: String,
    /// Its definition as the catalog keeps it; none when it was not there.
    text: Option<String>,
    expanded: Option<String>,
    columns: Vec<ColumnBefore>,
}

impl TableBefore {
    /// What is to be known of a table that is about to be moved.
    pub(super) fn of(plan: &PlannedTable, table: Option<&Table>) -> Self {
        let descriptor = table.and_then(Table::storage_descriptor);
        let serde = descriptor.and_then(StorageDescriptor::serde_info);
        Self {
            table: plan.table.clone(),
            location: table.map(|table| catalog::location(table).unwrap_or_default()),
            columns: columns_of(descriptor),
            parameters: sorted(table.and_then(Table::parameters)),
            input_format: descriptor.and_then(|descriptor| descriptor.input_format.clone()),
            output_format: descriptor.and_then(|descriptor| descriptor.output_format.clone()),
            serde: serde.and_then(|serde| serde.serialization_library.clone()),
            serde_parameters: sorted(serde.and_then(SerDeInfo::parameters)),
            partitions: BTreeMap::new(),
        }
    }

    /// The table as it was; what a run never changes is taken from the table as it is.
    fn input(&self, now: &Table) -> Option<TableInput> {
        let mut input = catalog::input_of(now)?;
        let descriptor =
            input.storage_descriptor.get_or_insert_with(|| StorageDescriptor::builder().build());
        // A table that nothing had filled yet has no location, rather than an empty one.
        descriptor.location = self.location.clone().filter(|location| !location.is_empty());
        descriptor.columns = Some(self.columns.iter().filter_map(ColumnBefore::column).collect());
        descriptor.input_format.clone_from(&self.input_format);
        descriptor.output_format.clone_from(&self.output_format);
        let parameters = self.serde_parameters.clone().into_iter().collect();
        descriptor.serde_info = Some(
            SerDeInfo::builder()
                .set_serialization_library(self.serde.clone())
                .set_parameters(Some(parameters))
                .build(),
        );
        input.parameters = Some(self.parameters.clone().into_iter().collect());
        Some(input)
    }
}

impl ViewBefore {
    /// What is to be known of a view that is about to be replaced.
    pub(super) fn of(view: &str, table: Option<&Table>) -> Self {
        Self {
            view: view.to_owned(),
            text: table.map(|table| table.view_original_text.clone().unwrap_or_default()),
            expanded: table.and_then(|table| table.view_expanded_text.clone()),
            columns: columns_of(table.and_then(Table::storage_descriptor)),
        }
    }

    fn input(&self, now: &Table) -> Option<TableInput> {
        let mut input = catalog::input_of(now)?;
        input.view_original_text.clone_from(&self.text);
        input.view_expanded_text.clone_from(&self.expanded);
        let descriptor =
            input.storage_descriptor.get_or_insert_with(|| StorageDescriptor::builder().build());
        descriptor.columns = Some(self.columns.iter().filter_map(ColumnBefore::column).collect());
        Some(input)
    }
}

impl ColumnBefore {
    fn column(&self) -> Option<Column> {
        Column::builder()
            .name(&self.name)
            .set_type(self.hive_type.clone())
            .set_comment(self.comment.clone())
            .build()
            .ok()
    }
}

fn columns_of(descriptor: Option<&StorageDescriptor>) -> Vec<ColumnBefore> {
    let columns = descriptor.map(StorageDescriptor::columns).unwrap_or_default().iter();
    columns
        .map(|column| ColumnBefore {
            name: column.name.clone(),
            hive_type: column.r#type.clone(),
            comment: column.comment.clone(),
        })
        .collect()
}

fn sorted(map: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What became of the tables and views when they were moved back.
#[derive(Debug, Default)]
pub(super) struct Back {
    tables: usize,
    created: usize,
    views: usize,
    left: usize,
}

impl Back {
    /// What became of them, to stand behind a message.
    pub(super) fn say(&self) -> String {
        let mut said = format!(
            "; {} tables that had been moved were moved back, {} new ones point at the verified \
             export",
            self.tables, self.created
        );
        if self.views > 0 {
            let _ = write!(said, ", {} views are again as they were", self.views);
        }
        if self.left > 0 {
            let _ = write!(said, "; {} could not be moved back, as the warnings say", self.left);
        }
        said
    }
}

/// Moves every table and view back that an attempt of this run has moved. One that somebody else has
/// changed meanwhile is left to them; whatever stays is told of.
pub(super) async fn move_back(context: &mut Context<'_>) -> Back {
    let database = context.pipeline.catalog.database.clone();
    let mut back = Back::default();
    let present = match catalog::tables(context.clients, &database).await {
        Ok(present) => present,
        Err(error) => {
            context.warn(format!(
                "nothing could be moved back, so that some tables may point at the new, verified \
                 export and others at the one before: {error}"
            ));
            back.left = context.journal.details.tables_before.len();
            return back;
        }
    };
    views_back(context, &database, &present, &mut back).await;
    if let Err(error) = context.journal.save_details().await {
        // The next write of the journal ends the run. Until then the notes say too much, and nothing wrong.
        tracing::warn!(%error, "what became of the views could not be noted");
    }
    let details = &context.journal.details;
    let moved: Vec<(&TableBefore, &Table)> = details
        .tables_before
        .iter()
        .filter_map(|before| {
            let plan = details.plan.iter().find(|plan| plan.table == before.table)?;
            let now = present.get(&before.table)?;
            let ours = catalog::location(now).as_deref() == Some(plan.location.as_str());
            let elsewhere = before.location.as_deref() != Some(plan.location.as_str());
            (ours && (elsewhere || !before.partitions.is_empty())).then_some((before, now))
        })
        .collect();
    let clients = context.clients;
    let (moved, created): (Vec<_>, Vec<_>) =
        moved.into_iter().partition(|(before, _)| before.location.is_some());
    back.created = created.len();
    let database_name = database.as_str();
    let mut outcomes = Vec::with_capacity(moved.len());
    in_parallel(
        CONCURRENCY,
        moved,
        |(before, now)| {
            Box::pin(async move {
                (before.table.clone(), table_back(clients, database_name, before, now).await)
            })
        },
        |outcome| {
            outcomes.push(outcome);
            ControlFlow::Continue(())
        },
    )
    .await;
    for (table, outcome) in outcomes {
        match outcome {
            Ok(()) => {
                back.tables += 1;
                let rows = &mut context.journal.state.report.tables;
                if let Some(row) = rows.iter_mut().find(|row| row.table == table) {
                    row.action = Action::MovedBack;
                }
            }
            Err(error) => {
                back.left += 1;
                context.warn(format!(
                    "table `{table}` could not be moved back and points at the new, verified \
                     export: {error}"
                ));
            }
        }
    }
    back
}

async fn table_back(
    clients: &Clients,
    database: &str,
    before: &TableBefore,
    now: &Table,
) -> Result<(), AwsError> {
    if !before.partitions.is_empty() {
        let there = partitions::all(clients, database, &before.table).await?;
        let gone = before
            .partitions
            .iter()
            .filter(|(value, before)| before.is_none() && there.contains_key(*value));
        let gone: Vec<String> = gone.map(|(value, _)| value.clone()).collect();
        for (value, pointer) in &before.partitions {
            if let Some(pointer) = pointer {
                let now = there.get(value);
                partitions::point(clients, database, &before.table, value, now, pointer).await?;
            }
        }
        partitions::drop_all(clients, database, &before.table, &gone).await?;
    }
    let Some(input) = before.input(now) else { return Ok(()) };
    let version = now.version_id().map(str::to_owned);
    match catalog::replace(clients, database, input, version).await {
        // A call whose answer was lost is repeated, and then loses against itself.
        Err(error) if error.kind == ErrorKind::Conflict => {
            let now = catalog::table(clients, database, &before.table).await?;
            let at = before.location.as_ref().filter(|location| !location.is_empty());
            let back = now.is_some_and(|now| catalog::location(&now).as_ref() == at);
            if back { Ok(()) } else { Err(error) }
        }
        outcome => outcome,
    }
}

/// Makes the views what they were. What is noted of one is forgotten once it is that again, and only then:
/// the next attempt must not take what this one left for what was there before the run.
async fn views_back(
    context: &mut Context<'_>,
    database: &str,
    present: &BTreeMap<String, Table>,
    back: &mut Back,
) {
    let mut left = Vec::new();
    for before in std::mem::take(&mut context.journal.details.views_before) {
        let Some(now) = present.get(&before.view) else { continue };
        let name = line(&before.view);
        if before.text.is_none() {
            context.warn(format!("view `{name}` is new and stays; it was made for the new export"));
            left.push(before);
            continue;
        }
        if now.view_original_text == before.text {
            continue;
        }
        let Some(input) = before.input(now) else {
            left.push(before);
            continue;
        };
        let version = now.version_id().map(str::to_owned);
        match catalog::replace(context.clients, database, input, version).await {
            Ok(()) => back.views += 1,
            Err(error) => {
                back.left += 1;
                context.warn(format!("view `{name}` could not be made what it was: {error}"));
                left.push(before);
            }
        }
    }
    context.journal.details.views_before = left;
}

/// Adds to an error what became of what had been moved.
pub(super) fn said(error: StepError, back: &Back) -> StepError {
    let others = back.say();
    match error {
        StepError::Found { kind, message, help } => {
            StepError::Found { kind, message: message + &others, help }
        }
        StepError::Aws(mut call) => {
            call.message.push_str(&others);
            StepError::Aws(call)
        }
        StepError::Query(QueryError::Failed { id, database, reason }) => {
            StepError::Query(QueryError::Failed { id, database, reason: reason + &others })
        }
        StepError::Query(error) => {
            StepError::found(FailureKind::Aws, error.to_string() + &others, error.help())
        }
        other => other,
    }
}
