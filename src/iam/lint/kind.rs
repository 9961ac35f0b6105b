//! What kind of policy a document is.

use super::document::{Policy, Statement};
use std::fmt;

/// What a policy is attached to, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Attached to a user, group or role; also permission boundaries and session policies.
    Identity,
    /// Who may assume a role.
    Trust,
    /// Attached to an S3 bucket.
    Bucket,
    /// Attached to a KMS key.
    Key,
    /// Attached to another resource.
    Resource,
    /// Attached to a VPC endpoint: what may be asked through it.
    Endpoint,
    /// A service control policy of an organization.
    Scp,
    /// A resource control policy of an organization.
    Rcp,
}

impl PolicyKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Identity,
        Self::Trust,
        Self::Bucket,
        Self::Key,
        Self::Resource,
        Self::Endpoint,
        Self::Scp,
        Self::Rcp,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Trust => "trust",
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Resource => "resource",
            Self::Endpoint => "endpoint",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
        }
    }

    /// A policy with principals is attached to a resource: to a role when all it speaks of is
    /// assuming it, to a bucket or a key when it speaks of S3 or KMS alone. Policies of organizations
    /// and of VPC endpoints look like the others and have to be named.
    pub(super) fn detect(policy: &Policy<'_>) -> Self {
        let statements = &policy.statements;
        if !statements.iter().any(Statement::has_principal) {
            return Self::Identity;
        }
        let of = |prefix: &str| {
            statements.iter().all(|statement| {
                !statement.actions.is_empty()
                    && statement.actions.iter().all(|action| {
                        let head = action.text.get(..prefix.len());
                        head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
                    })
            })
        };
        // A `Resource` in a trust policy is a common mistake; where everybody is meant it may be the
        // policy of a VPC endpoint instead.
        let resources = statements.iter().any(Statement::has_resource);
        let everybody = statements
            .iter()
            .any(|statement| statement.principals.iter().any(|who| who.value.text == "*"));
        if of("sts:") && !(resources && everybody) {
            Self::Trust
        } else if of("kms:") {
            Self::Key
        } else if of("s3:") {
            Self::Bucket
        } else {
            Self::Resource
        }
    }

    /// Its statements name principals.
    pub(super) const fn takes_principal(self) -> bool {
        !matches!(self, Self::Identity | Self::Scp)
    }

    /// The one service whose actions it can speak of.
    pub(super) const fn service(self) -> Option<&'static str> {
        match self {
            Self::Trust => Some("sts"),
            Self::Bucket => Some("s3"),
            Self::Key => Some("kms"),
            Self::Identity | Self::Resource | Self::Endpoint | Self::Scp | Self::Rcp => None,
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Trust => "role trust policy",
            Self::Bucket => "bucket policy",
            Self::Key => "key policy",
            Self::Resource => "resource-based policy",
            Self::Endpoint => "VPC endpoint policy",
            Self::Scp => "service control policy",
            Self::Rcp => "resource control policy",
        })
    }
}
