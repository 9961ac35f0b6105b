//! Points the live tables at the verified export.
//!
//! A table goes live by one call that replaces its location, so a query sees either the old files or the
//! new ones. Each call names the version that was read, so a change by somebody else is noticed and never
//! overwritten. When one table fails, those that were moved are moved back; a table that is new stays,
//! since it points at verified files and nobody has read it before. Tables that the export does not have
//! any more stay as they are, and the report names them.
//!
//! In history mode the export becomes a partition of each table instead: see [`history`].

pub(in crate::run) mod history;
pub(in crate::run) mod overtaken;

use super::super::catalog::{self, MOVED, PIPELINE, PREVIOUS, RUN};
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::{PlannedTable, Target, Verdict};
use super::super::left;
use super::super::options::Event;
use super::super::report::{Action, PublishedTable};
use super::super::way_back::{TableBefore, move_back, said};
use super::export;
use super::register::CONCURRENCY;
use crate::aws::{AwsError, ErrorKind, in_parallel};
use crate::pipeline::{ColumnPolicy, Stance};
use crate::verify::StagedColumn;
use aws_sdk_glue::types::Table;
use history::Partitions;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// A table that is to go live, and what is there now.
struct Move {
    plan: PlannedTable,
    before: Option<Table>,
    /// What is to become of its partitions, in history mode.
    partitions: Option<Partitions>,
}

/// Runs the step. It does not listen to requests to stop: half of the tables moved would be worse than
/// the few seconds that the rest takes.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let database = context.pipeline.catalog.database.clone();
    // Days may have passed since the export was verified.
    export::still_there(context).await?;
    let present = catalog::tables(context.clients, &database).await?;
    let plan = context.journal.details.plan.clone();
    no_strangers(context, &database, &plan, &present)?;
    overtaken::refuse(context, &present)?;
    overtaken::tell(context, &present);
    left_behind(context, &plan, &present);
    let mut moves: Vec<Move> = plan
        .into_iter()
        .map(|plan| Move { before: present.get(&plan.table).cloned(), plan, partitions: None })
        .collect();
    history::plan(context, &database, &mut moves).await?;
    keep_to_policy(context, &moves)?;
    note_way_back(context, &moves);
    context.journal.save_details().await?;
    context.journal.state.target = Some(Target::of(context.pipeline));
    context.journal.state.report.tables =
        moves.iter().map(|table| intended(table, before(context, table))).collect();
    context.journal.save().await?;

    let failed = AtomicBool::new(false);
    let total = moves.len();
    let mut done = 0;
    let mut first_error = None;
    let shared: &Context<'_> = context;
    let mut reached: Vec<bool> = Vec::with_capacity(total);
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
            reached.push(match outcome {
                Some((table, Ok(()))) => {
                    done += 1;
                    let table = table.plan.table.as_str();
                    shared.progress.event(&Event::TablePublished { table, done, total });
                    true
                }
                Some((_, Err(error))) => {
                    first_error.get_or_insert(error);
                    false
                }
                None => false,
            });
            // What is under way is waited for, so that it is known what was moved.
            ControlFlow::Continue(())
        },
    )
    .await;
    if let Some(error) = first_error {
        let back = move_back(context).await;
        // What never happened is not reported as done.
        let mut reached = reached.iter();
        context.journal.state.report.tables.retain(|row| {
            reached.next().is_some_and(|reached| *reached) || row.action == Action::MovedBack
        });
        return Err(said(error, &back));
    }
    if context.journal.state.only_tables.is_empty() {
        // Whatever checks said of it earlier, a person has since changed them or sent it here.
        let at = context.clock.now();
        context.journal.state.admission = Some(Verdict { fit: true, at });
    }
    let actions = actions_of(context);
    let [changed, created, unchanged] =
        [Action::Moved, Action::Created, Action::Unchanged].map(|action| count(&actions, action));
    Ok(Done::Did(match &context.journal.details.partition {
        Some(partition) => format!(
            "partition {partition}: {changed} tables have it now, {created} new, {unchanged} unchanged \
             in {database}"
        ),
        None => format!("{changed} moved, {created} new, {unchanged} unchanged in {database}"),
    }))
}

fn actions_of(context: &Context<'_>) -> Vec<Action> {
    context.journal.state.report.tables.iter().map(|table| table.action).collect()
}

