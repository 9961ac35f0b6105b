//! The policies of buckets and key. They deny, delegate or let services of AWS in; every right of the
//! pipeline's own principals is granted in the policies of their roles, and there only. Where bucket or
//! key are another account's, both accounts have to allow: the resource's policy then names each role
//! with what it needs.

use super::{Document, DocumentKind, Effect, Statement, StatementPrincipal};
use crate::iam::compose::Condition;
use crate::pipeline::{KeyChoice, Need, Pipeline, PrincipalKind};

fn condition(operator: &str, key: &str, value: impl Into<String>) -> Condition {
    (operator.into(), key.into(), vec![value.into()])
}

fn deny_insecure(resources: Vec<String>) -> Statement {
    Statement {
        sid: "DenyInsecureTransport".into(),
        effect: Effect::Deny,
        principal: Some(StatementPrincipal::Everyone),
        actions: vec!["s3:*".into()],
        resources,
        conditions: vec![condition("Bool", "aws:SecureTransport", "false")],
        needs: Vec::new(),
        reason: Some("nothing goes in or out without TLS"),
        source: Some(
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
        ),
    }
}

fn whole(bucket: &str) -> Vec<String> {
    vec![bucket.to_owned(), format!("{bucket}/*")]
}

/// An upload that asks for no encryption gets the bucket's own, the lake's key. Only one that asks
/// for another kind, for a key of its own (SSE-C, which the header of the others says nothing of), or for
/// another of KMS's keys, is refused. RDS asks for the key that the export was
/// started with, in a form that is not documented, so the export role is left to what the grant on
/// that key allows.
///
/// The denial of SSE-C is as AWS writes it in
/// <https://aws.amazon.com/blogs/security/preventing-unintended-encryption-of-amazon-s3-objects/>; a
/// bucket's own setting does the same, and is there in buckets made since April 2026.
pub(super) fn bucket(pipeline: &Pipeline) -> Document {
    const KIND: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    const CUSTOMER: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
    const PAGE: &str =
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html";
    let arn = pipeline.bucket_arn();
    // A bucket that exists may hold what is not the pipeline's, and is not the pipeline's to judge.
    let objects = if pipeline.existing.bucket {
        let prefixes = [pipeline.results_prefix(), pipeline.exports_prefix()];
        let mut objects: Vec<_> =
            prefixes.iter().map(|prefix| pipeline.object_arn(&format!("{prefix}*"))).collect();
        objects.sort();
        objects
    } else {
        vec![format!("{arn}/*")]
    };
    let everything = if pipeline.existing.bucket { objects.clone() } else { whole(&arn) };
    let deny = |sid: &str, conditions: Vec<Condition>, reason, source| Statement {
        sid: sid.into(),
        effect: Effect::Deny,
        principal: Some(StatementPrincipal::Everyone),
        actions: vec!["s3:PutObject".into()],
        resources: objects.clone(),
        conditions,
        needs: Vec::new(),
        reason: Some(reason),
        source: Some(source),
    };
    let export = pipeline.role_arn(PrincipalKind::Export);
    let mut statements = vec![
        deny_insecure(everything),
        deny(
            "DenyOtherEncryption",
            vec![condition("Null", KIND, "false"), condition("StringNotEquals", KIND, "aws:kms")],
            "an object that asks for encryption must ask for KMS; one that does not gets the \
             lake's key",
            PAGE,
        ),
        deny(
            "DenyCustomerKeys",
            vec![condition("Null", CUSTOMER, "false")],
            "an object under a key of its uploader's own, which S3 does not keep, could be read by nobody \
             else",
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/\
             blocking-unblocking-s3-c-encryption-gpb.html",
        ),
        deny(
            "DenyOtherKeys",
            vec![
                condition("ArnNotEquals", KEY, pipeline.key_arn()),
                condition("ArnNotEquals", "aws:PrincipalArn", export),
                condition("Null", KEY, "false"),
            ],
            "an object that asks for a key must ask for the lake's",
            PAGE,
        ),
    ];
    if pipeline.bucket_account() != pipeline.account {
        statements.extend(across_accounts(pipeline, |resource| {
            resource.strip_prefix(&arn).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }));
        statements.sort_by(|one, other| one.sid.cmp(&other.sid));
    }
    let by_owner = pipeline.existing.bucket;
    let file = super::file("lake-bucket", by_owner);
    Document { kind: DocumentKind::Bucket, file, by_owner, statements }
}

