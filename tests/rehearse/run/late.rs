//! Runs that go on when the world has: others have published since, or the export is no more.

use super::stage::{AtStart, Stage, StopAfter};
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::pipeline::{Step, TableRef};
use snaplake::run::{FailureKind, NoProgress, Outcome, RunOptions, RunReport};
use std::time::Duration;

async fn tomorrow(stage: &Stage) {
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
}

/// A run that succeeds, from a folder of its own where one is named.
async fn succeeds(stage: &Stage, folder: &str) -> RunReport {
    let options = RunOptions { journal: stage.folder.path().join(folder), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    report
}

async fn stopped_after(stage: &Stage, step: Step) -> RunReport {
    let options = stage.options();
    let progress = StopAfter { step, stop: options.stop.clone() };
    let report = stage.run_with(options, &progress).await;
    assert_eq!(report.failure.as_ref().unwrap().kind, FailureKind::Interrupted);
    report
}

async fn resumed(stage: &Stage, run: &RunReport) -> RunReport {
    let options = RunOptions { resume: Some(run.run_id.clone()), ..stage.options() };
    stage.run_with(options, &NoProgress).await
}

/// Deletes what is in the lake of an export, as pruning does.
async fn delete(stage: &Stage, export: &str) {
    let bucket = stage.pipeline.lake.bucket.as_str();
    let prefix = stage.pipeline.export_prefix(export);
    let objects = stage.clients.list(bucket, &prefix, false).await.unwrap().objects;
    let keys: Vec<String> = objects.into_iter().map(|object| object.key).collect();
    assert!(!keys.is_empty());
    stage.clients.delete(bucket, &keys).await.unwrap();
}

/// Days later the old run is resumed: what is live stays, and a person may still ask for the old export.
#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_run_does_not_turn_back_what_others_have_published() {
    let stage = Stage::new("direct", "latest-automated").await;
    succeeds(&stage, "runs").await;
    tomorrow(&stage).await;
    let old = stopped_after(&stage, Step::Verify).await;
    let export = old.export.clone().unwrap().id;
    tomorrow(&stage).await;
    let newer = succeeds(&stage, "runs").await.export.unwrap().id;
    let live = stage.live().await;

    let late = resumed(&stage, &old).await;
    let failure = late.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("preflight", FailureKind::Conflict));
    assert!(failure.message.contains(&newer), "{failure:?}");
    assert!(failure.help.contains(&format!("`snaplake rollback --to {export}`")), "{failure:?}");
    assert_eq!(stage.live().await, live);

    let back = RunOptions { export: Some(export.clone()), ..stage.options() };
    let back = stage.run_with(back, &NoProgress).await;
    assert!(back.succeeded(), "{:#?}", back.failure);
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&export)));
    assert_eq!(stage.exports_started(), 3);
}

/// What it would export now is an old snapshot, whatever the new export's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_run_exports_no_old_snapshot_over_a_newer_one() {
    let stage = Stage::new("direct", "latest-automated").await;
    let old = stopped_after(&stage, Step::Snapshot).await;
    tomorrow(&stage).await;
    succeeds(&stage, "runs").await;
    let late = resumed(&stage, &old).await;
    let failure = late.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("preflight", FailureKind::Conflict));
    assert!(!failure.help.contains("rollback"), "{failure:?}");
    assert_eq!(stage.exports_started(), 1);
}

/// A run from another folder overtakes this one while it verifies.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_overtaken_does_not_publish() {
    let stage = Stage::new("direct", "latest-automated").await;
    succeeds(&stage, "runs").await;
    tomorrow(&stage).await;
    let what = || {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                tomorrow(&stage).await;
                succeeds(&stage, "other").await;
            });
        });
    };
    let late = stage.run_with(stage.options(), &AtStart { step: Step::Publish, what }).await;
    let failure = late.failure.as_ref().unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("publish", FailureKind::Conflict));
    let own = late.export.unwrap().id;
    assert!(stage.live().await.iter().all(|(_, place)| !place.contains(&own)));
}

/// Its views are older than the tables that are live by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_published_before_others_makes_no_views_after_them() {
    let mut stage = Stage::new("direct", "latest-automated").await;
    let old = stopped_after(&stage, Step::Publish).await;
    tomorrow(&stage).await;
    succeeds(&stage, "runs").await;
    let live = stage.live().await;
    stage.pipeline.views[0].sql = "SELECT 1 AS one FROM orders".to_owned();
    let late = resumed(&stage, &old).await;
    let failure = late.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("views", FailureKind::Conflict));
    assert_eq!(stage.live().await, live);
    assert_eq!(stage.query("SELECT COUNT(id) FROM paid").await[0][0].as_deref(), Some("3"));
}

