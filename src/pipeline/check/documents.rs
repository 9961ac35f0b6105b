//! A set-up from policy documents, such as `snaplake generate` writes.

use super::{Attached, Role, Setup};
use crate::iam::{NamedPolicy, Policy, PolicyErrors};
use crate::pipeline::{KeyChoice, Pipeline, PrincipalKind};
use std::collections::BTreeMap;

/// A document that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{}` is no policy", .name.escape_debug())]
pub struct DocumentError {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What is wrong with it.
    pub errors: PolicyErrors,
}

/// Which documents belong to which principal, besides those that are named after it.
pub type Mapping = Vec<(PrincipalKind, String)>;

/// Puts a set-up together from documents by name: `runner.json` is attached to the runner's role,
/// `runner-trust.json` says who may take it, `lake-bucket.json` and `lake-key.json` are the policies of
/// the bucket and the key.
///
/// # Errors
/// Every document that is no policy.
pub fn read(
    pipeline: &Pipeline,
    origin: &str,
    documents: &BTreeMap<String, String>,
    mapping: &Mapping,
) -> Result<Setup, Vec<DocumentError>> {
    let mut errors = Vec::new();
    let mut policy = |name: &str| {
        let text = documents.get(name)?;
        match Policy::parse(text) {
            Ok(policy) => Some(NamedPolicy::new(name, policy)),
            Err(wrong) => {
                let (name, text) = (name.to_owned(), text.clone());
                errors.push(DocumentError { name, text, errors: wrong });
                None
            }
        }
    };
    let mut setup =
        Setup { origin: origin.to_owned(), texts: documents.clone(), ..Setup::default() };
    for principal in pipeline.principals() {
        let kind = principal.kind;
        let own = format!("{kind}.json");
        let others = mapping.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone());
        let boundary = pipeline.iam.permissions_boundary.as_ref().map_or(Attached::Absent, |arn| {
            Attached::Unknown(format!("`{arn}` is not among the documents"))
        });
        let role = Role {
            arn: principal.arn,
            identity: std::iter::once(own).chain(others).filter_map(|name| policy(&name)).collect(),
            unknown: Vec::new(),
            unknown_grants: Vec::new(),
            boundary,
            trust: policy(&format!("{kind}-trust.json")).map_or(Attached::Absent, Attached::Known),
        };
        setup.roles.insert(kind, role);
    }
    setup.bucket = policy("lake-bucket.json").map_or(Attached::Absent, Attached::Known);
    setup.key = match policy("lake-key.json") {
        Some(policy) => Attached::Known(policy),
        None if pipeline.lake.key == KeyChoice::Create => Attached::Absent,
        None => Attached::Unknown(format!(
            "the policy of `{}` is not among the documents",
            pipeline.key_arn()
        )),
    };
    if errors.is_empty() { Ok(setup) } else { Err(errors) }
}
