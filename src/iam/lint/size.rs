//! How large a policy may be.

use super::checks;
use super::document::Policy;
use super::{Check, Findings, PolicyKind};

/// The quota of a kind of policy, and whether space counts. Services own the quotas of other
/// resource-based policies; the smallest that their pages name is an S3 bucket's:
///
/// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
/// - <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>; AWS
///   doubled the size of a service control policy, 5,120 before, on 15 May 2026
/// - <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
/// - <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
/// - <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-endpoints>
fn quota(kind: PolicyKind) -> (&'static Check, usize, bool) {
    match kind {
        PolicyKind::Identity => (&checks::POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA, 6_144, false),
        PolicyKind::Trust => (&checks::POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA, 2_048, false),
        PolicyKind::Bucket | PolicyKind::Resource | PolicyKind::Endpoint => {
            (&checks::POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA, 20 * 1_024, true)
        }
        PolicyKind::Key => (&checks::POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA, 32 * 1_024, true),
        PolicyKind::Scp => (&checks::POLICY_SIZE_EXCEEDS_SCP_QUOTA, 10_240, true),
        PolicyKind::Rcp => (&checks::POLICY_SIZE_EXCEEDS_RCP_QUOTA, 5_120, true),
    }
}

pub(super) fn check(policy: &Policy<'_>, text: &str, findings: &mut Findings<'_>) {
    let (check, quota, space_counts) = quota(policy.kind);
    let size = text.chars().filter(|c| space_counts || !c.is_whitespace()).count();
    if size > quota {
        let message = format!(
            "the {} has {size} characters{}, the quota is {quota}",
            policy.kind,
            if space_counts { "" } else { " without space" },
        );
        let help = Some("make several policies of it".into());
        findings.add(check, (&policy.span, ""), message, help);
    }
}
