//! Deletes exports beyond retention, and the snapshots that runs made for them.
//!
//! An export stays while a live table points at it, or pointed at it within the last hour: a query that
//! began before the move may still be reading.

use super::super::catalog::{self, MOVED, PIPELINE, PREVIOUS};
use super::super::context::{Context, Done, StepResult, is_ours};
use super::super::partitions;
use super::super::report::PrunedExport;
use super::publish::history;
use super::snapshot;
use crate::aws::{AwsError, Clients, Clock, failed};
use crate::pipeline::{Pipeline, SnapshotChoice};
use aws_sdk_glue::types::Table;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How long an export stays after the last table has moved away from it.
const GRACE: SignedDuration = SignedDuration::from_hours(1);
/// How old the remains of an export without manifest must be: no export takes so long.
const ABANDONED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let (pipeline, clients) = (context.pipeline, context.clients);
    let own_export = context.export_id()?;
    let dropped = drop_partitions(pipeline, clients, context.clock.now(), &own_export).await?;
    let surplus = surplus_exports(pipeline, clients, context.clock.now(), Some(own_export)).await?;
    for id in &surplus {
        context.stop().check()?;
        let pruned = delete(pipeline, clients, id).await?;
        context.journal.state.report.pruned.retain(|other| other.id != *id);
        context.journal.state.report.pruned.push(pruned);
        context.journal.save().await?;
    }
    let own = context.journal.state.report.snapshot.as_ref().map(|snapshot| snapshot.id.as_str());
    let snapshots = prune_snapshots(pipeline, clients, own).await?;
    if surplus.is_empty() && snapshots == 0 && dropped == 0 {
        let keep = pipeline.retention.exports;
        return Ok(Done::Nothing(format!("no more than {keep} exports are kept")));
    }
    let mut detail = format!("{} exports deleted", surplus.len());
    if snapshots > 0 {
        let _ = write!(detail, ", {snapshots} snapshots deleted");
    }
    if dropped > 0 {
        let _ =
            write!(detail, ", {dropped} partitions dropped, their files go when nobody reads them");
    }
    Ok(Done::Did(detail))
}

/// Deletes exports beyond retention, and the snapshots that runs made for them, outside a run.
///
/// # Errors
/// When a call fails; what was deleted until then is deleted.
pub async fn prune(
    pipeline: &Pipeline,
    clients: &Clients,
    clock: &dyn Clock,
) -> Result<Vec<PrunedExport>, AwsError> {
    let mut pruned = Vec::new();
    for id in surplus_exports(pipeline, clients, clock.now(), None).await? {
        pruned.push(delete(pipeline, clients, &id).await?);
    }
    prune_snapshots(pipeline, clients, None).await?;
    Ok(pruned)
}

/// The exports that go.
async fn surplus_exports(
    pipeline: &Pipeline,
    clients: &Clients,
    now: Timestamp,
    own: Option<String>,
) -> Result<Vec<String>, AwsError> {
    let bucket = pipeline.lake.bucket.as_str();
    let live = catalog::tables(clients, &pipeline.catalog.database).await?;
    let root = format!("s3://{bucket}/{}", pipeline.exports_prefix());
    let mut needed = needed(live.values(), &root, now);
    needed.extend(own);
    if pipeline.partition().is_some() {
        for table in live.values().filter(|table| is_history(pipeline, table)) {
            let all = partitions::all(clients, &pipeline.catalog.database, table.name()).await?;
            needed.extend(all.values().filter_map(|one| export_of(&one.location, &root)));
            needed.extend(history::lately_dropped(table, now - GRACE));
        }
    }
    let exports = exports(pipeline, clients).await?;
    let keep = usize::try_from(pipeline.retention.exports).unwrap_or(usize::MAX);
    Ok(surplus(&pipeline.name, exports, &needed, keep, now))
}

fn is_history(pipeline: &Pipeline, table: &Table) -> bool {
    catalog::parameter(table, PIPELINE) == Some(pipeline.name.as_str())
        && catalog::partition_keys(table).first().copied() == pipeline.partition()
}

