//! What each principal was allowed and used.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One decision: somebody wanted to do something, and was allowed to or not.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Access {
    /// The principal's ARN, or the service's name when a service acts as itself.
    pub principal: String,
    /// The ARN of the role, when the principal is a role's session.
    pub principal_role: Option<String>,
    /// The IAM action, such as `s3:GetObject`.
    pub action: String,
    /// The ARN, or `*` for an action without resource types.
    pub resource: String,
    /// The request context that the decision saw.
    pub context: BTreeMap<String, Vec<String>>,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Whether a statement denied it, when it was not allowed.
    pub explicit: bool,
    /// The statement that decided; `None` for an implicit denial.
    pub statement: Option<DecidingStatement>,
    /// What the denied principal was told; `None` when allowed.
    pub message: Option<String>,
    /// The API operation that arrived and caused this access, such as `StartQueryExecution`.
    pub call: String,
    /// The service that made the access for the principal, such as `athena.amazonaws.com`.
    pub via: Option<String>,
    /// The service whose work this is, under a role or as its caller, such as
    /// `export.rds.amazonaws.com`.
    pub service: Option<String>,
    /// When that service makes this access, and the page of AWS that says so.
    pub reason: Option<ServiceReason>,
    /// The virtual time of the decision.
    pub time: Timestamp,
}

/// Why a service makes an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ServiceReason {
    /// When it is made.
    pub when: &'static str,
    /// The page that says so.
    pub source: &'static str,
}

/// A statement of a policy document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecidingStatement {
    /// The document's name as it was seeded.
    pub document: String,
    /// Its position in the document, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
}

/// Every decision since the cloud started, oldest first.
#[derive(Debug, Default)]
pub struct AccessLog {
    entries: Mutex<Vec<Access>>,
}

impl AccessLog {
    /// Adds a decision.
    pub fn record(&self, access: Access) {
        tracing::debug!(
            principal = access.principal,
            action = access.action,
            resource = access.resource,
            allowed = access.allowed,
            "authorized"
        );
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(access);
    }

    /// A copy of every decision so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Access> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
