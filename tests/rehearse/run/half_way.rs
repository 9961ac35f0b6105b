//! Keys and roles that are lost half-way: while RDS writes, and while the run and Athena read.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::doctor::admin;
use super::faults::{Case, fault, goes_wrong, mend_the_key, second_day};
use super::stage::Stage;
use snaplake::cli::Exit;
use snaplake::cloud::Pace;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::pipeline::{Pipeline, PrincipalKind};
use snaplake::run::{self, FailureKind, Journals, NoProgress, RunError, RunOptions};
use std::path::Path;

const RDS_WRITES: (&str, &str) = ("export.rds.amazonaws.com", "s3:PutObject");
const RUN_READS: (&str, &str) = ("s3", "GetObject");
const ATHENA_READS: (&str, &str) = ("athena.amazonaws.com", "s3:GetObject");
const QUERIES_START: (&str, &str) = ("athena", "StartQueryExecution");

/// Strikes once, when so many such calls have passed.
fn half_way((service, operation): (&str, &str), after: u32, effect: Effect) -> Fault {
    Fault { after, ..fault(service, operation, 1, effect) }
}

/// What every stage of these tests is configured as.
fn pipeline() -> Pipeline {
    let text = super::stage::config("direct", "latest-automated");
    let config = snaplake::config::parse(Path::new("snaplake.toml"), &text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

fn disabled() -> Effect {
    Effect::DisableKey { key: pipeline().key_arn() }
}

fn scheduled() -> Effect {
    Effect::ScheduleKeyDeletion { key: pipeline().key_arn() }
}

fn deleted(kind: PrincipalKind) -> Effect {
    Effect::DeleteRole { arn: pipeline().role_arn(kind) }
}

fn stripped(kind: PrincipalKind) -> Effect {
    Effect::DeleteRolePolicies { arn: pipeline().role_arn(kind) }
}

/// Some objects of the export are there by then. What RDS says of it are the words of its own page.
#[tokio::test(flavor = "multi_thread")]
async fn what_rds_loses_while_it_writes_ends_the_export_and_another_is_made() {
    let case = |name, effect, words| Case {
        name,
        fault: half_way(RDS_WRITES, 3, effect),
        step: "await",
        kind: FailureKind::Aws,
        words,
        help: "`snaplake doctor` tells whether the key can be used, and whether the export role is there",
        exports: 1,
    };
    goes_wrong(vec![
        case("the key is disabled", disabled(), "Error code: KMS.DisabledException"),
        case("the key is to be deleted", scheduled(), "Error code: KMS.KMSInvalidStateException"),
        case(
            "the role is deleted",
            deleted(PrincipalKind::Export),
            "tiny-export isn't authorized to call s3:PutObject on the S3 bucket tiny-lake-123456789012",
        ),
        case(
            "the role's policies are deleted",
            stripped(PrincipalKind::Export),
            "tiny-export isn't authorized to call s3:PutObject on the S3 bucket tiny-lake-123456789012",
        ),
    ])
    .await;
}

/// It is the reader's trouble and not the export's, which the resumed run goes on with.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_run_loses_while_it_reads_leaves_the_export_as_good_as_it_is() {
    let case = |name, fault, step, words, help| Case {
        name,
        fault,
        step,
        kind: FailureKind::Aws,
        words,
        help,
        exports: 0,
    };
    let (enable, cancel) = ("`aws kms enable-key`, then resume", "`aws kms cancel-key-deletion`");
    let (gone, runner) = ("is not authorized to perform: ", PrincipalKind::Runner);
    goes_wrong(vec![
        case(
            "the key is disabled while footers are read",
            half_way(RUN_READS, 3, disabled()),
            "register",
            "KMS.DisabledException",
            enable,
        ),
        case(
            "the key is to be deleted while footers are read",
            half_way(RUN_READS, 3, scheduled()),
            "register",
            "KMS.KMSInvalidStateException",
            cancel,
        ),
        case(
            "the key is disabled while Athena reads",
            half_way(ATHENA_READS, 1, disabled()),
            "verify",
            "is disabled.",
            enable,
        ),
        case(
            "the runner's role is deleted while Athena reads",
            half_way(ATHENA_READS, 1, deleted(runner)),
            "verify",
            gone,
            "allow `",
        ),
        // One query for each of the three tables, then one that makes the view.
        case(
            "the key is disabled while the view is tried",
            half_way(QUERIES_START, 4, disabled()),
            "stage-views",
            "is disabled.",
            enable,
        ),
    ])
    .await;
}

/// Queries that nobody waits for any more, and that go on.
async fn queries_under_way(stage: &Stage) -> Vec<String> {
    let athena = admin(stage).await.athena;
    let workgroup = &stage.pipeline.athena.workgroup;
    let listed = athena.list_query_executions().work_group(workgroup).send().await.unwrap();
    let mut found = Vec::new();
    for id in listed.query_execution_ids() {
        let answer = athena.get_query_execution().query_execution_id(id).send().await.unwrap();
        let execution = answer.query_execution().unwrap();
        let state = execution.status().unwrap().state().unwrap();
        if matches!(state.as_str(), "QUEUED" | "RUNNING") {
            found.push(execution.query().unwrap().to_owned());
        }
    }
    found
}

/// Athena cancels what reads more than the workgroup allows, which is no fault of the export's.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_athena_cuts_short_says_nothing_of_the_export() {
    let stage = second_day().await;
    let (before, exports) = (stage.live().await, stage.exports_started());
    stage.scan_limit(1);
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!((failure.kind, failure.step.as_str()), (FailureKind::Aws, "verify"), "{failure:#?}");
    assert!(
        failure.message.ends_with("was cut short: Bytes scanned limit was exceeded"),
        "{failure:#?}"
    );
    assert!(failure.help.contains("`scan_limit` under `[athena]`"), "{failure:#?}");
    assert_eq!(Exit::from(failure.kind).code(), 3);
    assert_eq!(stage.live().await, before);
    assert_eq!(queries_under_way(&stage).await, Vec::<String>::new());
    stage.scan_limit(stage.pipeline.athena.scan_limit);
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(stage.exports_started(), exports + 1);
}

