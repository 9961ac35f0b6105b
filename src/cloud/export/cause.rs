//! What RDS says of an export that failed
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Troubleshooting.html>).

use super::{ExportError, ExportRequest};
use crate::cloud::storage::StoreError;

/// The task's `FailureCause`: RDS's sentence where its page has one, and in parentheses which access was
/// refused, which RDS does not tell.
#[must_use]
pub fn failure_cause(error: &ExportError, request: &ExportRequest<'_>) -> String {
    let ExportError::Store(refused) = error else { return error.to_string() };
    let ExportRequest { bucket, role_arn: role, kms_key_arn: key, .. } = request;
    let sentence = match refused {
        StoreError::AccessDenied(message) => match denied_action(message) {
            Some(action) if action.starts_with("kms:") => {
                "KMS key check failed. Check the credentials on your KMS key and try again."
                    .to_owned()
            }
            Some(action) => format!(
                "The IAM role {role} isn't authorized to call {action} on the S3 bucket {bucket}. \
                 Review your permissions and retry the export."
            ),
            None => return error.to_string(),
        },
        // Whatever object it was: the page has these codes in no other message.
        StoreError::Kms { code, .. } => format!(
            "The RDS export failed to write the export task's metadata to the S3 bucket {bucket} \
             using the IAM role {role} with the KMS key {key}. Error code: {code}"
        ),
        StoreError::NoSuchBucket(_) => format!(
            "The S3 bucket {bucket} isn't valid. Either it isn't located in the current AWS Region \
             or it doesn't exist. Review your S3 bucket name and retry the export."
        ),
        _ => return error.to_string(),
    };
    format!("{sentence} ({refused})")
}

/// The action in the message of a denial.
fn denied_action(message: &str) -> Option<&str> {
    message.split_once(" is not authorized to perform: ")?.1.split_whitespace().next()
}
