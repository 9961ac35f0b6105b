//! Why each statement is there.

use super::format::safe;
use crate::pipeline::{Document, Effect, Need, Statement, StatementPrincipal};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For people: each statement of each document, with the steps and reasons behind it.
#[must_use]
pub fn explain_text(documents: &[(&Document, Vec<&Statement>)]) -> String {
    let mut out = String::new();
    for (document, statements) in documents {
        let _ = writeln!(out, "{}\n", safe(&document.file));
        for statement in statements {
            let effect = match statement.effect {
                Effect::Allow => "allows",
                Effect::Deny => "denies",
            };
            let whom = statement.principal.as_ref().map(principal).unwrap_or_default();
            let sid = safe(&statement.sid);
            let _ = writeln!(out, "  {sid} {effect}{whom} {}", statement.actions.join(", "));
            for resource in &statement.resources {
                let _ = writeln!(out, "    on {}", safe(resource));
            }
            for (operator, key, values) in &statement.conditions {
                let _ = writeln!(out, "    if {key} {operator} {}", values.join(" or "));
            }
            for reason in reasons(statement) {
                let step = reason.step.map(|step| format!("{step}: ")).unwrap_or_default();
                let action = reason.action.map(|action| format!(" ({action})")).unwrap_or_default();
                let _ = writeln!(out, "    - {step}{}{action}", reason.text);
            }
            for page in pages(statement) {
                let _ = writeln!(out, "    {page}");
            }
            out.push('\n');
        }
    }
    out
}

fn principal(principal: &StatementPrincipal) -> String {
    match principal {
        StatementPrincipal::Everyone => " everybody".to_owned(),
        StatementPrincipal::Arns(arns) => format!(" {}", arns.join(", ")),
        StatementPrincipal::Service(service) => format!(" {service}"),
    }
}

/// A reason behind a statement.
struct Reason<'a> {
    step: Option<&'static str>,
    action: Option<&'static str>,
    text: &'a str,
}

fn reasons(statement: &Statement) -> Vec<Reason<'_>> {
    let one = |need: &Need| (need.step, need.action, need.reason);
    let mut seen = Vec::new();
    for need in &statement.needs {
        if !seen.contains(&one(need)) {
            seen.push(one(need));
        }
    }
    seen.sort_by_key(|(step, action, _)| (*step, *action));
    let own = statement.reason.map(|text| Reason { step: None, action: None, text });
    let needs = seen.into_iter().map(|(step, action, text)| Reason {
        step: Some(step.id()),
        action: Some(action),
        text,
    });
    needs.chain(own).collect()
}

fn pages(statement: &Statement) -> Vec<&'static str> {
    let mut pages: Vec<_> =
        statement.needs.iter().map(|need| need.source).chain(statement.source).collect();
    pages.sort_unstable();
    pages.dedup();
    pages
}

/// For programs: version 1.
#[must_use]
pub fn explain_json(documents: &[(&Document, Vec<&Statement>)]) -> Value {
    let documents: Vec<_> = documents
        .iter()
        .map(|(document, statements)| {
            let statements: Vec<_> = statements
                .iter()
                .map(|statement| {
                    json!({
                        "sid": statement.sid,
                        "statement": statement.to_value(),
                        "needs": statement.needs.iter().map(|need| json!({
                            "principal": need.principal.id(),
                            "step": need.step.id(),
                            "action": need.action,
                            "resources": need.resources,
                            "via": need.via,
                            "reason": need.reason,
                            "source": need.source,
                        })).collect::<Vec<_>>(),
                        "reason": statement.reason,
                        "source": statement.source,
                    })
                })
                .collect();
            json!({"file": document.file, "statements": statements})
        })
        .collect();
    json!({"version": 1, "documents": documents})
}
