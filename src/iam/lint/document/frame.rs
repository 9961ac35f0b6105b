//! What a policy and its statements must have, and what excludes each other.

use super::super::{Findings, PolicyKind, checks};
use super::{Item, Policy, Statement};

/// What a policy and its statements must have, and what excludes each other.
pub(in crate::iam::lint) fn check(policy: &Policy<'_>, findings: &mut Findings<'_>) {
    if policy.version.is_none() && !policy.statements.is_empty() && !findings.has("Version") {
        findings.add(
            &checks::MISSING_VERSION,
            (&policy.span, ""),
            "the policy has no `Version`, so that it is read as of 2008, without variables",
            Some("add `\"Version\": \"2012-10-17\"`".into()),
        );
    }
    for (index, statement) in policy.statements.iter().enumerate() {
        presence(policy, statement, findings);
        combination(statement, findings);
        empty_lists(statement, findings);
        let earlier = policy.statements.get(..index).unwrap_or_default();
        check_sid(policy, statement, earlier, findings);
    }
}

impl Findings<'_> {
    fn has(&self, path: &str) -> bool {
        self.list.iter().any(|finding| finding.path == path)
    }
}

fn presence(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let at = statement.at();
    if !statement.has("Effect") {
        let help = Some("add `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`".into());
        findings.add(&checks::MISSING_EFFECT, at, "the statement has no `Effect`", help);
    }
    if !statement.has("Action") && !statement.has("NotAction") {
        let message = "the statement has neither `Action` nor `NotAction`";
        findings.add(&checks::MISSING_ACTION, at, message, None);
    }
    if !statement.has_resource() && !speaks_of_its_own(policy.kind, statement) {
        let message = "the statement has neither `Resource` nor `NotResource`";
        findings.add(&checks::MISSING_RESOURCE, at, message, None);
    }
    if !statement.has_principal() && policy.kind.takes_principal() {
        let message = format!("a statement of a {} needs a `Principal`", policy.kind);
        findings.add(&checks::MISSING_PRINCIPAL, at, message, None);
    }
}

/// What a role's policy speaks of is the role that it is attached to, and so with the services whose
/// pages show policies without `Resource`; others want it said:
///
/// - <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
/// - <https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html>
fn speaks_of_its_own(kind: PolicyKind, statement: &Statement<'_>) -> bool {
    let implied = ["ecr", "ecr-public", "elasticfilesystem"];
    let is_implied = |action: &Item<'_>| {
        let prefix = action.text.split(':').next().unwrap_or_default();
        implied.iter().any(|known| known.eq_ignore_ascii_case(prefix))
    };
    kind == PolicyKind::Trust
        || (kind == PolicyKind::Resource
            && !statement.actions.is_empty()
            && statement.actions.iter().all(is_implied))
}

fn combination(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let pairs =
        [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")];
    for (element, negation) in pairs {
        if statement.has(element) && statement.has(negation) {
            let (span, path) = statement.place(negation);
            let message = format!("`{element}` and `{negation}` exclude each other");
            let help = Some("keep one, or make two statements".into());
            let check = &checks::UNSUPPORTED_ELEMENT_COMBINATION;
            findings.add(check, (&span, &path), message, help);
        }
    }
}

fn empty_lists(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for name in ["Action", "NotAction"] {
        if statement.has(name) && statement.actions.is_empty() {
            let (span, path) = statement.place(name);
            if !findings.has(&path) && !findings.has(&format!("{path}[0]")) {
                let message = "this lists no action, so the statement has no effect";
                findings.add(&checks::EMPTY_ARRAY_ACTION, (&span, &path), message, None);
            }
        }
    }
    for name in ["Resource", "NotResource"] {
        if statement.has(name) && statement.resources.is_empty() {
            let (span, path) = statement.place(name);
            if !findings.has(&path) && !findings.has(&format!("{path}[0]")) {
                let message = "this lists no resource, so the statement has no effect";
                findings.add(&checks::EMPTY_ARRAY_RESOURCE, (&span, &path), message, None);
            }
        }
    }
}

fn check_sid(
    policy: &Policy<'_>,
    statement: &Statement<'_>,
    earlier: &[Statement<'_>],
    findings: &mut Findings<'_>,
) {
    let Some(sid) = &statement.sid else { return };
    // Services that own their policies accept more characters, IAM does not:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    let of_iam = matches!(policy.kind, PolicyKind::Identity | PolicyKind::Trust);
    if sid.text.is_empty() {
        let help = Some("name the statement, or leave `Sid` out".into());
        findings.add(&checks::EMPTY_SID_VALUE, sid.at(), "the `Sid` is empty", help);
    } else if of_iam && !sid.text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!(
            "the `Sid` `{}` has characters other than ASCII letters and digits",
            sid.text.escape_debug()
        );
        findings.add(&checks::UNSUPPORTED_SID, sid.at(), message, None);
    } else {
        let same = |other: &&Statement<'_>| other.sid.as_ref().is_some_and(|s| s.text == sid.text);
        if let Some(other) = earlier.iter().find(same) {
            let check = if of_iam {
                &checks::UNIQUE_SIDS_REQUIRED
            } else {
                &checks::UNIQUE_SIDS_RECOMMENDED
            };
            let message =
                format!("`{}` has the `Sid` `{}` already", other.path, sid.text.escape_debug());
            findings.add(check, sid.at(), message, None);
        }
    }
}
