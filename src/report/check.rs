//! What the permission check found, for people, programs, code hosts and build servers.

mod form;
mod machine;
mod text;

pub use form::{check_json, check_schema};
pub use machine::{check_junit, check_sarif};
pub use text::check_text;

use super::format::safe;
use crate::pipeline::check::{Answer, Check, Surplus, SurplusKind};

/// A statement as a reader finds it: its id, or its place, and its document.
fn statement(at: &crate::iam::StatementRef) -> String {
    let document = safe(&at.document);
    match &at.sid {
        Some(sid) => format!("{} ({document})", safe(sid)),
        None => format!("statement {} ({document})", at.index),
    }
}

/// The word for the step of an answer.
fn step(answer: &Answer) -> &'static str {
    answer.step.map_or("trust", crate::pipeline::Step::id)
}

/// What is not needed, in a line.
fn surplus(found: &Surplus) -> String {
    match &found.kind {
        SurplusKind::Statement => "nothing needs this statement".to_owned(),
        SurplusKind::Action { action, elsewhere: false } => {
            format!("nothing needs `{}` here", safe(action))
        }
        SurplusKind::Action { action, elsewhere: true } => {
            format!("`{}` is granted elsewhere too", safe(action))
        }
        SurplusKind::Resource { resource, elsewhere: false } => {
            format!("nothing needs `{}` here", safe(resource))
        }
        SurplusKind::Resource { resource, elsewhere: true } => {
            format!("`{}` is granted elsewhere too", safe(resource))
        }
        SurplusKind::WideAction { action, surplus, .. } => format!(
            "`{}` also allows {} actions that nothing needs, such as `{}`",
            safe(action),
            surplus.len(),
            surplus.first().map_or("", String::as_str)
        ),
        SurplusKind::WideResource { resource, .. } => {
            format!("`{}` is wider than what is needed", safe(resource))
        }
        SurplusKind::Unlimited { key, .. } => format!("the statement is not limited by `{key}`"),
        SurplusKind::WideCondition { key, .. } => {
            format!("the condition on `{key}` lets more through than what is needed")
        }
        SurplusKind::Principal { principal, elsewhere: false } => {
            format!("nothing needs it granted to `{}`", safe(principal))
        }
        SurplusKind::Principal { principal, elsewhere: true } => {
            format!("it is granted to `{}` elsewhere too", safe(principal))
        }
        SurplusKind::WidePrincipal { principal, open: true, .. } => {
            format!("open to everyone: `{}` is anybody in any account", safe(principal))
        }
        SurplusKind::WidePrincipal { principal, open: false, .. } => {
            format!("`{}` is more than those who need it", safe(principal))
        }
        SurplusKind::Negated { element } => {
            format!("`{element}` grants whatever is not named, now and in future")
        }
    }
}

/// What to write instead; `None`: take it away.
fn narrower(found: &Surplus) -> Option<String> {
    let list = |items: &[String]| {
        let items: Vec<_> = items.iter().map(|it| format!("`{}`", safe(it))).collect();
        items.join(", ")
    };
    match &found.kind {
        SurplusKind::WideAction { needed, .. } | SurplusKind::WideResource { needed, .. } => {
            Some(list(needed))
        }
        SurplusKind::WidePrincipal { needed, .. } if !needed.is_empty() => Some(list(needed)),
        SurplusKind::Unlimited { operator, key, values }
        | SurplusKind::WideCondition { operator, key, values } => {
            Some(format!("the condition {operator} on `{key}`: {}", list(values)))
        }
        SurplusKind::Negated { .. } => Some("a list of what is needed".to_owned()),
        _ => None,
    }
}

/// The file that a document is, for reports that point at files.
fn file(check: &Check, document: &str) -> String {
    if check.texts.contains_key(document) {
        format!("{}/{document}", check.origin)
    } else {
        check.origin.clone()
    }
}
