//! A set-up from policy documents, such as `snaplake generate` writes.

use super::{Attached, Role, Setup};
use crate::iam::policy::Kind;
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

/// Reads a document that stands in a certain place.
pub(super) fn parse(name: &str, text: &str, kind: Kind) -> Result<NamedPolicy, DocumentError> {
    Policy::parse_as(text, kind)
        .map(|policy| NamedPolicy::new(name, policy))
        .map_err(|errors| DocumentError { name: name.to_owned(), text: text.to_owned(), errors })
}

/// Puts a set-up together from documents by name: `runner.json` is attached to the runner's role,
/// `runner-trust.json` says who may take it, `lake-bucket.json` and `lake-key.json` are the policies of
/// the bucket and the key. Documents that belong to nothing are told of, and those that are missing.
///
/// # Errors
/// Every document that is no policy, or none that AWS takes in its place.
pub fn read(
    pipeline: &Pipeline,
    origin: &str,
    documents: &BTreeMap<String, String>,
    mapping: &Mapping,
) -> Result<Setup, Vec<DocumentError>> {
    let mut errors = Vec::new();
    let mut notes = strangers(pipeline, documents, mapping);
    let mut policy = |name: &str, kind: Kind, without: &str| {
        let Some(text) = documents.get(name) else {
            notes.push(format!("there is no `{name}`: {without}"));
            return None;
        };
        parse(name, text, kind).map_err(|error| errors.push(error)).ok()
    };
    let mut setup =
        Setup { origin: origin.to_owned(), texts: documents.clone(), ..Setup::default() };
    for principal in pipeline.principals() {
        let kind = principal.kind;
        let own = format!("{kind}.json");
        let without = format!("the {kind}'s role is taken to have no such policy");
        let others = mapping.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone());
        let identity = std::iter::once(own).chain(others);
        let boundary = pipeline.iam.permissions_boundary.as_ref().map_or(Attached::Absent, |arn| {
            Attached::Unknown(format!("`{arn}` is not among the documents"))
        });
        let trust = format!("{kind}-trust.json");
        let role = Role {
            arn: principal.arn,
            identity: identity.filter_map(|name| policy(&name, Kind::Identity, &without)).collect(),
            unknown: Vec::new(),
            unknown_grants: Vec::new(),
            boundary,
            trust: policy(&trust, Kind::Trust, "who may take the role is not known")
                .map_or(Attached::Absent, Attached::Known),
        };
        setup.roles.insert(kind, role);
    }
    let without = "the bucket is taken to have no policy";
    setup.bucket = policy("lake-bucket.json", Kind::BucketOrKey, without)
        .map_or(Attached::Absent, Attached::Known);
    let without = if pipeline.lake.key == KeyChoice::Create {
        "the key is taken to have no policy, which allows nothing"
    } else {
        "what the key's policy says is not known"
    };
    setup.key = match policy("lake-key.json", Kind::BucketOrKey, without) {
        Some(policy) => Attached::Known(policy),
        None if pipeline.lake.key == KeyChoice::Create => Attached::Absent,
        None => Attached::Unknown(format!(
            "the policy of `{}` is not among the documents",
            pipeline.key_arn()
        )),
    };
    setup.notes = notes;
    if errors.is_empty() { Ok(setup) } else { Err(errors) }
}

/// The names of the documents that a pipeline has.
#[must_use]
pub fn names(pipeline: &Pipeline) -> Vec<String> {
    let of_pipeline = pipeline.documents();
    let files = of_pipeline.iter().map(|document| document.file.as_str());
    files.map(|file| file.rsplit('/').next().unwrap_or(file).to_owned()).collect()
}

/// How alike two names are when one is a slip of the other.
const ALIKE: f64 = 0.85;

/// A word on each document that belongs to nothing.
fn strangers(
    pipeline: &Pipeline,
    documents: &BTreeMap<String, String>,
    mapping: &Mapping,
) -> Vec<String> {
    let known = names(pipeline);
    let strange = documents
        .keys()
        .filter(|name| !known.contains(name) && mapping.iter().all(|(_, mapped)| mapped != *name));
    strange
        .map(|name| {
            let lower = name.to_lowercase();
            let near = known
                .iter()
                .map(|it| (strsim::jaro_winkler(it, &lower), it))
                .filter(|(alike, _)| *alike > ALIKE)
                .max_by(|one, other| one.0.total_cmp(&other.0));
            let what = match near {
                Some((_, near)) if !documents.contains_key(near) => {
                    format!("did you mean `{near}`?")
                }
                _ => {
                    let principals = pipeline.principals();
                    let first = principals.first().map_or("runner", |it| it.kind.id());
                    let near = near.and_then(|(_, it)| it.strip_suffix(".json"));
                    let id = principals.iter().map(|it| it.kind.id()).find(|id| near == Some(*id));
                    let id = id.unwrap_or(first);
                    format!("`--map {id}={name}` attaches it to the {id}'s role")
                }
            };
            format!("`{name}` is not read, since it belongs to nothing: {what}")
        })
        .collect()
}
