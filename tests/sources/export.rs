//! Exports into a folder, judged by pyarrow.

use crate::store::Folder;
use crate::support::{self, repository};
use jiff::Timestamp;
use snaplake::cloud::caller::Caller;
use snaplake::cloud::export::{self, ExportError, ExportOutcome, ExportRequest};
use snaplake::cloud::source::{Engine, Source};
use snaplake::rehearse::fingerprint::{ParquetTable, server_fingerprint};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// An export below `folder`, of the source opened already if there is one.
pub fn export(
    folder: &Path,
    engine: &str,
    url: &str,
    held: Option<Arc<Source>>,
) -> Result<ExportOutcome, ExportError> {
    let end = |_: u64| Timestamp::UNIX_EPOCH;
    let request = ExportRequest {
        id: engine.to_owned(),
        source_arn: "arn:aws:rds:eu-central-1:111122223333:snapshot:s".to_owned(),
        engine: engine.to_owned(),
        source_url: url.into(),
        held,
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
    export::run(&request, &Folder(folder.to_owned()), &caller, &AtomicBool::new(false))
}

/// A source as `engine`, at this moment.
pub fn open(url: &str, engine: &str) -> Arc<Source> {
    Arc::new(Source::open(url, Engine::parse(engine).unwrap(), "db").unwrap())
}

/// Whether everything that was exported is what the server prints, table by table.
pub fn assert_same(folder: &Path, engine: &str, source: &Source) {
    let mut tables = 0;
    for table in source.tables().unwrap() {
        let path = folder.join(format!("exports/{engine}/db/{}.{}", table.schema, table.name));
        if !path.exists() {
            continue;
        }
        let mut exported = ParquetTable::default();
        for file in files(&path) {
            exported.add(std::fs::read(file).unwrap().into()).unwrap();
        }
        let columns = exported.columns.unwrap();
        let server = server_fingerprint(source, &table.schema, &table.name, &columns).unwrap();
        assert_eq!(exported.fingerprint, server, "{}", table.name);
        tables += 1;
    }
    assert!(tables > 0);
}

/// The Parquet files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Python with pyarrow, or none after saying why.
pub fn python() -> Option<PathBuf> {
    let python = support::tool("python")?;
    let has = Command::new(&python).args(["-c", "import pyarrow"]).output().unwrap();
    if has.status.success() {
        return Some(python);
    }
    assert!(std::env::var_os("CI").is_none(), "pyarrow is missing");
    support::skip("pyarrow is not installed; `make test` installs it");
    None
}

/// Runs one of the scripts in `folder`; gives what it prints.
pub fn script(python: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(python)
        .arg(repository().join("tests/sources/python").join(arguments[0]))
        .args(&arguments[1..])
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}:\n{told}");
    String::from_utf8(output.stdout).unwrap()
}
