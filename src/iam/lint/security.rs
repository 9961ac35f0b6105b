//! Statements that let in more than they seem to.

use super::checks;
use super::document::{Condition, Effect, Policy, Principal, Statement};
use super::guard;
use super::operator::Qualifier;
use super::redundant::{covers, fold};
use super::variable::{has_wildcard, without_variables};
use super::{Check, Findings, PolicyKind};

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for condition in &statement.conditions {
        weak_key(statement, condition, findings);
    }
    s3_prefix(statement, findings);
    if statement.effect != Some(Effect::Allow) {
        return;
    }
    paired_keys(statement, findings);
    if policy.kind == PolicyKind::Identity {
        everything(statement, findings);
        let limited = guard::passing_is_limited(statement);
        roles(statement, "iam:PassRole", limited, &PASS_ROLE, findings);
        let limited = guard::linking_is_limited(statement);
        roles(statement, "iam:CreateServiceLinkedRole", limited, &CREATE_SLR, findings);
    }
    if policy.kind == PolicyKind::Identity || policy.kind == PolicyKind::Resource {
        negations(statement, findings);
    }
    // What lets in through an endpoint lets nobody in: each resource decides that for itself.
    if policy.kind == PolicyKind::Endpoint {
        return;
    }
    if statement.not_principal && policy.kind.takes_principal() {
        let (span, path) = statement.place("NotPrincipal");
        let message = "everybody but the named principals is let in, anonymous callers included";
        let help = Some("name the principals in `Principal`".into());
        findings.add(&checks::ALLOW_WITH_NOT_PRINCIPAL, (&span, &path), message, help);
    } else if policy.kind.takes_principal() && policy.kind != PolicyKind::Rcp {
        for principal in &statement.principals {
            public(policy.kind, statement, principal, findings);
            deputy(statement, principal, findings);
            if policy.kind == PolicyKind::Trust {
                provider(statement, principal, findings);
            }
        }
    }
}

/// Checks on an action that hands out roles: by the way in which it and its resource are named.
struct RoleChecks {
    not_resource: &'static Check,
    star_action_and_not_resource: &'static Check,
    not_action_and_not_resource: &'static Check,
    star_resource: &'static Check,
    star_action_and_resource: &'static Check,
    star_resource_and_not_action: &'static Check,
}

static PASS_ROLE: RoleChecks = RoleChecks {
    not_resource: &checks::PASS_ROLE_WITH_NOT_RESOURCE,
    star_action_and_not_resource: &checks::PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE,
    not_action_and_not_resource: &checks::PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE,
    star_resource: &checks::PASS_ROLE_WITH_STAR_IN_RESOURCE,
    star_action_and_resource: &checks::PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE,
    star_resource_and_not_action: &checks::PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION,
};

static CREATE_SLR: RoleChecks = RoleChecks {
    not_resource: &checks::CREATE_SLR_WITH_NOT_RESOURCE,
    star_action_and_not_resource: &checks::CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE,
    not_action_and_not_resource: &checks::CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE,
    star_resource: &checks::CREATE_SLR_WITH_STAR_IN_RESOURCE,
    star_action_and_resource: &checks::CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE,
    star_resource_and_not_action: &checks::CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION,
};

fn roles(
    statement: &Statement<'_>,
    action: &str,
    limited: bool,
    checks: &RoleChecks,
    findings: &mut Findings<'_>,
) {
    let folded = fold(action);
    let named = statement.actions.iter().find(|a| covers(&fold(a.text), &folded));
    // `NotAction` means the action unless it is among those left out.
    let item = match (named, statement.not_action) {
        (Some(_), true) | (None, false) => return,
        (found, _) => found,
    };
    let exact = item.is_some_and(|item| fold(item.text) == folded);
    let star = statement.resources.iter().find(|resource| is_every_role(resource.text));
    let (check, what) = if statement.not_resource {
        match (statement.not_action, exact) {
            (true, _) => (checks.not_action_and_not_resource, "all roles but some"),
            (false, true) => (checks.not_resource, "all roles but some"),
            (false, false) => (checks.star_action_and_not_resource, "all roles but some"),
        }
    } else if star.is_some() && !limited {
        match (statement.not_action, exact) {
            (true, _) => (checks.star_resource_and_not_action, "every role"),
            (false, true) => (checks.star_resource, "every role"),
            (false, false) => (checks.star_action_and_resource, "every role"),
        }
    } else {
        return;
    };
    let (span, path) = match (item, star) {
        (Some(item), _) => (item.span.clone(), item.path.clone()),
        (None, Some(star)) => (star.span.clone(), star.path.clone()),
        (None, None) => (statement.span.clone(), statement.path.clone()),
    };
    let help = Some("name the roles, and limit them by a condition on their service".into());
    findings.add(check, (&span, &path), format!("this allows `{action}` on {what}"), help);
}