fn count(actions: &[Action], wanted: Action) -> usize {
    actions.iter().filter(|action| **action == wanted).count()
}

/// What a table was before this run, whichever attempt it was that moved it.
fn before<'a>(context: &'a Context<'_>, table: &Move) -> Option<&'a TableBefore> {
    let noted = context.journal.details.tables_before.iter();
    noted.into_iter().find(|before| before.table == table.plan.table)
}

/// Notes the way back of each table. Of one that points at the export already, an earlier attempt has
/// noted it, unless there was nothing to move.
fn note_way_back(context: &mut Context<'_>, moves: &[Move]) {
    let earlier = std::mem::take(&mut context.journal.details.tables_before);
    let noted = moves.iter().map(|table| {
        let now = table.before.as_ref().and_then(catalog::location);
        let known = earlier.iter().find(|before| before.table == table.plan.table);
        match known {
            Some(known) if now.as_deref() == Some(table.plan.location.as_str()) => known.clone(),
            _ => {
                let mut before = TableBefore::of(&table.plan, table.before.as_ref());
                if let Some(partitions) = &table.partitions {
                    before.partitions = partitions.before();
                }
                before
            }
        }
    });
    context.journal.details.tables_before = noted.collect();
}

/// What differs in a table's columns.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    new: Vec<String>,
    dropped: Vec<String>,
    changed: Vec<String>,
}

fn difference(new: &[StagedColumn], old: &[StagedColumn]) -> Difference {
    let missing = |here: &[StagedColumn], there: &[StagedColumn]| -> Vec<String> {
        let missing = here.iter().filter(|column| !catalog::has_column(there, &column.name));
        missing.map(|column| column.name.to_lowercase()).collect()
    };
    let changed = new.iter().filter_map(|column| {
        let other = old.iter().find(|other| other.name.eq_ignore_ascii_case(&column.name))?;
        (!other.hive_type.eq_ignore_ascii_case(&column.hive_type)).then(|| {
            format!("{} ({} before, {} now)", column.name, other.hive_type, column.hive_type)
        })
    });
    Difference { new: missing(new, old), dropped: missing(old, new), changed: changed.collect() }
}

/// Holds the columns of each table against what the configuration allows. A rollback goes where a person
/// sends it, so it is only told what changes.
fn keep_to_policy(context: &mut Context<'_>, moves: &[Move]) -> Result<(), StepError> {
    let mut policy = context.pipeline.catalog.columns;
    let history = context.pipeline.partition().is_some();
    if context.journal.state.kept_export.is_some() {
        let softer = |stance: Stance| stance.min(Stance::Warn);
        let ColumnPolicy { new, dropped, changed } = policy;
        policy =
            ColumnPolicy { new: softer(new), dropped: softer(dropped), changed: softer(changed) };
    }
    if history {
        policy.changed = Stance::Refuse;
    }
    let mut refused = Vec::new();
    let mut warnings = Vec::new();
    for table in moves {
        let filled = table.before.as_ref().filter(|before| !catalog::is_shell(before));
        let Some(before) = filled else { continue };
        let found = difference(&table.plan.columns, &catalog::columns(before));
        for (what, columns, stance) in [
            ("has new columns", &found.new, policy.new),
            ("lacks columns that are live", &found.dropped, policy.dropped),
            ("has columns of another type", &found.changed, policy.changed),
        ] {
            if columns.is_empty() || stance == Stance::Allow {
                continue;
            }
            let said = format!("table `{}` {what}: {}", table.plan.table, shown(columns));
            if stance == Stance::Refuse { &mut refused } else { &mut warnings }.push(said);
        }
    }
    for warning in warnings {
        context.warn(warning);
    }
    if refused.is_empty() {
        return Ok(());
    }
    let help = if history {
        "Athena reads no table whose partitions disagree on a type: resume with what `[catalog]` says of \
         columns changed, or publish into another database; what the old one reads is then kept until you \
         delete it"
    } else {
        "if that is meant, say `allow` in `[catalog]` and resume the run; otherwise look at the source"
    };
    let message = format!("nothing was published: {}", refused.join("; "));
    Err(StepError::found(FailureKind::Checks, message, help))
}

