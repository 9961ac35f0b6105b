//! SIGKILL at every write of the journal and at random moments: the resumed run ends where an undisturbed
//! one does, and at no moment does a live table point at an export that was not verified.
//!
//! The cloud lives in the test's process and survives; the run is another process, this test's own program
//! again. `SNAPLAKE_TEST_KILLS` says how many random moments there are (200 for the full proof, 8 otherwise), and
//! `SNAPLAKE_TEST_SEED` which.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]
#![expect(clippy::print_stdout, reason = "what was measured is told with `--nocapture`")]

use super::stage::{Stage, config};
use jiff::{SignedDuration, Timestamp};
use snaplake::aws::{BoxFuture, Clients, Clock, Settings, StaticCredentials};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::pipeline::{Pipeline, PrincipalKind};
use snaplake::run::{self, NoProgress, Outcome, RunError, RunOptions};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DATABASE: &str = "
CREATE TABLE customers (id INT NOT NULL, name VARCHAR(40));
INSERT INTO customers VALUES (1, 'Aiko'), (2, 'Zoë');
CREATE TABLE orders (id BIGINT NOT NULL, customer_id INT, paid_at DATETIME);
INSERT INTO orders VALUES (10, 1, '2024-01-01 10:00:00'), (11, 2, NULL);
";

/// Real time, moved to the cloud's, whose own time passes when it is asked whether something has ended.
struct Moved(SignedDuration);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.0
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(2)))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The process that is killed; no test by itself.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Some(folder) = variable("SNAPLAKE_CHILD").map(PathBuf::from) else { return };
    let text = std::fs::read_to_string(folder.join("snaplake.toml")).unwrap();
    let parsed = snaplake::config::parse(Path::new("snaplake.toml"), &text).unwrap();
    let pipeline = Pipeline::from_config(&parsed).unwrap();
    let clients = Clients::connect(Settings {
        region: Some(pipeline.region.clone()),
        endpoint_url: variable("SNAPLAKE_CHILD_ENDPOINT"),
        credentials: Some(StaticCredentials {
            access_key_id: variable("SNAPLAKE_CHILD_KEY").unwrap(),
            secret_access_key: variable("SNAPLAKE_CHILD_SECRET").unwrap(),
            session_token: variable("SNAPLAKE_CHILD_TOKEN"),
        }),
        ..Settings::default()
    })
    .await
    .unwrap();
    let ahead = variable("SNAPLAKE_CHILD_AHEAD").unwrap().parse().unwrap();
    let clock = Moved(SignedDuration::from_millis(ahead));
    let options = RunOptions {
        journal: folder.join("runs"),
        resume: variable("SNAPLAKE_CHILD_RESUME"),
        ..RunOptions::default()
    };
    match run::run(&pipeline, &clients, &clock, options, &NoProgress).await {
        Ok(report) => assert!(report.succeeded(), "{:#?}", report.failure),
        Err(error) => assert!(matches!(error, RunError::Finished { .. }), "{error}"),
    }
}

struct Theatre {
    stage: Stage,
    runs: usize,
    kept: Vec<String>,
}

impl Theatre {
    async fn new() -> Self {
        let text = config("direct", "latest-automated");
        let clock = VirtualClock::new(Pace::Polled);
        Self { stage: Stage::of(&text, DATABASE, clock).await, runs: 0, kept: Vec::new() }
    }

