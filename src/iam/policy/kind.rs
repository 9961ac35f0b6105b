//! Kinds of policies, and what only some of them may say.

use super::{Element, Policy, PolicyError, PolicyErrors, Principals, Statement};
use crate::iam::json;
use crate::iam::pattern::ArnPattern;

/// What kind of document stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of a user or role, or a permissions boundary.
    Identity,
    /// Of a session.
    Session,
    /// A service control policy.
    ServiceControl,
    /// Of a resource.
    Resource,
    /// A resource control policy.
    ResourceControl,
    /// Of a VPC endpoint.
    Endpoint,
    /// Of a bucket or a key, which, unlike those of some other resources, name what they are about.
    BucketOrKey,
    /// Of a role: who may take it.
    Trust,
}

/// Why a statement cannot stand somewhere, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Why, after the statement's name.
    pub(crate) why: &'static str,
    /// What to do.
    pub(crate) help: &'static str,
}

impl Kind {
    /// Those that the places of a case tell apart.
    pub(crate) const OF_CASES: [Self; 6] = [
        Self::Identity,
        Self::Session,
        Self::ServiceControl,
        Self::Resource,
        Self::ResourceControl,
        Self::Endpoint,
    ];

    /// Why a statement cannot stand in such a policy.
    pub(crate) fn refuses(self, statement: &Statement) -> Option<Refusal> {
        match self {
            Self::Identity => of_principal(statement),
            Self::Session | Self::ServiceControl => {
                of_principal(statement).or_else(|| incomplete(statement))
            }
            Self::Resource => of_nobody(statement).or_else(|| incomplete(statement)),
            // One that names nobody is taken for everyone's: the pages want a `Principal`, and AWS's own
            // examples do without
            // <https://github.com/aws-samples/data-perimeter-policy-examples>
            Self::Endpoint => incomplete(statement),
            Self::ResourceControl => {
                incomplete(statement).or_else(|| no_resource_control(statement))
            }
            Self::BucketOrKey => of_nobody(statement)
                .or_else(|| of_nothing(statement))
                .or_else(|| incomplete(statement)),
            Self::Trust => of_nobody(statement).or_else(|| of_itself(statement)),
        }
    }
}

fn of_principal(statement: &Statement) -> Option<Refusal> {
    let help = "take it out: a policy is about whom it is attached to";
    match &statement.principal {
        Some(Element::Only(_)) => {
            let why = "has a `Principal`, which only resource policies may";
            Some(Refusal { why, help })
        }
        Some(Element::AllBut(_)) => {
            let why = "has a `NotPrincipal`, which only resource policies may";
            Some(Refusal { why, help })
        }
        None => of_nothing(statement),
    }
}

/// "Statements must include either a `Resource` or a `NotResource` element"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
fn of_nothing(statement: &Statement) -> Option<Refusal> {
    let why = "has neither `Resource` nor `NotResource`";
    let help = "name what it is about in `Resource`";
    statement.resource.is_none().then_some(Refusal { why, help })
}

fn of_nobody(statement: &Statement) -> Option<Refusal> {
    let why = "has neither `Principal` nor `NotPrincipal`";
    let help = "name whom it is about in `Principal`";
    statement.principal.is_none().then_some(Refusal { why, help })
}

/// IAM refuses such a trust policy: "MalformedPolicyDocument: Has prohibited field Resource"
/// (<https://github.com/terraform-aws-modules/terraform-aws-eks-pod-identity/issues/34>).
fn of_itself(statement: &Statement) -> Option<Refusal> {
    let why = match &statement.resource {
        None => return None,
        Some(Element::Only(_)) => "has a `Resource`, which trust policies may not",
        Some(Element::AllBut(_)) => "has a `NotResource`, which trust policies may not",
    };
    Some(Refusal { why, help: "take it out: a trust policy is about the role that it is of" })
}

