//! Bad days: what AWS does then, and how a run ends. Every effect that a fault can have is here, passing and
//! for good.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::doctor::admin;
use super::stage::Stage;
use futures::StreamExt as _;
use snaplake::cli::Exit;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::run::{self, FailureKind, NoProgress, RunOptions};
use std::time::Duration;

pub fn fault(service: &str, operation: &str, times: u32, effect: Effect) -> Fault {
    Fault {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        after: 0,
        times,
        effect,
    }
}

/// A stage that has published once and has a new snapshot.
pub async fn second_day() -> Stage {
    let stage = Stage::new("direct", "latest-automated").await;
    assert!(stage.run().await.succeeded());
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    stage
}

/// How many exports are in the lake.
async fn exports(stage: &Stage) -> usize {
    run::status(&stage.pipeline, &stage.clients).await.unwrap().exports.len()
}

/// What the SDK's retries and the run's own patience get over: the run ends as on any other day.
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_got_over() {
    let slow_down = || Effect::Error { status: 503, code: "SlowDown".to_owned() };
    let mut stage = Stage::new("direct", "create").await;
    stage.clients = stage.impatient(Duration::from_secs(2)).await;
    let faults = [
        ("rds", "StartExportTask", 1, Effect::LostResponse),
        ("rds", "CreateDBSnapshot", 1, Effect::LostResponse),
        ("rds", "DescribeExportTasks", 2, Effect::Throttle),
        ("glue", "CreateTable", 3, Effect::LostResponse),
        ("glue", "GetTables", 1, Effect::CutResponse),
        ("athena", "StartQueryExecution", 2, Effect::Throttle),
        ("athena", "GetQueryResults", 1, Effect::Delay { millis: 300 }),
        ("s3", "GetObject", 2, slow_down()),
        ("s3", "GetObject", 1, Effect::CutResponse),
        ("s3", "GetObject", 1, Effect::Timeout),
        ("s3", "ListObjectsV2", 1, Effect::Cut),
        ("glue", "GetTables", 1, Effect::Timeout),
        ("glue", "CreateTable", 2, Effect::SlowResponse { millis: 300 }),
        ("athena", "GetQueryExecution", 1, Effect::Timeout),
    ];
    stage.cloud.add_faults(
        faults.map(|(service, operation, times, effect)| fault(service, operation, times, effect)),
    );
    // Beyond the SDK's retries, while the export is under way: hours of work are not given up for that.
    let unanswered = fault("rds", "DescribeExportTasks", 8, Effect::Throttle);
    stage.cloud.add_faults([Fault { after: 6, ..unanswered }]);
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

/// What puts an end to a run, and what it comes to.
pub struct Case {
    pub name: &'static str,
    pub fault: Fault,
    pub step: &'static str,
    pub kind: FailureKind,
    /// Of the message.
    pub words: &'static str,
    /// Of the help.
    pub help: &'static str,
    /// Calls for an export that RDS agrees to when the run is resumed.
    pub exports: usize,
}

/// How long the runs of these tests wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1500);

pub async fn goes_wrong(cases: Vec<Case>) {
    // Each has a cloud of its own, and most of its time is the SDK's waiting between attempts.
    futures::stream::iter(cases).for_each_concurrent(2, ends).await;
}

/// The run ends in its step, with its kind, message, help and exit code; its journal tells the same; nothing
/// that is live has moved; and with the cause gone it goes on.
async fn ends(case: Case) {
    let name = case.name;
    let mut stage = second_day().await;
    stage.clients = stage.impatient(ANSWER_WITHIN).await;
    let (before, started) = (stage.live().await, stage.exports_started());
    stage.cloud.add_faults([case.fault]);
    let report = stage.run().await;
    assert!(!report.succeeded(), "{name}: nothing failed");
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(
        (failure.step.as_str(), failure.kind),
        (case.step, case.kind),
        "{name}: {failure:#?}"
    );
    assert!(failure.message.contains(case.words), "{name}: {failure:#?}");
    assert!(failure.help.contains(case.help), "{name}: {failure:#?}");
    let code = match case.kind {
        FailureKind::Verification | FailureKind::Checks => 1,
        _ => 3,
    };
    assert_eq!(Exit::from(failure.kind).code(), code, "{name}");
    let told = run::read(&stage.journal(), &report.run_id).unwrap();
    assert_eq!(told.failure, report.failure, "{name}");

    stage.cloud.clear_faults();
    // Without its role the runner could not even look.
    stage.principals();
    assert_eq!(stage.live().await, before, "{name}");
    stage.clients = stage.impatient(Duration::from_secs(30)).await;
    mend_the_key(&stage).await;
    let options = RunOptions { resume: Some(report.run_id.clone()), ..stage.options() };
    let last = stage.run_with(options, &NoProgress).await;
    assert!(last.succeeded(), "{name}: {:#?}", last.failure);
    assert!(last.verification.is_some_and(|found| found.passed()), "{name}");
    let export = last.export.unwrap().id;
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&export)), "{name}");
    assert_eq!(stage.exports_started(), started + 1 + case.exports, "{name}");
}

