//! Actions that are none, and actions that say the same.

use super::checks;
use super::document::{Item, Policy, Statement, nearest};
use super::redundant::{covers, fold};
use super::{Findings, PolicyKind};
use crate::iam::reference::{self, Action};

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for action in &statement.actions {
        exists(action, findings);
        belongs(policy.kind, action, findings);
    }
    redundant(statement, findings);
}

/// The actions that what stands in a statement means; variables and unknown services mean none.
pub(super) fn meant(action: &str) -> Vec<&'static Action> {
    reference::expand(action)
}

/// It names one action, not a pattern.
pub(super) fn is_exact(action: &str) -> bool {
    !action.contains(['*', '?', '$'])
}

fn exists(action: &Item<'_>, findings: &mut Findings<'_>) {
    let text = action.text;
    let shown = text.escape_debug();
    if text == "*" || text.contains("${") {
        return;
    }
    let Some((prefix, name)) = text.split_once(':') else {
        let message = format!("the action `{shown}` names no service");
        let help = Some("write `service:Action`".into());
        findings.add(&checks::INVALID_ACTION, action.at(), message, help);
        return;
    };
    if prefix.contains(['*', '?']) {
        if text != "*:*" && meant(text).is_empty() {
            let message = format!("the action `{shown}` matches no action of any service");
            findings.add(&checks::INVALID_ACTION, action.at(), message, None);
        } else {
            let message = format!(
                "the service in `{shown}` has a wildcard, which also means services to come"
            );
            findings.add(&checks::WILDCARD_IN_SERVICE_NAME, action.at(), message, None);
        }
        return;
    }
    let Some(service) = reference::service(prefix) else {
        let help = nearest(prefix, reference::prefixes())
            .map(|near| format!("did you mean `{near}:{}`?", name.escape_debug()));
        let message = format!("there is no service `{}`", prefix.escape_debug());
        findings.add(&checks::INVALID_SERVICE_IN_ACTION, action.at(), message, help);
        return;
    };
    let found = service.expand(name).next();
    match found {
        None => {
            let help = nearest(name, service.actions.iter().map(|action| action.name))
                .map(|near| format!("did you mean `{}:{near}`?", service.prefix));
            let message = if is_exact(name) {
                format!("{} has no action `{}`", service.name, name.escape_debug())
            } else {
                format!("`{shown}` matches no action of {}", service.name)
            };
            findings.add(&checks::INVALID_ACTION, action.at(), message, help);
        }
        Some(known) if known.retired && is_exact(name) => {
            let message = format!("AWS's pages no longer list `{known}`");
            findings.add(&checks::RETIRED_ACTION, action.at(), message, None);
        }
        Some(_) => {}
    }
}

/// A policy that is attached to a resource speaks of that resource's service alone.
fn belongs(kind: PolicyKind, action: &Item<'_>, findings: &mut Findings<'_>) {
    let Some(service) = kind.service() else { return };
    let Some((prefix, _)) = action.text.split_once(':') else { return };
    let known = reference::service(prefix).is_some();
    let express = kind == PolicyKind::Bucket && prefix.eq_ignore_ascii_case("s3express");
    if known && !express && !prefix.eq_ignore_ascii_case(service) {
        let message =
            format!("a {kind} cannot speak of the action `{}`", action.text.escape_debug());
        let help = Some(format!("only `{service}:` actions work here"));
        findings.add(&checks::UNSUPPORTED_ACTION_IN_POLICY, action.at(), message, help);
    }
}

fn redundant(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let folded: Vec<_> = statement.actions.iter().map(|action| fold(action.text)).collect();
    for (index, (action, text)) in statement.actions.iter().zip(&folded).enumerate() {
        let by = folded.iter().enumerate().find(|(other, general)| {
            *other != index && covers(general, text) && (*other < index || *general != text)
        });
        let Some(by) = by.and_then(|(other, _)| statement.actions.get(other)) else { continue };
        let message = format!(
            "`{}` is covered by `{}` of the same statement",
            action.text.escape_debug(),
            by.text.escape_debug()
        );
        findings.add(&checks::REDUNDANT_ACTION, action.at(), message, Some("remove it".into()));
    }
}
