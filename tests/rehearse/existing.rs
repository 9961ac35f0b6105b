//! Rehearsals on what exists already, in this account and in another, and where Lake Formation governs.

use crate::denied::{are_missed, rights};
use crate::project::{Project, config, told};
use crate::support::{repository, snaplake};
use serde_json::Value;

/// An example rehearsed as it stands, from a database with the tables that it lists.
fn rehearsed(example: &str, database: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = repository().join("examples").join(example).join("snaplake.toml");
    std::fs::copy(file, folder.path().join("snaplake.toml")).unwrap();
    rusqlite::Connection::open(folder.path().join("source.db"))
        .unwrap()
        .execute_batch(database)
        .unwrap();
    let run = |arguments: &[&str]| snaplake(folder.path()).args(arguments).output().unwrap();
    let generated = run(&["generate"]);
    assert!(generated.status.success(), "{}", told(&generated));
    let output = run(&["rehearse", "--source", "sqlite:source.db", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{example}: {}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["denials"], Value::Array(vec![]), "{example}");
    for principal in report["principals"].as_array().unwrap() {
        for grant in principal["grants"].as_array().unwrap() {
            let used = grant["uses"].as_u64().unwrap() > 0 || grant["exempt"] == true;
            assert!(used, "{example}: {} is granted {grant} for nothing", principal["name"]);
        }
    }
    report
}

fn two_tables(one: &str, other: &str) -> String {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (id INT NOT NULL, note VARCHAR(9)); INSERT INTO {name} VALUES (1, 'a'), (2, NULL);"
        )
    };
    table(one) + &table(other)
}

#[test]
fn what_a_platform_team_owns_does_with_the_statements_that_it_is_asked_for() {
    rehearsed("existing-resources", &two_tables("orders", "order_lines"));
}

#[test]
fn a_lake_of_another_account_does_with_the_statements_that_it_is_asked_for() {
    rehearsed("cross-account-lake", &two_tables("invoices", "payments"));
}

#[test]
fn where_lake_formation_governs_tables_of_terraforms_are_filled_and_none_is_made() {
    let report = rehearsed("lake-formation", &two_tables("entries", "orders"));
    let tables = report["tables"].as_array().unwrap();
    let names: Vec<_> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["entries", "orders"]);
}

/// Of each statement that another account is asked to add, one right.
#[test]
fn rights_that_another_account_does_not_give_are_missed() {
    let lake = "bucket = \"tiny-lake-123456789012\"";
    let key =
        "key = \"arn:aws:kms:eu-central-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab\"";
    let existing = "[existing]\nbucket = true\nbucket_account = \"210987654321\"\n";
    let text = config("direct").replace(lake, &format!("{lake}\n{key}\n\n{existing}"));
    let project = Project::generated(&text);
    let mut rights = rights(&project);
    rights.retain(|right| right.file.starts_with("owner/"));
    rights.dedup_by_key(|right| (right.file.clone(), right.statement));
    assert!(rights.iter().any(|right| right.file == "owner/lake-bucket.json"));
    assert!(rights.iter().any(|right| right.file == "owner/lake-key.json"));
    are_missed(&project, &rights);
}
