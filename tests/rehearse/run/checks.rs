//! The configuration's checks of the data.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::{DATABASE, Stage, config};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::report::{Kind, Report};
use snaplake::run::{self, FailureKind, Journals, KeptExport, NoProgress, RunOptions};
use std::time::Duration;

const CHECKS: &str = r#"
[[checks]]
name = "no_negative_totals"
sql = "SELECT id, total, '<script>' AS note FROM orders WHERE total < 0 -- refunds"

[[checks]]
name = "views_can_be_read"
sql = "SELECT id FROM paid WHERE name IS NULL"

[[freshness]]
table = "orders"
column = "paid_at"
max_age = "30 days"

[verify]
row_change = "50%"
row_change_of = { customers = "any" }
"#;

async fn stage() -> Stage {
    let text = format!("{}{CHECKS}", config("direct", "latest-automated"));
    let clock = VirtualClock::starting_at("2024-03-10T06:00:00Z".parse().unwrap(), Pace::Driven);
    Stage::of(&text, DATABASE, clock).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_check_names_itself_and_nothing_goes_live() {
    let mut stage = stage().await;
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("checks", FailureKind::Checks));
    let message = &failure.message;
    assert!(message.contains("check `no_negative_totals` finds nothing"), "{message}");
    assert!(
        message.contains("expected no rows, found 1 rows: (id = 11, total = -3.05"),
        "{message}"
    );
    assert!(failure.help.contains("mend them at the source"), "{failure:?}");
    assert!(stage.live().await.is_empty());
    let shown = Report::of_run(&report, Kind::Run);
    let html = snaplake::report::html(&shown).unwrap();
    assert!(html.contains("no_negative_totals") && html.contains("&lt;script&gt;"), "{html}");
    assert!(!html.contains("<script>"));
    let json = snaplake::report::json(&shown).unwrap();
    assert!(json.contains("check:views_can_be_read"), "{json}");

    // The check is changed, and the run goes on with the same export.
    stage.pipeline.checks.queries.remove(0);
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(stage.exports_started(), 1);
    let checks = report.verification.unwrap();
    let ids: Vec<_> = checks.export.iter().map(|check| check.id.as_str()).collect();
    assert!(!ids.contains(&"check:no_negative_totals"), "{ids:?}");
    let orders = checks.tables.iter().find(|table| table.table == "orders").unwrap();
    let fresh = orders.checks.iter().find(|check| check.id == "freshness:paid_at").unwrap();
    assert_eq!(fresh.expected, "at most 30 d 0 h old");
    assert!(fresh.found.starts_with("2024-02-29 23:59:59.000, 9 d "), "{fresh:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_on_rows_and_an_age_stop_what_has_gone_wrong() {
    let mut stage = stage().await;
    stage.pipeline.checks.queries.remove(0);
    assert!(stage.run().await.succeeded());
    let before = stage.live().await;
    stage.clock.0.advance(Duration::from_hours(24));
    stage.change("DELETE FROM orders WHERE id > 10; DELETE FROM customers WHERE id > 1");
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Checks, "{failure:?}");
    let told = "table `orders`: the rows change by 50% at most: expected 2 to 6 rows, 4 being live, \
                found 1 rows";
    assert!(failure.message.contains(told), "{}", failure.message);
    // The one order left is of January: more than thirty days ago.
    assert!(failure.message.contains("the newest `paid_at` is recent"), "{}", failure.message);
    assert!(failure.message.starts_with("2 of "), "{}", failure.message);
    assert_eq!(stage.live().await, before);

    // A rollback goes where a person sends it.
    let first = stage.query("SELECT COUNT(*) FROM orders").await;
    assert_eq!(first[0][0].as_deref(), Some("4"));
    let export = report.export.unwrap().id;
    let options = RunOptions { export: Some(export), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    let after = stage.query("SELECT COUNT(*) FROM orders").await;
    assert_eq!(after[0][0].as_deref(), Some("1"));
}

async fn exports(stage: &Stage) -> Vec<KeptExport> {
    let mut status = run::status(&stage.pipeline, &stage.clients).await.unwrap();
    let folder = stage.journal();
    let journals = Journals { folder: &folder, pipeline: &stage.pipeline, clients: &stage.clients };
    status.judge(&journals.known_exports().await.unwrap());
    status.exports
}

/// It must not push a good export out of the lake, nor be what a rollback finds.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_whose_data_was_refused_takes_no_good_ones_place() {
    let mut stage = stage().await;
    stage.pipeline.retention.exports = 1;
    let refused = |all: &[KeptExport]| all.iter().map(|it| it.refused).collect::<Vec<_>>();
    let check = stage.pipeline.checks.queries.remove(0);
    let good = stage.run().await;
    assert!(good.succeeded(), "{:#?}", good.failure);
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    stage.pipeline.checks.queries.insert(0, check);
    let bad = stage.run().await;
    assert_eq!(bad.failure.as_ref().map(|it| it.kind), Some(FailureKind::Checks), "{bad:#?}");
    assert_eq!(refused(&exports(&stage).await), [true, false]);

    let folder = stage.journal();
    let journals = Journals { folder: &folder, pipeline: &stage.pipeline, clients: &stage.clients };
    assert!(run::prune(&journals, &stage.clock).await.unwrap().is_empty());
    let ids: Vec<String> = exports(&stage).await.into_iter().map(|it| it.id).collect();
    assert_eq!(ids, [bad.export.unwrap().id, good.export.unwrap().id]);

    // Who sends the tables there all the same has accepted its data.
    let options = RunOptions { export: Some(ids[0].clone()), ..stage.options() };
    assert!(stage.run_with(options, &NoProgress).await.succeeded());
    assert_eq!(refused(&exports(&stage).await), [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_no_sql_is_the_configurations_fault() {
    let mut stage = stage().await;
    stage.pipeline.checks.queries[0].sql = "SELECT nothing_such FROM orders".to_owned();
    let report = stage.run().await;
    let failure = report.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("checks", FailureKind::View));
    assert!(failure.message.contains("check `no_negative_totals`"), "{failure:?}");
    assert!(stage.live().await.is_empty());
}
