//! Exports that are kept: which ones count, which one a rollback takes, and which ones nothing may delete.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{configured, text, told};
use super::faults::fault;
use super::stage::Stage;
use snaplake::cloud::Pace;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::run::{self, FailureKind, Journals, NoProgress, RunOptions, RunReport};
use snaplake::verify::{Check, CheckStatus};
use std::path::PathBuf;
use std::time::Duration;

/// Where the commands look for journals.
fn options(stage: &Stage) -> RunOptions {
    RunOptions { journal: stage.folder.path().join(".snaplake/runs"), ..RunOptions::default() }
}

fn id(report: &RunReport) -> String {
    report.export.clone().unwrap().id
}

async fn good(stage: &Stage) -> String {
    let report = stage.run_with(options(stage), &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    id(&report)
}

/// A night whose export is COMPLETE and not fit to go live.
async fn bad(stage: &Stage, effect: Effect) -> RunReport {
    stage.cloud.add_faults([fault("rds", "StartExportTask", 1, effect)]);
    let report = stage.run_with(options(stage), &NoProgress).await;
    let kind = report.failure.as_ref().map(|failure| failure.kind);
    assert_eq!(kind, Some(FailureKind::Verification), "{:#?}", report.failure);
    report
}

fn tomorrow(stage: &Stage) {
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
}

async fn exports(stage: &Stage) -> Vec<String> {
    let status = run::status(&stage.pipeline, &stage.clients).await.unwrap();
    status.exports.into_iter().map(|export| export.id).collect()
}

fn skip_orders() -> Effect {
    Effect::SkipTables { tables: vec!["tiny.orders".to_owned()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_that_fail_verification_leave_a_good_export_to_go_back_to() {
    let stage = Stage::configured("", Pace::Polled).await;
    let first = good(&stage).await;
    let mut kept = vec![first.clone()];
    for effect in [Effect::CorruptFooter, skip_orders()] {
        tomorrow(&stage);
        kept.push(id(&bad(&stage, effect).await));
    }
    tomorrow(&stage);
    kept.push(good(&stage).await);
    // Two are kept. The first one was live a moment ago, and an hour later it is the second good one.
    stage.clock.0.advance(Duration::from_hours(2));
    let folder = options(&stage).journal;
    let journals = Journals { folder: &folder, pipeline: &stage.pipeline, clients: &stage.clients };
    assert!(run::prune(&journals, &stage.clock).await.unwrap().is_empty());
    kept.reverse();
    assert_eq!(exports(&stage).await, kept);

    let status = told(configured(&stage, "", &["status"])).await;
    assert_eq!(text(&status).matches("failed verification").count(), 2, "{}", text(&status));
    let back = told(configured(&stage, "", &["rollback"])).await;
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&first)));

    // With one more good night they are past retention, as a good export in their place would be.
    tomorrow(&stage);
    let last = good(&stage).await;
    stage.clock.0.advance(Duration::from_hours(2));
    run::prune(&journals, &stage.clock).await.unwrap();
    assert_eq!(exports(&stage).await, [last, kept[0].clone()]);
}

/// A table that came with the last export stays there when all others go back.
#[tokio::test(flavor = "multi_thread")]
async fn each_rollback_goes_back_by_one_whatever_stays() {
    let mut stage = Stage::configured("", Pace::Polled).await;
    stage.pipeline.retention.exports = 3;
    let first = good(&stage).await;
    tomorrow(&stage);
    let second = good(&stage).await;
    stage.clock.0.advance(Duration::from_hours(24));
    stage.change("CREATE TABLE refunds (id INTEGER PRIMARY KEY)");
    let third = good(&stage).await;
    for wanted in [&second, &first] {
        let back = told(configured(&stage, "", &["rollback"])).await;
        assert_eq!(back.status.code(), Some(0), "{}", text(&back));
        for (table, place) in stage.live().await {
            let export = if table == "refunds" { &third } else { wanted };
            assert!(place.contains(export), "{table}: {place}, not {export}");
        }
    }
    let back = told(configured(&stage, "", &["rollback"])).await;
    assert_eq!(back.status.code(), Some(2), "{}", text(&back));
}

/// An attempt that ends before it verifies says nothing of the export.
#[tokio::test(flavor = "multi_thread")]
async fn an_unfit_export_stays_unfit_when_the_resumed_run_comes_to_nothing() {
    let stage = Stage::configured("", Pace::Driven).await;
    let failed = bad(&stage, Effect::CorruptFooter).await;
    let expired = Effect::Error { status: 403, code: "ExpiredToken".to_owned() };
    stage.cloud.add_faults([fault("sts", "GetCallerIdentity", 9, expired)]);
    let resumed = RunOptions { resume: Some(failed.run_id.clone()), ..options(&stage) };
    let report = stage.run_with(resumed, &NoProgress).await;
    assert_eq!(report.failure.as_ref().map(|failure| failure.step.as_str()), Some("preflight"));
    stage.cloud.clear_faults();
    let runs = run::list(&options(&stage).journal).unwrap();
    assert!(runs.len() == 1 && runs[0].unfit, "{runs:?}");
    let next = good(&stage).await;
    assert_ne!(next, id(&failed));
    assert_eq!(stage.exports_started(), 2);
}

fn skipped(report: &RunReport) -> Vec<Check> {
    let checks = &report.verification.as_ref().unwrap().export;
    checks.iter().filter(|check| check.id == "skipped").cloned().collect()
}

/// What RDS warned of is in the journal of the run that awaited the export, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_export_is_verified_with_what_rds_said_of_it_or_without() {
    let stage = Stage::configured("", Pace::Driven).await;
    let export = id(&bad(&stage, skip_orders()).await);
    let verify = |journal: PathBuf, export: &str| RunOptions {
        export: Some(export.to_owned()),
        only_verify: true,
        journal,
        ..RunOptions::default()
    };
    let again = stage.run_with(verify(options(&stage).journal, &export), &NoProgress).await;
    assert_eq!(again.failure.as_ref().map(|failure| failure.kind), Some(FailureKind::Verification));
    let check = skipped(&again).remove(0);
    assert!(check.is_failed() && check.found.contains("tiny.orders"), "{check:#?}");

    tomorrow(&stage);
    let export = good(&stage).await;
    let here = stage.run_with(verify(options(&stage).journal, &export), &NoProgress).await;
    assert_eq!(skipped(&here)[0].status, CheckStatus::Passed, "{here:#?}");
    let elsewhere = stage.folder.path().join("elsewhere");
    let there = stage.run_with(verify(elsewhere, &export), &NoProgress).await;
    assert!(there.succeeded(), "{:#?}", there.failure);
    let check = skipped(&there).remove(0);
    assert_eq!(check.status, CheckStatus::NotComparable, "{check:#?}");
    assert!(check.help.contains("RDS was not asked"), "{check:#?}");
}

