//! Bad days: what AWS does then, and how a run ends.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::Stage;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::run::{FailureKind, NoProgress, RunOptions};
use std::time::Duration;

fn fault(service: &str, operation: &str, times: u32, effect: Effect) -> Fault {
    Fault {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        after: 0,
        times,
        effect,
    }
}

/// A stage that has published once and has a new snapshot.
async fn second_day() -> Stage {
    let stage = Stage::new("direct", "latest-automated").await;
    assert!(stage.run().await.succeeded());
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    stage
}

/// How many exports are in the lake.
async fn exports(stage: &Stage) -> usize {
    snaplake::run::status(&stage.pipeline, &stage.clients).await.unwrap().exports.len()
}

/// What the SDK's retries and the run's own patience get over: the run ends as on any other day.
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_got_over() {
    let slow_down = || Effect::Error { status: 503, code: "SlowDown".to_owned() };
    let stage = Stage::new("direct", "create").await;
    let faults = [
        ("rds", "StartExportTask", 1, Effect::LostResponse),
        ("rds", "CreateDBSnapshot", 1, Effect::LostResponse),
        ("rds", "DescribeExportTasks", 2, Effect::Throttle),
        ("glue", "CreateTable", 3, Effect::LostResponse),
        ("glue", "GetTables", 1, Effect::CutResponse),
        ("athena", "StartQueryExecution", 2, Effect::Throttle),
        ("athena", "GetQueryResults", 1, Effect::Delay { millis: 300 }),
        ("s3", "GetObject", 2, slow_down()),
        ("s3", "ListObjectsV2", 1, Effect::Cut),
    ];
    stage.cloud.add_faults(
        faults.map(|(service, operation, times, effect)| fault(service, operation, times, effect)),
    );
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    // The call whose answer was lost came twice, and made one export.
    assert_eq!(exports(&stage).await, 1);
    assert_eq!(stage.live().await.len(), 3);
    let first = stage.live().await;

    // Pointers that move although nobody hears of it.
    stage.clock.0.advance(Duration::from_hours(24));
    stage.cloud.add_faults([
        fault("glue", "UpdateTable", 3, Effect::LostResponse),
        fault("glue", "DeleteTable", 1, Effect::LostResponse),
        fault("s3", "DeleteObjects", 1, Effect::LostResponse),
    ]);
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(exports(&stage).await, 2);
    assert!(first.iter().zip(stage.live().await).all(|(before, now)| *before != now));
}

/// What does not pass ends the run with its kind, in its step; nothing that is live has moved, and with
/// the cause gone the run goes on or another does.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_leaves_what_is_live_alone() {
    let cases = [
        (
            fault(
                "rds",
                "StartExportTask",
                1,
                Effect::ExportFails { cause: "the export role lacks rights".to_owned() },
            ),
            ("await", FailureKind::Aws, "the export role lacks rights"),
        ),
        (
            fault("rds", "StartExportTask", 1, Effect::CorruptFooter),
            ("verify", FailureKind::Verification, "checks failed, so nothing goes live"),
        ),
        (
            fault(
                "glue",
                "UpdateTable",
                40,
                Effect::Error { status: 500, code: "InternalServiceException".to_owned() },
            ),
            ("publish", FailureKind::Aws, "glue:UpdateTable"),
        ),
    ];
    for (fault, (step, kind, words)) in cases {
        let stage = second_day().await;
        let before = stage.live().await;
        let effect = fault.effect.clone();
        stage.cloud.add_faults([fault]);
        let report = stage.run().await;
        let failure = report.failure.as_ref().unwrap();
        assert_eq!((failure.step.as_str(), failure.kind), (step, kind), "{effect:?}: {failure:#?}");
        assert!(failure.message.contains(words), "{effect:?}: {failure:#?}");
        assert!(!failure.help.is_empty(), "{effect:?}");
        assert_eq!(stage.live().await, before, "{effect:?}");
        // The journal can be read, and tells the same.
        let told = snaplake::run::read(&stage.journal(), &report.run_id).unwrap();
        assert_eq!(told.failure, report.failure);
    }
}

/// The key is disabled, or the runner's role deleted, while the export is under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_a_role_that_goes_half_way_is_named() {
    for (effect, words) in [
        (|stage: &Stage| Effect::DisableKey { key: stage.pipeline.key_arn() }, "kms"),
        (
            |stage: &Stage| Effect::DeleteRole {
                arn: stage.pipeline.role_arn(snaplake::pipeline::PrincipalKind::Export),
            },
            "export",
        ),
    ] as [(fn(&Stage) -> Effect, &str); 2]
    {
        let stage = second_day().await;
        let before = stage.live().await;
        let effect = effect(&stage);
        stage.cloud.add_faults([fault("rds", "StartExportTask", 1, effect.clone())]);
        let report = stage.run().await;
        let failure = report.failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Aws, "{effect:?}: {failure:#?}");
        let said = format!("{} {}", failure.message, failure.help).to_lowercase();
        assert!(said.contains(words), "{effect:?}: {failure:#?}");
        assert_eq!(stage.live().await, before, "{effect:?}");
    }
}

/// A part that is gone is told of. An empty part leaves no file either, so it is no proof of a loss; a bound
/// on the rows makes a failure of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_gone_is_told_of_and_stopped_by_a_bound_on_rows() {
    let mut stage = second_day().await;
    let before = stage.live().await;
    stage.pipeline.checks.row_change = Some(20);
    stage.cloud.add_faults([fault("rds", "StartExportTask", 1, Effect::MissingPart)]);
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Checks, "{failure:#?}");
    assert!(report.warnings.iter().any(|warning| warning.contains("parts")), "{report:#?}");
    assert_eq!(stage.live().await, before);
}

/// An export that failed is made anew by the same run.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_export_that_failed_the_run_goes_on_with_another() {
    let stage = second_day().await;
    let cause = "a passing trouble".to_owned();
    stage.cloud.add_faults([fault("rds", "StartExportTask", 1, Effect::ExportFails { cause })]);
    let report = stage.run().await;
    assert!(!report.succeeded());
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
}
