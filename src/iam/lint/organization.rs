//! What organization policies may and may not say:
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>.

use super::checks;
use super::document::{Effect, Policy, Statement};
use super::{Findings, PolicyKind};
use crate::iam::reference;

pub(super) fn check(policy: &Policy<'_>, findings: &mut Findings<'_>) {
    for statement in &policy.statements {
        match policy.kind {
            PolicyKind::Scp => scp(statement, findings),
            PolicyKind::Rcp => rcp(statement, findings),
            _ => {}
        }
    }
}

fn scp(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for element in ["Principal", "NotPrincipal"] {
        if statement.has(element) {
            let (span, path) = statement.place(element);
            let message = format!("a service control policy takes no `{element}`");
            let help = Some("use the condition key `aws:PrincipalArn`".into());
            findings.add(&checks::SCP_SYNTAX_ERROR_PRINCIPAL, (&span, &path), message, help);
        }
    }
}

fn rcp(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let everybody = statement.principals.iter().all(|principal| principal.value.text == "*");
    if statement.not_principal || !everybody {
        let element = if statement.not_principal { "NotPrincipal" } else { "Principal" };
        let (span, path) = statement.place(element);
        let message = "a resource control policy speaks of the principal `*` only";
        findings.add(&checks::RCP_SYNTAX_ERROR_PRINCIPAL, (&span, &path), message, None);
    }
    // AWS attaches the only policy that may allow, RCPFullAWSAccess, itself.
    if statement.effect == Some(Effect::Allow) {
        let (span, path) = statement.place("Effect");
        let message = "a resource control policy can only deny";
        findings.add(&checks::RCP_SYNTAX_ERROR_ALLOW, (&span, &path), message, None);
    }
    if statement.not_action {
        let (span, path) = statement.place("NotAction");
        let message = "a resource control policy takes no `NotAction`";
        findings.add(&checks::RCP_SYNTAX_ERROR_NOTACTION, (&span, &path), message, None);
        return;
    }
    for action in &statement.actions {
        let service = action.text.split(':').next().unwrap_or_default();
        let takes = reference::service(service).is_some_and(|service| service.takes_rcp);
        if action.text != "*" && !takes {
            let message = format!(
                "resource control policies have no hold on `{}`",
                action.text.escape_debug()
            );
            findings.add(&checks::RCP_SYNTAX_ERROR_ACTION, action.at(), message, None);
        }
    }
    companions(statement, findings);
}

/// A resource control policy also meets AWS services, which carry other keys than your principals.
fn companions(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let says = |value: &str| {
        statement.conditions.iter().any(|condition| {
            condition.key.text.eq_ignore_ascii_case("aws:PrincipalIsAWSService")
                && condition.values.iter().any(|v| v.text.eq_ignore_ascii_case(value))
        })
    };
    let null_check = statement.conditions.iter().any(|condition| {
        let key = condition.key.text;
        condition.operator.name == "Null"
            && (key.eq_ignore_ascii_case("aws:SourceAccount")
                || key.eq_ignore_ascii_case("aws:SourceArn"))
    });
    for condition in statement.conditions.iter().filter(|c| c.operator.name != "Null") {
        let key = condition.key.text.to_ascii_lowercase();
        let shown = condition.key.text.escape_debug();
        let of_principal = key.starts_with("aws:principalorg")
            || key.starts_with("aws:principaltag/")
            || matches!(key.as_str(), "aws:principalaccount" | "aws:principalarn");
        let of_source = matches!(
            key.as_str(),
            "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths" | "aws:sourcearn"
        );
        if of_principal && !says("false") {
            findings.add(
                &checks::RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY,
                condition.key.at(),
                format!("with `{shown}` alone, AWS services that act for you are denied too"),
                Some("add `\"BoolIfExists\": {\"aws:PrincipalIsAWSService\": \"false\"}`".into()),
            );
        }
        if of_source && !says("true") {
            findings.add(
                &checks::RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY,
                condition.key.at(),
                format!("with `{shown}` alone, your own principals are denied too"),
                Some("add `\"Bool\": {\"aws:PrincipalIsAWSService\": \"true\"}`".into()),
            );
        }
        if of_source && !null_check {
            findings.add(
                &checks::RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK,
                condition.key.at(),
                format!("services that do not send `{shown}` are denied too"),
                Some("add `\"Null\": {\"aws:SourceAccount\": \"false\"}`".into()),
            );
        }
    }
}
