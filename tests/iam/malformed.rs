//! Documents that AWS does not accept, or remarks on: `malformed.json`.

use super::support::repository;
use serde::Deserialize;
use snaplake::iam::Policy;
use snaplake::iam::lint::{LintOptions, PolicyKind, Severity, lint};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Malformed {
    name: String,
    /// Where the document stands.
    position: String,
    /// Who objects.
    level: String,
    text: String,
    source: String,
    why: String,
}

fn kind(position: &str) -> Option<PolicyKind> {
    let name = match position {
        "any" => return None,
        "identity" => "identity",
        "resource" => "resource",
        other => other,
    };
    let found = PolicyKind::ALL.into_iter().find(|known| known.name() == name);
    Some(found.unwrap_or_else(|| panic!("no kind of policy is called {name}")))
}

/// What the grammar does not take is refused by the parser, or, where the same text may stand elsewhere, is an
/// error of the linter, which knows the place; and whatever AWS has something against, the linter tells.
#[test]
fn what_aws_does_not_accept_is_told() {
    let text = std::fs::read_to_string(repository().join("tests/iam/malformed.json")).unwrap();
    let documents: Vec<Malformed> = serde_json::from_str(&text).unwrap();
    assert!(documents.len() >= 130);
    let mut wrong = Vec::new();
    for document in &documents {
        let parsed = Policy::parse(&document.text);
        let found = lint(&document.text, LintOptions { kind: kind(&document.position) });
        let worst = match &found {
            Err(_) => "no JSON",
            Ok(found) if found.iter().any(|it| it.check.severity == Severity::Error) => "error",
            Ok(found) if found.is_empty() => "nothing",
            Ok(_) => "remark",
        };
        let told = worst != "nothing";
        let refused = parsed.is_err() || matches!(worst, "no JSON" | "error");
        let as_told = match (&*document.level, &*document.position) {
            ("grammar", "any") => parsed.is_err() && told,
            ("grammar" | "validation", _) => refused && told,
            ("warning", _) => parsed.is_ok() && told,
            (level, _) => panic!("{level} is no level"),
        };
        if !as_told {
            let parsed = parsed.map(|_| "taken").map_err(|errors| errors.to_string());
            wrong.push(format!(
                "{} ({} {}): linter: {worst}; parser: {parsed:?}\n    {}\n    {} {}",
                document.name,
                document.position,
                document.level,
                document.text,
                document.why,
                document.source
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
