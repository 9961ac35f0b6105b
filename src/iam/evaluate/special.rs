//! Rules of single services.

use super::subject::RequestSubject;
use crate::iam::condition::Given;
use crate::iam::condition::Keys as _;
use crate::iam::policy::{Grant, Subject as _};
use crate::iam::request::{KmsGrant, PrincipalArn, PrincipalKind, Request, RequestPrincipal};

/// "If an administrator attaches a policy to your identity that explicitly denies access to the
/// `sts:GetCallerIdentity` action, you can still perform this operation", and likewise
/// "you cannot use policies to control" `sts:GetSessionToken`
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>).
///
/// Temporary credentials "cannot call `GetFederationToken` or `GetSessionToken`": [`refuses`] comes first.
pub(super) fn needs_no_permission(action: &str) -> bool {
    matches!(action, "sts:getcalleridentity" | "sts:getsessiontoken")
}

/// "You cannot call `AssumeRole` by using AWS account root user credentials", nor `AssumeRoot`
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>).
pub(super) fn refuses_root(action: &str) -> bool {
    matches!(action, "sts:assumerole" | "sts:assumeroot")
}

/// Whether an operation is not for such a caller, whatever policies say.
///
/// "Who can call" what, and what temporary credentials cannot call:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>. Federated users "cannot
/// call any STS operations except `GetCallerIdentity`", nor "any IAM operations using the AWS CLI or the AWS API"
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>).
pub(super) fn refuses(subject: &RequestSubject<'_>) -> bool {
    let action = subject.action();
    match subject.principal() {
        RequestPrincipal::Anonymous => action == "sts:assumerole",
        RequestPrincipal::Arn(arn) => match arn.kind() {
            PrincipalKind::Role | PrincipalKind::AssumedRole => {
                matches!(action, "sts:getfederationtoken" | "sts:getsessiontoken")
            }
            PrincipalKind::FederatedUser => {
                action.starts_with("iam:")
                    || action.starts_with("sts:") && action != "sts:getcalleridentity"
            }
            PrincipalKind::Root | PrincipalKind::User | PrincipalKind::Provider => false,
        },
        RequestPrincipal::Service(_) | RequestPrincipal::Unnamed => false,
    }
}

/// Whether the identity's own policies decide in another account, too, where the resource can have no policy: the
/// root user of a member account, whose credentials `sts:AssumeRoot` gives to the management account
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>).
pub(super) fn asks_no_resource(action: &str) -> bool {
    action == "sts:assumeroot"
}

/// Whether the resource's policy has no say: "The `kms:RetireGrant` permission is not effective in a key policy or
/// resource control policy"
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>).
pub(super) fn ignores_resource_policy(action: &str) -> bool {
    action == "kms:retiregrant"
}

/// Whether the principal is one of an account, so that the account's policies have a say.
pub(super) fn within_account(principal: &RequestPrincipal) -> bool {
    match principal {
        RequestPrincipal::Arn(arn) => arn.kind() != PrincipalKind::Provider,
        RequestPrincipal::Unnamed => true,
        RequestPrincipal::Service(_) | RequestPrincipal::Anonymous => false,
    }
}

/// "If you do not pass a policy, the resulting federated user session has no permissions", but what a
/// resource-based policy grants the session itself
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>).
pub(super) fn needs_session_policy(principal: &RequestPrincipal) -> bool {
    matches!(principal, RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::FederatedUser)
}

/// The resource that statements are compared with. A list of all buckets is asked of no bucket, so that the
/// request says `*`, and AWS's examples grant it on every one of S3's: `arn:aws:s3:::*`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/walkthrough1.html>).
pub(super) fn resource(request: &Request) -> &str {
    if request.resource != "*" || !request.action.eq_ignore_ascii_case("s3:ListAllMyBuckets") {
        return &request.resource;
    }
    match &request.principal {
        RequestPrincipal::Arn(arn) if arn.partition() == "aws-cn" => "arn:aws-cn:s3:::*",
        RequestPrincipal::Arn(arn) if arn.partition() == "aws-us-gov" => "arn:aws-us-gov:s3:::*",
        _ => "arn:aws:s3:::*",
    }
}