/// AWS completes such ARNs "in an identity-based policy"; in a session policy they "result in a
/// `MalformedPolicyDocumentException`"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
fn incomplete(statement: &Statement) -> Option<Refusal> {
    let resources = statement.resource.iter().flat_map(Element::listed);
    let why = "has an ARN of fewer than six fields, which only identity-based policies may";
    let help = "write the whole ARN, `arn:partition:service:region:account:resource`";
    let any = resources.into_iter().any(|it| ArnPattern::is_incomplete(it));
    any.then_some(Refusal { why, help })
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>
fn no_resource_control(statement: &Statement) -> Option<Refusal> {
    let everyone = |it: &Principals| {
        let others = [&it.service, &it.federated, &it.canonical_user];
        let none = others.iter().all(|names| names.is_empty());
        none && (it.everyone || it.aws.iter().all(|name| name == "*"))
    };
    let why = match (&statement.principal, &statement.action) {
        (Some(Element::AllBut(_)), _) => {
            "has a `NotPrincipal`, which resource control policies may not"
        }
        (Some(Element::Only(principals)), _) if !everyone(principals) => {
            "names principals, where a resource control policy can only say `*`"
        }
        (_, Element::AllBut(_)) => "has a `NotAction`, which resource control policies may not",
        _ => return None,
    };
    Some(Refusal { why, help: "write `\"Principal\": \"*\"` and the actions in `Action`" })
}

impl Policy {
    /// Reads a document that is to stand in a certain place, where AWS takes not every policy.
    ///
    /// # Errors
    /// As [`Policy::parse`], and when a statement cannot stand in such a place.
    pub(crate) fn parse_as(text: &str, kind: Kind) -> Result<Self, PolicyErrors> {
        let policy = Self::parse(text)?;
        let refused: Vec<_> = policy
            .statements
            .iter()
            .enumerate()
            .filter_map(|(index, statement)| {
                let refusal = kind.refuses(statement)?;
                Some(misplaced(text, index, statement, refusal))
            })
            .collect();
        if refused.is_empty() { Ok(policy) } else { Err(PolicyErrors { errors: refused }) }
    }
}

fn misplaced(text: &str, index: usize, statement: &Statement, refusal: Refusal) -> PolicyError {
    let root = json::parse(text).ok();
    let span = root.as_ref().and_then(|root| root.get("Statement")).and_then(|statements| {
        let node = statements.items().map_or(Some(statements), |items| items.get(index))?;
        Some((node.span.start, node.span.end))
    });
    let (start, end) = span.unwrap_or_default();
    let json::Position { line, column } = json::position(text, start);
    let name = statement.sid.as_ref().map(|sid| format!(" (`{}`)", sid.escape_debug()));
    PolicyError {
        message: format!("statement {index}{} {}", name.unwrap_or_default(), refusal.why),
        help: Some(refusal.help.to_owned()),
        line,
        column,
        offset: start,
        length: end.saturating_sub(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: Kind, statement: &str) -> Option<String> {
        let text = format!("{{\"Version\": \"2012-10-17\",\n \"Statement\": [{statement}]}}");
        Policy::parse_as(&text, kind).err().map(|errors| errors.to_string())
    }

    #[test]
    fn a_document_is_held_to_where_it_stands() {
        let principal = r#""Principal": {"AWS": "*"}"#;
        let resource = r#""Resource": "*""#;
        let statement =
            |more: &str| format!(r#"{{"Sid": "A", "Effect": "Allow", "Action": "s3:*", {more}}}"#);
        let (of, on) = (statement(principal), statement(resource));
        let both = statement(&format!("{principal}, {resource}"));
        for (kind, text, why) in [
            (Kind::Identity, &on, None),
            (Kind::Identity, &both, Some("has a `Principal`")),
            (Kind::Identity, &of, Some("has a `Principal`")),
            (Kind::BucketOrKey, &both, None),
            (Kind::BucketOrKey, &on, Some("has neither `Principal`")),
            (Kind::BucketOrKey, &of, Some("has neither `Resource`")),
            (Kind::Trust, &of, None),
            (Kind::Trust, &both, Some("has a `Resource`, which trust policies may not")),
            (Kind::Trust, &on, Some("has neither `Principal`")),
        ] {
            let told = refused(kind, text);
            match (&told, why) {
                (None, None) => {}
                (Some(told), Some(why)) => {
                    assert!(told.starts_with("line 2, column 16: statement 0 (`A`) "), "{told}");
                    assert!(told.contains(why) && told.ends_with(')'), "{told}");
                }
                _ => panic!("{kind:?} {text}: {told:?}"),
            }
        }
    }
}
