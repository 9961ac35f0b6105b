//! How soon an end in AWS is noticed, over the cloud's virtual time.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::doctor::admin;
use super::stage::{DATABASE, Stage, config};
use jiff::{SignedDuration, Timestamp};
use snaplake::cloud::{Access, Pace, VirtualClock};
use snaplake::pipeline::SourceKind;
use snaplake::run::RunReport;
use std::time::Duration;

/// What the calls themselves take, in real time, on a machine that does other things too.
const SLACK: SignedDuration = SignedDuration::from_secs(3);

/// 2 % of a length or 5 s, whichever is more.
fn bound(length: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs_f64(length.as_secs_f64() * 0.02).max(SignedDuration::from_secs(5))
        + SLACK
}

/// How long after something that took from `began` to `ended` the run went on with `action`.
fn soon(mine: &[&Access], (began, ended): (Timestamp, Timestamp), action: &str) {
    let length = ended.duration_since(began);
    assert!(length > SignedDuration::from_mins(2), "{length:?}: too short to tell");
    let next = mine.iter().find(|call| call.action == action && call.time >= ended).unwrap();
    let late = next.time.duration_since(ended);
    assert!(late <= bound(length), "{action} came {late:?} after what took {length:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_goes_on_soon_after_a_snapshot_and_an_export() {
    let stage = Stage::new("crawler", "create").await;
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    let log = stage.cloud.log();
    // What services do in between is no call of the run's.
    let mine: Vec<&Access> =
        log.iter().filter(|access| access.via.is_none() && access.service.is_none()).collect();

    let made = mine.iter().find(|call| call.action == "rds:CreateDBSnapshot").unwrap().time;
    let snapshot = (made, made + SignedDuration::from_mins(3));
    soon(&mine, snapshot, "rds:StartExportTask");

    let export = report.export.as_ref().unwrap();
    soon(&mine, (export.started.unwrap(), export.ended.unwrap()), "glue:UpdateCrawler");
}

/// A run that begins while RDS backs the database up exports that backup, with no right beyond the runner's.
#[tokio::test(flavor = "multi_thread")]
async fn an_automated_snapshot_that_is_being_made_is_waited_for() {
    let stage = Stage::new("direct", "latest-automated").await;
    stage.clock.0.advance(Duration::from_hours(24));
    stage.begin_snapshot();
    waits(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_snapshot_that_is_being_made_is_waited_for() {
    let stage = Stage::new("direct", "latest-manual").await;
    let somebody = admin(&stage).await.rds;
    let ask = somebody.create_db_snapshot().db_instance_identifier("tiny-production");
    ask.db_snapshot_identifier("before-the-sale").send().await.unwrap();
    let report = waits(&stage).await;
    assert_eq!(report.snapshot.unwrap().id, "before-the-sale");
}

/// The same of a cluster, whose calls and resources are others.
#[tokio::test(flavor = "multi_thread")]
async fn a_clusters_snapshot_that_is_being_made_is_waited_for() {
    let text = config("direct", "latest-automated")
        .replace("engine = \"mysql\"\ninstance", "engine = \"aurora-mysql\"\ncluster");
    let stage = Stage::of(&text, DATABASE, VirtualClock::new(Pace::Driven)).await;
    assert!(matches!(stage.pipeline.source.kind, SourceKind::Cluster(_)));
    stage.clock.0.advance(Duration::from_hours(24));
    stage.begin_snapshot();
    waits(&stage).await;
}

async fn waits(stage: &Stage) -> RunReport {
    let began = stage.clock.0.now();
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    let snapshot = report.snapshot.as_ref().unwrap();
    let created = snapshot.created.unwrap();
    assert!(began.duration_since(created) < SignedDuration::from_mins(1), "{snapshot:?}");
    let export = report.export.as_ref().unwrap();
    // It takes three minutes.
    let waited = export.started.unwrap().duration_since(began);
    assert!(waited > SignedDuration::from_mins(2), "{waited:?}");
    report
}
