//! Bad input gets a clear error and exit code 2, before anything runs.

use crate::project::{Project, config, told};

/// Rehearses a configuration that is the small one with `from` replaced by `to`.
fn refused(from: &str, to: &str, says: &[&str]) {
    let text = config("direct");
    assert!(text.contains(from), "the fixture lacks {from}");
    let project = Project::bare(&text);
    assert!(project.run(&["generate"]).status.success());
    std::fs::write(project.path().join("snaplake.toml"), text.replace(from, to)).unwrap();
    let output = project.run(&["rehearse"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let stderr = String::from_utf8_lossy(&output.stderr).to_string();
    for part in says {
        assert!(stderr.contains(part), "no {part:?} in\n{stderr}");
    }
    assert!(!project.path().join("report.html").exists());
}

#[test]
fn a_table_that_does_not_exist() {
    refused(
        "database = \"tiny\"\n\n[lake]",
        "database = \"tiny\"\ntables = [\"tiny.nothing\"]\n\n[lake]",
        &["nothing", "help"],
    );
}

#[test]
fn a_source_that_does_not_exist() {
    refused("sqlite:tiny.db", "sqlite:absent.db", &["absent.db"]);
}

#[test]
fn a_source_of_another_kind_without_its_password() {
    let project = Project::new("direct");
    let output = project.run(&["rehearse", "--source", "oracle://me:secret@host/db"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(!told(&output).contains("secret"), "{}", told(&output));
}

#[test]
fn an_empty_database() {
    let project = Project::new("direct");
    rusqlite::Connection::open(project.path().join("empty.db"))
        .unwrap()
        .execute_batch("VACUUM")
        .unwrap();
    let output = project.run(&["rehearse", "--source", "sqlite:empty.db"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("no tables"), "{}", told(&output));
}

#[test]
fn policies_that_were_not_generated() {
    let project = Project::bare(&config("direct"));
    let output = project.run(&["rehearse"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("snaplake generate"), "{}", told(&output));
}

#[test]
fn a_policy_that_is_none() {
    let project = Project::new("direct");
    let file = project.path().join("terraform/policies/runner.json");
    std::fs::write(&file, "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Efect\": \"Allow\"}]}")
        .unwrap();
    let output = project.run(&["rehearse"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let told = told(&output);
    assert!(told.contains("runner.json") && told.contains("Efect"), "{told}");
}

#[test]
fn a_view_over_an_unknown_column() {
    let text = config("direct").replace("o.customer_id = c.id", "o.customer_id = c.nonsense");
    let project = Project::bare(&text);
    assert!(project.run(&["generate"]).status.success());
    let output = project.run(&["rehearse"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let told = told(&output);
    assert!(told.contains("nonsense") && told.contains("paid"), "{told}");
}
