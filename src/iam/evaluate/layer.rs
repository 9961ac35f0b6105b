//! Answers.

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// Denied because a layer that has to allow does not.
    ImplicitlyDenied,
    /// Denied because a statement denies.
    ExplicitlyDenied,
}

impl Decision {
    /// `allowed`, `implicitly_denied` or `explicitly_denied`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ImplicitlyDenied => "implicitly_denied",
            Self::ExplicitlyDenied => "explicitly_denied",
        }
    }
}

/// The kind of policy, or the rule, that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The principal's own policies.
    Identity,
    /// The resource's policy: of a bucket, a key, a role's trust…
    Resource,
    /// The session's policy.
    Session,
    /// The permissions boundary.
    Boundary,
    /// A level of service control policies.
    ServiceControl,
    /// A level of resource control policies.
    ResourceControl,
    /// The VPC endpoint's policy.
    Endpoint,
    /// A grant on the KMS key.
    Grant,
    /// That an account's root user may do everything in it, but may not assume roles.
    AccountRoot,
    /// That an operation is not for callers of such a kind.
    Caller,
    /// That an action is for the principals of the resource's own account only.
    CrossAccount,
    /// That the action needs no permission, and cannot be denied.
    NoPermissionNeeded,
}

impl Layer {
    /// The name in `iam evaluate`'s cases of the field that the policies stand in, or of the rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity_policies",
            Self::Resource => "resource_policy",
            Self::Session => "session_policy",
            Self::Boundary => "permission_boundaries",
            Self::ServiceControl => "service_control_policies",
            Self::ResourceControl => "resource_control_policies",
            Self::Endpoint => "endpoint_policies",
            Self::Grant => "grants",
            Self::AccountRoot => "account_root",
            Self::Caller => "caller",
            Self::CrossAccount => "cross_account",
            Self::NoPermissionNeeded => "no_permission_needed",
        }
    }

    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Identity => "the principal's policies",
            Self::Resource => "the resource's policy",
            Self::Session => "the session policy",
            Self::Boundary => "the permissions boundary",
            Self::ServiceControl => "the service control policies",
            Self::ResourceControl => "the resource control policies",
            Self::Endpoint => "the VPC endpoint's policy",
            Self::Grant => "the key's grants",
            Self::AccountRoot => "the rules for an account's root user",
            Self::Caller => "the rule that the operation is not for such a caller",
            Self::CrossAccount => "the rule that the action does not cross accounts",
            Self::NoPermissionNeeded => "the rule that the action needs no permission",
        }
    }
}

/// A statement of a document, borrowed from the policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The document's name.
    pub document: &'a str,
    /// The statement's place in it, from 0.
    pub index: usize,
    /// The statement's id, if it has one.
    pub sid: Option<&'a str>,
}

/// A decision that borrows its names from the policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The decision.
    pub decision: Decision,
    /// The layer that decided: of an implicit denial, the first one that does not allow.
    pub decided_by: Layer,
    /// The statement that decided; an implicit denial has none.
    pub statement: Option<Found<'a>>,
}

/// A statement of a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatementRef {
    /// The document's name.
    pub document: String,
    /// The statement's place in it, from 0.
    pub index: usize,
    /// The statement's id, if it has one.
    pub sid: Option<String>,
}

/// A decision and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// The layer that decided: of an implicit denial, the first one that does not allow.
    pub decided_by: Layer,
    /// The statement that decided; an implicit denial has none.
    pub statement: Option<StatementRef>,
}

impl Evaluation {
    /// Whether the request is allowed.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.decision == Decision::Allowed
    }
}

impl<'a> Verdict<'a> {
    pub(super) fn allowed(decided_by: Layer, statement: Option<Found<'a>>) -> Self {
        Self { decision: Decision::Allowed, decided_by, statement }
    }

    pub(super) fn denied(decided_by: Layer, statement: Found<'a>) -> Self {
        Self { decision: Decision::ExplicitlyDenied, decided_by, statement: Some(statement) }
    }

    pub(super) fn not_allowed(decided_by: Layer) -> Self {
        Self { decision: Decision::ImplicitlyDenied, decided_by, statement: None }
    }
}

impl From<Verdict<'_>> for Evaluation {
    fn from(verdict: Verdict<'_>) -> Self {
        Self {
            decision: verdict.decision,
            decided_by: verdict.decided_by,
            statement: verdict.statement.map(|found| StatementRef {
                document: found.document.to_owned(),
                index: found.index,
                sid: found.sid.map(str::to_owned),
            }),
        }
    }
}
