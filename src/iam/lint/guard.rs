//! Conditions that keep a statement from speaking of everybody.
//!
//! A condition that names the right key is no such guard by itself: it may also hold for requests
//! that lack the key, or for any value of it. What counts is what S3 counts when it tells whether a
//! policy is public, fixed values of keys that strangers have no say in:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>.

use super::document::{Condition, Statement};
use super::operator::{Family, Qualifier};
use super::value::{is_private, range};
use super::variable::{filled, has_wildcard};
use crate::iam::pattern::{Glob, elements};
use std::net::IpAddr;

/// What the values of a key look like, and so where a wildcard in one lets everybody in.
#[derive(Clone, Copy)]
enum Shape {
    /// One word, such as an account or a VPC.
    Word,
    /// An ARN, of which the account counts.
    Arn,
    /// An ARN of which only the kind of resource counts.
    Kind,
    /// `o-id/r-id/ou-id/`, of which the organization counts.
    Path,
    /// `AROAEXAMPLE:session`, of which the part before the colon counts.
    User,
    /// A range of addresses.
    Addresses,
    /// `service.amazonaws.com`.
    Service,
    /// `true`.
    Yes,
}

/// Whose resource a service acts for
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
const SOURCES: [(&str, Shape); 5] = [
    ("aws:sourcearn", Shape::Arn),
    ("aws:sourceaccount", Shape::Word),
    ("aws:sourceorgid", Shape::Word),
    ("aws:sourceorgpaths", Shape::Path),
    // The predecessor of `aws:SourceAccount`.
    ("aws:sourceowner", Shape::Word),
];

/// Who calls and from where: S3's list, and keys like those that came since. Those of EFS are on
/// <https://docs.aws.amazon.com/efs/latest/ug/access-control-block-public-access.html>.
const CALLERS: [(&str, Shape); 23] = [
    ("aws:principalorgid", Shape::Word),
    ("aws:principalorgpaths", Shape::Path),
    ("aws:principalaccount", Shape::Word),
    ("aws:principalarn", Shape::Arn),
    ("aws:principalservicename", Shape::Service),
    ("aws:principalservicenameslist", Shape::Service),
    ("aws:userid", Shape::User),
    ("aws:sourceip", Shape::Addresses),
    ("aws:sourcevpc", Shape::Word),
    ("aws:sourcevpcarn", Shape::Arn),
    ("aws:sourcevpce", Shape::Word),
    ("aws:vpceaccount", Shape::Word),
    ("aws:vpceorgid", Shape::Word),
    ("aws:vpceorgpaths", Shape::Path),
    ("aws:ec2instancesourcevpc", Shape::Word),
    ("ec2:sourceinstancearn", Shape::Arn),
    ("lambda:sourcefunctionarn", Shape::Arn),
    ("kms:calleraccount", Shape::Word),
    ("s3:dataaccesspointaccount", Shape::Word),
    ("s3:dataaccesspointarn", Shape::Arn),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Shape::Arn),
    ("elasticfilesystem:accessedviamounttarget", Shape::Yes),
    ("elasticfilesystem:accesspointarn", Shape::Arn),
];

/// The encryption context that a service sends names the resource that it acts for:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html>.
const CONTEXT: &str = "kms:encryptioncontext:";

/// Only requests on behalf of some accounts' resources meet the statement's conditions.
pub(super) fn source_is_limited(statement: &Statement<'_>) -> bool {
    limited(statement, |key| find(&SOURCES, key).or_else(|| context(key)))
}

/// Only some callers meet the statement's conditions.
pub(super) fn caller_is_limited(statement: &Statement<'_>) -> bool {
    limited(statement, |key| {
        find(&SOURCES, key).or_else(|| find(&CALLERS, key)).or_else(|| context(key))
    })
}

/// Roles can only be handed to some services.
pub(super) fn passing_is_limited(statement: &Statement<'_>) -> bool {
    limited(statement, |key| match key {
        "iam:passedtoservice" => Some(Shape::Service),
        "iam:associatedresourcearn" => Some(Shape::Kind),
        _ => None,
    })
}

/// Service-linked roles can only be made for some services.
pub(super) fn linking_is_limited(statement: &Statement<'_>) -> bool {
    limited(statement, |key| (key == "iam:awsservicename").then_some(Shape::Service))
}