/// A pattern of every role of an account or of all. `role/Service*` is none: it follows the custom of
/// naming roles after their service.
fn is_every_role(resource: &str) -> bool {
    // `?*` asks for a character more, which the name of every role has.
    let mut plain = String::with_capacity(resource.len());
    let mut run = String::new();
    for character in without_variables(resource).chars().chain(['\0']) {
        if matches!(character, '*' | '?') {
            run.push(character);
            continue;
        }
        plain.push_str(if run.contains('*') { "*" } else { &run });
        run.clear();
        plain.push(character);
    }
    plain.pop();
    let mut fields = plain.splitn(6, ':').skip(1);
    let partition = fields.next().filter(|field| !field.contains('*')).unwrap_or("aws");
    let account = fields.nth(2).filter(|field| !field.contains('*')).unwrap_or("111122223333");
    covers(&plain, &format!("arn:{partition}:iam::{account}:role/*"))
}

fn everything(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let all = |texts: &[super::document::Item<'_>]| {
        texts.iter().any(|text| text.text == "*" || text.text == "*:*")
    };
    if !statement.not_action
        && !statement.not_resource
        && statement.conditions.is_empty()
        && all(&statement.actions)
        && all(&statement.resources)
    {
        let message = "this allows everything on everything";
        findings.add(&checks::ALLOW_EVERYTHING, statement.at(), message, None);
    }
}

fn negations(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    if statement.not_action {
        let (span, path) = statement.place("NotAction");
        let message = "this allows every action but the named, those to come included";
        let help = Some("name the actions in `Action`".into());
        findings.add(&checks::ALLOW_WITH_NOT_ACTION, (&span, &path), message, help);
    }
    if statement.not_resource {
        let (span, path) = statement.place("NotResource");
        let message = "this allows every resource but the named, in every account";
        let help = Some("name the resources in `Resource`".into());
        findings.add(&checks::ALLOW_WITH_NOT_RESOURCE, (&span, &path), message, help);
    }
}

fn public(
    kind: PolicyKind,
    statement: &Statement<'_>,
    principal: &Principal<'_>,
    findings: &mut Findings<'_>,
) {
    let anyone = principal.value.text == "*" && matches!(principal.key, None | Some("AWS"));
    // A role cannot be trusted to everybody as `*` alone; AWS refuses that by another check.
    let told = kind == PolicyKind::Trust && principal.key.is_none();
    if anyone && !told && !guard::caller_is_limited(statement) {
        // Nobody assumes a role without credentials.
        let who =
            if kind == PolicyKind::Trust { "every AWS account" } else { "anyone on the internet" };
        let whatever = if statement.conditions.is_empty() {
            ""
        } else {
            ", since the conditions hold for callers whom nobody has named"
        };
        let mut help = "name the principals, or compare a key such as `aws:PrincipalOrgID` with \
                        fixed values, by an operator that does not hold without the key"
            .to_owned();
        if kind == PolicyKind::Resource {
            help.push_str("; a VPC endpoint's policy takes `--kind endpoint`");
        }
        let message = format!("{who} is let in{whatever}");
        findings.add(&checks::PUBLIC_ACCESS, principal.value.at(), message, Some(help));
    }
}

