//! Journals in the lake's bucket: another machine goes on, and nobody works twice.

use super::command::{configured, text, told};
use super::stage::{AtStart, Stage, StopAfter};
use snaplake::aws::{Condition, ErrorKind, Lease, LeaseError, Stop};
use snaplake::cloud::Pace;
use snaplake::pipeline::Step;
use snaplake::run::{self, Journals, NoProgress, RunError, RunOptions};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

const MORE: &str = "\n[run]\njournal = \"bucket\"\n";

fn journals(stage: &Stage) -> Journals<'_> {
    Journals {
        folder: std::path::Path::new("/nowhere"),
        pipeline: &stage.pipeline,
        clients: &stage.clients,
    }
}

/// What a machine without the first one's disk would say.
fn elsewhere() -> RunOptions {
    RunOptions { journal: PathBuf::from("/nowhere/at/all"), ..RunOptions::default() }
}

async fn run(stage: &Stage, options: RunOptions) -> Result<run::RunReport, RunError> {
    run::run(&stage.pipeline, &stage.clients, &stage.clock, options, &NoProgress).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_continued_elsewhere_and_exports_once() {
    let stage = Stage::configured(MORE, Pace::Driven).await;
    let stop = Stop::default();
    let options = RunOptions { stop: stop.clone(), ..elsewhere() };
    let first = stage.run_with(options, &StopAfter { step: Step::Export, stop }).await;
    assert!(first.failure.is_some());
    let options = RunOptions { resume: Some(first.run_id.clone()), ..elsewhere() };
    let second = run(&stage, options).await.unwrap();
    assert!(second.succeeded(), "{:?}", second.failure);
    assert_eq!(second.run_id, first.run_id);
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);
    let listed = journals(&stage).list().await.unwrap();
    assert!(listed.len() == 1 && listed[0].finished, "{listed:?}");
    let read = journals(&stage).read(&first.run_id).await.unwrap();
    assert_eq!(read.verification.unwrap().tables.len(), 3);
    let again = RunOptions { resume: Some(first.run_id), ..elsewhere() };
    assert!(matches!(run(&stage, again).await, Err(RunError::Finished { .. })));
    let none = RunOptions { resume: Some("lock".into()), ..elsewhere() };
    assert!(matches!(run(&stage, none).await, Err(RunError::NoSuchRun { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_continued_from_another_folder() {
    let stage = Stage::configured(MORE, Pace::Polled).await;
    let mut child = configured(&stage, MORE, &["run"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = std::time::Instant::now();
    while stage.exports_started() == 0 && began.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let run = journals(&stage).list().await.unwrap().remove(0);
    assert!(!run.finished);

    let other = tempfile::tempdir().unwrap();
    let resume = |more: &[&str]| {
        let mut command = configured(&stage, MORE, &["run", "--resume", &run.run_id]);
        let config = stage.folder.path().join("snaplake.toml");
        std::fs::copy(config, other.path().join("snaplake.toml")).unwrap();
        command.current_dir(other.path()).args(more);
        command
    };
    // The lock of the dead process lasts a while yet, and it is named.
    let refused = told(resume(&[])).await;
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert!(text(&refused).contains(&run.run_id) && text(&refused).contains("--take-over"));
    let taken = told(resume(&["--take-over"])).await;
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken));
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);
    let mut runs = configured(&stage, MORE, &["runs"]);
    runs.current_dir(other.path());
    let runs = told(runs).await;
    assert!(String::from_utf8_lossy(&runs.stdout).contains("finished"), "{}", text(&runs));
    assert!(!other.path().join(".snaplake").exists());

    // What the run measured is known to whoever may read the bucket.
    let mut cost = configured(&stage, MORE, &["cost"]);
    cost.current_dir(other.path());
    let cost = told(cost).await;
    assert_eq!(cost.status.code(), Some(0), "{}", text(&cost));
    assert!(text(&cost).contains(&format!("measured by run {}", run.run_id)), "{}", text(&cost));
    let given = told(configured(&stage, MORE, &["cost", "--size", "100 GiB"])).await;
    assert!(text(&given).contains("journals in the bucket are not read"), "{}", text(&given));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_journal_in_the_bucket_is_named() {
    let stage = Stage::configured(MORE, Pace::Polled).await;
    let (clients, bucket) = (&stage.clients, stage.pipeline.lake.bucket.as_str());
    for (run, body) in [("20240310-060000-abcd", ""), ("20240310-060000-abce", "{\"version\": 1, ")]
    {
        let key = format!("journal/tiny/{run}.json");
        let body = body.as_bytes().to_vec();
        clients.put(bucket, &key, body, Condition::Absent).await.unwrap();
        let output = told(configured(&stage, MORE, &["run", "--resume", run])).await;
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        assert!(
            text(&output).contains("is not a journal that can be resumed"),
            "{}",
            text(&output)
        );
    }
    assert_eq!(stage.exports_started(), 0);
    let output = told(configured(&stage, MORE, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_ends_by_itself_and_a_late_holder_is_told() {
    let stage = Stage::configured(MORE, Pace::Driven).await;
    let bucket = stage.pipeline.lake.bucket.as_str();
    let place = (bucket, "journal/tiny/lock.json");
    let long = Duration::from_mins(5);
    let first = Lease::take(&stage.clients, place, "run 1", long, false).await.unwrap();
    first.renew().await.unwrap();
    let second = Lease::take(&stage.clients, place, "run 2", long, false).await;
    assert!(matches!(&second, Err(LeaseError::Held { holder, .. }) if holder == "run 1"));
    let second = Lease::take(&stage.clients, place, "run 2", long, true).await.unwrap();
    let late = first.renew().await;
    assert!(matches!(&late, Err(LeaseError::Held { holder, .. }) if holder == "run 2"), "{late:?}");
    second.release().await;
    let third = Lease::take(&stage.clients, place, "run 3", long, false).await.unwrap();
    drop(third);
    // What somebody who died an hour ago left behind.
    let (body, etag) = stage.clients.get(bucket, place.1).await.unwrap().unwrap();
    let mut note: serde_json::Value = serde_json::from_slice(&body).unwrap();
    note["ends"] = "2020-01-01T00:00:00Z".into();
    let old = note.to_string().into_bytes();
    stage.clients.put(bucket, place.1, old, Condition::Is(&etag)).await.unwrap();
    Lease::take(&stage.clients, place, "run 4", long, false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_its_lock_writes_nothing_more() {
    let stage = Stage::configured(MORE, Pace::Driven).await;
    struct Thief<'a>(&'a Stage);
    impl run::Progress for Thief<'_> {
        fn event(&self, event: &run::Event<'_>) {
            if matches!(event, run::Event::StepStarted { step: Step::Publish }) {
                let stage = self.0;
                let place = (stage.pipeline.lake.bucket.as_str(), "journal/tiny/lock.json");
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(async {
                        let long = Duration::from_mins(5);
                        Lease::take(&stage.clients, place, "a thief", long, true).await.unwrap();
                    });
                });
            }
        }
    }
    let lost =
        run::run(&stage.pipeline, &stage.clients, &stage.clock, elsewhere(), &Thief(&stage)).await;
    let error = lost.unwrap_err();
    assert!(error.to_string().contains("a thief"), "{error}");
    assert!(error.help().contains("--take-over"));
}

/// Nobody waits for the lock of a run that was refused, or that could not write its journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_with_an_error_holds_no_lock() {
    let stage = Stage::configured(MORE, Pace::Driven).await;
    let (clients, bucket) = (&stage.clients, stage.pipeline.lake.bucket.as_str());
    let finished = run(&stage, elsewhere()).await.unwrap();
    let is_free = async |why: &str| {
        let place = (bucket, "journal/tiny/lock.json");
        let taken = Lease::take(clients, place, "a test", Duration::from_mins(5), false).await;
        taken.unwrap_or_else(|error| panic!("{why}: {error}")).release().await;
    };
    let resume =
        |report: &run::RunReport| RunOptions { resume: Some(report.run_id.clone()), ..elsewhere() };
    let (_, untouched) = clients.get(bucket, "journal/tiny/lock.json").await.unwrap().unwrap();
    assert!(matches!(run(&stage, resume(&finished)).await, Err(RunError::Finished { .. })));
    let (_, now) = clients.get(bucket, "journal/tiny/lock.json").await.unwrap().unwrap();
    assert_eq!(now, untouched, "a run that cannot be resumed takes no lock");

    // What is broken is only found under the lock.
    let stop = Stop::default();
    let options = RunOptions { stop: stop.clone(), ..elsewhere() };
    let stopped = stage.run_with(options, &StopAfter { step: Step::Verify, stop }).await;
    let key = format!("journal/tiny/{}.tables.json", stopped.run_id);
    let (_, etag) = clients.get(bucket, &key).await.unwrap().unwrap();
    clients.put(bucket, &key, b"{".to_vec(), Condition::Is(&etag)).await.unwrap();
    let broken = run(&stage, resume(&stopped)).await;
    assert!(matches!(broken, Err(RunError::Corrupt { .. })), "{broken:?}");
    is_free("a broken journal").await;

    // The journal of one that is under way cannot be written any more, and the lock can.
    let journals = stage.pipeline.object_arn("journal/tiny/2*");
    let what = || stage.deny_runner("s3:PutObject", &journals);
    let begins = AtStart { step: Step::Snapshot, what };
    let ended = run::run(&stage.pipeline, &stage.clients, &stage.clock, elsewhere(), &begins).await;
    assert!(matches!(ended, Err(RunError::Bucket(_))), "{ended:?}");
    is_free("a journal that cannot be written").await;

    // So can one not be begun.
    let ended = run(&stage, elsewhere()).await;
    assert!(matches!(ended, Err(RunError::Bucket(_))), "{ended:?}");
    is_free("a journal that cannot be begun").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_writes_hold() {
    let stage = Stage::configured(MORE, Pace::Driven).await;
    let (clients, bucket) = (&stage.clients, stage.pipeline.lake.bucket.as_str());
    let key = "journal/tiny/x.json";
    let put = |body: &str, condition| clients.put(bucket, key, body.as_bytes().to_vec(), condition);
    let missing = put("0", Condition::Is("\"x\"")).await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound);
    let etag = put("1", Condition::Absent).await.unwrap();
    assert_eq!(put("2", Condition::Absent).await.unwrap_err().kind, ErrorKind::Conflict);
    let next = put("3", Condition::Is(&etag)).await.unwrap();
    assert_eq!(put("4", Condition::Is(&etag)).await.unwrap_err().kind, ErrorKind::Conflict);
    let (body, found) = clients.get(bucket, key).await.unwrap().unwrap();
    assert_eq!((body.as_slice(), found), (b"3".as_slice(), next));
    // Of many that want to be first, one is.
    let all =
        (0..20).map(|_| clients.put(bucket, "journal/tiny/y.json", vec![], Condition::Absent));
    let won = futures_all(all.collect()).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
}

async fn futures_all<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut done = Vec::new();
    let mut waiting: Vec<_> = all.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