/// A condition names one of the keys that could limit whose resource a service acts for.
pub(super) fn names_source(condition: &Condition<'_>) -> bool {
    find(&SOURCES, &condition.key.text.to_ascii_lowercase()).is_some()
}

fn find(keys: &[(&str, Shape)], key: &str) -> Option<Shape> {
    keys.iter().find(|(known, _)| *known == key).map(|(_, shape)| *shape)
}

fn context(key: &str) -> Option<Shape> {
    key.starts_with(CONTEXT).then_some(Shape::Arn)
}

fn limited(statement: &Statement<'_>, shape: impl Fn(&str) -> Option<Shape>) -> bool {
    statement.conditions.iter().any(|condition| {
        let key = condition.key.text.to_ascii_lowercase();
        shape(&key).is_some_and(|shape| {
            requires(statement, condition)
                && condition.values.iter().all(|value| !is_wide(&key, shape, condition, value.text))
        })
    })
}

/// The condition holds only for requests that carry the key with one of the values.
fn requires(statement: &Statement<'_>, condition: &Condition<'_>) -> bool {
    let operator = condition.operator;
    let equates = matches!(
        operator.name,
        "StringEquals"
            | "StringEqualsIgnoreCase"
            | "StringLike"
            | "ArnEquals"
            | "ArnLike"
            | "IpAddress"
            | "Bool"
    );
    let lenient = operator.if_exists || operator.qualifier == Some(Qualifier::ForAllValues);
    let carried = || {
        statement.conditions.iter().any(|other| {
            other.operator.family == Family::Null
                && other.operator.qualifier.is_none()
                && other.key.text.eq_ignore_ascii_case(condition.key.text)
                && matches!(other.values.as_slice(), [only] if only.text == "false")
        })
    };
    equates && !condition.values.is_empty() && (!lenient || carried())
}

/// The value fits callers or sources that nobody has named.
fn is_wide(key: &str, shape: Shape, condition: &Condition<'_>, text: &str) -> bool {
    // The account and organization of the resource itself are fixed; of other variables the caller
    // has a say.
    let own = ["aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"];
    let Some(text) = filled(text, |name| own.contains(&name.to_ascii_lowercase().as_str())) else {
        return true;
    };
    let wild = |part: &str| condition.operator.takes_wildcards() && has_wildcard(part);
    let head = |separator: char| text.split(separator).next().unwrap_or_default();
    match shape {
        Shape::Word => wild(&text),
        Shape::Path => wild(head('/')),
        Shape::User => wild(head(':')),
        // `ec2*.amazonaws.com` and `*a4b.amazonaws.com` mean a few; what means two that have no letter in
        // common means any.
        Shape::Service => {
            let pattern = Glob::from_elements(&elements(&text.to_ascii_lowercase()));
            wild(&text)
                && ["a.amazonaws.com", "b.amazonaws.com"].iter().all(|it| pattern.matches(it))
        }
        Shape::Kind => wild(text.split(':').nth(2).unwrap_or("*")),
        // An encryption context may be anything; only an ARN says whose it is.
        Shape::Arn if key.starts_with(CONTEXT) && !text.starts_with("arn:") => true,
        Shape::Arn => wild(owner(&text)),
        // The same bounds as S3's.
        Shape::Addresses => {
            wild(&text)
                || range(&text).is_some_and(|(address, bits)| {
                    let least = if matches!(address, IpAddr::V4(_)) { 8 } else { 32 };
                    bits < least && !is_private(&text)
                })
        }
        Shape::Yes => !text.eq_ignore_ascii_case("true"),
    }
}