/// Makes the key usable, whatever became of it.
pub async fn mend_the_key(stage: &Stage) {
    let (kms, key) = (admin(stage).await.kms, stage.pipeline.key_arn());
    let found = kms.describe_key().key_id(&key).send().await.unwrap().key_metadata.unwrap();
    if found.deletion_date.is_some() {
        kms.cancel_key_deletion().key_id(&key).send().await.unwrap();
    }
    kms.enable_key().key_id(&key).send().await.unwrap();
}

/// A call that fails for good: whatever it is, the run says which, and what to do.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_fail_for_good_end_the_run_where_it_stands() {
    let call = |name, (service, operation), effect, step, words, help| Case {
        name,
        fault: fault(service, operation, 400, effect),
        step,
        kind: FailureKind::Aws,
        words,
        help,
        exports: 0,
    };
    let export = ("rds", "DescribeExportTasks");
    let error = |status, code: &str| Effect::Error { status, code: code.to_owned() };
    let mut cases = vec![
        call("throttled", export, Effect::Throttle, "export", "Rate exceeded", "wait a little"),
        call(
            "5xx",
            ("glue", "UpdateTable"),
            error(500, "InternalServiceException"),
            "publish",
            "glue:UpdateTable on `tiny.",
            "resumed once the cause is removed",
        ),
        call(
            "timeout",
            ("s3", "GetObject"),
            Effect::Timeout,
            "register",
            "timed out",
            "check the network",
        ),
        call(
            "cut",
            ("glue", "CreateTable"),
            Effect::Cut,
            "register",
            "glue:CreateTable",
            "check the network",
        ),
        call(
            "cut responses",
            ("s3", "GetObject"),
            Effect::CutResponse,
            "register",
            "s3:GetObject",
            "check the network",
        ),
        call(
            "expired credentials",
            ("athena", "StartQueryExecution"),
            error(400, "ExpiredTokenException"),
            "verify",
            "ExpiredTokenException",
            "aws sso login --profile NAME",
        ),
        call(
            "a wrong clock",
            ("s3", "GetObject"),
            error(403, "RequestTimeTooSkewed"),
            "register",
            "RequestTimeTooSkewed",
            "the clock of this machine is wrong",
        ),
    ];
    // Nobody heard of the export, and yet there is one: the resumed run finds it.
    let mut lost = call(
        "lost responses",
        ("rds", "StartExportTask"),
        Effect::LostResponse,
        "export",
        "rds:StartExportTask",
        "check the network",
    );
    lost.fault.times = 3;
    // The log counts the two repetitions, too, which RDS answers with the export that is there.
    lost.exports = 2;
    cases.push(lost);
    goes_wrong(cases).await;
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
                "rds",
                "StartExportTask",
                1,
                Effect::SkipTables { tables: vec!["tiny.orders".to_owned()] },
            ),
            ("verify", FailureKind::Verification, "expected no skipped table, found tiny.orders"),
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
        let told = run::read(&stage.journal(), &report.run_id).unwrap();
        assert_eq!(told.failure, report.failure);
    }
}

/// The key is disabled, or the export role deleted, before the export has begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_a_role_that_goes_as_the_export_starts_is_named() {
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

/// Lists that do not tell everything yet. S3's do since 2020, other stores' may not.
#[tokio::test(flavor = "multi_thread")]
async fn lists_that_lag_keep_an_export_from_going_live_until_they_do_not() {
    let lags = || Effect::ListLags { seconds: 86_000 };
    let case = |name, fault, words, help| Case {
        name,
        fault,
        step: "verify",
        kind: FailureKind::Verification,
        words,
        help,
        exports: 0,
    };
    goes_wrong(vec![
        case(
            "the runner's list",
            fault("s3", "ListObjectsV2", 1, lags()),
            "the export's own manifest says that it is complete",
            "Export again",
        ),
        case(
            "Athena's list",
            fault("athena.amazonaws.com", "s3:ListBucket", 1000, lags()),
            "checks failed, so nothing goes live",
            "",
        ),
    ])
    .await;
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
    assert_eq!(Exit::from(failure.kind).code(), 1);
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
