//! A policy of the model as the data source that renders it.

use super::hcl;
use super::substitute::Substitutions;
use super::templates::data;
use serde_json::{Map, Value, json};

/// What the template `policy.hbs` needs to write `data "aws_iam_policy_document" "<id>"`.
#[must_use]
pub fn document(id: &str, policy: &Value, substitutions: &Substitutions) -> Value {
    let statements: Vec<Value> = many(policy.get("Statement"))
        .into_iter()
        .map(|statement| self::statement(statement, substitutions))
        .collect();
    data([("id", id.into()), ("statements", statements.into())])
}

/// A policy as the argument of `jsonencode`, indented by `indent` levels.
#[must_use]
pub fn encoded(policy: &Value, substitutions: &Substitutions, indent: usize) -> String {
    format!("jsonencode({})", expression(policy, substitutions, indent))
}

fn statement(statement: &Value, substitutions: &Substitutions) -> Value {
    let expressions = |value: Option<&Value>, indent: usize| {
        let list: Vec<String> =
            strings(value).into_iter().map(|text| substitutions.expression(text)).collect();
        hcl::list(&list, indent)
    };
    let (action_word, actions) = match statement.get("NotAction") {
        Some(not) => ("not_actions", not),
        None => ("actions", statement.get("Action").unwrap_or(&Value::Null)),
    };
    let (resource_word, resources) = match statement.get("NotResource") {
        Some(not) => ("not_resources", Some(not)),
        None => ("resources", statement.get("Resource")),
    };
    let actions: Vec<String> = strings(Some(actions)).into_iter().map(hcl::quoted).collect();
    data([
        ("sid", statement.get("Sid").and_then(Value::as_str).unwrap_or_default().into()),
        ("deny", (statement.get("Effect").and_then(Value::as_str) == Some("Deny")).into()),
        ("action_word", action_word.into()),
        ("actions", hcl::list(&actions, 2).into()),
        ("resource_word", resource_word.into()),
        ("resources", resources.map(|resources| expressions(Some(resources), 2)).into()),
        ("principals", principals(statement, &|value| expressions(Some(value), 3)).into()),
        ("conditions", conditions(statement, &|value| expressions(Some(value), 3)).into()),
    ])
}

fn principals(statement: &Value, expressions: &dyn Fn(&Value) -> String) -> Vec<Value> {
    let mut blocks = Vec::new();
    for (element, word) in [("Principal", "principals"), ("NotPrincipal", "not_principals")] {
        match statement.get(element) {
            // `"*"` and `{"AWS": "*"}` differ in text only; the provider writes the first for type `*`.
            Some(Value::String(everybody)) => blocks.push(
                json!({ "word": word, "type": everybody, "identifiers": expressions(&json!([everybody])) }),
            ),
            Some(Value::Object(kinds)) => {
                for (kind, identifiers) in kinds {
                    blocks.push(json!({ "word": word, "type": kind, "identifiers": expressions(identifiers) }));
                }
            }
            _ => {}
        }
    }
    blocks
}

fn conditions(statement: &Value, expressions: &dyn Fn(&Value) -> String) -> Vec<Value> {
    let mut blocks = Vec::new();
    for (operator, keys) in
        statement.get("Condition").and_then(Value::as_object).into_iter().flatten()
    {
        for (key, values) in keys.as_object().into_iter().flatten() {
            blocks
                .push(json!({ "test": operator, "variable": key, "values": expressions(values) }));
        }
    }
    blocks
}

/// Any JSON value as an HCL expression, strings with the substitutions made.
fn expression(value: &Value, substitutions: &Substitutions, indent: usize) -> String {
    match value {
        Value::String(text) => substitutions.expression(text),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| expression(item, substitutions, indent + 1)).collect();
            hcl::list(&items, indent)
        }
        Value::Object(entries) => object(entries, substitutions, indent),
        plain => plain.to_string(),
    }
}

fn object(entries: &Map<String, Value>, substitutions: &Substitutions, indent: usize) -> String {
    let entries: Vec<(&str, String)> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), expression(value, substitutions, indent + 1)))
        .collect();
    hcl::object(&entries, indent)
}

fn many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    many(value).into_iter().filter_map(Value::as_str).collect()
}
