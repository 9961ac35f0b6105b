//! Journals that cannot be read or written, and a pipeline that somebody else runs: a clear message, exit
//! code 3, and nothing done.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{command, newest_run, text};
use super::stage::{self, Stage};
use crate::support::skip;
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::run::FailureKind;
use std::path::PathBuf;
use std::process::{Command, Output};

async fn told(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn journals(stage: &Stage) -> PathBuf {
    stage.folder.path().join(".snaplake/runs")
}

fn refused(output: &Output, words: &str) {
    let shown = text(output);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    // The words may be wrapped.
    let plain = shown.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(words), "{words}: {shown}");
    assert!(plain.contains("help:"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_none_is_named_and_nothing_is_done() {
    let stage = Stage::polled().await;
    std::fs::create_dir_all(journals(&stage)).unwrap();
    let run = "20240310-060000-abcd";
    let before = stage.cloud.log().len();
    for content in ["", "{\"version\": 1, \"snaplake\": ", "not json", "[]", "{\"version\": 99}"] {
        std::fs::write(journals(&stage).join(format!("{run}.json")), content).unwrap();
        let output = told(command(&stage, &["run", "--resume", run])).await;
        refused(&output, "is not a journal that can be resumed");
        let list = told(command(&stage, &["runs"])).await;
        assert_eq!(list.status.code(), Some(0), "{}", text(&list));
    }
    assert_eq!(stage.cloud.log().len(), before, "something was called");
    // A new run does not mind.
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_the_second_names_the_first() {
    let stage = Stage::polled().await;
    std::fs::create_dir_all(journals(&stage)).unwrap();
    let path = journals(&stage).join("tiny.lock");
    std::fs::write(&path, "run 20240310-060000-abcd (process 4711)\n").unwrap();
    let held = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    held.lock().unwrap();
    let output = told(command(&stage, &["run"])).await;
    refused(&output, "is already being run by run 20240310-060000-abcd (process 4711)");
    assert_eq!(stage.exports_started(), 0);
    drop(held);
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_no_journal_stops_the_run_before_it_begins() {
    let stage = Stage::polled().await;
    // Permissions do not bind root, a file where the folder should be does.
    std::fs::write(stage.folder.path().join(".snaplake"), "a file").unwrap();
    let before = stage.cloud.log().len();
    let output = told(command(&stage, &["run"])).await;
    refused(&output, "cannot make the folder of journals");
    assert_eq!(stage.cloud.log().len(), before, "something was called");
}

/// The command, behind another one that takes something from it.
fn behind(before: &[&str], run: &Command, stage: &Stage) -> Command {
    let (program, arguments) = before.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg(run.get_program()).args(run.get_args());
    command.current_dir(stage.folder.path());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// A disk on which no file can grow beyond so many blocks of 512 bytes.
fn full(blocks: u32, run: &Command, stage: &Stage) -> Command {
    // Ignored, the signal leaves a failed write, as a full disk does.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    behind(&["sh", "-c", &script, "sh"], run, stage)
}

/// A folder that may be looked into and not written to.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_folder_stops_the_run_before_it_begins() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::polled().await;
    std::fs::create_dir_all(journals(&stage)).unwrap();
    let allow = |mode| {
        std::fs::set_permissions(journals(&stage), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let run = command(&stage, &["run"]);
    allow(0o555);
    // Root writes everywhere, unless it does without that right.
    let limited = if std::fs::File::create(journals(&stage).join("probe")).is_ok() {
        let drop = ["setpriv", "--bounding-set", "-dac_override"];
        let able = Command::new(drop[0]).args(&drop[1..]).arg("true").output();
        if !able.is_ok_and(|output| output.status.success()) {
            return skip("root cannot give up its right to write everywhere");
        }
        behind(&drop, &run, &stage)
    } else {
        run
    };
    let before = stage.cloud.log().len();
    let output = told(limited).await;
    refused(&output, "cannot open the lock");
    assert!(text(&output).contains("denied"), "{}", text(&output));
    assert_eq!(stage.cloud.log().len(), before, "something was called");
    allow(0o755);
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

/// No byte more can be written: what a full disk says at the first write of the journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_before_anything_is_changed() {
    let stage = Stage::polled().await;
    let output = told(full(0, &command(&stage, &["run"]), &stage)).await;
    refused(&output, "cannot write the");
    assert_eq!(stage.exports_started(), 0);
    // With room again the run begins as if nothing had been.
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

/// A disk that fills up under way: the journal before is whole, and the run goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_half_way_stops_the_run_and_loses_nothing() {
    let stage = Stage::polled().await;
    // Room for the steps' journal, and none for what verification finds.
    let output = told(full(8, &command(&stage, &["run"]), &stage)).await;
    refused(&output, "cannot write the journal");
    assert_eq!(stage.exports_started(), 1);
    assert!(stage.live().await.is_empty());
    let run = newest_run(&stage).unwrap();
    let output = told(command(&stage, &["run", "--resume", &run])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);
}

/// The file of what verification found is one of a journal's two.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_file_of_a_journal_is_looked_at_too() {
    let stage = Stage::polled().await;
    let output = told(full(8, &command(&stage, &["run"]), &stage)).await;
    refused(&output, "cannot write the journal");
    let run = newest_run(&stage).unwrap();
    std::fs::write(journals(&stage).join(format!("{run}.tables.json")), "{\"version\": 1, ")
        .unwrap();
    let output = told(command(&stage, &["run", "--resume", &run])).await;
    refused(&output, "is not a journal that can be resumed");
    // A new run adopts the export.
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(stage.exports_started(), 1);
}

/// The runner may not make them, and to find that out after the export would be late.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_terraform_has_not_made_stop_the_run_before_it_exports() {
    let config = stage::config("direct", "latest-automated")
        .replace("[catalog]\n", "[catalog]\ntables = \"terraform\"\n")
        .replace("[lake]\n", "tables = [\"tiny.orders\", \"tiny.customers\"]\n\n[lake]\n");
    let stage = Stage::of(&config, stage::DATABASE, VirtualClock::new(Pace::Driven)).await;
    let report = stage.run().await;
    let failure = report.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("preflight", FailureKind::Setup));
    assert!(failure.message.contains("`customers`, `orders`"), "{failure:?}");
    assert!(failure.help.contains("terraform apply"), "{failure:?}");
    assert_eq!(stage.exports_started(), 0);
}
