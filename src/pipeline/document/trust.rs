//! Who may take each role.

use super::{Document, DocumentKind, Effect, Statement, StatementPrincipal};
use crate::pipeline::{Pipeline, PrincipalKind, Trusted};

pub(super) fn document(pipeline: &Pipeline, kind: PrincipalKind) -> Document {
    let mut conditions = Vec::new();
    let (sid, principal, reason, source) = match pipeline.principal(kind).trusted {
        Trusted::Service(service) => {
            if pipeline.iam.confused_deputy_conditions {
                conditions = confused_deputy(pipeline, kind);
            }
            (
                "TrustService",
                StatementPrincipal::Service(service),
                "the service acts under this role, and nobody else does",
                match kind {
                    PrincipalKind::Crawler => {
                        "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html"
                    }
                    _ => {
                        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html"
                    }
                },
            )
        }
        Trusted::Arns(arns) => (
            "TrustPeople",
            StatementPrincipal::Arns(arns),
            "these may take the role; an account's root stands for whoever that account lets",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        ),
    };
    let statement = Statement {
        sid: sid.into(),
        effect: Effect::Allow,
        principal: Some(principal),
        actions: vec!["sts:AssumeRole".into()],
        resources: Vec::new(),
        conditions,
        needs: Vec::new(),
        reason: Some(reason),
        source: Some(source),
    };
    let by_owner = pipeline.existing_role(kind).is_some();
    Document {
        kind: DocumentKind::Trust(kind),
        file: super::file(&format!("{kind}-trust"), by_owner),
        by_owner,
        statements: vec![statement],
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>. Whether the export
/// service and crawlers send both keys when they take a role is not documented, so a user has to
/// ask for these.
fn confused_deputy(pipeline: &Pipeline, kind: PrincipalKind) -> Vec<(String, String, Vec<String>)> {
    let source = match kind {
        PrincipalKind::Crawler => pipeline.crawler_arn(),
        _ => format!("arn:{}:rds:{}:{}:*", pipeline.partition, pipeline.region, pipeline.account),
    };
    vec![
        ("ArnLike".into(), "aws:SourceArn".into(), vec![source]),
        ("StringEquals".into(), "aws:SourceAccount".into(), vec![pipeline.account.clone()]),
    ]
}
