//! `snaplake run` as a process, killed and continued.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::{CONFIG, Stage};
use crate::support::snaplake;
use snaplake::pipeline::PrincipalKind;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The command in the stage's folder, with the runner's credentials.
pub fn command(stage: &Stage, arguments: &[&str]) -> Command {
    configured(stage, "", arguments)
}

/// The same, with more in its configuration.
pub fn configured(stage: &Stage, more: &str, arguments: &[&str]) -> Command {
    let config = CONFIG.replace("{mode}", "direct").replace("{snapshot}", "latest-automated");
    let config = config + more;
    std::fs::write(stage.folder.path().join("snaplake.toml"), config).unwrap();
    let runner = stage.pipeline.role_arn(PrincipalKind::Runner);
    let credentials = stage.cloud.seed().credentials_for(&runner, "command").unwrap();
    let mut command = snaplake(stage.folder.path());
    command
        .args(arguments)
        .args(["--endpoint-url", &stage.cloud.endpoint()])
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
        .env("AWS_SESSION_TOKEN", credentials.session_token.unwrap_or_default())
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

pub async fn told(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub fn text(output: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub fn newest_run(stage: &Stage) -> Option<String> {
    let runs = snaplake::run::list(&stage.folder.path().join(".snaplake/runs")).unwrap();
    runs.first().map(|run| run.run_id.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_continued_and_exports_once() {
    let stage = Stage::polled().await;
    let mut kills = 0;
    // From the first call to the last step; the waits get longer, so that every part is reached.
    for wait in [40, 90, 150, 250, 400, 700, 1500, 5300, 6000, 6500, 7000, 7500, 8000] {
        let run = newest_run(&stage);
        let mut arguments = vec!["run"];
        if let Some(run) = &run {
            arguments.extend(["--resume", run]);
        }
        let mut child = command(&stage, &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 4, "{kills}");
    let run = newest_run(&stage).unwrap();
    let last = told(command(&stage, &["run", "--resume", &run])).await;
    let finished = last.status.code() == Some(0)
        || String::from_utf8_lossy(&last.stderr).contains("come to its end");
    assert!(finished, "{}", text(&last));
    assert_eq!(stage.exports_started(), 1);
    assert_eq!(stage.live().await.len(), 3);

    let status = told(command(&stage, &["status", "--output", "json"])).await;
    assert_eq!(status.status.code(), Some(0), "{}", text(&status));
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["status"]["tables"].as_array().unwrap().len(), 3);
    let runs = told(command(&stage, &["runs"])).await;
    assert!(String::from_utf8_lossy(&runs.stdout).contains("finished"), "{}", text(&runs));
    let verified = told(command(&stage, &["verify"])).await;
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_calls_nothing() {
    let stage = Stage::polled().await;
    let before = stage.cloud.log().len();
    let plan = told(command(&stage, &["run", "--dry-run"])).await;
    let shown = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan));
    assert!(shown.contains("rds:StartExportTask") && shown.contains("tiny-runner"), "{shown}");
    assert_eq!(stage.cloud.log().len(), before);
    assert!(!stage.folder.path().join(".snaplake").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_says_how_to_go_on() {
    let stage = Stage::polled().await;
    let mut child = command(&stage, &["run"]);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = std::time::Instant::now();
    while stage.exports_started() == 0 && started.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    let run = newest_run(&stage).unwrap();
    let shown = text(&output);
    assert!(shown.contains(&format!("--resume {run}")), "{shown}");
    assert!(shown.contains("goes on in AWS"), "{shown}");
    let again = told(command(&stage, &["run", "--resume", &run])).await;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(stage.exports_started(), 1);
}