    fn spawn(&self, resume: Option<&str>) -> Child {
        let stage = &self.stage;
        let runner = stage.pipeline.role_arn(PrincipalKind::Runner);
        let credentials = stage.cloud.seed().credentials_for(&runner, "child").unwrap();
        let ahead = stage.clock.0.now().as_millisecond() - Timestamp::now().as_millisecond();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "run::durable::child", "--nocapture", "--test-threads=1"])
            .env("SNAPLAKE_CHILD", stage.folder.path())
            .env("SNAPLAKE_CHILD_ENDPOINT", stage.cloud.endpoint())
            .env("SNAPLAKE_CHILD_KEY", credentials.access_key_id)
            .env("SNAPLAKE_CHILD_SECRET", credentials.secret_access_key)
            .env("SNAPLAKE_CHILD_TOKEN", credentials.session_token.unwrap_or_default())
            .env("SNAPLAKE_CHILD_AHEAD", ahead.to_string())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(stage.folder.path().join("child.log")).unwrap());
        if let Some(run) = resume {
            command.env("SNAPLAKE_CHILD_RESUME", run);
        }
        command.spawn().unwrap()
    }

    /// The next day: a new snapshot, and a run that has yet to be begun.
    fn tomorrow(&mut self) {
        self.runs += 1;
        self.stage.clock.0.advance(Duration::from_hours(24));
        self.stage.snapshot(0);
        self.kept = self.journals();
    }

    fn journals(&self) -> Vec<String> {
        let runs = run::list(&self.stage.journal()).unwrap();
        runs.into_iter().map(|run| run.run_id).collect()
    }

    /// The run of today, once there is one.
    fn today(&self) -> Option<String> {
        self.journals().into_iter().find(|run| !self.kept.contains(run))
    }

    /// What is live points at exports of earlier days, or at one that its run has verified.
    async fn nothing_unverified_is_live(&self, earlier: &BTreeSet<String>) {
        let status = run::status(&self.stage.pipeline, &self.stage.clients).await.unwrap();
        for table in status.tables {
            let export = table.export.unwrap();
            assert!(table.location.unwrap().contains(&export));
            if earlier.contains(&export) {
                continue;
            }
            // Read after the pointer was: what is verified stays so.
            let report = run::read(&self.stage.journal(), &self.today().unwrap()).unwrap();
            assert_eq!(report.export.unwrap().id, export);
            assert!(report.verification.is_some_and(|found| found.passed()), "{}", table.table);
            let done = |id: &str| {
                report
                    .steps
                    .iter()
                    .any(|step| step.step.id() == id && step.outcome == Outcome::Done)
            };
            assert!(done("verify"), "{} moved before verification ended", table.table);
        }
    }

    fn earlier(&self) -> BTreeSet<String> {
        let reports = self.kept.iter().map(|id| run::read(&self.stage.journal(), id).unwrap());
        reports.filter_map(|report| report.export).map(|export| export.id).collect()
    }

    /// Ends a child that was to be killed, and resumes.
    async fn finish(&self, killed: &str) {
        let earlier = self.earlier();
        self.nothing_unverified_is_live(&earlier).await;
        let mut child = self.spawn(self.today().as_deref());
        let ended = loop {
            self.nothing_unverified_is_live(&earlier).await;
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        };
        let log = || std::fs::read_to_string(self.stage.folder.path().join("child.log")).unwrap();
        assert!(ended.success(), "killed {killed}: {}", log());
        self.is_as_undisturbed(killed).await;
    }

    /// Exactly what a run that nobody disturbed leaves behind.
    async fn is_as_undisturbed(&self, killed: &str) {
        let stage = &self.stage;
        assert_eq!(stage.exports_started(), self.runs, "killed {killed}");
        let today = run::read(&stage.journal(), &self.today().unwrap()).unwrap();
        let ended = |outcome| matches!(outcome, Outcome::Done | Outcome::Skipped);
        assert!(today.steps.iter().all(|step| ended(step.outcome)), "killed {killed}: {today:#?}");
        let export = today.export.unwrap().id;
        let status = run::status(&stage.pipeline, &stage.clients).await.unwrap();
        let live: Vec<_> =
            status.tables.iter().map(|t| (t.table.as_str(), t.export.as_deref())).collect();
        let expected = Some(export.as_str());
        assert_eq!(live, [("customers", expected), ("orders", expected)], "killed {killed}");
        assert_eq!(status.views, ["paid"]);
        let kept = status.exports.iter().filter(|export| export.complete).count();
        assert_eq!(kept, self.runs.min(2), "killed {killed}: {:?}", status.exports);
        assert_eq!(status.exports.len(), kept, "killed {killed}: {:?}", status.exports);
        let staging = stage.pipeline.staging_database();
        let left = stage.clients.glue.get_tables().database_name(&staging).send().await.unwrap();
        assert!(left.table_list().is_empty(), "killed {killed}: {left:?}");
        let rows = stage.query("SELECT COUNT(*) FROM paid").await;
        assert_eq!(rows[0][0].as_deref(), Some("1"));
    }

    /// Runs a child to its end and counts how often its journal is written.
    async fn undisturbed(&mut self) -> (usize, Duration) {
        self.tomorrow();
        let begun = Instant::now();
        let mut child = self.spawn(None);
        let mut writes = Writes::default();
        let folder = self.stage.journal();
        let kept = self.kept.clone();
        let (seen, ended) = tokio::task::spawn_blocking(move || {
            loop {
                writes.look(&folder, &kept);
                if let Some(ended) = child.try_wait().unwrap() {
                    break (writes.seen, ended);
                }
                std::thread::sleep(Duration::from_micros(50));
            }
        })
        .await
        .unwrap();
        assert!(ended.success());
        let took = begun.elapsed();
        self.is_as_undisturbed("never").await;
        (seen, took)
    }

    async fn killed_at_write(&mut self, nth: usize) {
        self.tomorrow();
        let mut child = self.spawn(None);
        let folder = self.stage.journal();
        let kept = self.kept.clone();
        tokio::task::spawn_blocking(move || {
            let mut writes = Writes::default();
            while child.try_wait().unwrap().is_none() {
                writes.look(&folder, &kept);
                if writes.seen >= nth {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break;
                }
                std::thread::sleep(Duration::from_micros(30));
            }
        })
        .await
        .unwrap();
        self.finish(&format!("at write {nth}")).await;
    }

    async fn killed_after(&mut self, moment: Duration) {
        self.tomorrow();
        let mut child = self.spawn(None);
        tokio::time::sleep(moment).await;
        child.kill().unwrap();
        child.wait().unwrap();
        self.finish(&format!("after {moment:?}")).await;
    }
}

