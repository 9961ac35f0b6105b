//! What is asked, by whom, and under which policies.

mod context;
mod principal;

pub use context::{Context, ContextValue};
pub use principal::{PrincipalArn, PrincipalKind, RequestError, RequestPrincipal};

use super::policy::NamedPolicy;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: RequestPrincipal,
    /// The action, such as `s3:GetObject`; its case does not matter.
    pub action: String,
    /// The resource's ARN, or `*` for actions without one.
    pub resource: String,
    /// The account that owns the resource. Where it is not given it is taken from the context's
    /// `aws:ResourceAccount`, from the ARN, or else is the principal's own.
    pub resource_account: Option<String>,
    /// What else AWS would know of the request. Keys that follow from the principal and the resource
    /// (`aws:PrincipalArn`, `aws:username`, `aws:ResourceAccount`…) need not be given.
    pub context: Context,
}

impl Request {
    /// A request without context.
    #[must_use]
    pub fn new(
        principal: RequestPrincipal,
        action: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        Self {
            principal,
            action: action.into(),
            resource: resource.into(),
            resource_account: None,
            context: Context::new(),
        }
    }

    /// The same request with one more context key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<ContextValue>) -> Self {
        self.context = self.context.with(key, value);
        self
    }
}

/// Every policy that has a say in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// Attached to the principal, inline or managed, its groups' among them.
    pub identity: Vec<NamedPolicy>,
    /// Attached to the resource: bucket, key and trust policies are such. `None` when there is none.
    pub resource: Option<NamedPolicy>,
    /// Passed when the session was made.
    pub session: Option<NamedPolicy>,
    /// The principal's permissions boundary; none when empty. Each must allow.
    pub boundaries: Vec<NamedPolicy>,
    /// Service control policies of the principal's account, a list for each level of the
    /// organization, from the root to the account. Each level must allow.
    pub scps: Vec<Vec<NamedPolicy>>,
    /// Resource control policies of the resource's account, likewise.
    pub rcps: Vec<Vec<NamedPolicy>>,
    /// Of the VPC endpoint that the request comes through; each must allow.
    pub endpoint: Vec<NamedPolicy>,
    /// Grants on the KMS key that is the resource.
    pub grants: Vec<KmsGrant>,
}

/// A grant on a KMS key, as `kms:ListGrants` shows it
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KmsGrant {
    /// Its id or name, for answers.
    pub id: String,
    /// The ARN or the id of the key that it is on; `None` where that is the request's resource.
    pub key_id: Option<String>,
    /// Who may use it: the ARN of an account, user, role or session, or a service's name.
    pub grantee_principal: String,
    /// Who may retire it.
    pub retiring_principal: Option<String>,
    /// The operations, such as `Decrypt`.
    pub operations: Vec<String>,
    /// The request's encryption context must have these pairs, and may have more.
    pub encryption_context_subset: Vec<(String, String)>,
    /// The request's encryption context must be exactly these pairs.
    pub encryption_context_equals: Option<Vec<(String, String)>>,
}

#[cfg(test)]
mod tests;
