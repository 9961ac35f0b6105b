//! Condition keys: do they exist, does the request carry them, are they compared as they should be.

use super::action::{is_exact, meant};
use super::checks;
use super::document::{Condition, Effect, Policy, Statement, nearest};
use super::operator::{Family, Qualifier};
use super::value;
use super::{Findings, PolicyKind};
use crate::iam::reference::{self, Action, ConditionKey, KeyType};

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for condition in &statement.conditions {
        let key = known(policy.kind, condition, findings);
        empty(condition, findings);
        if let Some(key) = key {
            operator(statement, condition, key, findings);
        }
        received(statement, condition, findings);
        resource_tag(statement, condition, findings);
        value::check(statement, condition, findings);
        if policy.kind == PolicyKind::Bucket
            && condition.key.text.eq_ignore_ascii_case("s3:ResourceAccount")
        {
            let message = "the bucket's own account is known where its policy stands";
            let help = Some("use the key in an identity-based policy".into());
            let check = &checks::IRRELEVANT_CONDITION_KEY_IN_POLICY;
            findings.add(check, condition.key.at(), message, help);
        }
    }
}

/// The key as AWS documents it; a finding when it does not.
fn known(
    kind: PolicyKind,
    condition: &Condition<'_>,
    findings: &mut Findings<'_>,
) -> Option<&'static ConditionKey> {
    let key = &condition.key;
    let shown = key.text.escape_debug();
    let Some((prefix, name)) =
        key.text.split_once(':').filter(|(p, n)| !p.is_empty() && !n.is_empty())
    else {
        let message = format!("`{shown}` is no condition key");
        let help = Some("write `service:name`".into());
        findings.add(&checks::INVALID_CONDITION_KEY_FORMAT, key.at(), message, help);
        return None;
    };
    if let Some(found) = reference::global_condition_key(key.text) {
        if found.name.eq_ignore_ascii_case("aws:SourceOwner") {
            let help = Some("use `aws:SourceAccount`".into());
            let message = "`aws:SourceOwner` has a successor";
            findings.add(&checks::DEPRECATED_GLOBAL_CONDITION_KEY, key.at(), message, help);
        }
        return Some(found);
    }
    if prefix.eq_ignore_ascii_case("aws") {
        let tag = ["requesttag", "resourcetag", "principaltag"]
            .contains(&name.trim_end_matches('/').to_ascii_lowercase().as_str());
        if tag {
            let message = format!("`{shown}` names no tag");
            let help = Some(format!("write `{}/tag-key`", shown.to_string().trim_end_matches('/')));
            findings.add(&checks::MISSING_TAG_KEY_IN_CONDITION, key.at(), message, help);
        } else if name.eq_ignore_ascii_case("arn") {
            let message = "`aws:ARN` is not supported";
            let help = Some("use `aws:PrincipalArn` or `aws:SourceArn`".into());
            findings.add(&checks::UNSUPPORTED_GLOBAL_CONDITION_KEY, key.at(), message, help);
        } else {
            let names = reference::global_condition_keys().iter().map(|key| &*key.name);
            let help = nearest(key.text, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no global condition key `{shown}`");
            findings.add(&checks::INVALID_GLOBAL_CONDITION_KEY, key.at(), message, help);
        }
        return None;
    }
    let Some(service) = reference::service(prefix) else {
        if kind != PolicyKind::Trust && !is_of_provider(prefix) {
            let help = nearest(prefix, reference::prefixes())
                .map(|near| format!("did you mean `{near}:{}`?", name.escape_debug()));
            let message = format!("there is no service `{}`", prefix.escape_debug());
            findings.add(&checks::INVALID_SERVICE, key.at(), message, help);
        }
        return None;
    };
    let found = service.condition_key(key.text);
    if found.is_none() {
        let names = service.condition_keys.iter().map(|key| &*key.name);
        let help = nearest(key.text, names).map(|near| format!("did you mean `{near}`?"));
        let message = format!("{} has no condition key `{shown}`", service.name);
        findings.add(&checks::INVALID_SERVICE_CONDITION_KEY, key.at(), message, help);
    }
    found
}

