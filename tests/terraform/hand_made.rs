//! `snaplake iam check --plan` over Terraform that a team wrote by hand, planned by Terraform.

use crate::support::{repository, snaplake};
use crate::tools::Terraform;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The fixture in a folder of its own, with its plan as JSON; `None` without Terraform.
fn planned() -> Option<(tempfile::TempDir, Value)> {
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = repository().join("tests/fixtures/hand-made-s1");
    for entry in std::fs::read_dir(fixture).expect("the fixture") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, folder.path().join(path.file_name().expect("a name")))
            .expect("copied");
    }
    let terraform = Terraform::new(folder.path(), None)?;
    terraform.must(&["fmt", "-check"]);
    terraform.must(&["validate", "-no-color"]);
    terraform.must(&["plan", "-input=false", "-no-color", "-lock=false", "-out=plan.out"]);
    let plan = terraform.must(&["show", "-json", "plan.out"]);
    std::fs::write(folder.path().join("plan.json"), &plan).expect("written");
    let plan = serde_json::from_str(&plan).expect("JSON");
    Some((folder, plan))
}

const ROLES: [&str; 4] = ["--map", "runner=shop-export-lambda", "--map", "analyst=shop-redash"];

fn check(folder: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let output = snaplake(folder)
        .args(["iam", "check", "--output", "json", "--plan", "plan.json"])
        .args(more)
        .output()
        .expect("snaplake runs");
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), json)
}

/// The actions that a principal is denied, or whatever else the decision is to be.
fn with<'a>(check: &'a Value, principal: &str, decision: &str) -> BTreeSet<&'a str> {
    let needs = check["needs"].as_array().expect("needs");
    needs
        .iter()
        .filter(|need| need["principal"] == principal && need["decision"] == decision)
        .map(|need| need["action"].as_str().expect("an action"))
        .collect()
}

#[test]
fn what_a_hand_made_pipeline_lacks_and_has_too_much_of_is_told() {
    let Some((folder, mut plan)) = planned() else { return };
    let (code, report) = check(folder.path(), &ROLES);
    assert_eq!(code, Some(1));

    // "It needs more permissions": nobody thought of the key.
    assert_eq!(
        with(&report, "export", "implicitly_denied"),
        BTreeSet::from(["kms:Decrypt", "kms:GenerateDataKey"])
    );
    assert_eq!(with(&report, "crawler", "implicitly_denied"), BTreeSet::from(["kms:Decrypt"]));
    assert!(with(&report, "export", "allowed").contains("s3:PutObject*"));
    // The Lambda starts exports, and the key's policy names it; it could do nothing else of a run.
    let runner = with(&report, "runner", "allowed");
    for action in ["rds:StartExportTask", "iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"] {
        assert!(runner.contains(action), "{runner:?}");
    }
    let missing = with(&report, "runner", "implicitly_denied");
    assert!(missing.contains("rds:DescribeExportTasks"), "{missing:?}");
    // The BI tool may ask queries, and not read the tables' files.
    assert!(with(&report, "analyst", "allowed").contains("athena:StartQueryExecution"));
    assert!(with(&report, "analyst", "implicitly_denied").contains("s3:GetObject"));

    // What is surplus: full access to S3 and Glue, rights on everything.
    let surplus = report["surplus"].as_array().expect("surplus");
    let has = |wanted: &dyn Fn(&Value) -> bool| surplus.iter().any(wanted);
    assert!(has(&|it| it["principal"] == "export"
        && it["kind"] == "wide_action"
        && it["action"] == "s3:*"
        && it["surplus"].as_array().is_some_and(|more| more.len() > 100)));
    assert!(has(&|it| it["principal"] == "runner"
        && it["statement"]["sid"] == "StartExport"
        && it["kind"] == "wide_resource"
        && it["resource"] == "*"));
    // Two policies give the crawler all of Glue; neither excuses the other.
    let glue = |it: &&Value| {
        it["principal"] == "crawler" && it["kind"] == "wide_action" && it["action"] == "glue:*"
    };
    let documents: BTreeSet<_> =
        surplus.iter().filter(glue).filter_map(|it| it["statement"]["document"].as_str()).collect();
    assert_eq!(documents.len(), 2, "{documents:?}");
    for width in report["widths"].as_array().expect("widths") {
        let (granted, needed) = (&width["actions"]["granted"], &width["actions"]["needed"]);
        if width["principal"] != "runner" {
            assert!(granted.as_u64() > needed.as_u64().map(|it| it * 3), "{width}");
        }
    }

    // With the statements that the check composes, every need is allowed but the roles' trust.
    let patches = report["patches"].as_array().expect("patches").iter();
    for patch in patches.filter(|it| it["attached_to"] == "role") {
        let role = match patch["principal"].as_str().expect("a principal") {
            "export" => "shop-rds-export",
            "crawler" => "shop-crawler",
            "runner" => "shop-export-lambda",
            _ => "shop-redash",
        };
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": patch["statements"]});
        let resources = plan["planned_values"]["root_module"]["resources"].as_array_mut();
        resources.expect("resources").push(serde_json::json!({
            "address": format!("aws_iam_role_policy.patch_{role}"),
            "mode": "managed",
            "type": "aws_iam_role_policy",
            "name": format!("patch_{role}"),
            "values": {"role": role, "policy": policy.to_string()},
        }));
    }
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).expect("written");
    let (_, report) = check(folder.path(), &ROLES);
    let denied: Vec<_> = report["needs"]
        .as_array()
        .expect("needs")
        .iter()
        .filter(|need| need["decision"] != "allowed" && need["step"] != "trust")
        .collect();
    assert!(denied.is_empty(), "{denied:#?}");
}
