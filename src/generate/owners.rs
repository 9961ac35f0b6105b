//! What exists already, and what its owners are asked to add to it.

use crate::pipeline::{CatalogMode, Document, DocumentKind, KeyChoice, Pipeline, PrincipalKind};
use serde_json::{Value, json};

/// Whose policy a document is an addition to, in words that follow "add to".
#[must_use]
pub fn place(pipeline: &Pipeline, document: &Document) -> String {
    match document.kind {
        DocumentKind::Identity(kind) => {
            format!("the permissions of the role {}", pipeline.role_arn(kind))
        }
        DocumentKind::Trust(kind) => {
            format!("the trust policy of the role {}", pipeline.role_arn(kind))
        }
        DocumentKind::Bucket | DocumentKind::LogBucket => {
            let (bucket, account) = (&pipeline.lake.bucket, pipeline.bucket_account());
            format!("the policy of the bucket {bucket} of account {account}")
        }
        DocumentKind::Key => format!("the policy of the key {}", pipeline.key_arn()),
    }
}

/// Whether the pipeline works without the statements: a bucket of the pipeline's own account needs none,
/// and is the safer for these.
#[must_use]
pub fn optional(pipeline: &Pipeline, document: &Document) -> bool {
    document.kind == DocumentKind::Bucket && pipeline.bucket_account() == pipeline.account
}

/// A row for each document that an owner is asked to add.
pub(super) fn asks(pipeline: &Pipeline, documents: &[Document]) -> Vec<Value> {
    let owned = documents.iter().filter(|document| document.by_owner);
    owned
        .map(|document| {
            let name = document.file.rsplit('/').next().unwrap_or_default();
            json!({
                "file": document.file,
                "name": name.strip_suffix(".json").unwrap_or(name),
                "place": place(pipeline, document),
                "optional": optional(pipeline, document),
            })
        })
        .collect()
}

/// What exists already: kind and name.
pub(super) fn existing(pipeline: &Pipeline) -> Vec<Value> {
    let existing = &pipeline.existing;
    let mut rows = Vec::new();
    let mut row = |kind: &str, name: &str| rows.push(json!({ "kind": kind, "name": name }));
    if existing.bucket {
        row("bucket", &pipeline.lake.bucket);
    }
    if let KeyChoice::Existing(arn) = &pipeline.lake.key {
        row("key", arn);
    }
    for kind in PrincipalKind::ALL {
        let met = kind != PrincipalKind::Crawler || pipeline.catalog.mode == CatalogMode::Crawler;
        if let Some(arn) = pipeline.existing_role(kind).filter(|_| met) {
            row(&format!("{kind} role"), arn);
        }
    }
    if existing.database {
        row("database", &pipeline.catalog.database);
    }
    if existing.staging_database {
        row("staging database", &pipeline.staging_database());
    }
    if existing.workgroup {
        row("workgroup", &pipeline.athena.workgroup);
    }
    rows
}
