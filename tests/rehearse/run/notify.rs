//! People are told, and nobody is told a secret.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{configured, text, told};
use super::stage::Stage;
use snaplake::cloud::Pace;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:people";
const SECRET: &str = "hush-hush-4711";

fn notify(slack: &str) -> String {
    format!(
        "\n[notify]\non = [\"start\", \"success\", \"failure\"]\nsns_topic = \"{TOPIC}\"\n{slack}\n"
    )
}

/// Takes every POST with this status; gives the URL and what arrives.
fn slack(status: &'static str) -> (String, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/services/T0/B0/{SECRET}", listener.local_addr().unwrap());
    let (send, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
            while !bytes.ends_with(b"}") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => bytes.extend(&buffer[..read]),
                }
            }
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
            if send.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

fn next(heard: &Receiver<String>) -> String {
    heard.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// Every file below a folder, the cloud's own objects left out.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("cloud") {
            files.extend(self::files(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn start_and_success_are_told_and_the_url_stays_a_secret() {
    let more = notify("slack_webhook_env = \"SLACK_WEBHOOK_URL\"");
    let stage = Stage::configured(&more, Pace::Polled).await;
    let (url, heard) = slack("200 OK");
    let mut command = configured(&stage, &more, &["run", "-vv", "--output", "json"]);
    command.env("SLACK_WEBHOOK_URL", &url).env("SNAPLAKE_LOG", "trace");
    let output = told(command).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (start, end) = (next(&heard), next(&heard));
    assert!(start.starts_with(&format!("POST /services/T0/B0/{SECRET} ")), "{start}");
    assert!(start.contains("started") && end.contains("succeeded"), "{start}\n{end}");
    assert!(end.contains("3 tables, 7 rows"), "{end}");
    let topic = stage.cloud.messages();
    assert_eq!(topic.len(), 2, "{topic:?}");
    assert!(topic[1].subject.as_deref().unwrap().ends_with("succeeded"), "{topic:?}");
    assert!(!text(&output).contains("hush-hush"), "the secret is in the output");
    for (path, bytes) in files(stage.folder.path()) {
        let found = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!found, "the secret is in {}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_with_the_way_on() {
    let stage = Stage::configured(&notify(""), Pace::Driven).await;
    stage.deny_runner("rds:StartExportTask", "*");
    let report = stage.run().await;
    assert!(report.failure.is_some());
    let topic = stage.cloud.messages();
    assert_eq!(topic.len(), 2, "{topic:?}");
    assert!(topic[1].message.contains("rds:StartExportTask"), "{topic:?}");
    assert!(topic[1].message.contains(&format!("run --resume {}", report.run_id)), "{topic:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_sent_warn_and_fail_nothing() {
    let more = notify("slack_webhook_file = \"webhook.txt\"");
    let stage = Stage::configured(&more, Pace::Polled).await;
    stage.deny_runner("sns:Publish", "*");
    let (url, _heard) = slack("500 Internal Server Error");
    std::fs::write(stage.folder.path().join("webhook.txt"), format!("{url}\n")).unwrap();
    let output = told(configured(&stage, &more, &["run"])).await;
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("Slack was not told of the success"), "{shown}");
    assert!(shown.contains("the webhook answered with status 500"), "{shown}");
    assert!(shown.contains("the topic was not told of the start"), "{shown}");
    assert!(!shown.contains("hush-hush"), "{shown}");
    assert_eq!(stage.live().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_there_is_said_before_anything_is_done() {
    let more = notify("slack_webhook_env = \"SLACK_WEBHOOK_URL\"");
    let stage = Stage::configured(&more, Pace::Polled).await;
    let before = stage.cloud.log().len();
    for (value, part) in [(None, "it is not set"), (Some("hush-hush"), "no `https://` URL")] {
        let mut command = configured(&stage, &more, &["run"]);
        command.envs(value.map(|value| ("SLACK_WEBHOOK_URL", value)));
        let output = told(command).await;
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(part) && !text(&output).contains("hush-hush"));
    }
    assert_eq!(stage.cloud.log().len(), before);
}
