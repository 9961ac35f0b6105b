//! For programs, code hosts and build servers.

use super::{file, narrower, statement, step, surplus};
use crate::iam::{StatementRef, json};
use crate::pipeline::check::{Answer, Check, Outcome, Surplus, SurplusKind};
use crate::report::junit::{Case, CaseResult, Suite, junit};
use crate::report::sarif::{Hit, Level, Region, Rule, sarif};
use serde_json::{Value, json};

/// Version 1.
#[must_use]
pub fn check_json(check: &Check) -> Value {
    json!({
        "version": 1,
        "policies": check.origin,
        "sufficient": check.sufficient(),
        "minimal": check.minimal(),
        "roles": check.roles.iter().map(|(kind, arn)| json!({
            "principal": kind.id(),
            "arn": arn,
        })).collect::<Vec<_>>(),
        "needs": check.answers.iter().map(answer).collect::<Vec<_>>(),
        "patches": check.patches.iter().map(|patch| json!({
            "principal": patch.principal.id(),
            "statements": patch.statements.iter()
                .map(crate::pipeline::Statement::to_value).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "surplus": check.surplus.iter().map(surplus_json).collect::<Vec<_>>(),
        "widths": check.widths.iter().map(|width| json!({
            "principal": width.principal.id(),
            "actions": {"granted": width.actions, "needed": width.needed_actions},
            "resources": {"granted": width.resources, "needed": width.needed_resources},
        })).collect::<Vec<_>>(),
        "exempt": check.exempt.iter().map(|exempt| json!({
            "statement": reference(&exempt.statement),
            "why": exempt.why,
        })).collect::<Vec<_>>(),
        "unknown": check.unknown.iter().map(|(kind, what)| json!({
            "principal": kind.id(),
            "what": what,
        })).collect::<Vec<_>>(),
        "notes": check.notes,
        "assumed": check.assumed,
        "second_opinion": {"asked": check.second_opinions, "differences": check.differences},
    })
}

fn reference(at: &StatementRef) -> Value {
    json!({"document": at.document, "index": at.index, "sid": at.sid})
}

fn answer(answer: &Answer) -> Value {
    let mut value = json!({
        "principal": answer.principal.id(),
        "step": step(answer),
        "action": answer.action,
        "resources": answer.resources,
        "reason": answer.reason,
        "source": answer.source,
    });
    let outcome = match &answer.outcome {
        Outcome::Allowed(statements) => json!({
            "decision": "allowed",
            "statements": statements.iter().map(reference).collect::<Vec<_>>(),
        }),
        Outcome::Denied(denial) => json!({
            "decision": denial.evaluation.decision.name(),
            "decided_by": denial.evaluation.decided_by.name(),
            "request": {"action": denial.action, "resource": denial.resource},
            "statements": denial.evaluation.statement.iter().map(reference).collect::<Vec<_>>(),
            "explanation": denial.explanation.as_ref().map(ToString::to_string),
            "patch": denial.explanation.iter().flat_map(|it| &it.changes)
                .map(crate::iam::Change::to_value).collect::<Vec<_>>(),
        }),
        Outcome::Unknown(why) => json!({"decision": "unknown", "unknown": why}),
    };
    if let (Some(value), Value::Object(outcome)) = (value.as_object_mut(), outcome) {
        value.extend(outcome);
    }
    value
}

fn surplus_json(found: &Surplus) -> Value {
    let kind = match &found.kind {
        SurplusKind::Statement => json!({"kind": "statement"}),
        SurplusKind::Action { action, elsewhere } => {
            json!({"kind": "action", "action": action, "granted_elsewhere": elsewhere})
        }
        SurplusKind::Resource { resource, elsewhere } => {
            json!({"kind": "resource", "resource": resource, "granted_elsewhere": elsewhere})
        }
        SurplusKind::WideAction { action, surplus, needed } => json!({
            "kind": "wide_action", "action": action, "surplus": surplus, "needed": needed,
        }),
        SurplusKind::WideResource { resource, needed } => {
            json!({"kind": "wide_resource", "resource": resource, "needed": needed})
        }
        SurplusKind::Unlimited { operator, key, values } => json!({
            "kind": "unlimited", "operator": operator, "key": key, "values": values,
        }),
        SurplusKind::Negated { element } => json!({"kind": "negated", "element": element}),
    };
    let mut value = json!({
        "principal": found.principal.map(crate::pipeline::PrincipalKind::id),
        "statement": reference(&found.statement),
        "message": surplus(found),
    });
    if let (Some(value), Value::Object(kind)) = (value.as_object_mut(), kind) {
        value.extend(kind);
    }
    value
}

const PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege";
const LOGIC: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html";

/// SARIF 2.1.0: denials are errors, what is not known or not needed is a warning.
#[must_use]
pub fn check_sarif(check: &Check) -> Value {
    let rule = |id: &str, about: &str, page: &str, level| Rule {
        id: id.to_owned(),
        about: about.to_owned(),
        page: page.to_owned(),
        level,
    };
    let rules = [
        rule("NEED_DENIED", "The policies deny what the pipeline needs", LOGIC, Level::Error),
        rule("NEED_UNKNOWN", "It is not known whether a need is allowed", LOGIC, Level::Warning),
        rule("GRANT_NOT_NEEDED", "The policies grant what nothing needs", PAGE, Level::Warning),
    ];
    let mut hits = Vec::new();
    for answer in &check.answers {
        match &answer.outcome {
            Outcome::Allowed(_) => {}
            Outcome::Denied(denial) => {
                let document = match &denial.evaluation.statement {
                    Some(at) => at.document.clone(),
                    None => denial
                        .explanation
                        .iter()
                        .flat_map(|it| &it.changes)
                        .find_map(|change| change.document.clone())
                        .unwrap_or_default(),
                };
                let index = denial.evaluation.statement.as_ref().map(|at| at.index);
                hits.push(Hit {
                    rule: "NEED_DENIED".to_owned(),
                    level: Level::Error,
                    message: format!(
                        "the step `{}` of `{}` needs `{}` on `{}`: {}",
                        step(answer),
                        answer.principal,
                        denial.action,
                        denial.resource,
                        answer.reason
                    ),
                    file: file(check, &document),
                    region: region(check, &document, index),
                    path: index.map(|index| format!("Statement[{index}]")),
                });
            }
            Outcome::Unknown(why) => hits.push(Hit {
                rule: "NEED_UNKNOWN".to_owned(),
                level: Level::Warning,
                message: format!(
                    "the step `{}` of `{}` needs `{}`: {}",
                    step(answer),
                    answer.principal,
                    answer.action,
                    why.join("; ")
                ),
                file: check.origin.clone(),
                region: None,
                path: None,
            }),
        }
    }
    hits.extend(check.surplus.iter().map(|found| {
        let at = &found.statement;
        Hit {
            rule: "GRANT_NOT_NEEDED".to_owned(),
            level: Level::Warning,
            message: match narrower(found) {
                Some(narrower) => format!("{}; needed: {narrower}", surplus(found)),
                None => surplus(found),
            },
            file: file(check, &at.document),
            region: region(check, &at.document, Some(at.index)),
            path: Some(format!("Statement[{}]", at.index)),
        }
    }));
    sarif(&rules, &hits)
}

/// Where a statement stands in its file; without one, the file's first line.
fn region(check: &Check, document: &str, index: Option<usize>) -> Option<Region> {
    let text = check.texts.get(document)?;
    let root = json::parse(text).ok()?;
    let statements = root.get("Statement");
    let node = match (index, statements) {
        (Some(index), Some(statements)) => match statements.items() {
            Some(items) => items.get(index)?,
            None => statements,
        },
        _ => &root,
    };
    let start = json::position(text, node.span.start);
    let end =
        json::position(text, if index.is_some() { node.span.end } else { node.span.start + 1 });
    Some(Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
    })
}

/// JUnit: a case for each need, and one for each statement that is not needed as it is.
#[must_use]
pub fn check_junit(check: &Check) -> String {
    let needs = check
        .answers
        .iter()
        .map(|answer| Case {
            class: format!("{}.{}", answer.principal, step(answer)),
            name: format!("{} on {}", answer.action, answer.resources.join(" and ")),
            result: match &answer.outcome {
                Outcome::Allowed(_) => CaseResult::Passed,
                Outcome::Denied(denial) => CaseResult::Failed(
                    format!("`{}` on `{}` is denied", denial.action, denial.resource),
                    denial
                        .explanation
                        .as_ref()
                        .map_or_else(|| "there is no such role".to_owned(), ToString::to_string),
                ),
                Outcome::Unknown(why) => CaseResult::Skipped(why.join("; ")),
            },
        })
        .collect();
    let mut grants: Vec<_> = check
        .surplus
        .iter()
        .map(|found| Case {
            class: found
                .principal
                .map_or("resource", crate::pipeline::PrincipalKind::id)
                .to_owned(),
            name: statement(&found.statement),
            result: CaseResult::Failed(surplus(found), narrower(found).unwrap_or_default()),
        })
        .collect();
    if grants.is_empty() {
        let name = "nothing can be taken away".to_owned();
        grants.push(Case { class: "grants".to_owned(), name, result: CaseResult::Passed });
    }
    junit(&[
        Suite { name: "sufficient".to_owned(), cases: needs },
        Suite { name: "minimal".to_owned(), cases: grants },
    ])
}