/// The tables of the database before are nobody's business any more, and yet somebody reads them.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_database_reads_is_not_deleted() {
    let mut stage = Stage::configured("", Pace::Driven).await;
    stage.pipeline.retention.exports = 1;
    let old = good(&stage).await;

    stage.pipeline.catalog.database = "fresh".to_owned();
    for database in ["fresh".to_owned(), stage.pipeline.staging_database()] {
        stage.cloud.seed().glue_database(&database).unwrap();
    }
    stage.principals();
    let mut since = Vec::new();
    let mut pruned = Vec::new();
    for _ in 0..3 {
        tomorrow(&stage);
        let report = stage.run_with(options(&stage), &NoProgress).await;
        assert!(report.succeeded(), "{:#?}", report.failure);
        let told = report.warnings.iter().find(|warning| warning.contains("earlier runs"));
        let told = told.unwrap_or_else(|| panic!("{:#?}", report.warnings));
        assert!(told.contains("`tiny`") && told.contains(&old), "{told}");
        assert!(told.contains("[lake] prefix"), "{told}");
        since.push(id(&report));
        pruned.extend(report.pruned.into_iter().map(|export| export.id));
    }
    // What only the new database has read goes as ever.
    assert_eq!(pruned, [since[0].clone()]);
    since.reverse();
    assert_eq!(exports(&stage).await, [&since[..2], &[old]].concat());
}

/// The journal of a rollback of one table tells nothing of the export's size.
#[tokio::test(flavor = "multi_thread")]
async fn cost_is_measured_by_whole_exports() {
    let stage = Stage::configured("", Pace::Driven).await;
    let run = stage.run_with(options(&stage), &NoProgress).await;
    let part = RunOptions {
        export: Some(id(&run)),
        tables: vec!["customers".to_owned()],
        ..options(&stage)
    };
    stage.clock.0.advance(Duration::from_mins(5));
    let back = stage.run_with(part, &NoProgress).await;
    assert!(back.succeeded(), "{:#?}", back.failure);
    let cost = told(configured(&stage, "", &["cost", "--size", "100 GiB"])).await;
    let shown = text(&cost);
    assert_eq!(cost.status.code(), Some(0), "{shown}");
    assert!(shown.contains(&format!("measured by run {}", run.run_id)), "{shown}");
    assert!(shown.contains(&format!("3  counted by run {}", run.run_id)), "{shown}");
}

/// A run that ends within a deletion has taken the manifests away already.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_has_deleted_half_of_goes_when_it_is_resumed() {
    let stage = Stage::configured("", Pace::Polled).await;
    let first = good(&stage).await;
    tomorrow(&stage);
    let second = good(&stage).await;
    tomorrow(&stage);
    let refused = Effect::Error { status: 403, code: "AccessDenied".to_owned() };
    stage.cloud.add_faults([Fault { after: 1, ..fault("s3", "DeleteObjects", 1, refused) }]);
    let report = stage.run_with(options(&stage), &NoProgress).await;
    let third = id(&report);
    assert_eq!(report.failure.map(|failure| failure.step).as_deref(), Some("prune"));
    assert_eq!(exports(&stage).await, [&third, &second, &first].map(String::as_str));

    let resumed = RunOptions { resume: Some(report.run_id), ..options(&stage) };
    let report = stage.run_with(resumed, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(exports(&stage).await, [&third, &second].map(String::as_str));
    let pruned: Vec<_> =
        report.pruned.iter().map(|pruned| (&pruned.id, pruned.objects > 4)).collect();
    assert_eq!(pruned, [(&first, true)]);
}
