//! What `run` and its sisters say before they reach AWS.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use crate::support::snaplake;
use std::path::Path;
use std::process::Output;

const CONFIG: &str = r#"
name = "tiny"
account = "123456789012"
region = "eu-central-1"

[source]
engine = "mysql"
instance = "tiny-production"
snapshot = "latest-automated"
database = "tiny"

[lake]
bucket = "tiny-lake-123456789012"

[catalog]
database = "tiny"
"#;

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("snaplake.toml"), CONFIG).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    // An address at which nothing listens: whatever would be called fails at once.
    let Output { status, stdout, stderr } = snaplake(folder)
        .args(arguments)
        .args(["--endpoint-url", "http://127.0.0.1:9"])
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_dry_run_names_calls_resources_and_principal() {
    let project = project();
    let (code, out, err) = run(project.path(), &["run", "--dry-run"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("as arn:aws:iam::123456789012:role/"), "{out}");
    for part in ["rds:StartExportTask", "glue:UpdateTable", "publish: ", "Nothing was called"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, out, _) = run(project.path(), &["run", "--dry-run", "--output", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["version"], 1);
    assert_eq!(plan["steps"][0]["id"], "preflight");
    let actions = plan["steps"][2]["actions"].as_array().unwrap();
    let start = actions.iter().find(|call| call["action"] == "rds:StartExportTask").unwrap();
    assert_eq!(start["price"], "$0.0100 per GB of snapshot");
    assert!(start["principal"].as_str().unwrap().ends_with("tiny-runner"));
    // RDS writes as another role, in the same step.
    assert!(out.contains("tiny-export") && out.contains("s3:PutObject*"), "{out}");
    let (_, out, _) = run(project.path(), &["run", "--dry-run", "--size", "100 GiB"]);
    assert!(out.contains("A run costs about $1."), "{out}");
    assert!(!project.path().join(".snaplake").exists());
}

/// What would go unheeded is refused: a build server would wait for a file that never comes.
#[test]
fn where_nothing_runs_there_is_no_report() {
    let project = project();
    for call in [&["--dry-run"][..], &["--cancel-export", "tiny-1"]] {
        for more in [
            &["--junit", "out.xml"][..],
            &["--report", "out.html"],
            &["--output", "junit"],
            &["--take-over"],
        ] {
            let arguments = [&["run"], call, more].concat();
            let (code, out, err) = run(project.path(), &arguments);
            assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
            assert!(err.contains(call[0]), "{arguments:?}: {err}");
        }
    }
    assert!(!project.path().join("out.xml").exists());
}

/// Every ARN bears the region, so nothing is said or written for another one.
#[test]
fn a_region_that_contradicts_the_configuration_is_refused_everywhere() {
    let project = project();
    for command in [
        &["generate"][..],
        &["generate", "--check"],
        &["iam", "check"],
        &["iam", "explain"],
        &["run", "--dry-run"],
        &["run"],
        &["cost", "--size", "1 TB"],
        &["status"],
        &["runs"],
        &["rehearse"],
    ] {
        let arguments = [command, &["--region", "us-east-1"]].concat();
        let (code, out, err) = run(project.path(), &arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{command:?}: {err}");
        assert!(err.contains("`--region us-east-1` contradicts"), "{command:?}: {err}");
    }
    assert!(!project.path().join("terraform").exists());
    let (code, _, err) = run(project.path(), &["generate", "--region", "eu-central-1"]);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn a_run_that_does_not_exist_is_not_resumed() {
    let project = project();
    let (code, _, err) = run(project.path(), &["run", "--resume", "20261123-000000-none"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("20261123-000000-none") && err.contains("no run was begun"), "{err}");
    let (code, out, _) = run(project.path(), &["runs"]);
    assert_eq!((code, out.as_str()), (Some(0), "no run was begun from this folder\n"));
}

#[test]
fn an_endpoint_that_does_not_answer_is_an_environment_failure_and_can_be_resumed() {
    let project = project();
    let (code, out, err) = run(project.path(), &["run"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(
        err.contains("preflight: FAILED") && out.contains("sts:GetCallerIdentity"),
        "{out}{err}"
    );
    let (_, out, _) = run(project.path(), &["runs", "--output", "json"]);
    let runs: serde_json::Value = serde_json::from_str(&out).unwrap();
    let id = runs["runs"][0]["run_id"].as_str().unwrap();
    let (code, _, err) = run(project.path(), &["run", "--resume", id]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains(&format!("run {id}")), "{err}");

    let journal = project.path().join(format!(".snaplake/runs/{id}.json"));
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, &text[..text.len() / 2]).unwrap();
    let (code, _, err) = run(project.path(), &["run", "--resume", id]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("not a journal that can be resumed"), "{err}");
}

#[test]
fn a_folder_that_takes_no_journal_stops_the_run_before_it_begins() {
    let project = project();
    std::fs::write(project.path().join(".snaplake"), "a file in the way").unwrap();
    let (code, _, err) = run(project.path(), &["run"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains(".snaplake") && err.contains("durable"), "{err}");
}
