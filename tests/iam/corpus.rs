//! The cases under `cases/`, whose expectations come from the AWS pages that they cite, against the
//! library and against the command line.

use super::support;
use serde_json::Value;
use snaplake::iam::case::{Case, Documents};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn files() -> Vec<PathBuf> {
    let folder = support::repository().join("tests/iam/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "json"));
    files.sort();
    files
}

fn cases(file: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    match serde_json::from_str(&text).unwrap() {
        Value::Array(cases) => cases,
        other => panic!("{}: a list of cases, not {other}", file.display()),
    }
}

/// What a case expects, as text: a decision, or `error`.
fn expected(case: &Value) -> &str {
    match &case["expect"] {
        expect if expect.get("error").is_some() => "error",
        expect => expect["decision"].as_str().expect("every case expects a decision or an error"),
    }
}

#[test]
fn the_library_decides_as_the_pages_say() {
    let mut documents = Documents::new();
    let mut wrong = Vec::new();
    for file in files() {
        for case in cases(&file) {
            let found = match Case::parse(&case.to_string(), &mut documents) {
                Ok(read) => {
                    let verdict = read.decide();
                    let decided_by = case["expect"].get("decided_by").and_then(Value::as_str);
                    if decided_by.is_some_and(|it| it != verdict.decided_by.name()) {
                        format!("decided by {}", verdict.decided_by.name())
                    } else {
                        verdict.decision.name().to_owned()
                    }
                }
                Err(error) => format!("error: {error}"),
            };
            let wanted = expected(&case);
            if !found.starts_with(wanted) {
                wrong.push(format!(
                    "{}: {}\n    expected {wanted}, found {found}\n    {}\n    {}",
                    file.file_name().unwrap().display(),
                    case["name"],
                    case["why"],
                    case["source"],
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each file as it is, a list of objects, and all of them together, an object a line.
#[test]
fn the_command_line_decides_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    let mut wanted = Vec::new();
    for file in files() {
        let cases = cases(&file);
        let answers = evaluate(folder.path(), &file);
        assert_eq!(answers.len(), cases.len(), "{}", file.display());
        for (case, answer) in cases.iter().zip(&answers) {
            assert_eq!(case["name"], answer["name"]);
            assert_eq!(expected(case), decision(answer), "{}: {answer}", file.display());
        }
        for case in &cases {
            lines.push_str(&case.to_string());
            lines.push('\n');
            wanted.push(expected(case).to_owned());
        }
    }
    let file = folder.path().join("all.ndjson");
    std::fs::write(&file, lines).unwrap();
    let found: Vec<String> =
        evaluate(folder.path(), &file).iter().map(|it| decision(it).to_owned()).collect();
    assert_eq!(found, wanted);
}

fn decision(answer: &Value) -> &str {
    answer.get("decision").and_then(Value::as_str).unwrap_or("error")
}

fn evaluate(folder: &std::path::Path, file: &PathBuf) -> Vec<Value> {
    let output = support::snaplake(folder).args(["iam", "evaluate"]).arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let errors = answers.iter().any(|answer| answer.get("error").is_some());
    assert_eq!(output.status.code(), Some(if errors { 2 } else { 0 }), "{}", file.display());
    answers
}

/// The corpus has the size and the breadth that it is meant to have, and every case says why.
#[test]
fn the_corpus_is_large_and_cites_its_pages() {
    let cases: Vec<Value> = files().iter().flat_map(cases).collect();
    assert!(cases.len() >= 600, "{} cases", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    let layers = |case: &Value| {
        [
            "identity_policies",
            "resource_policy",
            "session_policy",
            "permission_boundaries",
            "service_control_policies",
            "resource_control_policies",
            "endpoint_policies",
            "grants",
        ]
        .iter()
        .filter(|field| case.get(**field).is_some())
        .count()
    };
    let crossing = cases.iter().filter(|case| layers(case) >= 2).count();
    assert!(crossing >= 200, "{crossing} cases cross two layers");
    for case in &cases {
        let source = case["source"].as_str().unwrap_or("");
        assert!(source.starts_with("https://docs.aws.amazon.com/"), "{}: {source}", case["name"]);
        assert!(case["why"].as_str().is_some_and(|why| !why.is_empty()), "{}", case["name"]);
    }
}
