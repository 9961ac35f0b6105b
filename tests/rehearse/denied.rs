//! Take any one action out of any generated policy, and the rehearsal says what is missing.

use crate::project::{Project, told};
use serde_json::Value;
use std::path::Path;

/// One action of one statement of one file.
pub struct Right {
    /// The file's name below `policies`.
    pub file: String,
    /// The statement's place in the file.
    pub statement: usize,
    /// The action.
    pub action: String,
    /// Whose right it is.
    pub principal: String,
}

/// The file's name below `policies`: `runner.json`, `owner/lake-bucket.json`.
fn below(project: &Project, path: &Path) -> String {
    let policies = project.path().join("terraform/policies");
    path.strip_prefix(policies).unwrap().to_str().unwrap().to_owned()
}

/// Whose right a statement gives: that of the role that a bucket's or a key's policy names, else that
/// of the role whose policy it is. S3 delivers access logs as itself, under no role of ours.
fn principal(file: &str, statement: &Value) -> String {
    if let Some(arn) = statement["Principal"]["AWS"].as_str() {
        let name = arn.rsplit('/').next().unwrap();
        return name.rsplit('-').next().unwrap().to_owned();
    }
    match file {
        "log-bucket.json" => "logging.s3.amazonaws.com".to_owned(),
        file => file.trim_end_matches(".json").trim_start_matches("owner/").to_owned(),
    }
}

/// The rights of the generated policies. Deny statements grant nothing; trust policies and the root
/// statement of the key policy (key administration) are for people and exempt.
pub fn rights(project: &Project) -> Vec<Right> {
    let mut rights = Vec::new();
    for path in project.policies() {
        let file = below(project, &path);
        if file.ends_with("-trust.json") {
            continue;
        }
        let document: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (statement, body) in document["Statement"].as_array().unwrap().iter().enumerate() {
            if body["Effect"] != "Allow" || body["Sid"] == "DelegateToAccount" {
                continue;
            }
            let principal = principal(&file, body);
            for action in listed(&body["Action"]) {
                let (file, principal) = (file.clone(), principal.clone());
                rights.push(Right { file, statement, action, principal });
            }
        }
    }
    rights
}

fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

/// Writes the policies without one right to `to`.
fn without(project: &Project, right: &Right, to: &Path) {
    std::fs::create_dir_all(to.join("owner")).unwrap();
    for path in project.policies() {
        let name = below(project, &path);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = if name == right.file {
            let mut document: Value = serde_json::from_str(&text).unwrap();
            let statements = document["Statement"].as_array_mut().unwrap();
            let mut left = listed(&statements[right.statement]["Action"]);
            left.retain(|action| *action != right.action);
            if left.is_empty() {
                statements.remove(right.statement);
            } else {
                statements[right.statement]["Action"] = left.into();
            }
            document.to_string()
        } else {
            text
        };
        std::fs::write(to.join(&name), text).unwrap();
    }
}

fn every_right_is_missed(mode: &str) {
    let project = Project::new(mode);
    let rights = rights(&project);
    assert!(rights.len() > 30, "only {} rights", rights.len());
    are_missed(&project, &rights);
}

pub fn are_missed(project: &Project, rights: &[Right]) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((index, right)) = {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    rights.get(index).map(|right| (index, right))
                } {
                    if let Err(why) = is_missed(project, right, index) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rights.len(), wrong.join("\n\n"));
}

fn is_missed(project: &Project, right: &Right, index: usize) -> Result<(), String> {
    let policies = project.path().join(format!("without-{index}"));
    without(project, right, &policies);
    let page = policies.join("report.html");
    let output = project.run(&[
        "rehearse",
        "--output",
        "json",
        "--policies",
        policies.to_str().unwrap(),
        "--report",
        page.to_str().unwrap(),
    ]);
    let name = format!("{} without {}", right.file, right.action);
    if output.status.code() != Some(1) {
        return Err(format!("{name}: {}", told(&output)));
    }
    let report: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{name}: {error}"))?;
    let denials = report["denials"].as_array().cloned().unwrap_or_default();
    let told_of = denials.iter().find(|denial| {
        denial["principal"] == right.principal.as_str()
            && denial["file"] == format!("policies/{}", right.file)
            && denial["statement"].as_str().is_some_and(|text| text.contains(&right.action))
            && denial["step"].as_str().is_some_and(|step| !step.is_empty())
            && denial["reason"].as_str().is_some_and(|reason| reason.contains("https://"))
    });
    match told_of {
        Some(_) => Ok(()),
        None => Err(format!("{name}: not among the denials {denials:#?}")),
    }
}

#[test]
fn every_right_of_the_direct_pipeline_is_missed_when_it_is_gone() {
    every_right_is_missed("direct");
}

#[test]
fn every_right_of_the_crawler_pipeline_is_missed_when_it_is_gone() {
    every_right_is_missed("crawler");
}

/// What history mode needs besides what the direct pipeline needs.
#[test]
fn every_right_of_history_is_missed_when_it_is_gone() {
    let direct: Vec<_> = rights(&Project::new("direct"))
        .into_iter()
        .map(|right| (right.file, right.action))
        .collect();
    let project = Project::new("history");
    let mut rights = rights(&project);
    rights.retain(|right| !direct.contains(&(right.file.clone(), right.action.clone())));
    let actions: Vec<_> = rights.iter().map(|right| right.action.as_str()).collect();
    assert_eq!(
        actions,
        ["glue:BatchDeletePartition", "glue:BatchCreatePartition", "glue:UpdatePartition"]
    );
    are_missed(&project, &rights);
}

/// A pipeline with everything that can be asked for besides.
const MORE: &str = r#"
[typed_views]
enabled = true

[verify]
row_change = "10%"

[[checks]]
name = "all_paid_by_someone"
sql = "SELECT id FROM orders_typed WHERE customer_id IS NULL"

[[freshness]]
table = "orders"
column = "paid_at"
max_age = "100000 days"
"#;

#[test]
fn with_all_rights_nothing_is_denied_and_nothing_unused() {
    for mode in ["direct", "crawler", "history", "direct, and more"] {
        let project = match mode.strip_suffix(", and more") {
            None => Project::new(mode),
            Some(mode) => Project::generated(&format!("{}{MORE}", crate::project::config(mode))),
        };
        let output = project.run(&["rehearse", "--output", "json"]);
        assert_eq!(output.status.code(), Some(0), "{mode}: {}", told(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["denials"], Value::Array(vec![]), "{mode}");
        for principal in report["principals"].as_array().unwrap() {
            for grant in principal["grants"].as_array().unwrap() {
                let used = grant["uses"].as_u64().unwrap() > 0 || grant["exempt"] == true;
                assert!(
                    used,
                    "{mode}: {} is granted {grant} and does not use it",
                    principal["name"]
                );
            }
        }
    }
}

/// The README's exercise: an action is taken out, the rehearsal says which statement to add, and with that
/// statement pasted in as it stands all is well again.
#[test]
fn the_statement_that_is_told_mends_the_policy() {
    let project = Project::new("direct");
    let file = project.path().join("terraform/policies/runner.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.contains("kms:Decrypt"))
        .map(|l| format!("{l}\n"))
        .collect();
    std::fs::write(&file, &without).unwrap();
    let output = project.run(&["rehearse", "--output", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statement = report["denials"][0]["statement"].as_str().unwrap();
    let mut document: Value = serde_json::from_str(&without).unwrap();
    let statements = document["Statement"].as_array_mut().unwrap();
    statements.push(serde_json::from_str(statement).unwrap());
    std::fs::write(&file, document.to_string()).unwrap();
    let output = project.run(&["rehearse"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}
