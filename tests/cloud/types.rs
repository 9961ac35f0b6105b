//! Every type of each engine through an export, judged by pyarrow against AWS's page.

use crate::store::Folder;
use crate::support;
use jiff::Timestamp;
use snaplake::cloud::caller::Caller;
use snaplake::cloud::export::{self, ExportRequest};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

fn export(folder: &Path, engine: &str) {
    let source = folder.join(format!("{engine}.sqlite"));
    let end = |_: u64| Timestamp::UNIX_EPOCH;
    let request = ExportRequest {
        id: engine.to_owned(),
        source_arn: "arn:aws:rds:eu-central-1:111122223333:snapshot:s".to_owned(),
        engine: engine.to_owned(),
        source_url: format!("sqlite:{}", source.display()).into(),
        held: None,
        database: "db".to_owned(),
        export_only: vec![],
        bucket: "lake".to_owned(),
        prefix: "exports".to_owned(),
        role_arn: "arn:aws:iam::111122223333:role/export".to_owned(),
        kms_key_arn: "arn:aws:kms:eu-central-1:111122223333:key/k".to_owned(),
        snapshot_time: Timestamp::UNIX_EPOCH,
        task_start_time: Timestamp::UNIX_EPOCH,
        end_time: &end,
    };
    let caller = Caller::new("arn:aws:sts::111122223333:assumed-role/export/s", "StartExportTask");
    let store = Folder(folder.to_owned());
    export::run(&request, &store, &caller, &AtomicBool::new(false)).unwrap();
}

#[test]
fn every_type_arrives_as_the_page_says() {
    let Some(python) = support::tool("python") else { return };
    let has = Command::new(&python).args(["-c", "import pyarrow"]).output().unwrap();
    if !has.status.success() {
        assert!(std::env::var_os("CI").is_none(), "pyarrow is missing");
        support::skip("pyarrow is not installed; `make test` installs it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = support::repository().join("tests/cloud/python/every_type.py");
    let run = |step: &str| {
        let output = Command::new(&python)
            .arg(&script)
            .arg(step)
            .current_dir(folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{step}:\n{out}{err}");
    };
    // The script that judges also makes the source: the exporter sees neither expectation.
    run("make");
    export(folder.path(), "mysql");
    export(folder.path(), "postgres");
    run("check");
}