/// The part of an ARN that says whose the resource is. The names of buckets are nobody else's, and
/// what has no account is told by its name.
fn owner(arn: &str) -> &str {
    let fields: Vec<_> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "s3", _, account, name] if account.is_empty() || has_wildcard(account) => {
            name.split('/').next().unwrap_or(name)
        }
        ["arn", _, _, _, "", name] => name,
        ["arn", _, _, _, account, _] => account,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use crate::iam::lint::{Finding, LintOptions, PolicyKind, lint};
    use serde_json::json;

    fn has(kind: PolicyKind, policy: &serde_json::Value, code: &str) -> bool {
        let options = LintOptions { kind: Some(kind) };
        let found: Vec<Finding> = lint(&policy.to_string(), options).unwrap();
        found.iter().any(|finding| finding.check.code == code)
    }

    fn deputy(condition: serde_json::Value) -> bool {
        let policy = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:123456789012:t",
            "Condition": condition,
        }});
        has(PolicyKind::Resource, &policy, "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL")
    }

    fn public(condition: serde_json::Value) -> bool {
        let policy = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::lake/*", "Condition": condition,
        }});
        has(PolicyKind::Bucket, &policy, "PUBLIC_ACCESS")
    }

    fn passes(resource: &str, condition: serde_json::Value) -> bool {
        let policy = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": resource,
            "Condition": condition,
        }});
        has(PolicyKind::Identity, &policy, "PASS_ROLE_WITH_STAR_IN_RESOURCE")
    }

    #[test]
    fn a_deputy_is_held_by_fixed_sources_only() {
        for held in [
            json!({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::lake"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:lake"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}),
            json!({"StringLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}),
            json!({"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-a1b2c3d4e5/*"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"},
                   "Null": {"aws:SourceAccount": "false"}}),
            json!({"ArnEquals": {"kms:EncryptionContext:aws:logs:arn":
                   "arn:aws:logs:us-east-1:123456789012:log-group:*"}}),
        ] {
            assert!(!deputy(held.clone()), "{held}");
        }
        for open in [
            json!({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
            json!({"ForAllValues:StringEquals": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEquals": {"aws:SourceAccount": "${aws:SourceAccount}"}}),
            json!({"StringLike": {"aws:SourceAccount": ["123456789012", "*"]}}),
            json!({"Null": {"aws:SourceAccount": "false"}}),
            json!({"Null": {"aws:SourceArn": "true"}}),
            json!({"ArnLike": {"aws:SourceArn": "*"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:*:*:*:*:*:*"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}}),
            json!({"ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-*/r-ab12/*"}}),
            json!({"StringEquals": {"kms:EncryptionContext:purpose": "logs"}}),
        ] {
            assert!(deputy(open.clone()), "{open}");
        }
    }

    #[test]
    fn only_fixed_callers_make_a_policy_other_than_public() {
        for held in [
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}),
            json!({"StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}}),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            json!({"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}}),
            json!({"Bool": {"aws:SecureTransport": "true"},
                   "StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        ] {
            assert!(!public(held.clone()), "{held}");
        }
        for open in [
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}),
            json!({"IpAddress": {"aws:SourceIp": "2001::/16"}}),
            json!({"StringLike": {"aws:SourceIp": "*"}}),
            json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            json!({"StringLike": {"aws:PrincipalOrgID": "*"}}),
            json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}),
            json!({"StringEquals": {"s3:x-amz-acl": "private"}}),
            json!({"StringLike": {"aws:userid": "*:session"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
        ] {
            assert!(public(open.clone()), "{open}");
        }
    }

    #[test]
    fn roles_are_passed_to_named_services_only() {
        let service = |operator: &str, name: &str| json!({operator: {"iam:PassedToService": name}});
        for (resource, held) in [
            ("*", service("StringEquals", "rds.amazonaws.com")),
            ("*", service("StringLike", "ec2.amazonaws.com*")),
            ("*", service("StringLike", "*a4b.amazonaws.com")),
            ("*", json!({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"}})),
            ("arn:aws:iam::*:role/Service*", json!({})),
            ("arn:aws:iam::123456789012:role/lake", json!({})),
            ("arn:aws:iam::123456789012:role/?", json!({})),
            ("arn:aws:s3:::*", json!({})),
        ] {
            assert!(!passes(resource, held.clone()), "{resource} {held}");
        }
        for (resource, open) in [
            ("*", service("StringNotEquals", "ec2.amazonaws.com")),
            ("*", service("StringEqualsIfExists", "rds.amazonaws.com")),
            ("*", service("StringLike", "*")),
            ("*", service("StringLike", "*.amazonaws.com")),
            ("*", json!({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:*:*:*:*"}})),
            ("*", json!({"StringEquals": {"iam:AWSServiceName": "rds.amazonaws.com"}})),
            ("arn:aws:iam::*:role*", json!({})),
            ("arn:aws:iam::123456789012:role/?*", json!({})),
            ("arn:aws-cn:iam::123456789012:*", json!({})),
            ("arn:aws:iam::*", json!({})),
            ("arn:*", json!({})),
        ] {
            assert!(passes(resource, open.clone()), "{resource} {open}");
        }
    }
}