/// The confused deputy: a service that acts for somebody else's resource
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
fn deputy(statement: &Statement<'_>, principal: &Principal<'_>, findings: &mut Findings<'_>) {
    if principal.key != Some("Service") {
        return;
    }
    let limited = guard::source_is_limited(statement);
    let service = principal.value.text.escape_debug();
    let principal_keys = ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalAccount"];
    for condition in &statement.conditions {
        let of_principal =
            principal_keys.iter().any(|key| condition.key.text.eq_ignore_ascii_case(key));
        if of_principal && !condition.operator.true_when_missing() {
            let message =
                format!("`{service}` never carries `{}`", condition.key.text.escape_debug());
            let check = &checks::UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL;
            findings.add(check, condition.key.at(), message, Some("use `aws:SourceArn`".into()));
        }
        if !limited && condition.key.text.eq_ignore_ascii_case("aws:Referer") {
            let message = format!("`aws:Referer` is a weak limit on `{service}`");
            let check = &checks::RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL;
            let help = Some("use `aws:SourceArn` or `aws:SourceAccount`".into());
            findings.add(check, condition.key.at(), message, help);
        }
    }
    if !limited {
        let message = format!("`{service}` is let in whoever it acts for");
        let named = statement.conditions.iter().find(|condition| guard::names_source(condition));
        let help = named.map_or_else(
            || {
                "add a condition on `aws:SourceArn` or `aws:SourceAccount`, where the service sends \
                 them"
                    .to_owned()
            },
            |condition| {
                format!(
                    "`{}` on `{}` holds for other accounts too; write `StringEquals` or `ArnLike` \
                     with a fixed account",
                    condition.operator_text.escape_debug(),
                    condition.key.text.escape_debug()
                )
            },
        );
        let check = &checks::RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL;
        findings.add(check, principal.value.at(), message, Some(help));
    }
}

const GITHUB: &str = "token.actions.githubusercontent.com";

fn provider(statement: &Statement<'_>, principal: &Principal<'_>, findings: &mut Findings<'_>) {
    use super::principal::{Provider, provider};
    let text = principal.value.text;
    let oidc = principal.key == Some("Federated") && provider(text) == Some(Provider::Oidc);
    if !oidc {
        return;
    }
    let issuer = text.split_once(":oidc-provider/").map_or(text, |(_, issuer)| issuer);
    let about = |condition: &&Condition<'_>, claim: &str| {
        let wanted = format!("{issuer}:{claim}");
        condition.key.text.eq_ignore_ascii_case(&wanted)
    };
    let prefix = format!("{issuer}:");
    let any = statement.conditions.iter().any(|condition| {
        let head = condition.key.text.get(..prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(&prefix))
    });
    let subject = statement.conditions.iter().find(|condition| about(condition, "sub"));
    if issuer == GITHUB {
        match subject {
            None => findings.add(
                &checks::MISSING_GITHUB_REPO_CONDITION_KEY,
                principal.value.at(),
                "every repository on GitHub is trusted",
                Some(format!("add a condition on `{GITHUB}:sub`")),
            ),
            Some(condition) => {
                for value in &condition.values {
                    let repository = value.text.split(':').nth(1).unwrap_or_default();
                    if has_wildcard(repository) || repository.is_empty() {
                        findings.add(
                            &checks::SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED,
                            value.at(),
                            format!("`{}` names no repository", value.text.escape_debug()),
                            Some("write `repo:owner/name:ref:refs/heads/branch`".into()),
                        );
                    }
                }
            }
        }
    } else if !any {
        let message = format!("all users of `{}` are trusted", issuer.escape_debug());
        let help = Some(format!("add a condition on `{}:sub` or `:aud`", issuer.escape_debug()));
        let check = &checks::MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL;
        findings.add(check, principal.value.at(), message, help);
    }
    for condition in statement.conditions.iter().filter(|condition| about(condition, "aud")) {
        let key = condition.key.text.escape_debug();
        match condition.operator.qualifier {
            Some(Qualifier::ForAnyValue) => {
                let message = format!("`{key}` has one value");
                let help = Some("remove `ForAnyValue:`".into());
                let check = &checks::FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE;
                findings.add(check, condition.key.at(), message, help);
            }
            Some(Qualifier::ForAllValues) => {
                let message = format!("`{key}` has one value with most providers");
                let help = Some("remove `ForAllValues:` unless yours sends several".into());
                findings.add(
                    &checks::CONFIRM_AUDIENCE_CLAIM_TYPE,
                    condition.key.at(),
                    message,
                    help,
                );
            }
            None => {}
        }
    }
}

