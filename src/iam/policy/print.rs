//! Writing documents.

use super::{Condition, Effect, Element, Policy, Principals, Statement, Version};
use serde_json::{Map, Value};

pub(super) fn policy(policy: &Policy) -> String {
    let mut object = Map::new();
    if let Some(version) = policy.version {
        let text = match version {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        };
        object.insert("Version".to_owned(), text.into());
    }
    if let Some(id) = &policy.id {
        object.insert("Id".to_owned(), id.as_str().into());
    }
    let statements: Vec<Value> = policy.statements.iter().map(statement).collect();
    object.insert("Statement".to_owned(), statements.into());
    // A map of strings and lists always prints.
    serde_json::to_string_pretty(&object).unwrap_or_default() + "\n"
}

pub(super) fn statement(statement: &Statement) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    if let Some(sid) = &statement.sid {
        put("Sid", sid.as_str().into());
    }
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    put("Effect", effect.into());
    if let Some(element) = &statement.principal {
        put(&name("Principal", element), principals(element.listed()));
    }
    put(&name("Action", &statement.action), texts(statement.action.listed()));
    if let Some(element) = &statement.resource {
        put(&name("Resource", element), texts(element.listed()));
    }
    if !statement.conditions.is_empty() {
        put("Condition", conditions(&statement.conditions));
    }
    Value::Object(object)
}

fn name<T>(name: &str, element: &Element<T>) -> String {
    if element.negated() { format!("Not{name}") } else { name.to_owned() }
}

/// One value stands alone, as people write it.
fn texts(texts: &[String]) -> Value {
    match texts {
        [text] => text.as_str().into(),
        texts => texts.to_vec().into(),
    }
}

fn principals(principals: &Principals) -> Value {
    if principals.everyone {
        return "*".into();
    }
    let mut object = Map::new();
    for (key, names) in [
        ("AWS", &principals.aws),
        ("Service", &principals.service),
        ("Federated", &principals.federated),
        ("CanonicalUser", &principals.canonical_user),
    ] {
        if !names.is_empty() {
            object.insert(key.to_owned(), texts(names));
        }
    }
    Value::Object(object)
}

fn conditions(conditions: &[Condition]) -> Value {
    let mut block = Map::new();
    for condition in conditions {
        let keys =
            block.entry(condition.operator_name()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(condition.key.clone(), texts(&condition.values));
        }
    }
    Value::Object(block)
}
