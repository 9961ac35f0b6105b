//! Deletes exports beyond retention, and the snapshots that runs made for them.
//!
//! An export stays while a live table points at it, or pointed at it within the last hour: a query that
//! began before the move may still be reading. It also stays while tables may point at it that a run does not
//! look at: those of a database that earlier runs published into.

use super::super::catalog::{self, PIPELINE};
use super::super::context::{Context, Done, StepError, StepResult, is_ours};
use super::super::error::Failure;
use super::super::journal::{Journals, Target};
use super::super::left::{self, export_of};
use super::super::partitions;
use super::super::report::PrunedExport;
use super::snapshot;
use crate::aws::{AwsError, Clients, Clock, failed};
use crate::pipeline::{Pipeline, SnapshotChoice, Step};
use aws_sdk_glue::types::Table;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How old the remains of an export without manifest must be: no export takes so long.
const ABANDONED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let (pipeline, clients) = (context.pipeline, context.clients);
    let own_export = context.export_id()?;
    let dropped = drop_partitions(pipeline, clients, context.clock.now(), &own_export).await?;
    let found = surplus_exports(&context.journals(), context.clock.now(), Some(own_export)).await?;
    if let Some(warning) = found.warning(pipeline) {
        context.warn(warning);
    }
    let Surplus { goes, withheld, .. } = found;
    for id in &goes {
        context.stop().check()?;
        let doomed = Doomed::find(pipeline, clients, id).await?;
        // Noted first: what a death leaves of it is known for that, and goes with the next run.
        let pruned = &mut context.journal.state.report.pruned;
        if !pruned.iter().any(|other| other.id == *id) {
            pruned.push(doomed.told());
        }
        context.journal.save().await?;
        doomed.delete(pipeline, clients).await?;
    }
    let own = context.journal.state.report.snapshot.as_ref().map(|snapshot| snapshot.id.as_str());
    let snapshots = prune_snapshots(pipeline, clients, own).await?;
    if goes.is_empty() && snapshots == 0 && dropped == 0 {
        let keep = pipeline.retention.exports;
        return Ok(Done::Nothing(match withheld.len() {
            0 => format!("no more than {keep} exports are kept"),
            more => format!("{more} exports past retention may be live elsewhere"),
        }));
    }
    let mut detail = format!("{} exports deleted", goes.len());
    if !withheld.is_empty() {
        let _ = write!(detail, ", {} may be live elsewhere and stay", withheld.len());
    }
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
    journals: &Journals<'_>,
    clock: &dyn Clock,
) -> Result<Vec<PrunedExport>, Failure> {
    all(journals, clock.now()).await.map_err(|error| {
        let (kind, message, help) = error.told();
        Failure::new(Step::Prune, kind, message, help)
    })
}

async fn all(journals: &Journals<'_>, now: Timestamp) -> Result<Vec<PrunedExport>, StepError> {
    let (pipeline, clients) = (journals.pipeline, journals.clients);
    let mut pruned = Vec::new();
    for id in surplus_exports(journals, now, None).await?.goes {
        let doomed = Doomed::find(pipeline, clients, &id).await?;
        doomed.delete(pipeline, clients).await?;
        pruned.push(doomed.told());
    }
    prune_snapshots(pipeline, clients, None).await?;
    Ok(pruned)
}

/// The exports past retention.
#[derive(Debug, Default)]
struct Surplus {
    /// Those that go.
    goes: Vec<String>,
    /// Those that tables of other databases may point at.
    withheld: Vec<String>,
    /// These databases, as messages name them.
    elsewhere: Vec<String>,
}

impl Surplus {
    /// What a person has to do about those that are withheld.
    fn warning(&self, pipeline: &Pipeline) -> Option<String> {
        let (oldest, count) = (self.withheld.last()?, self.withheld.len());
        Some(format!(
            "{count} exports past retention stay, the oldest is `{oldest}`: earlier runs published into {}, \
             and its tables may point at them. When nobody reads these any more, delete the tables and then \
             these exports' folders in {}; or give `[lake] prefix` a new value, below which only new \
             exports are",
            self.elsewhere.join(" and "),
            pipeline.exports_root()
        ))
    }
}

/// The exports that are past retention, and may be deleted or not.
async fn surplus_exports(
    journals: &Journals<'_>,
    now: Timestamp,
    own: Option<String>,
) -> Result<Surplus, StepError> {
    let (pipeline, clients) = (journals.pipeline, journals.clients);
    let live = catalog::tables(clients, &pipeline.catalog.database).await?;
    let root = pipeline.exports_root();
    let mut needed = needed(live.values(), &root, now);
    needed.extend(own);
    if pipeline.partition().is_some() {
        for table in live.values().filter(|table| is_history(pipeline, table)) {
            let all = partitions::all(clients, &pipeline.catalog.database, table.name()).await?;
            needed.extend(all.values().filter_map(|one| export_of(&one.location, &root)));
        }
    }
    let known = journals.known_exports().await?;
    let exports = exports(pipeline, clients).await?;
    let ids = exports.iter().map(|export| export.id.clone());
    let unfit: BTreeSet<String> =
        ids.filter(|id| known.is_unfit(id) || known.is_refused(id)).collect();
    let keep = usize::try_from(pipeline.retention.exports).unwrap_or(usize::MAX);
    let half = exports.iter().filter(|export| !export.complete && known.is_doomed(&export.id));
    let half: BTreeSet<String> = half.map(|export| export.id.clone()).collect();
    let surplus = surplus(&pipeline.name, exports, (&unfit, &half, &needed), keep, now);
    let here = Target::of(pipeline);
    let elsewhere: Vec<String> = known.elsewhere(&here).iter().map(ToString::to_string).collect();
    // Journals may be lost, so what none of them knows is not deleted either.
    let safe = |id: &String| elsewhere.is_empty() || known.was_live_only_in(id, &here);
    let (goes, withheld) = surplus.into_iter().partition(safe);
    Ok(Surplus { goes, withheld, elsewhere })
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
    let root = pipeline.exports_root();
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
        let dropped = goes.iter().map(|(_, export)| export.clone());
        let mark = left::mark(table, &root, now, dropped);
        input.parameters.get_or_insert_default().extend(mark);
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

/// The exports that live tables point at, or pointed at a short while ago.
fn needed<'a>(
    tables: impl Iterator<Item = &'a Table>,
    root: &str,
    now: Timestamp,
) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for table in tables {
        let location = catalog::location(table);
        needed.extend(location.and_then(|location| export_of(&location, root)));
        needed.extend(left::left(table, root, now).into_keys());
    }
    needed
}

