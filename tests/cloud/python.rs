//! Python scripts that speak to `snaplake cloud` through boto3, whose parsers and waiters must
//! accept every answer.

use crate::support;
use std::collections::BTreeSet;
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
            // What a panic leaves behind is looked for there.
            .stderr(std::fs::File::create(folder.join("cloud.log")).unwrap())
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
    script_on("seed.json", name, more, None);
}

/// Runs a script against a cloud of one of the seeds that `seed.py` writes; `called` is a file for the
/// operations that botocore has parsed the answers of. Whether it ran.
fn script_on(seed: &str, name: &str, more: &[&str], called: Option<&Path>) -> bool {
    let Some(python) = support::tool("python") else { return false };
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
            .envs(called.map(|called| ("CALLED", called)))
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
        return false;
    }
    run("seed.py", "");
    let cloud = Served::start(folder.path(), &folder.path().join(seed), more);
    run(name, &cloud.announcement);
    true
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

#[test]
fn hostile_http() {
    script("fuzz.py", &[]);
}

#[test]
fn twelve_analytic_questions_as_postgresql_answers_them() {
    script("analytics.py", &[]);
}

#[test]
fn quotas_queues_and_states_over_time() {
    script("quotas.py", &["--speed", "0.001"]);
}

#[test]
fn faults_within_services_and_of_a_file() {
    script("faults_within.py", &["--faults", "faults.json"]);
}

#[test]
fn the_policies_of_aws_s_own_pages_pass() {
    script_on("documented.json", "documented.py", &[], None);
}

/// A shell that evaluates what `snaplake cloud` prints needs to know nothing else.
#[test]
fn what_is_printed_is_all_that_clients_need() {
    let Some(python) = support::tool("python") else { return };
    let has_boto = Command::new(&python).args(["-c", "import boto3"]).output().unwrap();
    if !has_boto.status.success() {
        assert!(std::env::var_os("CI").is_none(), "boto3 is missing");
        support::skip("boto3 is not installed; `make test` installs it");
        return;
    }
    for region in [&[][..], &["--region", "eu-central-1"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = support::snaplake(folder.path())
            .args(["cloud", "--listen", "127.0.0.1:0"])
            .args(region)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let printed = BufReader::new(process.stdout.take().unwrap());
        let served = Served { process, announcement: String::new() };
        let mut variables = Vec::new();
        for line in printed.lines() {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            variables.push((name.to_owned(), value.to_owned()));
            if name == "AWS_SECRET_ACCESS_KEY" {
                break;
            }
        }
        let mut command = Command::new(&python);
        for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(variable);
        }
        let output = command
            .arg(support::repository().join("tests/cloud/python/announced.py"))
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(variables)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{region:?}: {said}");
        drop(served);
    }
}

/// The operations that the code serves, as its dispatching tables name them.
fn served() -> BTreeSet<String> {
    let cloud = support::repository().join("src/cloud");
    let read = |file: &str| std::fs::read_to_string(cloud.join(file)).unwrap();
    let mut served = BTreeSet::new();
    for (service, files) in [
        ("rds", &["rds/mod.rs"][..]),
        ("sts", &["sts/mod.rs"]),
        ("iam", &["iam/mod.rs"]),
        ("kms", &["kms/api.rs"]),
        ("glue", &["glue/api.rs", "glue/partitions.rs", "glue/crawlers.rs"]),
        ("athena", &["athena_api/mod.rs"]),
        ("sns", &["sns.rs"]),
    ] {
        for line in
            files.iter().flat_map(|file| read(file).lines().map(str::to_owned).collect::<Vec<_>>())
        {
            let Some((pattern, _)) = line.trim().split_once(" =>") else { continue };
            for name in pattern.split(" | ") {
                let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
                // A verb, then what it is done to.
                if let Some(name) = name
                    && name.starts_with(|first: char| first.is_ascii_uppercase())
                    && name.chars().nth(1).is_some_and(|second| second.is_ascii_lowercase())
                {
                    served.insert(format!("{service} {name}"));
                }
            }
        }
    }
    for line in read("s3/api.rs").lines() {
        if let Some(name) =
            line.strip_prefix("    async fn ").and_then(|rest| rest.split('(').next())
        {
            let name: String =
                name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            served.insert(format!("s3 {name}"));
        }
    }
    served
}

/// Whoever serves one more operation has to call it from boto3, too.
#[test]
fn every_operation_served_is_called_through_botocore() {
    let folder = tempfile::tempdir().unwrap();
    let called = folder.path().join("called");
    for name in ["pipeline.py", "objects.py", "identities.py", "operations.py"] {
        if !script_on("seed.json", name, &[], Some(&called)) {
            return;
        }
    }
    let called = std::fs::read_to_string(called).unwrap();
    let called: BTreeSet<_> = called.lines().map(str::to_owned).collect();
    let served = served();
    assert!(served.len() > 100, "only {}: the tables are not found", served.len());
    for known in
        ["rds StartExportTask", "s3 ListObjectsV2", "athena GetQueryResults", "glue ListCrawls"]
    {
        assert!(served.contains(known), "{known}");
    }
    let missing: Vec<_> = served.difference(&called).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
    let unlisted: Vec<_> = called.difference(&served).collect();
    assert!(unlisted.is_empty(), "served, and not in a table: {unlisted:?}");
}