/// The services whose actions resource control policies apply to.
///
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>,
/// as of September 2026.
#[rustfmt::skip]
const RESOURCE_CONTROLLED: &[&str] = &[
    "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory",
    "cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit",
    "codepipeline", "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical",
    "compute-optimizer", "cost-optimization-hub", "dax", "dsql", "dynamodb", "ecr", "ecr-public",
    "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan", "kendra",
    "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch",
    "pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3",
    "secretsmanager", "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract",
    "timestream-influxdb", "transcribe", "transfer", "translate", "wafv2", "workspaces", "xray",
];

/// Whether resource control policies reach a request; "RCPs don't apply to … `kms:RetireGrant`", and they
/// "do not impact AWS services' ability to assume a service-linked role" (the same page).
pub(super) fn resource_controls_reach(subject: &RequestSubject<'_>) -> bool {
    let action = subject.action();
    let service_linked = action == "sts:assumerole"
        && matches!(subject.principal(), RequestPrincipal::Service(_))
        && subject.target().text().contains(":role/aws-service-role/");
    action != "kms:retiregrant"
        && !service_linked
        && action
            .split_once(':')
            .is_some_and(|(service, _)| RESOURCE_CONTROLLED.binary_search(&service).is_ok())
}

/// Whether the resource's policy must let the account in before the account's own policies count:
/// role trust policies and KMS key policies.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>: "no AWS principal,
/// including the account root user or key creator, has any permissions to a KMS key unless they are
/// explicitly allowed".
pub(super) fn resource_policy_decides(subject: &RequestSubject<'_>) -> bool {
    let action = subject.action();
    match action.split_once(':') {
        Some(("kms", name)) => !keyless(name, subject.target().text()),
        Some(("sts", name)) => {
            matches!(name, "assumerole" | "assumerolewithsaml" | "assumerolewithwebidentity")
                || (matches!(name, "tagsession" | "setsourceidentity" | "setcontext")
                    && subject.target().text().contains(":role/"))
        }
        _ => false,
    }
}

/// Actions of KMS that use no key, or that concern an alias or key store: IAM policies alone decide
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>).
/// `CreateAlias`, `DeleteAlias` and `UpdateAlias` need two permissions, one for the alias "in an IAM
/// policy" and one for the key, which is asked for with the key's ARN
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>). Tags of a key that is
/// being made are for IAM policies, too: "To use the Tags parameter, `kms:TagResource` (IAM policy)"
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>).
fn keyless(name: &str, resource: &str) -> bool {
    match name {
        "createalias" | "deletealias" | "updatealias" => return resource.contains(":alias/"),
        "tagresource" => return resource == "*",
        _ => {}
    }
    matches!(
        name,
        "createkey"
            | "listkeys"
            | "listaliases"
            | "listretirablegrants"
            | "retiregrant"
            | "generaterandom"
            | "createcustomkeystore"
            | "connectcustomkeystore"
            | "deletecustomkeystore"
            | "describecustomkeystores"
            | "disconnectcustomkeystore"
            | "updatecustomkeystore"
    )
}

/// Whether principals of other accounts can be allowed an action at all: of KMS, "cross-account
/// permission is effective only for" these. "If you give a user in a different account permission for
/// other operations, those permissions have no effect"
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>);
/// each operation's page says which it is. Of SQS, "cross-account permissions don't apply to the following actions"
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html>).
/// Whoever reads or writes a bucket's policy must "belong to the bucket owner's account"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>).
pub(super) fn crosses_accounts(action: &str) -> bool {
    match action.split_once(':') {
        Some(("kms", name)) => kms_crosses_accounts(name),
        Some(("sqs", name)) => !matches!(
            name,
            "addpermission"
                | "cancelmessagemovetask"
                | "createqueue"
                | "deletequeue"
                | "listmessagemovetasks"
                | "listqueues"
                | "listqueuetags"
                | "removepermission"
                | "setqueueattributes"
                | "startmessagemovetask"
                | "tagqueue"
                | "untagqueue"
        ),
        Some(("s3", name)) => {
            !matches!(name, "getbucketpolicy" | "putbucketpolicy" | "deletebucketpolicy")
        }
        _ => true,
    }
}

