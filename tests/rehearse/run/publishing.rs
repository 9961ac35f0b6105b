//! Publishing when something stands in the way.

use super::stage::Stage;
use aws_sdk_glue::types::{StorageDescriptor, TableInput};
use snaplake::run::{Action, FailureKind};
use std::time::Duration;

/// One table cannot be moved, so all of them stay where they were.
#[tokio::test(flavor = "multi_thread")]
async fn when_one_table_fails_the_others_are_moved_back() {
    let stage = Stage::new("direct", "latest-automated").await;
    assert!(stage.run().await.succeeded());
    let before = stage.live().await;
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    let orders = stage.pipeline.table_arn("tiny", "orders");
    stage.deny_runner("glue:UpdateTable", &orders);
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.step, "publish");
    let denial = failure.denial.as_ref().unwrap();
    assert_eq!(
        (denial.action.as_str(), denial.resource.as_deref()),
        ("glue:UpdateTable", Some(orders.as_str()))
    );
    assert!(failure.message.contains("moved back"), "{}", failure.message);
    assert!(!report.tables.is_empty());
    assert!(
        report.tables.iter().all(|table| table.action == Action::MovedBack),
        "{:?}",
        report.tables
    );
    assert_eq!(stage.live().await, before);

    // With the right given again, the same run goes on and exports nothing anew.
    stage.allow_runner();
    let options = snaplake::run::RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &snaplake::run::NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(stage.exports_started(), 2);
    assert_ne!(stage.live().await, before);
}

/// What somebody else made is not taken over.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_somebody_else_is_left_alone() {
    let stage = Stage::new("direct", "latest-automated").await;
    let theirs = TableInput::builder()
        .name("orders")
        .table_type("EXTERNAL_TABLE")
        .storage_descriptor(StorageDescriptor::builder().location("s3://elsewhere/").build())
        .build()
        .unwrap();
    stage
        .clients
        .glue
        .create_table()
        .database_name("tiny")
        .table_input(theirs)
        .send()
        .await
        .unwrap();
    let report = stage.run().await;
    let failure = report.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Setup, "{failure:?}");
    assert!(failure.message.contains("tiny.orders"), "{failure:?}");
    let status = snaplake::run::status(&stage.pipeline, &stage.clients).await.unwrap();
    assert_eq!(status.strangers, ["orders"]);
    assert!(status.tables.is_empty(), "nothing else went live either");
}

/// A bad view is found before anything is live.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_does_not_work_stops_everything() {
    let mut stage = Stage::new("direct", "latest-automated").await;
    stage.pipeline.views[0].sql = "SELECT nothing_such FROM orders".to_owned();
    let report = stage.run().await;
    let failure = report.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("stage-views", FailureKind::View));
    assert!(failure.message.contains("`paid`"), "{failure:?}");
    assert!(stage.live().await.is_empty());
}

/// While tables move, every query finds its table with all of its rows.
#[tokio::test(flavor = "multi_thread")]
async fn readers_notice_nothing_of_a_publish() {
    let stage = Stage::new("direct", "latest-automated").await;
    assert!(stage.run().await.succeeded());
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    let done = std::sync::atomic::AtomicBool::new(false);
    let reader = async {
        let workgroup = stage.pipeline.athena.workgroup.clone();
        let stop = snaplake::aws::Stop::default();
        let athena = snaplake::aws::Athena::new(&stage.clients, &stage.clock, &workgroup, stop);
        let mut queries = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let answer = athena.query("tiny", "SELECT COUNT(*) FROM orders").await.unwrap();
            assert_eq!(answer.rows[0][0].as_deref(), Some("4"));
            queries += 1;
        }
        queries
    };
    let run = async {
        let report = stage.run().await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        report
    };
    let (queries, report) = tokio::join!(reader, run);
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert!(report.tables.iter().all(|table| table.action == Action::Moved));
    assert!(queries > 5, "{queries}");
}
