//! Kinds of policies, and what only some of them may say.

use crate::iam::pattern::ArnPattern;
use crate::iam::policy::{Element, Principals, Statement};

/// What kind of document stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::Identity,
        Self::Session,
        Self::ServiceControl,
        Self::Resource,
        Self::ResourceControl,
        Self::Endpoint,
    ];

    /// Why a statement cannot stand in such a policy.
    pub(super) fn refuses(self, statement: &Statement) -> Option<&'static str> {
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
        }
    }
}

fn of_principal(statement: &Statement) -> Option<&'static str> {
    match (&statement.principal, &statement.resource) {
        (Some(Element::Only(_)), _) => Some("has a `Principal`, which only resource policies may"),
        (Some(Element::AllBut(_)), _) => {
            Some("has a `NotPrincipal`, which only resource policies may")
        }
        (None, None) => Some("has neither `Resource` nor `NotResource`"),
        (None, Some(_)) => None,
    }
}

fn of_nobody(statement: &Statement) -> Option<&'static str> {
    statement.principal.is_none().then_some("has neither `Principal` nor `NotPrincipal`")
}

/// AWS completes such ARNs "in an identity-based policy"; in a session policy they "result in a
/// `MalformedPolicyDocumentException`"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
fn incomplete(statement: &Statement) -> Option<&'static str> {
    let resources = statement.resource.iter().flat_map(Element::listed);
    let told = "has an ARN of fewer than six fields, which only identity-based policies may";
    resources.into_iter().any(|it| ArnPattern::is_incomplete(it)).then_some(told)
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>
fn no_resource_control(statement: &Statement) -> Option<&'static str> {
    let everyone = |it: &Principals| {
        let others = [&it.service, &it.federated, &it.canonical_user];
        let none = others.iter().all(|names| names.is_empty());
        none && (it.everyone || it.aws.iter().all(|name| name == "*"))
    };
    match (&statement.principal, &statement.action) {
        (Some(Element::AllBut(_)), _) => {
            Some("has a `NotPrincipal`, which resource control policies may not")
        }
        (Some(Element::Only(principals)), _) if !everyone(principals) => {
            Some("names principals, where a resource control policy can only say `*`")
        }
        (_, Element::AllBut(_)) => {
            Some("has a `NotAction`, which resource control policies may not")
        }
        _ => None,
    }
}
