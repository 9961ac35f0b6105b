//! How long policies may be.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use super::{Document, DocumentKind};

/// A document is longer than AWS takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` has {length} characters without white space, and AWS takes {most}")]
pub struct TooLong {
    /// The document's file.
    pub file: String,
    /// Its length in characters, white space not counted.
    pub length: usize,
    /// The most that AWS takes.
    pub most: usize,
}

impl Document {
    /// The length that AWS counts: characters without white space.
    #[must_use]
    pub fn length(&self) -> usize {
        self.to_value().to_string().chars().filter(|c| !c.is_whitespace()).count()
    }

    /// The most that AWS takes for a document of this kind: a managed policy, a role's trust policy
    /// (the quota that needs no request), a bucket's policy, a key's policy.
    #[must_use]
    pub fn most(&self) -> usize {
        match self.kind {
            DocumentKind::Identity(_) => 6144,
            DocumentKind::Trust(_) => 2048,
            DocumentKind::Bucket | DocumentKind::LogBucket => 20 * 1024,
            DocumentKind::Key => 32 * 1024,
        }
    }

    /// Whether AWS takes a document of this length.
    ///
    /// # Errors
    ///
    /// It is too long.
    pub fn check_size(&self) -> Result<(), TooLong> {
        let (length, most) = (self.length(), self.most());
        if length <= most { Ok(()) } else { Err(TooLong { file: self.file.clone(), length, most }) }
    }
}