/// Identity providers put their own names before keys: `token.actions.…:sub`, `saml:aud`.
pub(super) fn is_of_provider(prefix: &str) -> bool {
    prefix.contains('.')
        || ["saml", "catalog", "identitycenter", "www"]
            .contains(&prefix.to_ascii_lowercase().as_str())
        || prefix.starts_with("cognito-identity-")
}

fn empty(condition: &Condition<'_>, findings: &mut Findings<'_>) {
    if !condition.no_values {
        return;
    }
    let (check, message) = match (condition.operator.qualifier, condition.operator.if_exists) {
        (Some(Qualifier::ForAllValues), _) => (
            &checks::EMPTY_ARRAY_CONDITION_FORALLVALUES,
            "without values this is true only when the key is missing",
        ),
        (Some(Qualifier::ForAnyValue), _) => {
            (&checks::EMPTY_ARRAY_CONDITION_FORANYVALUE, "without values this is never true")
        }
        (None, true) => (
            &checks::EMPTY_ARRAY_CONDITION_IFEXISTS,
            "without values this is true only when the key is missing",
        ),
        (None, false) => (&checks::EMPTY_ARRAY_CONDITION, "the condition lists no value"),
    };
    let at = (&condition.values_span, condition.key.path.as_str());
    findings.add(check, at, message, None);
}

/// The types of operators that suit a type of key
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
fn allowed(kind: KeyType) -> &'static [Family] {
    match kind {
        KeyType::String => &[Family::String],
        KeyType::Arn => &[Family::Arn, Family::String],
        KeyType::Bool => &[Family::Bool],
        KeyType::Numeric => &[Family::Numeric],
        KeyType::Date => &[Family::Date, Family::Numeric],
        KeyType::IpAddress => &[Family::IpAddress],
        KeyType::Binary => &[Family::Binary],
    }
}

fn operator(
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    key: &ConditionKey,
    findings: &mut Findings<'_>,
) {
    let operator = condition.operator;
    let shown = condition.key.text.escape_debug();
    let used = condition.operator_text.escape_debug();
    // Several pages call keys that hold ARNs strings, and what a tag holds is up to its users.
    let arn_by_name = key.kind.of == KeyType::String
        && operator.family == Family::Arn
        && (key.name.to_ascii_lowercase().contains("arn") || key.name.contains(['$', '<']));
    let suits = allowed(key.kind.of).contains(&operator.family) || arn_by_name;
    if operator.family != Family::Null && !suits {
        let wanted = allowed(key.kind.of).first().map_or("String", |family| family.name());
        let message = format!("`{shown}` is compared by `{used}`");
        let help = Some(format!("use an operator of type {wanted}"));
        findings.add(&checks::TYPE_MISMATCH, condition.key.at(), message, help);
    }
    if key.kind.of == KeyType::Arn && operator.name == "StringLike" {
        let message =
            format!("`*` in a value of `{used}` spans the fields of the ARN in `{shown}`");
        let help = Some("use `ArnLike`".into());
        let check = &checks::STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS;
        findings.add(check, condition.key.at(), message, help);
    }
    if key.kind.multivalued && operator.qualifier.is_none() && operator.family != Family::Null {
        let message = format!("`{shown}` can have several values");
        let help = Some(format!("write `ForAnyValue:{used}` or `ForAllValues:{used}`"));
        findings.add(&checks::MISSING_QUALIFIER, condition.key.at(), message, help);
    }
    let all_values = operator.qualifier == Some(Qualifier::ForAllValues);
    if all_values && !key.kind.multivalued && statement.effect == Some(Effect::Allow) {
        let message = format!(
            "`{shown}` has one value at most, and `ForAllValues` is true of a request without it"
        );
        let help = Some("remove `ForAllValues:`".into());
        let check = &checks::FORALLVALUES_WITH_SINGLE_VALUED_KEY;
        findings.add(check, condition.key.at(), message, help);
    }
}

