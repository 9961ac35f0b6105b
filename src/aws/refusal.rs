//! What failed calls and queries say of access to keys and objects. Pure.

/// What to do about a KMS key that cannot be used, when that is what a code and its message say. KMS calls it
/// `DisabledException` and `KMSInvalidStateException`
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>), S3 puts `KMS.`
/// before that, and what reads through S3 passes the words on.
pub(super) fn unusable_key(text: &str) -> Option<&'static str> {
    let of_a_key = text.contains(":key/");
    let says = |code: &str, words: &str| text.contains(code) || of_a_key && text.contains(words);
    if says("KMSInvalidState", " is pending deletion") {
        Some(
            "a key that is about to be deleted can still be kept: `aws kms cancel-key-deletion`, then \
             `aws kms enable-key`, and resume the run; once it is gone nobody can read what it encrypts",
        )
    } else if says("KMS.DisabledException", " is disabled") {
        Some("the key is disabled: `aws kms enable-key`, then resume the run")
    } else {
        None
    }
}

/// S3's error code in the reason of a query of Athena's, which has S3's answer in it:
/// `(Service: Amazon S3; Status Code: 503; Error Code: 503 Slow Down; …`
/// (<https://repost.aws/knowledge-center/hive-cannot-open-split-503-athena>).
pub(super) fn s3_code(reason: &str) -> Option<&str> {
    let (_, answer) = reason.split_once("(Service: Amazon S3;")?;
    let (_, rest) = answer.split_once("Error Code: ")?;
    rest.split([';', ')']).next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://lake/x.parquet (offset=0, \
                        length=18614): ";

    #[test]
    fn a_key_is_recognized_whoever_speaks_of_it() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for text in [
            format!("KMS.DisabledException {key} is disabled."),
            format!("DisabledException {key} is disabled."),
            format!(
                "{READ}(Service: Amazon S3; Status Code: 400; Error Code: KMS.DisabledException)"
            ),
        ] {
            assert!(unusable_key(&text).unwrap().contains("enable-key"), "{text}");
        }
        for text in [
            format!("KMS.KMSInvalidStateException {key} is pending deletion."),
            format!("AccessDeniedException {key} is pending deletion."),
        ] {
            assert!(unusable_key(&text).unwrap().contains("cancel-key-deletion"), "{text}");
        }
        for text in ["the workgroup is disabled", key, "AccessDenied", ""] {
            assert_eq!(unusable_key(text), None, "{text}");
        }
    }

    #[test]
    fn what_s3_answered_is_found_in_a_reason() {
        let code = |answer: &str| s3_code(&format!("{READ}{answer}")).map(str::to_owned);
        let slow = "Slow Down (Service: Amazon S3; Status Code: 503; Error Code: 503 Slow Down; Request ID: X;";
        assert_eq!(code(slow).as_deref(), Some("503 Slow Down"));
        let denied = "(Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)";
        assert_eq!(code(denied).as_deref(), Some("AccessDenied"));
        assert_eq!(code("the file is damaged"), None);
    }
}
