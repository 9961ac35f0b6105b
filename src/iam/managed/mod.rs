//! The AWS managed policies that pipelines like these come with
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>).
//!
//! AWS changes them without notice, so an answer that rests on one names its version. Built by
//! `scripts/build-managed-policies.py`; a policy that is not here is not known, and said to be so.

use super::{NamedPolicy, Policy};
use serde_json::Value;

const DATA: &str = include_str!("data.json");

/// The policy with an ARN, under a name that tells its version; `None` when it is not one of those
/// that are known. The partition of the ARN does not count.
#[must_use]
pub fn managed(arn: &str) -> Option<NamedPolicy> {
    let path = path(arn)?;
    let data: Value = serde_json::from_str(DATA).ok()?;
    let found = data.get("policies")?.as_array()?.iter().find(|policy| {
        policy.get("arn").and_then(Value::as_str).and_then(self::path) == Some(path)
    })?;
    let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default();
    let policy = Policy::parse(&found.get("document")?.to_string()).ok()?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let label = format!("{name}, AWS managed, {} of {}", text("version"), text("updated"));
    Some(NamedPolicy::new(label, policy))
}

/// What stands after `:aws:policy/` in the ARN of a policy that AWS manages.
#[must_use]
pub fn path(arn: &str) -> Option<&str> {
    let rest = arn.strip_prefix("arn:")?;
    let (partition, rest) = rest.split_once(":iam::aws:policy/")?;
    partition.starts_with("aws").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_read() {
        let data: Value = serde_json::from_str(DATA).unwrap();
        let policies = data["policies"].as_array().unwrap();
        assert!(policies.len() > 20);
        for policy in policies {
            let arn = policy["arn"].as_str().unwrap();
            assert!(managed(arn).is_some(), "{arn}");
        }
    }

    #[test]
    fn a_policy_is_found_in_every_partition() {
        let found = managed("arn:aws-cn:iam::aws:policy/service-role/AWSGlueServiceRole").unwrap();
        assert!(found.name.starts_with("AWSGlueServiceRole, AWS managed, v"), "{}", found.name);
        assert!(managed("arn:aws:iam::aws:policy/AWSGlueServiceRole").is_none());
        assert!(managed("arn:aws:iam::111122223333:policy/AmazonS3FullAccess").is_none());
    }
}
