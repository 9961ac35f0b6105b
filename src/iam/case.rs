//! Cases: a request and its policies in JSON, as `snaplake iam evaluate` takes them.
//!
//! ```json
//! {"name": "…",
//!  "request": {"principal": "arn:aws:iam::111122223333:role/x", "action": "s3:GetObject",
//!              "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333",
//!              "context": {"aws:SourceVpc": "vpc-1", "aws:TagKeys": ["a", "b"]}},
//!  "identity_policies": [{"name": "p", "policy": {}}],
//!  "resource_policy": {}, "session_policy": {}, "permission_boundaries": [{"name": "b", "policy": {}}],
//!  "service_control_policies": [[{"name": "s", "policy": {}}]],
//!  "resource_control_policies": [[{"name": "r", "policy": {}}]],
//!  "endpoint_policies": [{"name": "e", "policy": {}}],
//!  "grants": [{"GrantId": "g", "GranteePrincipal": "arn:…", "Operations": ["Decrypt"]}]}
//! ```
//!
//! All but `name`, `request` and its `action` and `resource` may be left out. Fields with other names
//! are left alone, unless they look like one of these, misspelt.

mod documents;
mod read;
mod scan;
mod split;

pub use documents::Documents;
pub use split::{Piece, split};

use super::evaluate::{Verdict, decide};
use super::request::{Policies, Request};

/// A request, the policies that have a say in it, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The request.
    pub request: Request,
    /// The policies.
    pub policies: Policies,
}

/// A case that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CaseError {
    /// The case's name, as far as it can be told.
    pub name: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Case {
    /// Reads a case. Documents that were read before are taken from `documents`.
    ///
    /// # Errors
    /// When the text is no JSON, lacks what a case needs, or holds a document that AWS would not take
    /// in its place.
    pub fn parse(text: &str, documents: &mut Documents) -> Result<Self, CaseError> {
        read::case(text, documents)
            .map_err(|message| CaseError { name: read::recover_name(text), message })
    }

    /// The name of a text that should be a case, as far as it can be told.
    #[must_use]
    pub fn name_of(text: &str) -> Option<String> {
        read::recover_name(text)
    }

    /// Decides the case.
    #[must_use]
    pub fn decide(&self) -> Verdict<'_> {
        decide(&self.request, &self.policies)
    }
}

#[cfg(test)]
mod tests;
