//! Chooses or makes the snapshot, and waits until it can be exported.

use super::super::context::{Context, Done, StepError, StepResult, new_id};
use super::super::error::FailureKind;
use super::super::report::SnapshotInfo;
use crate::aws::{AwsError, Clients, ErrorKind, Poll, failed};
use crate::pipeline::{Pipeline, SnapshotChoice};
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Tag};
use jiff::Timestamp;

/// A snapshot, of an instance or a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Snapshot {
    pub(in crate::run) id: String,
    arn: String,
    pub(in crate::run) status: String,
    pub(in crate::run) created: Option<Timestamp>,
    pub(in crate::run) allocated_gib: Option<i32>,
}

impl From<DbSnapshot> for Snapshot {
    fn from(snapshot: DbSnapshot) -> Self {
        Self {
            id: snapshot.db_snapshot_identifier.unwrap_or_default(),
            arn: snapshot.db_snapshot_arn.unwrap_or_default(),
            status: snapshot.status.unwrap_or_default(),
            created: snapshot.snapshot_create_time.as_ref().and_then(timestamp),
            allocated_gib: snapshot.allocated_storage,
        }
    }
}

impl From<DbClusterSnapshot> for Snapshot {
    fn from(snapshot: DbClusterSnapshot) -> Self {
        Self {
            id: snapshot.db_cluster_snapshot_identifier.unwrap_or_default(),
            arn: snapshot.db_cluster_snapshot_arn.unwrap_or_default(),
            status: snapshot.status.unwrap_or_default(),
            created: snapshot.snapshot_create_time.as_ref().and_then(timestamp),
            allocated_gib: snapshot.allocated_storage,
        }
    }
}

/// AWS's time as ours.
pub(in crate::run) fn timestamp(time: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    i32::try_from(time.subsec_nanos())
        .ok()
        .and_then(|nanos| Timestamp::new(time.secs(), nanos).ok())
}

/// Which snapshots to describe.
enum Which<'a> {
    /// All of the source, of one type.
    OfSource(&'static str),
    /// One.
    Named(&'a str),
}

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let snapshot = match existing(context.pipeline, context.clients).await? {
        Some(snapshot) => snapshot,
        None => create(context).await?,
    };
    let snapshot = available(context, snapshot).await?;
    let detail = match snapshot.created {
        Some(created) => format!("{} of {}", snapshot.id, created.strftime("%Y-%m-%d %H:%M UTC")),
        None => snapshot.id.clone(),
    };
    context.journal.state.report.snapshot = Some(SnapshotInfo {
        arn: snapshot.arn,
        id: snapshot.id,
        created: snapshot.created,
        allocated_gib: snapshot.allocated_gib,
        made: context.pipeline.source.snapshot == SnapshotChoice::Create,
    });
    Ok(Done::Did(detail))
}

