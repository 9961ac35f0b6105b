//! History mode: each export is a partition, by the date of its snapshot.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::{AtStart, DATABASE, Stage, config};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::pipeline::Step;
use snaplake::run::{NoProgress, RunOptions, RunReport};
use std::time::Duration;

/// In Tokyo it is a day later than in UTC.
async fn stage() -> Stage {
    let text = config("history", "latest-automated")
        .replace("= c.id", "= c.id AND o.snapshot_date = c.snapshot_date")
        .replace("[retention]", "time_zone = \"Asia/Tokyo\"\n[retention]");
    let clock = VirtualClock::starting_at("2024-03-10T20:00:00Z".parse().unwrap(), Pace::Driven);
    Stage::of(&text, DATABASE, clock).await
}

async fn run(stage: &Stage) -> RunReport {
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    report
}

/// Rows of `orders` by day.
async fn days(stage: &Stage) -> Vec<String> {
    let sql = "SELECT CAST(snapshot_date AS varchar), COUNT(*) FROM orders GROUP BY snapshot_date \
               ORDER BY snapshot_date";
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let rows = stage.query(sql).await;
    rows.iter().map(|row| format!("{} {}", cell(&row[0]), cell(&row[1]))).collect()
}

async fn tomorrow(stage: &Stage, statements: &str) {
    stage.clock.0.advance(Duration::from_hours(24));
    stage.change(statements);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_day_is_a_partition_and_old_ones_go_before_their_files() {
    let stage = stage().await;
    let first = run(&stage).await.export.unwrap().id;
    assert_eq!(days(&stage).await, ["2024-03-11 4"]);
    tomorrow(&stage, "DELETE FROM orders WHERE id = 13; ALTER TABLE orders ADD COLUMN note TEXT")
        .await;
    let second = run(&stage).await;
    assert_eq!(days(&stage).await, ["2024-03-11 4", "2024-03-12 3"]);
    // The view gives every day, and what an older day lacks is NULL.
    assert_eq!(stage.query("SELECT COUNT(*) FROM paid").await[0][0].as_deref(), Some("5"));
    assert_eq!(stage.query("SELECT COUNT(note) FROM orders").await[0][0].as_deref(), Some("0"));

    // Once more on the same day: the partition moves, and there is no third one.
    stage.clock.0.advance(Duration::from_hours(2));
    stage.change("DELETE FROM orders WHERE id = 12");
    let again = run(&stage).await;
    assert_ne!(again.export, second.export);
    assert_eq!(days(&stage).await, ["2024-03-11 4", "2024-03-12 2"]);

    // Two exports are kept: the first day's partition goes, its files stay for who still reads them.
    tomorrow(&stage, "ALTER TABLE orders DROP COLUMN note").await;
    run(&stage).await;
    assert_eq!(days(&stage).await, ["2024-03-12 2", "2024-03-13 2"]);
    let exports = |status: snaplake::run::Status| -> Vec<String> {
        status.exports.into_iter().map(|export| export.id).collect()
    };
    let kept = exports(snaplake::run::status(&stage.pipeline, &stage.clients).await.unwrap());
    assert!(kept.contains(&first), "{kept:?}");
    tomorrow(&stage, "").await;
    let last = run(&stage).await;
    assert_eq!(days(&stage).await, ["2024-03-13 2", "2024-03-14 2"]);
    assert!(last.pruned.iter().any(|export| export.id == first), "{last:#?}");
    let kept = exports(snaplake::run::status(&stage.pipeline, &stage.clients).await.unwrap());
    assert!(!kept.contains(&first), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_drops_the_later_days_and_can_be_taken_back() {
    let mut stage = stage().await;
    stage.pipeline.retention.exports = 5;
    let first = run(&stage).await.export.unwrap().id;
    tomorrow(&stage, "DELETE FROM orders WHERE id = 13").await;
    let second = run(&stage).await.export.unwrap().id;
    let both = days(&stage).await;
    let back = RunOptions { export: Some(first), ..stage.options() };
    let report = stage.run_with(back, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(days(&stage).await, ["2024-03-11 4"]);
    let forth = RunOptions { export: Some(second), ..stage.options() };
    let report = stage.run_with(forth, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(days(&stage).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_live_as_a_whole_leaves_no_partition() {
    let stage = stage().await;
    run(&stage).await;
    tomorrow(&stage, "DELETE FROM orders WHERE id = 13").await;
    let paid = stage.pipeline.table_arn("tiny", "paid");
    let what = || stage.deny_runner("glue:UpdateTable", &paid);
    let report = stage.run_with(stage.options(), &AtStart { step: Step::Views, what }).await;
    let failure = report.failure.as_ref().unwrap();
    assert!(
        failure.message.contains("3 tables that had been moved were moved back"),
        "{failure:?}"
    );
    assert_eq!(days(&stage).await, ["2024-03-11 4"]);
    stage.allow_runner();
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(days(&stage).await, ["2024-03-11 4", "2024-03-12 3"]);
}

/// Athena reads no table whose partitions disagree on a type.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_another_type_is_refused() {
    let stage = stage().await;
    run(&stage).await;
    tomorrow(
        &stage,
        "DROP TABLE orders;
         CREATE TABLE orders (id BIGINT NOT NULL, customer_id BIGINT, total DECIMAL(10,2), paid_at DATETIME);",
    )
    .await;
    let report = stage.run().await;
    let failure = report.failure.unwrap();
    assert!(failure.message.contains("customer_id (int before, bigint now)"), "{failure:?}");
    assert_eq!(days(&stage).await, ["2024-03-11 4"]);
}
