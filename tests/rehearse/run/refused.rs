//! Journals that cannot be read or written, and a pipeline that somebody else runs: a clear message, exit
//! code 3, and nothing done.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{command, text};
use super::stage::Stage;
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

/// No byte more can be written: what a full disk says at the first write of the journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_before_anything_is_changed() {
    let stage = Stage::polled().await;
    let run = command(&stage, &["run"]);
    let mut limited = Command::new("sh");
    limited
        // Ignored, the signal leaves a failed write, as a full disk does.
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(stage.folder.path());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = told(limited).await;
    refused(&output, "cannot write the");
    assert_eq!(stage.exports_started(), 0);
    // With room again the run begins as if nothing had been.
    let output = told(command(&stage, &["run"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
