//! Grants: rights to a key that somebody who may gives to a principal
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>).

use super::super::authorize::Ask;
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
    /// Whether it covers the action under the encryption context that is sent.
    pub(crate) fn allows(&self, ask: &Ask) -> bool {
        let Some(operation) = ask.action().strip_prefix("kms:") else { return false };
        let sent = ask.encryption_context();
        // Operations without an encryption context are not bound by the constraint.
        let unbound = matches!(operation, "CreateGrant" | "DescribeKey" | "RetireGrant");
        self.operations.iter().any(|granted| granted == operation)
            && (unbound
                || (self.subset.iter().all(|pair| sent.contains(pair))
                    && (self.equals.is_empty()
                        || (self.equals.len() == sent.len()
                            && self.equals.iter().all(|pair| sent.contains(pair))))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(subset: &[(&str, &str)]) -> Grant {
        Grant {
            id: "g".to_owned(),
            token: "t".to_owned(),
            name: None,
            grantee: "arn:aws:iam::111122223333:role/export".to_owned(),
            retiring: None,
            operations: vec!["Decrypt".to_owned()],
            subset: subset.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            equals: Vec::new(),
            issuer: "arn:aws:iam::111122223333:role/runner".to_owned(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    fn ask(action: &'static str, pairs: &[(&str, &str)]) -> Ask {
        let pairs =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        Ask::new(action, "arn:aws:kms:eu-central-1:111122223333:key/k").with_encryption_context(&pairs)
    }

    #[test]
    fn only_granted_operations_with_the_right_context() {
        let grant = grant(&[("aws:s3:arn", "arn:aws:s3:::lake")]);
        let lake = [("aws:s3:arn", "arn:aws:s3:::lake"), ("more", "is fine")];
        assert!(grant.allows(&ask("kms:Decrypt", &lake)));
        assert!(!grant.allows(&ask("kms:Encrypt", &lake)));
        assert!(!grant.allows(&ask("kms:Decrypt", &[])));
        assert!(!grant.allows(&ask("kms:Decrypt", &[("aws:s3:arn", "arn:aws:s3:::other")])));
    }
}