/// In history mode: drops each table's partitions beyond retention, and notes when. Their files go with
/// a later run, when no query can still be reading them. Gives how many were dropped.
async fn drop_partitions(
    pipeline: &Pipeline,
    clients: &Clients,
    now: Timestamp,
    own: &str,
) -> Result<usize, AwsError> {
    if pipeline.partition().is_none() {
        return Ok(0);
    }
    let database = pipeline.catalog.database.as_str();
    let root = format!("s3://{}/{}", pipeline.lake.bucket, pipeline.exports_prefix());
    let keep = usize::try_from(pipeline.retention.exports).unwrap_or(usize::MAX);
    let mut count = 0;
    for table in catalog::tables(clients, database).await?.values() {
        if !is_history(pipeline, table) {
            continue;
        }
        // Of each table by itself: one that is not exported any more keeps what it has.
        let mut all: Vec<(String, String)> = partitions::all(clients, database, table.name())
            .await?
            .into_iter()
            .filter_map(|(value, one)| Some((value, export_of(&one.location, &root)?)))
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1));
        let goes: Vec<(String, String)> =
            all.into_iter().skip(keep).filter(|(_, export)| export != own).collect();
        if goes.is_empty() {
            continue;
        }
        // Noted first: a death in between leaves a note too many, and no file too few.
        let Some(mut input) = catalog::input_of(table) else { continue };
        let mut dropped: BTreeSet<String> = goes.iter().map(|(_, export)| export.clone()).collect();
        dropped.extend(history::lately_dropped(table, now - GRACE));
        let dropped: Vec<String> = dropped.into_iter().collect();
        let parameters = input.parameters.get_or_insert_default();
        parameters.insert(history::DROPPED.to_owned(), dropped.join(","));
        parameters.insert(history::DROPPED_AT.to_owned(), now.to_string());
        let version = table.version_id().map(str::to_owned);
        catalog::replace(clients, database, input, version).await?;
        let values: Vec<String> = goes.into_iter().map(|(value, _)| value).collect();
        partitions::drop_all(clients, database, table.name(), &values).await?;
        count += values.len();
    }
    Ok(count)
}

/// The exports in the lake that runs of this pipeline made.
pub(in crate::run) async fn exports(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Vec<Kept>, AwsError> {
    let bucket = pipeline.lake.bucket.as_str();
    let folders = clients.list(bucket, &pipeline.exports_prefix(), true).await?.folders;
    let mut exports = Vec::new();
    for folder in folders {
        let Some(id) = folder
            .strip_prefix(&pipeline.exports_prefix())
            .and_then(|rest| rest.strip_suffix('/'))
            .filter(|id| is_ours(&pipeline.name, id))
        else {
            continue;
        };
        let complete = clients.any(bucket, &format!("{folder}export_info_")).await?;
        exports.push(Kept { id: id.to_owned(), complete });
    }
    Ok(exports)
}

/// An export in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Kept {
    pub(in crate::run) id: String,
    /// Whether its manifest is there: it came to its end and nobody has begun to delete it.
    pub(in crate::run) complete: bool,
}

/// The export that a location under `root`, the folder of all exports, belongs to.
pub(in crate::run) fn export_of(location: &str, root: &str) -> Option<String> {
    location.strip_prefix(root)?.split('/').next().map(str::to_owned)
}

/// The exports that live tables point at, or pointed at a short while ago.
fn needed<'a>(
    tables: impl Iterator<Item = &'a Table>,
    root: &str,
    now: Timestamp,
) -> BTreeSet<String> {
    let export_of = |location: &str| export_of(location, root);
    let mut needed = BTreeSet::new();
    for table in tables {
        needed.extend(catalog::location(table).as_deref().and_then(export_of));
        let moved =
            catalog::parameter(table, MOVED).and_then(|time| time.parse::<Timestamp>().ok());
        // Whoever moved it without saying when may have done so just now.
        if moved.is_none_or(|moved| now.duration_since(moved) < GRACE) {
            needed.extend(catalog::parameter(table, PREVIOUS).and_then(export_of));
        }
    }
    needed
}

/// What goes: complete exports beyond the newest `keep`, and old remains of others.
fn surplus(
    name: &str,
    mut exports: Vec<Kept>,
    needed: &BTreeSet<String>,
    keep: usize,
    now: Timestamp,
) -> Vec<String> {
    // Ids begin with their time, so their order is that of the exports.
    exports.sort_by(|a, b| b.id.cmp(&a.id));
    let mut complete = 0;
    let mut surplus = Vec::new();
    for export in exports {
        let beyond = if export.complete {
            complete += 1;
            complete > keep
        } else {
            began(name, &export.id).is_some_and(|began| now.duration_since(began) > ABANDONED)
        };
        if beyond && !needed.contains(&export.id) {
            surplus.push(export.id);
        }
    }
    surplus
}