/// Half of the tables are at the export already: it is the run's own work, which it goes on with.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_has_itself_published_does_not_overtake_it() {
    let stage = Stage::new("direct", "latest-automated").await;
    succeeds(&stage, "runs").await;
    tomorrow(&stage).await;
    let orders = stage.pipeline.table_arn("tiny", "orders");
    let what = || {
        stage.deny_runner("glue:UpdateTable", &orders);
        // The first look is at what is live, the next is for the way back.
        stage.cloud.add_faults([Fault {
            service: Some("glue".to_owned()),
            operation: Some("GetTables".to_owned()),
            after: 1,
            times: 10,
            effect: Effect::Error { status: 400, code: "ExpiredTokenException".to_owned() },
        }]);
    };
    let half = stage.run_with(stage.options(), &AtStart { step: Step::Publish, what }).await;
    assert_eq!(half.failure.as_ref().unwrap().step, "publish");
    stage.cloud.clear_faults();
    stage.allow_runner();
    let export = half.export.clone().unwrap().id;
    let moved = stage.live().await.iter().filter(|(_, place)| place.contains(&export)).count();
    assert_eq!(moved, 2);

    stage.clock.0.advance(Duration::from_hours(24));
    let late = resumed(&stage, &half).await;
    assert!(late.succeeded(), "{:#?}", late.failure);
    assert_eq!(stage.exports_started(), 2);
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&export)));
}

/// A new run follows the configuration, also to an older export of the snapshot, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_export_that_a_new_run_adopts_is_told_of() {
    let mut stage = Stage::new("direct", "latest-automated").await;
    stage.pipeline.views.clear();
    let older = succeeds(&stage, "runs").await.export.unwrap().id;
    stage.clock.0.advance(Duration::from_hours(1));
    stage.pipeline.source.tables = vec![TableRef {
        database: "tiny".to_owned(),
        schema: "tiny".to_owned(),
        name: "orders".to_owned(),
    }];
    let newer = succeeds(&stage, "runs").await.export.unwrap().id;
    assert_ne!(newer, older);
    stage.pipeline.source.tables.clear();
    let report = succeeds(&stage, "runs").await;
    assert_eq!(report.export.unwrap().id, older);
    let told = format!("export `{newer}`, which is newer than `{older}`");
    assert!(report.warnings.iter().any(|one| one.contains(&told)), "{:#?}", report.warnings);
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&older)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_deleted_since_is_not_published() {
    for mode in ["direct", "history", "crawler"] {
        let stage = Stage::new(mode, "latest-automated").await;
        succeeds(&stage, "runs").await;
        let live = stage.live().await;
        tomorrow(&stage).await;
        let old = stopped_after(&stage, Step::Verify).await;
        let export = old.export.clone().unwrap().id;
        delete(&stage, &export).await;

        let late = resumed(&stage, &old).await;
        let failure = late.failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Setup, "{mode}: {failure:?}");
        assert!(["register", "crawl"].contains(&failure.step.as_str()), "{mode}: {failure:?}");
        assert!(failure.message.contains(&format!("`{export}` was deleted")), "{failure:?}");
        assert!(failure.help.contains("begin a new run"), "{failure:?}");
        assert_eq!(late.verification, None);
        assert_eq!(stage.live().await, live, "{mode}");

        // Nothing of it counts as done, so the run may also go on by itself.
        let again = resumed(&stage, &late).await;
        assert!(again.succeeded(), "{mode}: {:#?}", again.failure);
        assert_eq!(stage.exports_started(), 3, "{mode}");
        let new = again.export.unwrap().id;
        assert!(stage.live().await.iter().all(|(_, place)| place.contains(&new)), "{mode}");
    }
}

/// The last look is the one before the first pointer moves; so it is in a rollback.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_deleted_while_it_is_verified_is_not_published() {
    let stage = Stage::new("direct", "latest-automated").await;
    let first = succeeds(&stage, "runs").await.export.unwrap().id;
    tomorrow(&stage).await;
    succeeds(&stage, "runs").await;
    let live = stage.live().await;
    let what = || {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(delete(&stage, &first));
        });
    };
    let options = RunOptions { export: Some(first.clone()), ..stage.options() };
    let back = stage.run_with(options, &AtStart { step: Step::Publish, what }).await;
    let failure = back.failure.as_ref().unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("publish", FailureKind::Setup));
    assert!(failure.help.contains("`snaplake status`"), "{failure:?}");
    assert!(back.steps.iter().all(|record| {
        record.outcome != Outcome::Done || matches!(record.step, Step::Preflight)
    }));
    assert_eq!(stage.live().await, live);
}
