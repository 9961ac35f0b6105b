//! For code hosts and build servers.

use super::{file, narrower, statement, step, surplus};
use crate::iam::{Change, Edit, Statement, StatementRef, json};
use crate::pipeline::PrincipalKind;
use crate::pipeline::check::{Answer, Check, Denial, Outcome};
use crate::report::format::safe;
use crate::report::junit::{Case, CaseResult, Suite, junit};
use crate::report::sarif::{Hit, Level, Region, Rule, sarif};
use serde_json::Value;
use std::collections::BTreeMap;

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
            Outcome::Denied(denial) => hits.push(denied(check, answer, denial)),
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
        let what = format!("{}: {}", statement(at), surplus(found));
        Hit {
            rule: "GRANT_NOT_NEEDED".to_owned(),
            level: Level::Warning,
            message: match narrower(found) {
                Some(narrower) => format!("{what}; needed: {narrower}"),
                None => what,
            },
            file: file(check, &at.document),
            region: region(check, &at.document, Some(at.index)),
            path: Some(path(check, &at.document, Some(at.index))),
        }
    }));
    sarif(&rules, &hits)
}

/// A denied need, where it was denied or could be allowed.
fn denied(check: &Check, answer: &Answer, denial: &Denial) -> Hit {
    let explanation = denial.explanation.as_ref();
    let changes = explanation.map(|it| it.changes.as_slice()).unwrap_or_default();
    let nearest = explanation.and_then(|it| it.nearest.as_ref()).map(|it| &it.statement);
    let at: Option<&StatementRef> = denial.evaluation.statement.as_ref().or(nearest);
    let own = || {
        let name = answer.step.map(|_| format!("{}.json", answer.principal));
        name.filter(|name| check.texts.contains_key(name))
    };
    let document = at
        .map(|at| at.document.clone())
        .or_else(|| changes.iter().find_map(|change| change.document.clone()))
        .or_else(own)
        .unwrap_or_default();
    let index = at.map(|at| at.index);
    let mut message = format!(
        "the step `{}` of `{}` needs `{}` on `{}`: {}",
        step(answer),
        answer.principal,
        safe(&denial.action),
        safe(&denial.resource),
        answer.reason
    );
    for more in why(denial) {
        message.push_str("; ");
        message.push_str(&more);
    }
    Hit {
        rule: "NEED_DENIED".to_owned(),
        level: Level::Error,
        message,
        file: file(check, &document),
        region: region(check, &document, index),
        path: (!document.is_empty()).then(|| path(check, &document, index)),
    }
}

/// Why a request is denied, and each change that would be needed.
fn why(denial: &Denial) -> Vec<String> {
    let Some(explanation) = &denial.explanation else {
        return vec!["there is no such role".to_owned()];
    };
    let changes = explanation.changes.iter().map(change);
    std::iter::once(explanation.to_string()).chain(changes).collect()
}

fn change(change: &Change) -> String {
    let document = change.document.as_deref().map_or_else(|| "a new document".to_owned(), safe);
    let text = |statement: &Statement| statement.to_value().to_string();
    match &change.edit {
        Edit::Add(statement) => format!("add to {document}: {}", text(statement)),
        Edit::Replace(index, statement) => {
            format!("change statement {index} in {document} to: {}", text(statement))
        }
        Edit::Remove(index) => format!("remove statement {index} from {document}"),
    }
}

/// A statement within the file that it is in: where many documents are in one file, the document, too.
fn path(check: &Check, document: &str, index: Option<usize>) -> String {
    let place = index.map_or_else(|| "Statement".to_owned(), |it| format!("Statement[{it}]"));
    if check.texts.contains_key(document) { place } else { format!("{document}.{place}") }
}

/// Where a statement stands in its file; without one, where the statements begin.
fn region(check: &Check, document: &str, index: Option<usize>) -> Option<Region> {
    let text = check.texts.get(document)?;
    let root = json::parse(text).ok()?;
    let statements = root.get("Statement")?;
    let node = match (index, statements.items()) {
        (Some(index), Some(items)) => items.get(index)?,
        _ => statements,
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

/// JUnit: a case for each need, and one for each grant that is not needed as it is. What is not known has
/// not passed.
#[must_use]
pub fn check_junit(check: &Check) -> String {
    let needs = check.answers.iter().map(|answer| {
        let case = Case {
            class: format!("{}.{}", answer.principal, step(answer)),
            name: format!("{} on {}", answer.action, answer.resources.join(" and ")),
            result: match &answer.outcome {
                Outcome::Allowed(_) => CaseResult::Passed,
                Outcome::Denied(denial) => CaseResult::Failed(
                    format!("`{}` on `{}` is denied", denial.action, denial.resource),
                    why(denial).join("\n"),
                ),
                Outcome::Unknown(why) => CaseResult::Undecided(why.join("; ")),
            },
        };
        (case, answer.reason.clone())
    });
    let mut grants: Vec<_> = check
        .surplus
        .iter()
        .map(|found| {
            let case = Case {
                class: found.principal.map_or("resource", PrincipalKind::id).to_owned(),
                name: statement(&found.statement),
                result: CaseResult::Failed(surplus(found), narrower(found).unwrap_or_default()),
            };
            (case, surplus(found))
        })
        .collect();
    if grants.is_empty() {
        let name = "nothing can be taken away".to_owned();
        let result = match check.unknown.as_slice() {
            [] => CaseResult::Passed,
            [(_, first), ..] => CaseResult::Undecided(format!("not known: {first}")),
        };
        grants.push((Case { class: "grants".to_owned(), name, result }, String::new()));
    }
    junit(&[
        Suite { name: "sufficient".to_owned(), cases: distinct(needs.collect()) },
        Suite { name: "minimal".to_owned(), cases: distinct(grants) },
    ])
}

/// Cases by names of their own: build servers follow a case from one build to the next by class and name.
/// Those that are alike are told apart by what comes with them, and then by their number.
fn distinct(cases: Vec<(Case, String)>) -> Vec<Case> {
    let mut alike: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (case, _) in &cases {
        *alike.entry((case.class.clone(), case.name.clone())).or_default() += 1;
    }
    let mut used: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut named = Vec::with_capacity(cases.len());
    for (mut case, apart) in cases {
        if alike.get(&(case.class.clone(), case.name.clone())).is_some_and(|count| *count > 1) {
            case.name = format!("{}: {apart}", case.name);
        }
        let count = used.entry((case.class.clone(), case.name.clone())).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name);
        }
        named.push(case);
    }
    named
}
