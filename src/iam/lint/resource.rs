//! ARNs that are none, and resources that no action of the statement can have
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>).

use super::action::{is_exact, meant};
use super::checks;
use super::document::{Effect, Item, Policy, Statement, nearest};
use super::redundant::covers;
use super::region;
use super::variable::without_variables;
use super::{Check, Findings, PolicyKind};
use crate::iam::reference::{self, AccessLevel, ResourceType, overlaps};
use std::collections::HashMap;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html> and, for the isolated
/// ones, botocore's `partitions.json`.
pub(super) const PARTITIONS: [&str; 9] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-iso-g",
];

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for resource in &statement.resources {
        if resource.text != "*" {
            arn(policy.kind, resource, findings);
        }
    }
    redundant(statement, findings);
    if !statement.not_action && !statement.not_resource {
        together(policy.kind, statement, findings);
        star(policy, statement, findings);
    }
}

/// A resource with its variables as `*`. API Gateway completes what starts with `execute-api:/`
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html>).
fn plain(kind: PolicyKind, text: &str) -> String {
    let plain = without_variables(text);
    match plain.strip_prefix("execute-api:/") {
        Some(path) if kind == PolicyKind::Resource => format!("arn:*:execute-api:*:*:*/{path}"),
        _ => plain,
    }
}

fn arn(kind: PolicyKind, resource: &Item<'_>, findings: &mut Findings<'_>) {
    let plain = plain(kind, resource.text);
    let shown = resource.text.escape_debug();
    let mut report = |check: &'static Check, message: String, help: Option<String>| {
        findings.add(check, resource.at(), message, help);
    };
    // What a variable stands for here is another check's.
    if plain.starts_with('*') && resource.text.starts_with("${") {
        return;
    }
    let Some(rest) = plain.strip_prefix("arn:") else {
        let help = Some("write `*` or `arn:partition:service:region:account:resource`".into());
        report(&checks::INVALID_ARN_PREFIX, format!("`{shown}` is no ARN"), help);
        return;
    };
    let mut fields = rest.splitn(5, ':');
    let (Some(partition), Some(service), Some(region), Some(account), Some(name)) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        // "If the * wildcard is the last character of a resource ARN segment, it can expand to match
        // beyond the colon boundaries":
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        if rest.ends_with('*') && may_be_completed(rest) {
            return;
        }
        let help = Some("write `arn:partition:service:region:account:resource`".into());
        report(&checks::MISSING_ARN_FIELD, format!("`{shown}` has fewer than six fields"), help);
        return;
    };
    if !PARTITIONS.iter().any(|known| overlaps(known, partition)) {
        let help = nearest(partition, PARTITIONS.into_iter())
            .map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no partition `{}`", partition.escape_debug());
        report(&checks::INVALID_PARTITION, message, help);
    }
    let invalid = &checks::INVALID_ARN_REGION;
    let wrong = region::judge(region, Some(partition), invalid).filter(|_| !region.is_empty());
    if let Some((check, message, help)) = wrong {
        report(check, message, help);
    }
    if !is_account(account) {
        let message = format!("`{}` is no account of 12 digits", account.escape_debug());
        report(&checks::INVALID_ARN_ACCOUNT, message, None);
    }
    if service.contains(['*', '?']) {
        let message = format!("the service in `{shown}` has a wildcard");
        report(&checks::WILDCARD_IN_SERVICE_NAME, message, None);
        return;
    }
    let lower = service.to_ascii_lowercase();
    if lower != service {
        let message = format!("the service in `{shown}` is not in lower case");
        report(&checks::INVALID_ARN_SERVICE_CASE, message, Some(format!("write `{lower}`")));
    }
    let foreign = |only: &&str| *only != lower && !(*only == "s3" && lower == "s3express");
    if kind.service().as_ref().is_some_and(foreign) {
        let message = format!("`{shown}` is no resource that a {kind} can speak of");
        report(&checks::UNSUPPORTED_RESOURCE_ARN_IN_POLICY, message, None);
        return;
    }
    let kinds = kinds_of(&lower);
    if kinds.is_empty() {
        if reference::service(&lower).is_none() {
            let help = nearest(&lower, reference::prefixes())
                .map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no service `{}`", lower.escape_debug());
            report(&checks::INVALID_SERVICE, message, help);
        }
        return;
    }
    if let Some((check, message)) = form(&kinds, &lower, region, account, name) {
        report(check, message, None);
    }
}