/// The time in an export's id.
fn began(name: &str, id: &str) -> Option<Timestamp> {
    let time = id.strip_prefix(name)?.strip_prefix('-')?.get(..15)?;
    jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", time)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// Deletes an export, its manifests first: without them nothing takes it for usable.
async fn delete(
    pipeline: &Pipeline,
    clients: &Clients,
    id: &str,
) -> Result<PrunedExport, AwsError> {
    let bucket = pipeline.lake.bucket.as_str();
    let prefix = pipeline.export_prefix(id);
    let objects = clients.list(bucket, &prefix, false).await?.objects;
    let bytes = objects.iter().map(|object| object.size).sum();
    let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
    let (manifests, files): (Vec<String>, Vec<String>) = objects
        .into_iter()
        .map(|object| object.key)
        .partition(|key| key.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/')));
    clients.delete(bucket, &manifests).await?;
    clients.delete(bucket, &files).await?;
    Ok(PrunedExport { id: id.to_owned(), objects: count, bytes })
}

/// Deletes snapshots that runs of this pipeline made, all but the newest ones and `own`.
async fn prune_snapshots(
    pipeline: &Pipeline,
    clients: &Clients,
    own: Option<&str>,
) -> Result<usize, AwsError> {
    if pipeline.source.snapshot != SnapshotChoice::Create {
        return Ok(0);
    }
    let keep = usize::try_from(pipeline.retention.exports).unwrap_or(usize::MAX);
    let mut ours: Vec<String> = snapshot::of_source(clients, pipeline, "manual")
        .await?
        .into_iter()
        .map(|snapshot| snapshot.id)
        .filter(|id| is_ours(&pipeline.name, id))
        .collect();
    ours.sort_by(|a, b| b.cmp(a));
    let surplus: Vec<String> =
        ours.into_iter().skip(keep).filter(|id| Some(id.as_str()) != own).collect();
    let rds = &clients.rds;
    for id in &surplus {
        let outcome = if pipeline.source.kind.is_cluster() {
            let call = rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id);
            let failed = failed("rds", "DeleteDBClusterSnapshot", id.as_str());
            call.send().await.map(|_| ()).map_err(failed)
        } else {
            let call = rds.delete_db_snapshot().db_snapshot_identifier(id);
            let failed = failed("rds", "DeleteDBSnapshot", id.as_str());
            call.send().await.map(|_| ()).map_err(failed)
        };
        match outcome {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
    }
    Ok(surplus.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_glue::types::StorageDescriptor;

    fn now() -> Timestamp {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    fn export(day: u8, complete: bool) -> Kept {
        Kept { id: id(day), complete }
    }

    fn id(day: u8) -> String {
        format!("shop-202611{day:02}-030000-abcd")
    }

    fn table(export: u8, previous: Option<(u8, Option<&str>)>) -> Table {
        let mut table = Table::builder().name("t").storage_descriptor(
            StorageDescriptor::builder()
                .location(format!("s3://lake/exports/{}/shop/public.t", id(export)))
                .build(),
        );
        if let Some((export, moved)) = previous {
            table = table.parameters(PREVIOUS, format!("s3://lake/exports/{}/x/", id(export)));
            if let Some(moved) = moved {
                table = table.parameters(MOVED, moved);
            }
        }
        table.build().unwrap()
    }

    #[test]
    fn what_is_or_was_just_read_stays() {
        let tables = [
            table(23, Some((22, Some("2026-11-23T02:30:00Z")))),
            table(20, Some((19, Some("2026-11-22T02:30:00Z")))),
            table(23, Some((18, None))),
        ];
        let needed = needed(tables.iter(), "s3://lake/exports/", now());
        assert_eq!(needed, [id(18), id(20), id(22), id(23)].into());
    }

    #[test]
    fn only_exports_beyond_retention_go_and_never_a_needed_one() {
        let exports = vec![
            export(1, true),
            export(20, true),
            export(21, true),
            export(22, false),
            export(23, true),
        ];
        let needed = [id(1)].into();
        assert_eq!(surplus("shop", exports.clone(), &needed, 2, now()), [id(20)]);
        assert_eq!(surplus("shop", exports.clone(), &BTreeSet::new(), 2, now()), [id(20), id(1)]);
        assert!(surplus("shop", exports, &needed, 3, now()).is_empty());
    }

    #[test]
    fn remains_of_an_unfinished_export_go_when_they_are_old() {
        let exports = vec![export(1, false), export(22, false), export(23, true)];
        assert_eq!(surplus("shop", exports, &BTreeSet::new(), 1, now()), [id(1)]);
    }
}
