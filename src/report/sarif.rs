//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), which code
//! hosts show beside the lines that findings are about.

use serde_json::{Value, json};

/// What can be found.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name that results and suppressions use.
    pub id: String,
    /// What it is about, in one line.
    pub about: String,
    /// The page that explains it.
    pub page: String,
    /// How bad it is.
    pub level: Level,
}

/// SARIF's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something is risky.
    Warning,
    /// Something could be better.
    Note,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// The file, as the user typed it.
    pub file: String,
    /// Where in the file.
    pub region: Option<Region>,
    /// Where in the document, as a path of elements.
    pub path: Option<String>,
}

/// A part of a file: lines and columns from 1, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The line of the first character.
    pub start_line: usize,
    /// The column of the first character.
    pub start_column: usize,
    /// The line of the character after the last.
    pub end_line: usize,
    /// The column of the character after the last.
    pub end_column: usize,
}

/// A SARIF log of one run, in which only the rules that hit are described.
#[must_use]
pub fn sarif(rules: &[Rule], hits: &[Hit]) -> Value {
    let used: Vec<_> =
        rules.iter().filter(|rule| hits.iter().any(|hit| hit.rule == rule.id)).collect();
    let described: Vec<_> = used
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.about},
                "helpUri": rule.page,
                "defaultConfiguration": {"level": rule.level.name()},
            })
        })
        .collect();
    let results: Vec<_> = hits
        .iter()
        .map(|hit| {
            let mut result = json!({
                "ruleId": hit.rule,
                "level": hit.level.name(),
                "message": {"text": hit.message},
                "locations": [location(hit)],
            });
            let index = used.iter().position(|rule| rule.id == hit.rule);
            if let (Some(index), Some(object)) = (index, result.as_object_mut()) {
                object.insert("ruleIndex".into(), json!(index));
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "snaplake",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn location(hit: &Hit) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&hit.file)}});
    if let (Some(region), Some(object)) = (hit.region, physical.as_object_mut()) {
        object.insert(
            "region".into(),
            json!({
                "startLine": region.start_line,
                "startColumn": region.start_column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            }),
        );
    }
    let mut location = json!({"physicalLocation": physical});
    if let (Some(path), Some(object)) = (&hit.path, location.as_object_mut()) {
        object.insert("logicalLocations".into(), json!([{"fullyQualifiedName": path}]));
    }
    location
}

/// A path as a relative or file URI: what URIs reserve is escaped.
fn uri(file: &str) -> String {
    use std::fmt::Write as _;
    let file = file.replace('\\', "/");
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn files_become_uris() {
        assert_eq!(uri("policies/a b:c.json"), "policies/a%20b%3Ac.json");
        assert_eq!(uri("/tmp/é"), "file:///tmp/%C3%A9");
    }
}