/// Counts the writes of the newest journal: each puts another file in its place.
#[derive(Default)]
struct Writes {
    files: BTreeSet<(PathBuf, u64)>,
    seen: usize,
}

impl Writes {
    fn look(&mut self, folder: &Path, kept: &[String]) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let old = kept.iter().any(|run| name.starts_with(run.as_str()));
            if !name.ends_with(".json") || old {
                continue;
            }
            if let Ok(found) = entry.metadata() {
                // A file may take the number of one that is gone, so its time counts too.
                let number =
                    found.ino().wrapping_mul(31).wrapping_add(found.mtime_nsec().unsigned_abs());
                if self.files.insert((entry.path(), number)) {
                    self.seen += 1;
                }
            }
        }
    }
}

/// Numbers that look random and are the same every time.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u128) -> u64 {
        // <https://www.jstatsoft.org/article/view/v008i14>
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u64::try_from(u128::from(self.0) % limit.max(1)).unwrap()
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    variable(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// How many theatres play at a time, each with a cloud of its own: as many as there are cores to play on.
const STAGES: usize = 2;

/// Does a part of the work in each theatre, at the same time.
async fn in_two_theatres<T>(part: impl AsyncFn(usize) -> T) -> (T, T) {
    tokio::join!(part(0), part(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_write_of_the_journal_the_run_ends_the_same() {
    let (writes, _) = in_two_theatres(async |part| {
        let mut theatre = Theatre::new().await;
        let (writes, took) = theatre.undisturbed().await;
        assert!(writes > 15, "{writes}");
        for nth in (1 + part..=writes).step_by(STAGES) {
            theatre.killed_at_write(nth).await;
        }
        println!("of {writes} writes of the journal every second was killed, an undisturbed run takes {took:?}");
        writes
    })
    .await;
    println!("{writes} writes of the journal, each killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_the_run_ends_the_same() {
    let kills = number("SNAPLAKE_TEST_KILLS", 8);
    let seed = number("SNAPLAKE_TEST_SEED", 20_261_126);
    in_two_theatres(async |part| {
        let mut theatre = Theatre::new().await;
        let (_, took) = theatre.undisturbed().await;
        let mut seeded = Seeded((seed + part as u64).max(1));
        for _ in (part as u64..kills).step_by(STAGES) {
            let moment = Duration::from_micros(seeded.below(took.as_micros()));
            theatre.killed_after(moment).await;
        }
        println!("half of {kills} kills within {took:?}");
    })
    .await;
}