fn weak_key(statement: &Statement<'_>, condition: &Condition<'_>, findings: &mut Findings<'_>) {
    let weak = ["aws:Referer", "aws:UserAgent"]
        .into_iter()
        .any(|key| condition.key.text.eq_ignore_ascii_case(key));
    if weak && statement.effect == Some(Effect::Allow) {
        let message =
            format!("callers set `{}` to what they like", condition.key.text.escape_debug());
        findings.add(&checks::UNTRUSTWORTHY_CONDITION_KEY, condition.key.at(), message, None);
    }
}

fn paired_keys(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for condition in &statement.conditions {
        let key = condition.key.text;
        if key.eq_ignore_ascii_case("aws:VpcSourceIp")
            && !statement.has_condition("aws:SourceVpc")
            && !statement.has_condition("aws:SourceVpce")
        {
            let message = "the same private address is used in many VPCs";
            let help = Some("add a condition on `aws:SourceVpc`".into());
            findings.add(&checks::MISSING_PAIRED_CONDITION_KEYS, condition.key.at(), message, help);
        }
        if key.eq_ignore_ascii_case("dynamodb:Attributes")
            && !statement.has_condition("dynamodb:Select")
        {
            let message = "a read that asks for no attributes gets them all";
            let help =
                Some("add a condition that `dynamodb:Select` is `SPECIFIC_ATTRIBUTES`".into());
            let check = &checks::DYNAMODB_ATTRIBUTES_WITHOUT_SELECT;
            findings.add(check, condition.key.at(), message, help);
        }
    }
}

/// A shorter prefix lists the same objects.
fn s3_prefix(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for condition in &statement.conditions {
        let on_prefix = condition.key.text.eq_ignore_ascii_case("s3:prefix");
        let bypassed = (statement.effect == Some(Effect::Deny)) != condition.operator.negated();
        if on_prefix && bypassed && condition.operator.name != "Null" {
            let message = "a request with a shorter prefix lists the same objects";
            let help = Some("allow by `StringLike`, or deny by `StringNotLike`".into());
            let check = &checks::S3_PREFIX_IN_NEGATIVE_CONTEXT;
            findings.add(check, condition.key.at(), message, help);
        }
    }
}

/// A key whose policy nobody may change is lost.
pub(super) fn check_document(policy: &Policy<'_>, findings: &mut Findings<'_>) {
    if policy.kind != PolicyKind::Key || policy.statements.is_empty() {
        return;
    }
    let speaks = |statement: &&Statement<'_>, effect: Effect| {
        let named = statement.actions.iter().any(|a| covers(&fold(a.text), "kms:putkeypolicy"));
        statement.effect == Some(effect) && named != statement.not_action
    };
    let all = |principal: &Principal<'_>| principal.value.text == "*";
    let denied = policy.statements.iter().find(|statement| {
        speaks(statement, Effect::Deny)
            && statement.conditions.is_empty()
            && !statement.not_principal
            && statement.principals.iter().any(all)
    });
    if let Some(statement) = denied {
        let message = "this denies `kms:PutKeyPolicy` to everybody, so that nobody can change this \
                       policy";
        let help = Some(
            "except the account's administrators, by a condition on `aws:PrincipalArn`".into(),
        );
        findings.add(&checks::KEY_POLICY_WITHOUT_ADMINISTRATOR, statement.at(), message, help);
    } else if !policy.statements.iter().any(|statement| speaks(&statement, Effect::Allow)) {
        let message =
            "no statement allows `kms:PutKeyPolicy`, so that nobody can change this policy";
        let help = Some("let the account's administrators, or its root, administer the key".into());
        let check = &checks::KEY_POLICY_WITHOUT_ADMINISTRATOR;
        findings.add(check, (&policy.span, ""), message, help);
    }
}
