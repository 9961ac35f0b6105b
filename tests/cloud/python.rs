//! Python scripts that speak to `snaplake cloud` through boto3, whose parsers and waiters must
//! accept every answer.

use crate::support;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A `snaplake cloud` of a test's own; gone with it.
struct Served {
    process: Child,
    announcement: String,
}

impl Served {
    fn start(folder: &Path, seed: &Path, more: &[&str]) -> Self {
        let mut process = support::snaplake(folder)
            .args(["cloud", "--listen", "127.0.0.1:0", "--output", "json"])
            .args([
                "--folder",
                "cloud",
                "--region",
                "eu-central-1",
                "--account",
                "111122223333",
                "--seed",
            ])
            .arg(seed)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut announcement = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut announcement).unwrap();
        assert!(announcement.starts_with('{'), "{announcement:?}");
        Self { process, announcement }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a script of `tests/cloud/python` against a cloud seeded by `seed.py`.
fn script(name: &str, more: &[&str]) {
    let Some(python) = support::tool("python") else { return };
    let folder = tempfile::tempdir().unwrap();
    let scripts = support::repository().join("tests/cloud/python");
    let run = |script: &str, cloud: &str| {
        let mut command = Command::new(&python);
        for (variable, _) in std::env::vars() {
            if variable.starts_with("AWS_") {
                command.env_remove(variable);
            }
        }
        let output = command
            .arg(scripts.join(script))
            .current_dir(folder.path())
            .env("CLOUD", cloud)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{script}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    };
    let has_boto = Command::new(&python).args(["-c", "import boto3, pyarrow"]).output().unwrap();
    if !has_boto.status.success() {
        assert!(std::env::var_os("CI").is_none(), "boto3 or pyarrow is missing");
        support::skip("boto3 and pyarrow are not installed; `make test` installs them");
        return;
    }
    run("seed.py", "");
    let cloud = Served::start(folder.path(), &folder.path().join("seed.json"), more);
    run(name, &cloud.announcement);
}

#[test]
fn the_whole_pipeline_by_hand() {
    script("pipeline.py", &[]);
}

#[test]
fn objects_as_boto3_knows_them() {
    script("objects.py", &[]);
}

#[test]
fn identities_signatures_and_denials() {
    script("identities.py", &[]);
}

#[test]
fn every_other_operation_and_its_documented_errors() {
    script("operations.py", &[]);
}

#[test]
fn faults_on_request() {
    script("faults.py", &[]);
}

#[test]
fn the_aws_cli_unmodified() {
    script("cli.py", &[]);
}