/// The resource types whose ARNs name a service. A service's ARNs nearly always carry its own
/// prefix; only when it has none are all services looked through.
fn kinds_of(arn_service: &str) -> Vec<&'static ResourceType> {
    let named = |kind: &&ResourceType| {
        kind.arn_pattern.split(':').nth(2).is_some_and(|service| service == arn_service)
    };
    let own = reference::service(arn_service).map(|service| &service.resource_types);
    let own: Vec<_> = own.into_iter().flatten().filter(named).collect();
    if !own.is_empty() {
        return own;
    }
    reference::services().flat_map(|service| &service.resource_types).filter(named).collect()
}

/// What keeps an ARN from being one of any of these types, the mildest reading first.
fn form(
    kinds: &[&ResourceType],
    service: &str,
    region: &str,
    account: &str,
    name: &str,
) -> Option<(&'static Check, String)> {
    let mut named = Vec::new();
    for kind in kinds {
        let mut fields = kind.arn_pattern.splitn(6, ':').skip(3);
        let (Some(want_region), Some(want_account), Some(want_name)) =
            (fields.next(), fields.next(), fields.next())
        else {
            // A form that has no six fields says nothing about them.
            return None;
        };
        if overlaps(&reference::as_glob(want_name), name) {
            named.push((kind.name, want_region, want_account));
        }
    }
    // The documents and parameters that AWS owns and everybody may use have no account:
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/security_iam_service-with-iam.html
    let public = service == "ssm";
    let fits = |want: &str, have: &str| {
        have.contains(['*', '?'])
            || want == "*"
            || want.is_empty() == have.is_empty()
            || (public && have.is_empty())
    };
    if named.is_empty() {
        let message =
            format!("no resource type of `{service}` has the form of `{}`", name.escape_debug());
        return Some((&checks::INVALID_ARN_RESOURCE, message));
    }
    if named.iter().any(|(_, r, a)| fits(r, region) && fits(a, account)) {
        return None;
    }
    let (kind, want_region, want_account) = named
        .iter()
        .find(|(_, r, a)| fits(r, region) || fits(a, account))
        .or_else(|| named.first())?;
    Some(if !fits(want_region, region) {
        if region.is_empty() {
            (&checks::MISSING_ARN_REGION, format!("the ARN of a {service} {kind} names its Region"))
        } else {
            let message = format!("the ARN of a {service} {kind} names no Region");
            (&checks::ARN_REGION_NOT_ALLOWED, message)
        }
    } else if account.is_empty() {
        (&checks::MISSING_ARN_ACCOUNT, format!("the ARN of a {service} {kind} names its account"))
    } else {
        let message = format!("the ARN of a {service} {kind} names no account");
        debug_assert!(want_account.is_empty());
        (&checks::ARN_ACCOUNT_NOT_ALLOWED, message)
    })
}

/// `aws` owns managed policies; other words name AWS's own accounts in some services' ARNs.
const ACCOUNT_WORDS: [&str; 6] =
    ["aws", "aws-managed", "amazon", "cloudfront", "third-party", "system"];

fn is_account(text: &str) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'?');
    overlaps(text, "")
        || (text.bytes().all(digits) && overlaps(text, "????????????"))
        || ACCOUNT_WORDS.iter().any(|word| overlaps(word, text))
}

/// Whether there is an ARN that `arn:` and this match, when it has fewer fields and its last `*`
/// stands for the rest.
fn may_be_completed(rest: &str) -> bool {
    let mut fields = rest.split(':').skip(2);
    let region = fields.next().is_none_or(region::is_possible);
    region && fields.next().is_none_or(is_account)
}

