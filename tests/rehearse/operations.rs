//! The rights of what surrounds a run: each is used by a rehearsal, and missed when it is gone.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use crate::project::{Project, config, told};
use serde_json::Value;

const NOTIFY: &str = r#"
[notify]
on = ["failure"]
slack_webhook_env = "SLACK_WEBHOOK_URL"
sns_topic = "arn:aws:sns:eu-central-1:123456789012:people"
sns_key = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
"#;

fn project(more: &str) -> Project {
    let project = Project::bare(&(config("direct") + more));
    let generated = project.run(&["generate"]);
    assert!(generated.status.success(), "{}", told(&generated));
    project
}

/// The rehearsal with the runner's right to `action` taken away from resources whose ARN has `part`.
fn without(project: &Project, action: &str, part: &str) -> Value {
    let path = project.path().join("terraform/policies/runner.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    let mut taken = 0;
    let mut statements = Vec::new();
    for mut statement in policy["Statement"].as_array().unwrap().clone() {
        let (actions, resources) = (listed(&statement["Action"]), listed(&statement["Resource"]));
        let concerned = |resource: &String| {
            resource.contains(part) || statement["Condition"].to_string().contains(part)
        };
        if !actions.iter().any(|it| it == action) || !resources.iter().any(concerned) {
            statements.push(statement);
            continue;
        }
        taken += 1;
        let left: Vec<_> = resources.iter().filter(|it| !concerned(it)).cloned().collect();
        if !left.is_empty() {
            let mut own = statement.clone();
            own["Sid"] = format!("Left{taken}").into();
            own["Action"] = action.into();
            own["Resource"] = left.into();
            statements.push(own);
        }
        let others: Vec<_> = actions.into_iter().filter(|it| it != action).collect();
        if !others.is_empty() {
            statement["Action"] = others.into();
            statements.push(statement);
        }
    }
    assert!(taken > 0, "no statement allows {action} on {part}");
    policy["Statement"] = statements.into();
    std::fs::write(&path, policy.to_string()).unwrap();
    let output = project.run(&["rehearse", "--output", "json"]);
    std::fs::write(&path, text).unwrap();
    assert_eq!(output.status.code(), Some(1), "{action}: {}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

fn misses(project: &Project, action: &str, part: &str) {
    let report = without(project, action, part);
    let denials = report["denials"].as_array().unwrap();
    let told = denials.iter().any(|denial| {
        denial["action"] == action
            && denial["principal"] == "runner"
            && denial["reason"].as_str().unwrap().contains("https://")
    });
    assert!(told, "{action} on {part}: {denials:#?}");
}

#[test]
fn people_are_told_in_a_rehearsal_and_nothing_leaves_the_machine() {
    let project = project(NOTIFY);
    let output = project.run(&["rehearse", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let facts = report["facts"].as_array().unwrap();
    for name in ["to Slack, not sent", "to the topic, not sent"] {
        assert!(facts.iter().any(|fact| fact["name"] == name), "no {name}");
    }
    for (action, part) in [
        ("sns:Publish", ":people"),
        ("kms:GenerateDataKey", "11111111-2222"),
        ("kms:Decrypt", "11111111-2222"),
    ] {
        misses(&project, action, part);
    }
}

#[test]
fn a_journal_in_the_bucket_needs_its_rights_and_nothing_else() {
    let project = project("\n[run]\njournal = \"bucket\"\n");
    let output = project.run(&["rehearse", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for (action, part) in [
        ("s3:PutObject", "/journal/"),
        ("s3:GetObject", "/journal/"),
        ("s3:ListBucket", "journal/"),
    ] {
        misses(&project, action, part);
    }
}
