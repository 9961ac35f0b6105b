//! Existing roles, bucket and key in a set-up that does not hold them: what their owners have added is
//! not known from Terraform, unless one takes it that they added what they were asked to.

use super::{Attached, Role, Setup};
use crate::iam::PolicyErrors;
use crate::pipeline::{Document, DocumentKind, Pipeline};

/// Fills in what the pipeline uses and does not make, where the set-up says nothing of it: as unknown,
/// or, if `added`, as if each owner had added the statements of `policies/owner` and nothing else.
///
/// # Errors
/// When a document of the model is no policy, which a pipeline that passed its checks does not come to.
pub fn fill(pipeline: &Pipeline, setup: &mut Setup, added: bool) -> Result<(), PolicyErrors> {
    let documents: Vec<Document> =
        pipeline.documents().into_iter().filter(|document| document.by_owner).collect();
    let attached = |document: &Document| -> Result<Attached, PolicyErrors> {
        Ok(if added {
            Attached::Known(document.named_policy()?)
        } else {
            Attached::Unknown(format!("its owner has to add `{}`", document.file))
        })
    };
    let missing: Vec<_> = pipeline
        .principals()
        .into_iter()
        .filter(|principal| pipeline.existing_role(principal.kind).is_some())
        .filter(|principal| !setup.roles.contains_key(&principal.kind))
        .collect();
    for principal in missing {
        let mut role = Role { arn: principal.arn, ..Role::default() };
        for document in &documents {
            match document.kind {
                DocumentKind::Identity(kind) if kind == principal.kind => {
                    match attached(document)? {
                        Attached::Known(policy) => role.identity.push(policy),
                        Attached::Unknown(why) => role.unknown.push(why),
                        Attached::Absent => {}
                    }
                }
                DocumentKind::Trust(kind) if kind == principal.kind => {
                    role.trust = attached(document)?;
                }
                _ => {}
            }
        }
        setup.roles.insert(principal.kind, role);
    }
    for document in &documents {
        let place = match document.kind {
            DocumentKind::Bucket => &mut setup.bucket,
            DocumentKind::Key => &mut setup.key,
            _ => continue,
        };
        if !matches!(place, Attached::Known(_)) {
            *place = attached(document)?;
        }
    }
    if added && !documents.is_empty() {
        setup.notes.push(
            "it is taken for granted that owners have added what `policies/owner` holds".to_owned(),
        );
    }
    Ok(())
}