/// What goes, newest first: complete exports beyond the newest `keep` that are fit to go live, what a run has
/// deleted half of, and old remains of others. One that failed verification or
/// checks takes nobody's place, and goes when a fit one in its place would.
fn surplus(
    name: &str,
    mut exports: Vec<Kept>,
    (unfit, half, needed): (&BTreeSet<String>, &BTreeSet<String>, &BTreeSet<String>),
    keep: usize,
    now: Timestamp,
) -> Vec<String> {
    // Ids begin with their time, so their order is that of the exports.
    exports.sort_by(|a, b| b.id.cmp(&a.id));
    let mut fit = 0;
    let mut surplus = Vec::new();
    for export in exports {
        let beyond = if export.complete {
            let beyond = fit >= keep;
            fit += usize::from(!unfit.contains(&export.id));
            beyond
        } else {
            half.contains(&export.id)
                || began(name, &export.id)
                    .is_some_and(|began| now.duration_since(began) > ABANDONED)
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

/// An export that is about to be deleted.
struct Doomed {
    id: String,
    manifests: Vec<String>,
    files: Vec<String>,
    bytes: u64,
}

impl Doomed {
    async fn find(pipeline: &Pipeline, clients: &Clients, id: &str) -> Result<Self, AwsError> {
        let prefix = pipeline.export_prefix(id);
        let objects = clients.list(&pipeline.lake.bucket, &prefix, false).await?.objects;
        let bytes = objects.iter().map(|object| object.size).sum();
        let (manifests, files) = objects
            .into_iter()
            .map(|object| object.key)
            .partition(|key| key.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/')));
        Ok(Self { id: id.to_owned(), manifests, files, bytes })
    }

    fn told(&self) -> PrunedExport {
        let objects = self.manifests.len() + self.files.len();
        let objects = u64::try_from(objects).unwrap_or(u64::MAX);
        PrunedExport { id: self.id.clone(), objects, bytes: self.bytes }
    }

    /// Its manifests first: without them nothing takes it for usable.
    async fn delete(&self, pipeline: &Pipeline, clients: &Clients) -> Result<(), AwsError> {
        let bucket = pipeline.lake.bucket.as_str();
        clients.delete(bucket, &self.manifests).await?;
        clients.delete(bucket, &self.files).await
    }
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
    use super::super::super::catalog::{MOVED, PREVIOUS};
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
        let (none, needed) = (BTreeSet::new(), [id(1)].into());
        let all = (&none, &none, &needed);
        assert_eq!(surplus("shop", exports.clone(), all, 2, now()), [id(20)]);
        assert_eq!(
            surplus("shop", exports.clone(), (&none, &none, &none), 2, now()),
            [id(20), id(1)]
        );
        assert!(surplus("shop", exports, all, 3, now()).is_empty());
    }

    #[test]
    fn exports_that_failed_verification_take_no_good_ones_place() {
        let none = BTreeSet::new();
        let exports: Vec<Kept> = [1, 19, 20, 21, 22, 23].map(|day| export(day, true)).into();
        let unfit: BTreeSet<String> = [20, 21, 22].map(id).into();
        assert!(surplus("shop", exports.clone(), (&unfit, &none, &none), 3, now()).is_empty());
        assert_eq!(surplus("shop", exports.clone(), (&unfit, &none, &none), 2, now()), [id(1)]);
        let beyond = [id(22), id(21), id(20), id(19), id(1)];
        assert_eq!(surplus("shop", exports, (&unfit, &none, &none), 1, now()), beyond);
    }

    #[test]
    fn remains_of_an_unfinished_export_go_when_they_are_old() {
        let exports = vec![export(1, false), export(22, false), export(23, true)];
        let none = BTreeSet::new();
        assert_eq!(surplus("shop", exports.clone(), (&none, &none, &none), 1, now()), [id(1)]);
        // One that a run has begun to delete goes however new it is, unless something live points at it.
        let half = [id(22)].into();
        let all = (&none, &half, &none);
        assert_eq!(surplus("shop", exports.clone(), all, 1, now()), [id(22), id(1)]);
        assert_eq!(surplus("shop", exports, (&none, &half, &half), 1, now()), [id(1)]);
    }
}
