//! Grants: rights to a key that somebody who may gives to a principal
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>).

use crate::iam::KmsGrant;
use jiff::Timestamp;

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) name: Option<String>,
    /// The ARN of a role, user or session, or a service's name.
    pub(crate) grantee: String,
    pub(crate) retiring: Option<String>,
    /// Such as `Decrypt`.
    pub(crate) operations: Vec<String>,
    /// Pairs that the encryption context must contain.
    pub(crate) subset: Vec<(String, String)>,
    /// Pairs that the encryption context must consist of, when not empty.
    pub(crate) equals: Vec<(String, String)>,
    /// Who created it.
    pub(crate) issuer: String,
    pub(crate) created: Timestamp,
}

/// The operations that a grant can carry
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>).
pub(crate) const OPERATIONS: [&str; 17] = [
    "CreateGrant",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetPublicKey",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "Sign",
    "Verify",
    "VerifyMac",
];

impl Grant {
    /// As the evaluator knows it.
    pub(super) fn to_iam(&self) -> KmsGrant {
        KmsGrant {
            id: format!("grant {}", self.id),
            // Kept with its key, and asked for with it.
            key_id: None,
            grantee_principal: self.grantee.clone(),
            retiring_principal: self.retiring.clone(),
            operations: self.operations.clone(),
            encryption_context_subset: self.subset.clone(),
            encryption_context_equals: (!self.equals.is_empty()).then(|| self.equals.clone()),
        }
    }
}
