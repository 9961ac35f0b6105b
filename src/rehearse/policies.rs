//! The policies on disk: what the rehearsal's cloud enforces, whatever the model would have written.

use super::RehearseError;
use crate::iam::Policy;
use crate::pipeline::{Document, DocumentKind, Pipeline};
use std::path::Path;

/// A policy file, as it is on disk.
#[derive(Debug, Clone)]
pub(super) struct FileOnDisk {
    /// Its name for messages and for the access log: `policies/runner.json`.
    pub(super) name: String,
    /// What it is for.
    pub(super) kind: DocumentKind,
    /// The text.
    pub(super) text: String,
    /// What it says.
    pub(super) policy: Policy,
}

/// Reads every policy file of the pipeline from `folder`.
///
/// # Errors
/// When a file is missing, unreadable or no policy; missing files are told all at once.
pub(super) fn load(pipeline: &Pipeline, folder: &Path) -> Result<Vec<FileOnDisk>, RehearseError> {
    let documents = pipeline.documents();
    let path = |document: &Document| {
        let name = document.file.strip_prefix("policies/").unwrap_or(&document.file);
        folder.join(name)
    };
    let missing: Vec<_> = documents
        .iter()
        .filter(|document| !path(document).exists())
        .map(|document| document.file.clone())
        .collect();
    if !missing.is_empty() {
        return Err(RehearseError::NoPolicies { folder: folder.to_owned(), missing });
    }
    documents
        .into_iter()
        .map(|document| {
            let file = path(&document);
            let text = match std::fs::read_to_string(&file) {
                Ok(text) => text,
                Err(source) => return Err(RehearseError::Unreadable { file, source }),
            };
            match Policy::parse(&text) {
                Ok(policy) => {
                    Ok(FileOnDisk { name: document.file, kind: document.kind, text, policy })
                }
                Err(errors) => Err(RehearseError::Policy { file, errors }),
            }
        })
        .collect()
}
