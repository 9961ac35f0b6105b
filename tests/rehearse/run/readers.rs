//! While fifty tables move, readers query without pause: no query fails and none sees an empty table.
//!
//! `SNAPLAKE_TEST_QUERIES` says how many queries have to fall into the time of publishing (10,000 for the
//! full proof).

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]
#![expect(clippy::print_stdout, reason = "what was measured is told with `--nocapture`")]

use super::stage::{CloudClock, Stage, config};
use snaplake::aws::{Athena, Clients, Stop};
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::pipeline::Step;
use snaplake::run::{Action, Event, Progress, RunOptions};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TABLES: usize = 50;
const READERS: usize = 4;

fn tables() -> String {
    (0..TABLES).fold(String::new(), |mut sql, table| {
        writeln!(
            sql,
            "CREATE TABLE t{table} (id INT NOT NULL); INSERT INTO t{table} VALUES (1), (2);"
        )
        .unwrap();
        sql
    })
}

/// Knows whether tables are being moved just now.
struct Publishing(Arc<AtomicBool>);

impl Progress for Publishing {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::StepStarted { step: Step::Publish } => self.0.store(true, Ordering::SeqCst),
            Event::StepEnded { record } if record.step == Step::Publish => {
                self.0.store(false, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}

#[derive(Default)]
struct Counts {
    during: AtomicUsize,
    all: AtomicUsize,
    stop: AtomicBool,
}

/// Queries one table after the other; each has two rows in the one export and three in the other.
async fn read(
    clients: Clients,
    clock: CloudClock,
    first: usize,
    publishing: Arc<AtomicBool>,
    counts: Arc<Counts>,
) -> Vec<String> {
    let athena = Athena::new(&clients, &clock, "tiny", Stop::default());
    let mut bad = Vec::new();
    let mut table = first;
    while !counts.stop.load(Ordering::Relaxed) {
        let before = publishing.load(Ordering::SeqCst);
        let sql = format!("SELECT COUNT(*) FROM t{}", table % TABLES);
        match athena.query("tiny", &sql).await {
            Ok(answer) => {
                let rows = answer.rows.first().and_then(|row| row.first()).cloned().flatten();
                if !matches!(rows.as_deref(), Some("2" | "3")) {
                    bad.push(format!("{sql}: {rows:?}"));
                }
            }
            Err(error) => bad.push(format!("{sql}: {error}")),
        }
        counts.all.fetch_add(1, Ordering::Relaxed);
        if before && publishing.load(Ordering::SeqCst) {
            counts.during.fetch_add(1, Ordering::Relaxed);
        }
        table += READERS;
    }
    bad
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_query_fails_and_none_sees_an_empty_table() {
    let wanted: usize =
        std::env::var("SNAPLAKE_TEST_QUERIES").map_or(100, |text| text.parse().unwrap());
    // What a call to Glue takes, so that there is time to read in: more of it for the full proof.
    let millis = if wanted > 1000 { 15_000 } else { 700 };
    let text = config("direct", "latest-automated");
    let (text, _) = text.split_once("[[views]]").unwrap();
    let stage = Stage::of(text, &tables(), VirtualClock::new(Pace::Driven)).await;
    let first = stage.run().await;
    assert!(first.succeeded(), "{:#?}", first.failure);
    let mut exports = vec![first.export.unwrap().id];
    stage.clock.0.advance(Duration::from_hours(24));
    let more = (0..TABLES)
        .fold(String::new(), |sql, table| format!("{sql}INSERT INTO t{table} VALUES (3);"));
    stage.change(&more);

    let publishing = Arc::new(AtomicBool::new(false));
    let counts = Arc::new(Counts::default());
    let mut readers = Vec::new();
    for reader in 0..READERS {
        let (clients, clock) = (stage.analyst().await, stage.clock.clone());
        let work = read(clients, clock, reader, publishing.clone(), counts.clone());
        readers.push(tokio::spawn(work));
    }
    let begun = Instant::now();
    let mut publishes = 0;
    while counts.during.load(Ordering::Relaxed) < wanted {
        stage.cloud.add_faults([Fault {
            service: Some("glue".to_owned()),
            operation: Some("UpdateTable".to_owned()),
            after: 0,
            times: u32::try_from(TABLES).unwrap(),
            effect: Effect::Delay { millis },
        }]);
        // The new export first, then to and fro.
        let export = (exports.len() > 1).then(|| exports[publishes % 2].clone());
        let options = RunOptions { export, ..stage.options() };
        let report = stage.run_with(options, &Publishing(publishing.clone())).await;
        assert!(report.succeeded(), "{:#?}", report.failure);
        assert!(report.tables.iter().all(|table| table.action == Action::Moved), "{report:#?}");
        assert_eq!(report.tables.len(), TABLES);
        if exports.len() == 1 {
            exports.push(report.export.unwrap().id);
            publishes = 1;
        }
        publishes += 1;
    }
    counts.stop.store(true, Ordering::Relaxed);
    let mut bad = Vec::new();
    for reader in readers {
        bad.extend(reader.await.unwrap());
    }
    let (during, all) = (counts.during.load(Ordering::Relaxed), counts.all.load(Ordering::Relaxed));
    println!(
        "{during} queries while tables moved, {all} in all, {} bad; {} publishes of {TABLES} tables in {:?}",
        bad.len(),
        publishes - 1,
        begun.elapsed()
    );
    assert!(
        bad.is_empty(),
        "{} of {all}: {:#?}",
        bad.len(),
        bad.iter().take(5).collect::<Vec<_>>()
    );
}