fn redundant(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for (index, resource) in statement.resources.iter().enumerate() {
        let by = statement.resources.iter().enumerate().find(|(other, general)| {
            *other != index
                && covers(general.text, resource.text)
                && (*other < index || general.text != resource.text)
        });
        let Some((_, by)) = by else { continue };
        let message = format!(
            "`{}` is covered by `{}` of the same statement",
            resource.text.escape_debug(),
            by.text.escape_debug()
        );
        findings.add(&checks::REDUNDANT_RESOURCE, resource.at(), message, Some("remove it".into()));
    }
}

/// Actions that none of the statement's resources can be the resource of, and the other way round.
fn together(kind: PolicyKind, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let resources: Vec<_> = statement.resources.iter().map(|r| (r, plain(kind, r.text))).collect();
    if resources.is_empty() || resources.iter().any(|(_, plain)| plain == "*") {
        return;
    }
    let mut used = vec![false; resources.len()];
    let mut unknown = false;
    let mut all_misfit = true;
    let mut known: HashMap<(&str, &str), Vec<bool>> = HashMap::new();
    for action in &statement.actions {
        let meant = meant(action.text);
        unknown |= meant.is_empty() || action.text == "*";
        all_misfit &= !meant.is_empty();
        let mut fits = false;
        let mut takes_star_only = !meant.is_empty();
        for action in &meant {
            let Some(service) = reference::service(action.service) else { continue };
            takes_star_only &= action.resource_types.is_empty();
            for kind in action.resource_types.iter().filter_map(|k| service.resource_type(k.name)) {
                let matches = known.entry((service.prefix, kind.name)).or_insert_with(|| {
                    resources.iter().map(|(_, plain)| kind.may_match(plain)).collect()
                });
                for (matches, used) in matches.iter().zip(&mut used) {
                    *used |= *matches;
                    fits |= *matches;
                }
            }
        }
        // Listing the buckets is asked of all of them, which may be written as an ARN:
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-policies-s3.html
        fits |= takes_star_only && resources.iter().any(|(_, plain)| plain == "arn:aws:s3:::*");
        all_misfit &= !fits;
        if fits || meant.is_empty() {
            continue;
        }
        let shown = action.text.escape_debug();
        let (message, help) = if takes_star_only {
            let message = format!("`{shown}` cannot be limited to a resource");
            (message, "give it a statement of its own with `\"Resource\": \"*\"`".to_owned())
        } else {
            let kinds: Vec<_> = meant
                .iter()
                .flat_map(|action| action.resource_types.iter().map(|kind| kind.name))
                .take(3)
                .collect();
            let message = format!("`{shown}` never has one of the statement's resources");
            (message, format!("its resources are of type {}", kinds.join(", ")))
        };
        findings.add(&checks::ACTION_RESOURCE_MISMATCH, action.at(), message, Some(help));
    }
    // When nothing fits, saying it of each action is enough.
    if unknown || all_misfit {
        return;
    }
    for ((resource, _), used) in resources.iter().zip(used) {
        if !used && resource.text != "arn:aws:s3:::*" {
            let message = format!(
                "no action of the statement can have `{}` as its resource",
                resource.text.escape_debug()
            );
            findings.add(&checks::ACTION_RESOURCE_MISMATCH, resource.at(), message, None);
        }
    }
}

/// `*` where every action could be limited.
fn star(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    let identity = policy.kind == PolicyKind::Identity;
    let star = statement.resources.iter().find(|resource| resource.text == "*");
    let (Some(star), true) = (star, identity && statement.effect == Some(Effect::Allow)) else {
        return;
    };
    if !statement.conditions.is_empty() {
        return;
    }
    let changes: Vec<_> = statement
        .actions
        .iter()
        .filter(|action| is_exact(action.text))
        .flat_map(|action| meant(action.text))
        .filter(|action| {
            matches!(action.access_level, AccessLevel::Write | AccessLevel::PermissionsManagement)
                && !action.resource_types.is_empty()
        })
        .map(|action| format!("`{action}`"))
        .collect();
    if !changes.is_empty() {
        let message = format!("every resource is open to {}", changes.join(", "));
        let help = Some("name the resources that it needs".into());
        findings.add(&checks::STAR_RESOURCE, star.at(), message, help);
    }
}
