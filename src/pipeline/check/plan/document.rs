//! What a plan already knows of an `aws_iam_policy_document` that is read during apply
//! (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>).
//!
//! A document is put off as a whole when any part of it is unknown, but its statements stand in the plan
//! one by one. Those that are known are used; of one that allows, so are the resources that are known.

use super::tree::Resource;
use serde_json::{Map, Value, json};

/// What is known of a document.
pub(super) struct Partial {
    /// The statements, or parts of statements, that are known, as a policy.
    pub(super) policy: Option<Value>,
    /// Statements that allow and are not known, or not wholly.
    pub(super) grants: Vec<String>,
    /// Statements that may deny and are not known.
    pub(super) others: Vec<String>,
}

/// Takes a document apart; `None` when it is merged with others, whose texts count too.
pub(super) fn partial(document: &Resource<'_>) -> Option<Partial> {
    let merged =
        ["override_json", "override_policy_documents", "source_json", "source_policy_documents"];
    if merged.iter().any(|name| document.has(name) || document.is_unknown(name)) {
        return None;
    }
    let mut found = Partial { policy: None, grants: Vec::new(), others: Vec::new() };
    let mut statements = Vec::new();
    let unknown = document.unknown_items("statement");
    for (index, block) in document.list("statement").iter().enumerate() {
        let open = unknown.get(index).unwrap_or(&Value::Null);
        let sid = block.get("sid").and_then(Value::as_str).unwrap_or_default();
        let what = format!("`{}` statement {index} {sid}", document.address);
        let what = format!("{} is known after apply", what.trim_end());
        // Without an effect a statement allows.
        let allows = !unknown_in(open, "effect")
            && block.get("effect").and_then(Value::as_str).is_none_or(|it| it == "Allow");
        let elsewhere = open.as_object().is_some_and(|members| {
            members.iter().any(|(name, value)| name != "resources" && any(value))
        });
        let resources = unknown_in(open, "resources");
        let some_known = strings(block, "resources").is_some();
        if !elsewhere && (!resources || (allows && some_known)) {
            statements.extend(statement(block));
        }
        if elsewhere || resources {
            let list = if allows { &mut found.grants } else { &mut found.others };
            list.push(what);
        }
    }
    if !statements.is_empty() {
        found.policy = Some(json!({"Version": "2012-10-17", "Statement": statements}));
    }
    Some(found)
}

fn unknown_in(open: &Value, name: &str) -> bool {
    open.get(name).is_some_and(any)
}

fn any(value: &Value) -> bool {
    match value {
        Value::Bool(is) => *is,
        Value::Array(items) => items.iter().any(any),
        Value::Object(members) => members.values().any(any),
        _ => false,
    }
}

/// The texts of a list that are known; `None` when there are none. The provider lets people write
/// `&{…}` for the `${…}` of policies.
fn strings(block: &Value, name: &str) -> Option<Vec<String>> {
    let items = block.get(name)?.as_array()?;
    let known: Vec<_> =
        items.iter().filter_map(Value::as_str).map(|it| it.replace("&{", "${")).collect();
    (!known.is_empty()).then_some(known)
}

fn statement(block: &Value) -> Option<Value> {
    let mut statement = Map::new();
    if let Some(sid) = block.get("sid").and_then(Value::as_str).filter(|it| !it.is_empty()) {
        statement.insert("Sid".into(), json!(sid));
    }
    let effect = block.get("effect").and_then(Value::as_str).unwrap_or("Allow");
    statement.insert("Effect".into(), json!(effect));
    let elements = [
        ("Action", "actions"),
        ("NotAction", "not_actions"),
        ("Resource", "resources"),
        ("NotResource", "not_resources"),
    ];
    for (element, name) in elements {
        if let Some(values) = strings(block, name) {
            statement.insert(element.into(), json!(values));
        }
    }
    // Of several conditions of one test and variable, the provider joins the values.
    let mut conditions = Map::new();
    for condition in block.get("condition").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| condition.get(name).and_then(Value::as_str);
        let keys = conditions.entry(text("test")?.to_owned()).or_insert_with(|| json!({}));
        let all = keys.as_object_mut()?.entry(text("variable")?).or_insert_with(|| json!([]));
        let values = strings(condition, "values").unwrap_or_default();
        all.as_array_mut()?.extend(values.into_iter().map(Value::String));
    }
    if !conditions.is_empty() {
        statement.insert("Condition".into(), Value::Object(conditions));
    }
    Some(Value::Object(statement))
}
