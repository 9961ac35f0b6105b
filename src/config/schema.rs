//! The grammar as a JSON Schema, for editors.

use super::grammar::{Absent, FILE, Key, PIPELINE, Section, Shape};
use super::rules::Rule;
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of `snaplake.toml`.
///
/// Whatever [`super::parse`] takes, the schema takes; it can not say everything that the parser
/// checks, such as that an ARN is of the right account.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("snaplake.toml"));
    if let Value::Object(file) = section(&FILE) {
        schema.extend(file);
    }
    // What one pipeline must have may stand in two places when there are several.
    schema.insert("if".into(), json!({ "not": { "required": ["pipelines"] } }));
    schema.insert("then".into(), demands(&PIPELINE));
    Value::Object(schema)
}

fn section(section: &'static Section) -> Value {
    let properties: Map<String, Value> =
        section.keys().map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "description": section.doc,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(key: &'static Key) -> Value {
    let mut value = match key.shape {
        Shape::Text(rule) => text(rule),
        Shape::Choice { words, or: None } => json!({ "type": "string", "enum": words }),
        Shape::Choice { words, or: Some(rule) } => {
            json!({ "anyOf": [{ "type": "string", "enum": words }, text(rule)] })
        }
        Shape::Number { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Texts(rule) => json!({ "type": "array", "items": text(rule) }),
        Shape::Map { key, value, max } => json!({
            "type": "object",
            "propertyNames": text(key),
            "additionalProperties": text(value),
            "maxProperties": max,
        }),
        Shape::Table(below) => section(below),
        Shape::Tables(below) => {
            let mut item = section(below);
            // Of several pipelines, each has a name; what else it needs may stand outside.
            let demands = if key.name == "pipelines" {
                json!({ "required": ["name"] })
            } else {
                demands(below)
            };
            if let (Some(item), Value::Object(demands)) = (item.as_object_mut(), demands) {
                item.extend(demands);
            }
            json!({ "type": "array", "items": item })
        }
    };
    if let Some(value) = value.as_object_mut() {
        value.insert("description".into(), json!(key.doc));
        match key.absent {
            Absent::Text(text) => {
                value.insert("default".into(), json!(text));
            }
            Absent::Number(number) => {
                value.insert("default".into(), json!(number));
            }
            Absent::False => {
                value.insert("default".into(), json!(false));
            }
            Absent::Refused | Absent::Fine | Absent::Derived(_) => {}
        }
    }
    value
}

fn text(rule: &'static Rule) -> Value {
    let mut value = json!({
        "type": "string",
        "minLength": rule.min,
        "maxLength": rule.max,
        "$comment": rule.source,
    });
    if let (Some(pattern), Some(value)) = (rule.pattern(), value.as_object_mut()) {
        value.insert("pattern".into(), json!(pattern));
    }
    value
}

/// What must be there, below as well.
fn demands(section: &'static Section) -> Value {
    let mut value = Map::new();
    let required: Vec<&str> = section
        .keys()
        .filter(|key| matches!(key.absent, Absent::Refused))
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        value.insert("required".into(), json!(required));
    }
    let below: Map<String, Value> = section
        .keys()
        .filter_map(|key| match key.shape {
            Shape::Table(below) => Some((key.name.to_owned(), demands(below))),
            _ => None,
        })
        .filter(|(_, demands)| demands.as_object().is_some_and(|demands| !demands.is_empty()))
        .collect();
    if !below.is_empty() {
        value.insert("properties".into(), Value::Object(below));
    }
    let groups: Vec<Value> = section
        .one_of
        .iter()
        .map(|group| {
            let each: Vec<Value> = group.iter().map(|name| json!({ "required": [name] })).collect();
            json!({ "oneOf": each })
        })
        .collect();
    if !groups.is_empty() {
        value.insert("allOf".into(), Value::Array(groups));
    }
    Value::Object(value)
}