/// Names from the source, for a message.
fn shown(columns: &[String]) -> String {
    const NAMED: usize = 8;
    let mut names: Vec<String> =
        columns.iter().take(NAMED).map(|name| name.escape_debug().to_string()).collect();
    if columns.len() > NAMED {
        names.push(format!("and {} more", columns.len() - NAMED));
    }
    names.join(", ")
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
    let wanted = pipeline.partition();
    for planned in plan {
        let Some(table) = present.get(&planned.table) else { continue };
        let keys = catalog::partition_keys(table);
        let fits = match wanted {
            Some(key) => keys == [key],
            None => catalog::parameter(table, history::MODE).is_none(),
        };
        if !fits {
            return Err(StepError::found(
                FailureKind::Setup,
                format!(
                    "`{database}.{}` is partitioned by {}, which is not what `mode` and `partition` say",
                    planned.table,
                    if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") }
                ),
                "nothing was changed; Glue changes no table's partition keys: publish into another \
                 database, or drop the table; what the old one reads is then kept until you delete it",
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

fn intended(table: &Move, noted: Option<&TableBefore>) -> PublishedTable {
    let plan = &table.plan;
    let before = table.before.as_ref();
    let at = before.and_then(catalog::location);
    let filled = before.filter(|before| !catalog::is_shell(before));
    let found = filled.map(|before| difference(&plan.columns, &catalog::columns(before)));
    let found = found.unwrap_or_default();
    let was = noted.map(|noted| noted.location.as_deref());
    PublishedTable {
        table: plan.table.clone(),
        source: plan.source().to_string(),
        action: match (before, was) {
            (None, _) | (_, Some(None)) => Action::Created,
            (Some(before), _) if !is_unchanged(table, before) => Action::Moved,
            (_, Some(Some(was))) if was != plan.location => Action::Moved,
            _ => Action::Unchanged,
        },
        location: plan.location.clone(),
        previous: if at.as_deref() == Some(plan.location.as_str()) {
            before.and_then(|table| catalog::parameter(table, PREVIOUS)).map(str::to_owned)
        } else {
            at
        },
        new_columns: found.new,
        dropped_columns: found.dropped,
    }
}

fn is_unchanged(table: &Move, before: &Table) -> bool {
    let plan = &table.plan;
    let columns = catalog::columns(before);
    let same = match &table.partitions {
        Some(partitions) => {
            !partitions.any_change()
                && plan.columns.iter().all(|column| catalog::has_column(&columns, &column.name))
        }
        None => columns == plan.columns,
    };
    same && catalog::location(before).as_deref() == Some(plan.location.as_str())
}

async fn publish(context: &Context<'_>, database: &str, table: &Move) -> Result<(), StepError> {
    let plan = &table.plan;
    let report = &context.journal.state.report;
    let export = report.export.as_ref().map(|export| export.id.as_str()).unwrap_or_default();
    let marks = catalog::marks(&context.pipeline.name, &report.run_id, export);
    let now = (MOVED.to_owned(), context.clock.now().to_string());
    let kind = table.partitions.as_ref().map(|_| (history::MODE.to_owned(), "history".to_owned()));
    match &table.before {
        Some(before) if is_unchanged(table, before) => return Ok(()),
        Some(before) => {
            let previous = catalog::location(before)
                .filter(|previous| *previous != plan.location)
                .map(|previous| (PREVIOUS.to_owned(), previous));
            let dropped = table.partitions.iter().flat_map(Partitions::dropped_exports);
            let root = context.pipeline.exports_root();
            let left = left::mark(before, &root, context.clock.now(), dropped);
            let parameters = marks.into_iter().chain(previous).chain([now]).chain(kind).chain(left);
            let Some(input) = catalog::moved_input(before, plan, parameters) else {
                return Err(nameless(plan));
            };
            let version = before.version_id().map(str::to_owned);
            let replaced = catalog::replace(context.clients, database, input, version).await;
            settled(context, database, plan, replaced).await?;
        }
        None => {
            let key = context.pipeline.partition();
            let parameters = marks.into_iter().chain([now]).chain(kind);
            let Some(input) = catalog::new_input(&plan.table, plan, key, parameters) else {
                return Err(nameless(plan));
            };
            let created = catalog::create(context.clients, database, input).await;
            settled(context, database, plan, created).await?;
        }
    }
    if let Some(partitions) = &table.partitions {
        let made = partitions.make(context.clients, database, &plan.table).await;
        made.map_err(|error| conflict(error, database, plan))?;
    }
    let after = catalog::table(context.clients, database, &plan.table).await?;
    if after.as_ref().and_then(catalog::location).as_deref() != Some(plan.location.as_str()) {
        return Err(StepError::found(
            FailureKind::Conflict,
            format!("`{database}.{}` was changed by somebody else just now", plan.table),
            "find out who writes to this table, then resume the run",
        ));
    }
    Ok(())
}

/// A call whose answer was lost is repeated, and then loses against itself: what bears this run's mark
/// and points where it should is its own work.
async fn settled(
    context: &Context<'_>,
    database: &str,
    plan: &PlannedTable,
    outcome: Result<(), AwsError>,
) -> Result<(), StepError> {
    let Err(error) = outcome else { return Ok(()) };
    if error.kind == ErrorKind::Conflict {
        let now = catalog::table(context.clients, database, &plan.table).await?;
        let run = Some(context.journal.state.report.run_id.as_str());
        if now.is_some_and(|now| {
            catalog::parameter(&now, RUN) == run
                && catalog::location(&now).as_deref() == Some(plan.location.as_str())
        }) {
            return Ok(());
        }
    }
    Err(conflict(error, database, plan))
}

fn nameless(plan: &PlannedTable) -> StepError {
    StepError::found(
        FailureKind::Setup,
        format!("table `{}` has no name that Glue takes", plan.source()),
        "list the wanted tables in `tables`",
    )
}

/// An error of a call that lost against somebody else is a conflict, not a failure of AWS.
fn conflict(error: AwsError, database: &str, plan: &PlannedTable) -> StepError {
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

#[cfg(test)]
mod tests {
    use super::*;
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
            originals: BTreeMap::new(),
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

    fn moved(plan: PlannedTable, before: Table) -> Move {
        Move { plan, before: Some(before), partitions: None }
    }

    #[test]
    fn new_and_dropped_columns_are_named() {
        let before = table("s3://lake/exports/old/shop/public.orders", &["ID", "gone"]);
        let report = intended(&moved(plan(&["id", "note"]), before), None);
        assert_eq!(report.action, Action::Moved);
        assert_eq!(report.new_columns, ["note"]);
        assert_eq!(report.dropped_columns, ["gone"]);
        assert_eq!(report.previous.as_deref(), Some("s3://lake/exports/old/shop/public.orders/"));
    }

    #[test]
    fn a_table_that_points_there_already_is_left_alone() {
        let plan = plan(&["id"]);
        let before = table(plan.location.trim_end_matches('/'), &["id"]);
        let table = moved(plan, before.clone());
        assert!(is_unchanged(&table, &before));
        assert_eq!(intended(&table, None).action, Action::Unchanged);
    }

    #[test]
    fn what_an_earlier_attempt_moved_is_moved_and_not_unchanged() {
        let plan = plan(&["id"]);
        let old = table("s3://lake/exports/old/shop/public.orders/", &["id"]);
        let noted = TableBefore::of(&plan, Some(&old));
        let now = table(&plan.location, &["id"]);
        assert_eq!(intended(&moved(plan, now), Some(&noted)).action, Action::Moved);
    }

    #[test]
    fn a_table_that_nobody_has_filled_has_no_columns_that_could_be_missed() {
        let shell = Table::builder().name("orders").build().unwrap();
        assert!(catalog::is_shell(&shell));
        let report = intended(&moved(plan(&["id"]), shell.clone()), None);
        assert_eq!(report.action, Action::Moved);
        assert_eq!(report.new_columns, Vec::<String>::new());
        assert_eq!(report.previous, None);
        assert!(!catalog::is_shell(&table("s3://lake/exports/old/", &["id"])));
        assert!(!catalog::is_shell(
            &Table::builder().name("v").table_type("VIRTUAL_VIEW").build().unwrap()
        ));
    }

    #[test]
    fn columns_of_another_type_are_told_with_both() {
        let column = |hive: &str| [StagedColumn { name: "ID".into(), hive_type: hive.into() }];
        let found = difference(&column("bigint"), &column("int"));
        assert_eq!(found.changed, ["ID (int before, bigint now)"]);
        assert_eq!(difference(&column("int"), &column("INT")), Difference::default());
    }
}