fn kms_crosses_accounts(name: &str) -> bool {
    name.starts_with("generatedatakey")
        || matches!(
            name,
            "creategrant"
                | "decapsulate"
                | "decrypt"
                | "derivesharedsecret"
                | "describekey"
                | "encapsulate"
                | "encrypt"
                | "generatemac"
                | "getkeyrotationstatus"
                | "getpublickey"
                | "listgrants"
                | "reencryptfrom"
                | "reencryptto"
                | "retiregrant"
                | "revokegrant"
                | "sign"
                | "verify"
                | "verifymac"
        )
}

/// "The root principal in a bucket owner's AWS account can perform the `GetBucketPolicy`,
/// `PutBucketPolicy`, and `DeleteBucketPolicy` API actions, even if their bucket policy explicitly
/// denies the root principal's access"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>).
pub(super) fn ignores_denial(subject: &RequestSubject<'_>) -> bool {
    let root = matches!(
        subject.principal(),
        RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::Root
    );
    root && subject.same_account()
        && matches!(
            subject.action(),
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
        )
}

/// How a grant allows the request, if it does.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>; an encryption context stands
/// in the request's context as `kms:EncryptionContext:KEY`.
pub(super) fn kms_grant(grant: &KmsGrant, subject: &RequestSubject<'_>) -> Option<Grant> {
    let operation = subject.action().strip_prefix("kms:")?;
    let key = subject.target().text();
    let on_key = |id: &str| key == id || key.split_once(":key/").is_some_and(|(_, it)| it == id);
    if grant.key_id.as_deref().is_some_and(|id| !on_key(id)) {
        return None;
    }
    if operation == "retiregrant"
        && let Some(how) =
            grant.retiring_principal.as_deref().and_then(|it| named(it, subject.principal()))
    {
        return Some(how);
    }
    if !grant.operations.iter().any(|it| it.eq_ignore_ascii_case(operation)) {
        return None;
    }
    if takes_encryption_context(operation) && !constraints_hold(grant, subject) {
        return None;
    }
    named(&grant.grantee_principal, subject.principal())
}

/// "Encryption context grant constraints are not applied to operations that don't support an
/// encryption context, such as … management operations, such as `DescribeKey` or `RetireGrant`"
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>).
fn takes_encryption_context(operation: &str) -> bool {
    matches!(operation, "encrypt" | "decrypt" | "reencryptfrom" | "reencryptto")
        || operation.starts_with("generatedatakey")
}

fn constraints_hold(grant: &KmsGrant, subject: &RequestSubject<'_>) -> bool {
    let has = |(key, value): &(String, String)| {
        let key = format!("kms:encryptioncontext:{}", key.to_ascii_lowercase());
        matches!(subject.get(&key), Some(Given::One(given)) if given == value)
    };
    let equals = grant.encryption_context_equals.as_ref().is_none_or(|equals| {
        equals.iter().all(has) && subject.count("kms:encryptioncontext:") == equals.len()
    });
    equals && grant.encryption_context_subset.iter().all(has)
}

fn named(name: &str, principal: &RequestPrincipal) -> Option<Grant> {
    match principal {
        RequestPrincipal::Service(service) => (service == name).then_some(Grant::Direct),
        RequestPrincipal::Arn(arn) if arn.as_str() == name => {
            Some(if arn.kind() == PrincipalKind::Role { Grant::Role } else { Grant::Direct })
        }
        RequestPrincipal::Arn(arn) if session_of(name, arn) => Some(Grant::Role),
        RequestPrincipal::Arn(arn) => {
            let account = name.strip_suffix(":root")?.rsplit(':').next()?;
            (account == arn.account()).then_some(Grant::Account)
        }
        RequestPrincipal::Anonymous | RequestPrincipal::Unnamed => None,
    }
}

/// Whether a principal is a session of the role with this ARN; a session's ARN leaves the role's path
/// out.
fn session_of(role: &str, principal: &PrincipalArn) -> bool {
    principal.kind() == PrincipalKind::AssumedRole
        && role.split_once(":role/").is_some_and(|(head, path)| {
            head.rsplit(':').next() == Some(principal.account())
                && path.rsplit('/').next() == Some(principal.name())
        })
}
