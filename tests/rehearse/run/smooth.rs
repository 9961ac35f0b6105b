//! Runs in which nothing goes wrong.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::Stage;
use snaplake::run::{Action, Journals, PrunedExport, RunOptions};
use snaplake::verify::CheckStatus;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_publishes_every_table_and_view() {
    publishes("direct").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawler_finds_the_same_tables() {
    publishes("crawler").await;
}

async fn publishes(mode: &str) {
    let stage = Stage::new(mode, "latest-automated").await;
    let report = stage.run().await;
    assert!(report.succeeded(), "{mode}: {:#?}", report.failure);
    let names: Vec<_> = report.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(names, ["customers", "empty_ones", "orders"], "{mode}");
    assert!(report.tables.iter().all(|table| table.action == Action::Created));
    let verification = report.verification.as_ref().unwrap();
    assert!(verification.passed());
    let rows: Vec<_> = verification.tables.iter().map(|table| table.rows).collect();
    assert_eq!(rows, [Some(3), Some(0), Some(4)]);
    let view = report.views.first().unwrap();
    assert_eq!(view.rows, Some(3));
    assert_eq!(view.columns, ["id", "name"]);
    for (table, location) in stage.live().await {
        assert!(location.ends_with(&format!("/tiny/tiny.{table}/")), "{location}");
    }
    assert_eq!(stage.exports_started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_run_moves_the_tables_and_a_rollback_moves_them_back() {
    let stage = Stage::new("direct", "latest-automated").await;
    let first = stage.run().await;
    assert!(first.succeeded(), "{:#?}", first.failure);
    let before = stage.live().await;

    // The same snapshot again: its export is adopted, and nothing moves.
    let again = stage.run().await;
    assert!(again.succeeded(), "{:#?}", again.failure);
    assert!(again.export.as_ref().unwrap().adopted);
    assert!(again.tables.iter().all(|table| table.action == Action::Unchanged));
    assert_eq!(stage.exports_started(), 1);

    stage.clock.0.advance(Duration::from_hours(24));
    let database = rusqlite::Connection::open(stage.source()).unwrap();
    database
        .execute_batch(
            "ALTER TABLE orders ADD COLUMN note VARCHAR(20);
             UPDATE orders SET note = 'new' WHERE id = 10;
             DELETE FROM customers WHERE id = 3; DROP TABLE empty_ones;",
        )
        .unwrap();
    stage.snapshot(0);
    let second = stage.run().await;
    assert!(second.succeeded(), "{:#?}", second.failure);
    assert_eq!(stage.exports_started(), 2);
    let orders = second.tables.iter().find(|table| table.table == "orders").unwrap();
    assert_eq!(orders.action, Action::Moved);
    assert_eq!(orders.new_columns, ["note"]);
    assert_eq!(second.views[0].rows, Some(2));
    assert!(second.warnings.iter().any(|warning| warning.contains("empty_ones")), "{second:#?}");

    let options = RunOptions {
        export: Some(first.export.unwrap().id),
        tables: vec!["orders".to_owned()],
        ..stage.options()
    };
    let back = stage.run_with(options, &snaplake::run::NoProgress).await;
    assert!(back.succeeded(), "{:#?}", back.failure);
    assert_eq!(back.tables.len(), 1);
    assert_eq!(stage.exports_started(), 2, "a rollback exports nothing");
    let after = stage.live().await;
    let at = |live: &[(String, String)], name: &str| {
        live.iter().find(|(table, _)| table == name).unwrap().1.clone()
    };
    assert_eq!(at(&after, "orders"), at(&before, "orders"));
    assert_ne!(at(&after, "customers"), at(&before, "customers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_spares_what_is_or_was_just_read() {
    let mut stage = Stage::new("direct", "latest-automated").await;
    stage.pipeline.retention.exports = 1;
    let mut exports = Vec::new();
    // Exports take less than half an hour, so all three moves are within one.
    for _ in 0..3 {
        let report = stage.run().await;
        assert!(report.succeeded(), "{:#?}", report.failure);
        assert!(report.pruned.is_empty(), "the ones before were read a moment ago");
        exports.push(report.export.unwrap().id);
        stage.clock.0.advance(Duration::from_mins(1));
        stage.snapshot(0);
    }
    assert!(pruned(&stage).await.is_empty());
    stage.clock.0.advance(Duration::from_hours(1));
    let ids: Vec<String> = pruned(&stage).await.into_iter().map(|export| export.id).collect();
    assert_eq!(ids, [exports[1].clone(), exports[0].clone()]);
    let status = snaplake::run::status(&stage.pipeline, &stage.clients).await.unwrap();
    let kept: Vec<_> = status.exports.iter().map(|export| export.id.as_str()).collect();
    assert_eq!(kept, [exports[2].as_str()]);
}

async fn pruned(stage: &Stage) -> Vec<PrunedExport> {
    let folder = stage.journal();
    let journals = Journals { folder: &folder, pipeline: &stage.pipeline, clients: &stage.clients };
    snaplake::run::prune(&journals, &stage.clock).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_missing_and_changes_nothing() {
    let mut stage = Stage::new("direct", "latest-automated").await;
    let checks = snaplake::run::doctor(&stage.pipeline, &stage.clients).await;
    assert!(checks.len() >= 9, "{checks:#?}");
    for check in &checks {
        match check.status {
            CheckStatus::Passed => assert_eq!(check.expected, check.found, "{check:#?}"),
            // What the runner may not look at is told as such: policies, and other people's exports.
            CheckStatus::NotComparable => assert!(unseen(&check.id), "{check:#?}"),
            CheckStatus::Failed | CheckStatus::Warning => panic!("{check:#?}"),
        }
    }
    assert!(checks.iter().any(|check| check.status == CheckStatus::NotComparable));
    stage.pipeline.athena.workgroup = "nothing-such".to_owned();
    stage.pipeline.catalog.database = "nothing_such".to_owned();
    let checks = snaplake::run::doctor(&stage.pipeline, &stage.clients).await;
    let failed: Vec<_> =
        checks.iter().filter(|check| check.is_failed()).map(|check| check.id.as_str()).collect();
    assert!(failed.contains(&"workgroup") && failed.contains(&"live-database"), "{failed:?}");
    assert!(!failed.contains(&"bucket") && !failed.contains(&"snapshot"), "{failed:?}");
    assert!(checks.iter().all(|check| !check.is_failed() || !check.help.is_empty()));
}

/// What a runner, by the policies that are generated for it, may not see.
fn unseen(id: &str) -> bool {
    matches!(id, "bucket-policy" | "key-policy" | "export-quota" | "query-quota")
        || id.starts_with("role:")
        || id.starts_with("needs:")
}