/// The snapshot that the configuration means; none when each run makes one.
pub(in crate::run) async fn existing(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Option<Snapshot>, StepError> {
    Ok(Some(match &pipeline.source.snapshot {
        SnapshotChoice::LatestAutomated => newest(pipeline, clients, "automated").await?,
        SnapshotChoice::LatestManual => newest(pipeline, clients, "manual").await?,
        SnapshotChoice::Arn(arn) => {
            let id = identifier(arn);
            named(pipeline, clients, id).await?.ok_or_else(|| {
                StepError::found(
                    FailureKind::Setup,
                    format!("there is no snapshot `{}`", id.escape_debug()),
                    "look at `snapshot` in snaplake.toml, the region and the account",
                )
            })?
        }
        SnapshotChoice::Create => return Ok(None),
    }))
}

/// The identifier in a snapshot's ARN; those of automated snapshots hold a colon themselves.
fn identifier(arn: &str) -> &str {
    arn.splitn(7, ':').nth(6).unwrap_or(arn)
}

/// Whether a snapshot may become usable, or is.
fn usable(snapshot: &Snapshot) -> bool {
    matches!(snapshot.status.as_str(), "available" | "creating")
}

/// The newest usable snapshot: one that is still being made is newer than all that are there.
fn choose(snapshots: Vec<Snapshot>) -> Option<Snapshot> {
    snapshots
        .into_iter()
        .filter(usable)
        .max_by_key(|snapshot| (snapshot.status == "creating", snapshot.created))
}

async fn newest(
    pipeline: &Pipeline,
    clients: &Clients,
    kind: &'static str,
) -> Result<Snapshot, StepError> {
    choose(describe(clients, pipeline, &Which::OfSource(kind)).await?).ok_or_else(|| {
        let source = pipeline.source.kind.id().escape_debug().to_string();
        let help = if kind == "automated" {
            "turn on automated backups of the database, or set `snapshot = \"create\"`"
        } else {
            "take a snapshot of the database, or set `snapshot = \"create\"`"
        };
        StepError::found(
            FailureKind::Setup,
            format!("`{source}` has no {kind} snapshot that can be exported"),
            help,
        )
    })
}

async fn named(
    pipeline: &Pipeline,
    clients: &Clients,
    id: &str,
) -> Result<Option<Snapshot>, AwsError> {
    match describe(clients, pipeline, &Which::Named(id)).await {
        Ok(snapshots) => Ok(snapshots.into_iter().next()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a snapshot, or finds the one that this run asked for before it was interrupted.
async fn create(context: &mut Context<'_>) -> Result<Snapshot, StepError> {
    let id = if let Some(id) = &context.journal.state.planned_snapshot {
        id.clone()
    } else {
        let id = format!("{}-{}", context.pipeline.name, new_id(context.clock.now()));
        context.journal.state.planned_snapshot = Some(id.clone());
        context.journal.save().await?;
        id
    };
    if let Some(snapshot) = named(context.pipeline, context.clients, &id).await? {
        return Ok(snapshot);
    }
    match ask_for(context, &id).await {
        Ok(snapshot) => Ok(snapshot),
        // Asked for and made between the two calls, by an attempt whose answer was lost.
        Err(error) if error.kind == ErrorKind::Conflict => {
            Ok(named(context.pipeline, context.clients, &id).await?.ok_or(error)?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask_for(context: &Context<'_>, id: &str) -> Result<Snapshot, AwsError> {
    let rds = &context.clients.rds;
    let source = context.pipeline.source.kind.id();
    let run = ("snaplake:run", context.journal.state.report.run_id.as_str());
    let tags = context
        .pipeline
        .tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .chain([run])
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let snapshot = if context.pipeline.source.kind.is_cluster() {
        rds.create_db_cluster_snapshot()
            .db_cluster_identifier(source)
            .db_cluster_snapshot_identifier(id)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(failed("rds", "CreateDBClusterSnapshot", id))?
            .db_cluster_snapshot
            .map(Snapshot::from)
    } else {
        rds.create_db_snapshot()
            .db_instance_identifier(source)
            .db_snapshot_identifier(id)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(failed("rds", "CreateDBSnapshot", id))?
            .db_snapshot
            .map(Snapshot::from)
    };
    Ok(snapshot.unwrap_or_else(|| Snapshot {
        id: id.to_owned(),
        arn: context.pipeline.snapshot_arn(id),
        status: "creating".to_owned(),
        created: None,
        allocated_gib: None,
    }))
}

/// Waits until a snapshot can be exported.
async fn available(context: &Context<'_>, mut snapshot: Snapshot) -> Result<Snapshot, StepError> {
    let since = context.clock.now();
    while snapshot.status != "available" {
        if snapshot.status != "creating" {
            return Err(StepError::found(
                FailureKind::Setup,
                format!(
                    "snapshot `{}` is {}, and only an available one can be exported",
                    snapshot.id.escape_debug(),
                    snapshot.status.escape_debug()
                ),
                "look at the snapshot's events in RDS, or choose another one",
            ));
        }
        let what = format!("snapshot {} to become available", snapshot.id);
        context.wait(&what, since, Poll::LONG).await?;
        let id = snapshot.id.clone();
        snapshot = again(context.pipeline, context.clients, &id).await?.ok_or_else(|| {
            StepError::found(
                FailureKind::Setup,
                format!("snapshot `{}` was deleted while it was being made", id.escape_debug()),
                "begin a new run",
            )
        })?;
    }
    Ok(snapshot)
}

/// Asks once more for a snapshot that was found. One that was found among those of the source is looked for
/// there again: whoever may list these may not ask for one by its name, which is another resource.
async fn again(
    pipeline: &Pipeline,
    clients: &Clients,
    id: &str,
) -> Result<Option<Snapshot>, AwsError> {
    let kind = match pipeline.source.snapshot {
        SnapshotChoice::LatestAutomated => "automated",
        SnapshotChoice::LatestManual => "manual",
        SnapshotChoice::Arn(_) | SnapshotChoice::Create => {
            return named(pipeline, clients, id).await;
        }
    };
    let snapshots = of_source(clients, pipeline, kind).await?;
    Ok(snapshots.into_iter().find(|snapshot| snapshot.id == id))
}

/// The snapshots of the source that are of one type: `manual` or `automated`.
pub(in crate::run) async fn of_source(
    clients: &Clients,
    pipeline: &Pipeline,
    kind: &'static str,
) -> Result<Vec<Snapshot>, AwsError> {
    describe(clients, pipeline, &Which::OfSource(kind)).await
}

async fn describe(
    clients: &Clients,
    pipeline: &Pipeline,
    which: &Which<'_>,
) -> Result<Vec<Snapshot>, AwsError> {
    let rds = &clients.rds;
    let source = &pipeline.source.kind;
    let mut snapshots = Vec::new();
    if source.is_cluster() {
        let call = match which {
            Which::OfSource(kind) => rds
                .describe_db_cluster_snapshots()
                .db_cluster_identifier(source.id())
                .snapshot_type(*kind),
            Which::Named(id) => {
                rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(*id)
            }
        };
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("rds", "DescribeDBClusterSnapshots", source.id()))?;
            snapshots.extend(
                page.db_cluster_snapshots.unwrap_or_default().into_iter().map(Snapshot::from),
            );
        }
    } else {
        let call = match which {
            Which::OfSource(kind) => {
                rds.describe_db_snapshots().db_instance_identifier(source.id()).snapshot_type(*kind)
            }
            Which::Named(id) => rds.describe_db_snapshots().db_snapshot_identifier(*id),
        };
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("rds", "DescribeDBSnapshots", source.id()))?;
            snapshots.extend(page.db_snapshots.unwrap_or_default().into_iter().map(Snapshot::from));
        }
    }
    Ok(snapshots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(id: &str, status: &str, created: Option<&str>) -> Snapshot {
        Snapshot {
            id: id.into(),
            arn: String::new(),
            status: status.into(),
            created: created.map(|time| time.parse().unwrap()),
            allocated_gib: None,
        }
    }

    #[test]
    fn the_newest_usable_snapshot_is_chosen() {
        let old = snapshot("old", "available", Some("2026-11-20T03:00:00Z"));
        let new = snapshot("new", "available", Some("2026-11-22T03:00:00Z"));
        let dying = snapshot("dying", "deleting", Some("2026-11-23T03:00:00Z"));
        let coming = snapshot("coming", "creating", None);
        let chosen = choose(vec![old.clone(), new.clone(), dying.clone()]).unwrap();
        assert_eq!(chosen.id, "new");
        assert_eq!(choose(vec![coming, old, new]).unwrap().id, "coming");
        assert_eq!(choose(vec![dying]), None);
    }

    #[test]
    fn identifiers_of_automated_snapshots_hold_a_colon() {
        let arn = "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:shop-2026-11-23-03-00";
        assert_eq!(identifier(arn), "rds:shop-2026-11-23-03-00");
        let arn = "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:mine";
        assert_eq!(identifier(arn), "mine");
    }
}