/// What the policy of another account's bucket or key has to allow each of the pipeline's roles.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
fn across_accounts(pipeline: &Pipeline, own: impl Fn(&str) -> bool) -> Vec<Statement> {
    let needs = pipeline.needs();
    let mut statements = Vec::new();
    for principal in pipeline.principals() {
        let theirs: Vec<&Need> = needs
            .iter()
            .filter(|need| need.principal == principal.kind)
            .filter(|need| need.resources.iter().any(|resource| own(resource)))
            .collect();
        let own = super::statements(&theirs).into_iter();
        statements.extend(own.map(|it| it.for_role(principal.kind, principal.arn.clone())));
    }
    statements
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>
pub(super) fn log_bucket(pipeline: &Pipeline) -> Option<Document> {
    if pipeline.existing.bucket {
        return None;
    }
    let arn = format!("arn:{}:s3:::{}", pipeline.partition, pipeline.log_bucket());
    let delivery = Statement {
        sid: "AllowLogDelivery".into(),
        effect: Effect::Allow,
        principal: Some(StatementPrincipal::Service("logging.s3.amazonaws.com")),
        actions: vec!["s3:PutObject".into()],
        resources: vec![format!("{arn}/*")],
        conditions: vec![
            condition("ArnLike", "aws:SourceArn", pipeline.bucket_arn()),
            condition("StringEquals", "aws:SourceAccount", pipeline.account.clone()),
        ],
        needs: Vec::new(),
        reason: Some("S3 writes the lake bucket's access logs"),
        source: Some(
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html",
        ),
    };
    let statements = vec![delivery, deny_insecure(whole(&arn))];
    let file = super::file("log-bucket", false);
    Some(Document { kind: DocumentKind::LogBucket, file, by_owner: false, statements })
}

/// The key's policy leaves it to IAM who may use the key; without such a statement no policy of a
/// role would count. A key that exists needs to leave to IAM no more than the pipeline's actions, and
/// one of another account names the roles.
pub(super) fn key(pipeline: &Pipeline) -> Document {
    let arn = pipeline.key_arn();
    let by_owner = pipeline.lake.key != KeyChoice::Create;
    let statements = if pipeline.key_account() == pipeline.account {
        let actions = if by_owner { needed(pipeline, &arn) } else { vec!["kms:*".into()] };
        vec![delegation(pipeline, actions)]
    } else {
        let mut statements = across_accounts(pipeline, |resource| resource == arn);
        for statement in &mut statements {
            // In a key's policy, the key is `*`.
            statement.resources = vec!["*".into()];
        }
        statements.sort_by(|one, other| one.sid.cmp(&other.sid));
        statements
    };
    Document {
        kind: DocumentKind::Key,
        file: super::file("lake-key", by_owner),
        by_owner,
        statements,
    }
}

/// The actions that the pipeline needs on a resource, each once.
fn needed(pipeline: &Pipeline, arn: &str) -> Vec<String> {
    let needs = pipeline.needs();
    let on_it = needs.iter().filter(|need| need.resources.iter().any(|resource| resource == arn));
    let mut actions: Vec<String> = on_it.map(|need| need.action.to_owned()).collect();
    actions.sort();
    actions.dedup();
    actions
}

fn delegation(pipeline: &Pipeline, actions: Vec<String>) -> Statement {
    Statement {
        sid: "DelegateToAccount".into(),
        effect: Effect::Allow,
        principal: Some(StatementPrincipal::Arns(vec![pipeline.account_root_arn()])),
        actions,
        resources: vec!["*".into()],
        conditions: Vec::new(),
        needs: Vec::new(),
        reason: Some(
            "key administration: the account's own policies say who may use and manage the key",
        ),
        source: Some(
            "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
        ),
    }
}