/// The actions of a statement that are named one by one.
fn exact_actions(statement: &Statement<'_>) -> Vec<&'static Action> {
    let named = statement.actions.iter().filter(|action| is_exact(action.text));
    named.flat_map(|action| meant(action.text)).collect()
}

/// Keys that only some requests carry: the services' own, and the global ones on tags.
fn received(statement: &Statement<'_>, condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let key = condition.key.text;
    let lower = key.to_ascii_lowercase();
    let on_tags = lower.starts_with("aws:requesttag/") || lower == "aws:tagkeys";
    let prefix = lower.split(':').next().unwrap_or_default();
    let service = reference::service(prefix);
    let own = service.is_some_and(|service| service.condition_key(key).is_some());
    let cross_service = !on_tags && reference::global_condition_key(key).is_some();
    if statement.not_action
        || cross_service
        || !(own || on_tags)
        || condition.operator.true_when_missing()
    {
        return;
    }
    let exact = exact_actions(statement);
    let without: Vec<_> = exact.iter().filter(|action| !action.receives(key)).collect();
    if without.is_empty() {
        return;
    }
    let shown = key.escape_debug();
    // One action of the service alone receives the key, and the statement leaves it out.
    let receivers: Vec<_> = service
        .iter()
        .flat_map(|service| &service.actions)
        .filter(|action| action.receives(key))
        .take(2)
        .collect();
    if let ([only], true) = (receivers.as_slice(), own) {
        let named = statement
            .actions
            .iter()
            .any(|action| meant(action.text).iter().any(|meant| std::ptr::eq(*meant, *only)));
        if !named {
            let message = format!("only `{only}` receives `{shown}`");
            let help = Some(format!("add `{only}` to the statement, or remove the condition"));
            let check = &checks::MISSING_ACTION_FOR_CONDITION_KEY;
            findings.add(check, condition.key.at(), message, help);
            return;
        }
    }
    let names: Vec<_> = without.iter().map(|action| format!("`{action}`")).collect();
    let verb = if names.len() == 1 { "receives" } else { "receive" };
    let message = format!("{} never {verb} `{shown}`", names.join(", "));
    let help = Some("give them a statement of their own without this condition".into());
    let check = &checks::UNSUPPORTED_ACTION_FOR_CONDITION_KEY;
    findings.add(check, condition.key.at(), message, help);
}

/// A resource's tags are known to some services only.
fn resource_tag(statement: &Statement<'_>, condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let key = condition.key.text;
    if !key.to_ascii_lowercase().starts_with("aws:resourcetag/")
        || condition.operator.true_when_missing()
    {
        return;
    }
    let shown = key.escape_debug();
    let Some(effect) = statement.effect else { return };
    if statement.not_action {
        let (check, done) = match effect {
            Effect::Allow => {
                (&checks::ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "allowed")
            }
            Effect::Deny => {
                (&checks::DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "denied")
            }
        };
        let message = format!("actions that do not carry `{shown}` are not {done} here");
        findings.add(check, condition.key.at(), message, Some("list the actions".into()));
        return;
    }
    let mut services: Vec<_> = statement
        .actions
        .iter()
        .filter(|action| action.text != "*")
        .flat_map(|action| meant(action.text))
        .map(|action| (action.service, action.receives(key)))
        .collect();
    services.sort_unstable();
    let mut without: Vec<_> = services.iter().map(|(service, _)| *service).collect();
    without.dedup();
    without.retain(|service| !services.contains(&(*service, true)));
    if without.is_empty() {
        return;
    }
    let (check, done) = match effect {
        Effect::Allow => (&checks::ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "allowed"),
        Effect::Deny => (&checks::DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE, "denied"),
    };
    let message = format!(
        "the statement's actions of {} do not carry `{shown}` and are not {done} here",
        without.join(", ")
    );
    let help = Some("give them a statement of their own without this condition".into());
    findings.add(check, condition.key.at(), message, help);
}
