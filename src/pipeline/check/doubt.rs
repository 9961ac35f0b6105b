//! What a decision may hang on that is not known here: policies whose texts are not at hand, and
//! condition keys whose values are the caller's.
//!
//! A request is decided twice: as if all that is not known were in its favor, and as if nothing were. It
//! is denied when even the first denies it, allowed when even the second allows it, and not known
//! otherwise.

use super::answer::{in_bucket, of_key};
use super::{Attached, Role, Setup};
use crate::iam::{
    Condition, Effect, Element, NamedPolicy, Policies, Policy, Request, Statement, matches_action,
    reference,
};
use crate::pipeline::Pipeline;
use std::borrow::Cow;

/// Keys that AWS sends with requests and whose values follow from who asks, from where, and from what the
/// account's organization and tags are, in lower case
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>).
const OPEN: &[&str] = &[
    "aws:chatbotsourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:referer",
    "aws:requestedregion",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "s3:authtype",
    "s3:signatureage",
    "s3:signatureversion",
    "s3:tlsversion",
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
];

/// Keys of which every tag has one.
const OPEN_TAGS: &[&str] = &["aws:principaltag/", "aws:resourcetag/"];

fn open(condition: &Condition, request: &Request) -> bool {
    let key = condition.key.to_ascii_lowercase();
    (OPEN.contains(&key.as_str()) || OPEN_TAGS.iter().any(|it| key.starts_with(it)))
        && request.context.get(&key).is_none()
}

/// The policies as if nothing that is the caller's held that allows, and all that denies.
pub(super) fn at_worst<'a>(request: &Request, known: &'a Policies) -> Cow<'a, Policies> {
    settled(request, known, false)
}

/// The policies as if all that is not known were in the request's favor.
pub(super) fn at_best<'a>(
    pipeline: &Pipeline,
    setup: &Setup,
    role: &Role,
    request: &Request,
    known: &'a Policies,
) -> Cow<'a, Policies> {
    let mut best = settled(request, known, true);
    if !(role.unknown.is_empty() && role.unknown_grants.is_empty()) {
        best.to_mut().identity.extend(anything(None));
    }
    let resource = if in_bucket(pipeline, &request.resource) {
        &setup.bucket
    } else if of_key(pipeline, setup, &request.resource) {
        &setup.key
    } else {
        return best;
    };
    if matches!(resource, Attached::Unknown(_)) {
        best.to_mut().resource = anything(Some(&role.arn));
    }
    best
}

/// The same of policies of which the texts are all known.
pub(super) fn at_best_of_known<'a>(request: &Request, known: &'a Policies) -> Cow<'a, Policies> {
    settled(request, known, true)
}

/// A policy that allows everything, to whom it is attached to or to a principal.
fn anything(principal: Option<&str>) -> Option<NamedPolicy> {
    let mut statement = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if let (Some(arn), Some(statement)) = (principal, statement.as_object_mut()) {
        statement.insert("Principal".to_owned(), serde_json::json!({"AWS": arn}));
    }
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": statement});
    let policy = Policy::parse(&text.to_string()).ok()?;
    Some(NamedPolicy::new("what is not known", policy))
}

/// The policies with each condition that is the caller's decided for the request, or against it.
fn settled<'a>(request: &Request, known: &'a Policies, favor: bool) -> Cow<'a, Policies> {
    let unsettled = |document: &NamedPolicy| {
        let statements = document.policy.statements();
        statements.iter().any(|it| it.conditions.iter().any(|it| open(it, request)))
    };
    if !documents(known).any(unsettled) {
        return Cow::Borrowed(known);
    }
    let mut policies = known.clone();
    let lists = policies.identity.iter_mut().chain(&mut policies.boundaries);
    for document in lists.chain(&mut policies.resource) {
        if unsettled(document) {
            let statements = document.policy.statements().iter();
            let statements = statements.map(|it| settle(it, request, favor)).collect();
            if let Ok(policy) = document.policy.with_statements(statements) {
                *document = NamedPolicy::new(document.name.clone(), policy);
            }
        }
    }
    Cow::Owned(policies)
}

/// A statement of the same place, for a decision in favor of the request or against it.
fn settle(statement: &Statement, request: &Request, favor: bool) -> Statement {
    let mut settled = statement.clone();
    settled.conditions.retain(|it| !open(it, request));
    if settled.conditions.len() < statement.conditions.len()
        && (statement.effect == Effect::Allow) != favor
    {
        // Every action but all: it never applies.
        settled.action = Element::AllBut(vec!["*".to_owned()]);
    }
    settled
}

fn documents(policies: &Policies) -> impl Iterator<Item = &NamedPolicy> {
    policies.identity.iter().chain(&policies.boundaries).chain(&policies.resource)
}

/// The caller's keys that a request's statements ask for, each with where it is asked for.
pub(super) fn keys(request: &Request, policies: &Policies) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents(policies) {
        for (index, statement) in document.policy.statements().iter().enumerate() {
            for condition in statement.conditions.iter().filter(|it| open(it, request)) {
                if speaks_of(statement, request) {
                    let name = statement.sid.clone().unwrap_or_else(|| format!("[{index}]"));
                    found.push(format!(
                        "statement `{name}` of {} asks for `{}`, which is the caller's",
                        document.name, condition.key
                    ));
                }
            }
        }
    }
    found
}

fn speaks_of(statement: &Statement, request: &Request) -> bool {
    let actions = statement.action.listed();
    let action = actions.iter().any(|it| matches_action(it, &request.action));
    let resource = statement.resource.as_ref().is_none_or(|resource| {
        let listed = resource.listed().iter().any(|it| reference::overlaps(it, &request.resource));
        resource.negated() || listed
    });
    action != statement.action.negated() && resource
}