/// An export is verified anew, and not made anew, for a key that came back.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_run_takes_the_export_that_a_key_kept_from_being_read() {
    let stage = second_day().await;
    let before = stage.live().await;
    stage.cloud.add_faults([half_way(ATHENA_READS, 1, disabled())]);
    let failed = stage.run().await;
    assert_eq!(failed.failure.unwrap().step, "verify");
    let export = failed.export.unwrap().id;

    // As long as it is disabled a run does not begin.
    let refused = stage.run().await.failure.unwrap();
    assert_eq!((refused.step.as_str(), refused.kind), ("preflight", FailureKind::Setup));
    assert!(refused.message.contains("is Disabled"), "{refused:?}");
    assert_eq!(stage.live().await, before);

    mend_the_key(&stage).await;
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(report.export.unwrap().id, export);
    assert_eq!(stage.exports_started(), 2);
    assert!(stage.live().await.iter().all(|(_, place)| place.contains(&export)));
}

/// Journals in the bucket are encrypted with the same key. What was written last is there when it comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_in_the_bucket_outlasts_the_loss_of_its_key() {
    let stage = Stage::configured("\n[run]\njournal = \"bucket\"\n", Pace::Driven).await;
    let nowhere = Path::new("/nowhere");
    let options = RunOptions { journal: nowhere.to_owned(), ..RunOptions::default() };
    stage.cloud.add_faults([half_way(ATHENA_READS, 1, disabled())]);
    let ended =
        run::run(&stage.pipeline, &stage.clients, &stage.clock, options.clone(), &NoProgress).await;
    let error = ended.unwrap_err();
    assert!(matches!(error, RunError::Bucket(_)), "{error:?}");
    assert!(error.to_string().contains("is disabled."), "{error}");
    assert!(error.help().contains("`aws kms enable-key`"), "{}", error.help());
    assert!(stage.live().await.is_empty());

    mend_the_key(&stage).await;
    let journals = Journals { folder: nowhere, pipeline: &stage.pipeline, clients: &stage.clients };
    let left = journals.list().await.unwrap().remove(0);
    assert_eq!((left.step.as_str(), left.finished), ("verify", false));
    let options = RunOptions { resume: Some(left.run_id), take_over: true, ..options };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);
}

/// Nothing reads under the export role: a run misses it when it is to export the next time.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_role_that_goes_while_the_run_reads_is_missed_by_the_next_run() {
    let stage: Stage = second_day().await;
    stage.cloud.add_faults([half_way(ATHENA_READS, 1, deleted(PrincipalKind::Export))]);
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert!(report.verification.is_some_and(|found| found.passed()));
    let live = stage.live().await;

    stage.clock.0.advance(std::time::Duration::from_hours(24));
    stage.snapshot(0);
    let failure = stage.run().await.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("export", FailureKind::Aws));
    assert!(failure.message.contains("tiny-export does not exist"), "{failure:?}");
    assert!(failure.help.contains("`terraform apply` makes the export role"), "{failure:?}");
    assert_eq!(stage.live().await, live);
}
