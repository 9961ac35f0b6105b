//! What `cost` reckons, and what it says to prices that are none.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use crate::support::snaplake;
use serde_json::Value;
use std::path::Path;

const CONFIG: &str = r#"
name = "tiny"
account = "123456789012"
region = "us-east-1"

[source]
engine = "mysql"
instance = "tiny-production"
database = "tiny"
tables = ["tiny.customers", "tiny.orders"]

[lake]
bucket = "tiny-lake-123456789012"
"#;

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("snaplake.toml"), CONFIG).unwrap();
    folder
}

fn cost(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = snaplake(folder).arg("cost").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_bill_for_people() {
    let project = project();
    let (code, out, err) = cost(project.path(), &["--size", "100 GiB", "--share", "20"]);
    assert_eq!(code, Some(0), "{err}");
    insta::assert_snapshot!(out);
}

#[test]
fn a_bill_for_programs_fits_its_schema_and_adds_up() {
    let project = project();
    let arguments = ["--size", "100 GiB", "--runs", "4", "--output", "json"];
    let (code, out, err) = cost(project.path(), &arguments);
    assert_eq!(code, Some(0), "{err}");
    let bill: Value = serde_json::from_str(&out).unwrap();
    let millionths = |value: &Value| -> u64 {
        let (whole, part) = value.as_str().unwrap().split_once('.').unwrap();
        assert_eq!(part.len(), 6, "{value}");
        whole.parse::<u64>().unwrap() * 1_000_000 + part.parse::<u64>().unwrap()
    };
    let items = bill["items"].as_array().unwrap();
    let sum: u64 = items.iter().map(|item| millionths(&item["per_month"])).sum();
    assert_eq!(sum, millionths(&bill["per_month"]));
    let export = items.iter().find(|item| item["id"] == "snapshot-export").unwrap();
    assert_eq!(export["per_run"], "1.000000");
    assert_eq!(export["per_month"], "4.000000");
    assert_eq!(bill["alternative"]["mode"], "crawler");
    assert!(millionths(&bill["alternative"]["per_run"]) > millionths(&bill["per_run"]));

    let schema = snaplake(project.path()).args(["schema", "--cost"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    for field in bill.as_object().unwrap().keys() {
        assert!(schema["properties"].get(field).is_some(), "the schema lacks {field}");
    }
}

#[test]
fn what_a_run_queries_besides_is_on_the_bill() {
    let project = project();
    let more = "[typed_views]\nenabled = true\n[[checks]]\nname = \"paid\"\nsql = \"SELECT 1\"\n";
    std::fs::write(project.path().join("snaplake.toml"), format!("{CONFIG}{more}")).unwrap();
    let (code, out, err) = cost(project.path(), &["--size", "100 GiB", "--share", "20"]);
    assert_eq!(code, Some(0), "{err}");
    insta::assert_snapshot!(out);
}

#[test]
fn prices_of_ones_own_hold_and_wrong_ones_are_refused() {
    let project = project();
    let path = project.path().join("own.toml");
    let head = "date = \"2027-01-01\"\nregion = \"us-east-1\"\n";
    std::fs::write(&path, format!("{head}[prices.snapshot-export]\nusd = \"0.02\"\n")).unwrap();
    let size = ["--size", "100 GiB"];
    let (_, out, err) = cost(project.path(), &[&size[..], &["--prices", "own.toml"]].concat());
    assert!(out.contains("us-east-1, 2027-01-01") && out.contains("$2.00"), "{out}{err}");

    let configured = format!("{CONFIG}\n[cost]\nprices = \"own.toml\"\nruns_per_month = 2\n");
    std::fs::write(project.path().join("snaplake.toml"), configured).unwrap();
    let (_, out, err) = cost(project.path(), &size);
    assert!(out.contains("$4.00"), "{out}{err}");

    std::fs::write(&path, format!("{head}[prices.snapshot-export]\nusd = \"free\"\n")).unwrap();
    let (code, _, err) = cost(project.path(), &size);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("price `snapshot-export` is `free`") && err.contains("six"), "{err}");
    std::fs::remove_file(&path).unwrap();
    let (code, _, err) = cost(project.path(), &size);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("own.toml") && err.contains("--show-prices"), "{err}");
}

#[test]
fn the_shipped_table_can_be_printed_changed_and_given_back() {
    let project = project();
    let (code, table, _) = cost(project.path(), &["--show-prices"]);
    assert_eq!(code, Some(0));
    std::fs::write(project.path().join("all.toml"), &table).unwrap();
    let size = ["--size", "7 GiB", "--output", "json"];
    let (_, shipped, _) = cost(project.path(), &size);
    let (_, given, _) = cost(project.path(), &[&size[..], &["--prices", "all.toml"]].concat());
    assert_eq!(shipped, given);
}

#[test]
fn a_size_that_is_none_or_unknown_is_asked_for() {
    let project = project();
    let (code, _, err) = cost(project.path(), &["--size", "100"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("100 GiB"), "{err}");
    let config = CONFIG.replace("database =", "snapshot = \"create\"\ndatabase =");
    std::fs::write(project.path().join("snaplake.toml"), config).unwrap();
    let (code, _, err) = cost(project.path(), &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("--size"), "{err}");
}
