//! The policies of buckets and key. They deny, delegate or let services of AWS in; every right of the
//! pipeline's own principals is granted in the policies of their roles, and there only.

use super::{Document, DocumentKind, Effect, Statement, StatementPrincipal};
use crate::iam::compose::Condition;
use crate::pipeline::{KeyChoice, Pipeline, PrincipalKind};

fn condition(operator: &str, key: &str, value: impl Into<String>) -> Condition {
    (operator.into(), key.into(), vec![value.into()])
}

fn deny_insecure(bucket: &str) -> Statement {
    Statement {
        sid: "DenyInsecureTransport".into(),
        effect: Effect::Deny,
        principal: Some(StatementPrincipal::Everyone),
        actions: vec!["s3:*".into()],
        resources: vec![bucket.to_owned(), format!("{bucket}/*")],
        conditions: vec![condition("Bool", "aws:SecureTransport", "false")],
        needs: Vec::new(),
        reason: Some("nothing goes in or out without TLS"),
        source: Some(
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
        ),
    }
}

/// An upload that asks for no encryption gets the bucket's own, the lake's key. Only one that asks
/// for another kind, or for another key, is refused. RDS asks for the key that the export was
/// started with, in a form that is not documented, so the export role is left to what the grant on
/// that key allows.
pub(super) fn bucket(pipeline: &Pipeline) -> Document {
    const KIND: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    const PAGE: &str =
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html";
    let arn = pipeline.bucket_arn();
    let deny = |sid: &str, conditions: Vec<Condition>, reason| Statement {
        sid: sid.into(),
        effect: Effect::Deny,
        principal: Some(StatementPrincipal::Everyone),
        actions: vec!["s3:PutObject".into()],
        resources: vec![format!("{arn}/*")],
        conditions,
        needs: Vec::new(),
        reason: Some(reason),
        source: Some(PAGE),
    };
    let export = pipeline.role_arn(PrincipalKind::Export);
    let statements = vec![
        deny_insecure(&arn),
        deny(
            "DenyOtherEncryption",
            vec![condition("Null", KIND, "false"), condition("StringNotEquals", KIND, "aws:kms")],
            "an object that asks for encryption must ask for KMS; one that does not gets the \
             lake's key",
        ),
        deny(
            "DenyOtherKeys",
            vec![
                condition("ArnNotEquals", KEY, pipeline.key_arn()),
                condition("ArnNotEquals", "aws:PrincipalArn", export),
                condition("Null", KEY, "false"),
            ],
            "an object that asks for a key must ask for the lake's",
        ),
    ];
    Document { kind: DocumentKind::Bucket, file: "policies/lake-bucket.json".into(), statements }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>
pub(super) fn log_bucket(pipeline: &Pipeline) -> Document {
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
    let statements = vec![delivery, deny_insecure(&arn)];
    Document { kind: DocumentKind::LogBucket, file: "policies/log-bucket.json".into(), statements }
}

/// The key's policy leaves it to IAM who may use the key; without such a statement no policy of a
/// role would count.
pub(super) fn key(pipeline: &Pipeline) -> Option<Document> {
    (pipeline.lake.key == KeyChoice::Create).then(|| Document {
        kind: DocumentKind::Key,
        file: "policies/lake-key.json".into(),
        statements: vec![Statement {
            sid: "DelegateToAccount".into(),
            effect: Effect::Allow,
            principal: Some(StatementPrincipal::Arns(vec![pipeline.account_root_arn()])),
            actions: vec!["kms:*".into()],
            resources: vec!["*".into()],
            conditions: Vec::new(),
            needs: Vec::new(),
            reason: Some(
                "key administration: the account's own policies say who may use and manage the key",
            ),
            source: Some(
                "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
            ),
        }],
    })
}
