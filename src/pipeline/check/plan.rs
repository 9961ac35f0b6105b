//! A set-up from Terraform: what `terraform show -json` says of a plan or a state.
//!
//! What a plan does not know yet, because it comes with `terraform apply`, stays unknown: the check
//! says so. Only what follows from what is known is used: a role's ARN from its name and path, the
//! policy behind an attachment from what the attachment refers to.

mod document;
mod references;
mod resources;
mod roles;
mod tree;

#[cfg(test)]
mod tests;

use super::documents::{DocumentError, Mapping, parse};
use super::{Attached, Setup};
use crate::iam::policy::Kind;
use crate::iam::{Arn, NamedPolicy, PolicyErrors};
use crate::pipeline::{Pipeline, Principal, PrincipalKind, Trusted};
use serde_json::Value;
use tree::{Misread, Resource, Tree};

/// A plan that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// The text is no JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// The JSON is no plan and no state.
    #[error("this is neither a plan nor a state of Terraform's")]
    Form,
    /// It is of a version that is not known.
    #[error("this is of format {}, and what is known is 1", .0.escape_debug())]
    Version(String),
    /// Something in it has another form than Terraform gives it.
    #[error("this is neither a plan nor a state of Terraform's: `{}` is not {}", .0.escape_debug(), .1)]
    Shape(String, &'static str),
    /// Terraform did not finish the plan.
    #[error("Terraform met an error while it made this plan")]
    Errored,
    /// A role that the user named is not there.
    #[error("it has no role `{}`", .0.escape_debug())]
    NoRole(String),
    /// Policies in it are none.
    #[error("it has policies that are none")]
    Documents(Vec<DocumentError>),
}

/// Puts a set-up together from a plan or a state. A role is a principal's when the mapping says so,
/// when it has the name that the pipeline gives it, or when it alone is trusted to the service that
/// takes the principal's role.
///
/// # Errors
/// When the text is neither, or a policy in it is none.
pub fn read(
    pipeline: &Pipeline,
    origin: &str,
    text: &str,
    mapping: &Mapping,
) -> Result<Setup, PlanError> {
    let root: Value = serde_json::from_str(text).map_err(|it| PlanError::Json(it.to_string()))?;
    if root.get("errored").and_then(Value::as_bool) == Some(true) {
        return Err(PlanError::Errored);
    }
    let tree = Tree::read(&root).map_err(|misread| match misread {
        Misread::Other => PlanError::Form,
        Misread::Version(version) => PlanError::Version(version),
        Misread::Shape(what, wanted) => PlanError::Shape(what, wanted),
    })?;
    let mut reader = Reader { pipeline, tree, errors: Vec::new() };
    let mut setup = Setup { origin: origin.to_owned(), ..Setup::default() };
    reader.not_looked_at(&mut setup.notes);
    let chosen = reader.choose(mapping, &mut setup.notes)?;
    for (kind, index) in chosen {
        match reader.role(index) {
            Some(role) => {
                setup.actual.insert(pipeline.role_arn(kind), role.arn.clone());
                setup.roles.insert(kind, role);
            }
            None => {
                if let Some(role) = reader.tree.resources.get(index) {
                    let name = unknown(role.address, "name");
                    let why = format!("`{}` has no ARN yet: {name}", role.address);
                    setup.notes.push(why.clone());
                    setup.unread.insert(kind, why);
                }
            }
        }
    }
    // A role whose name comes with apply may be that of any principal who has none.
    if let Some(why) = reader.unnamed() {
        for principal in pipeline.principals() {
            setup.unread.entry(principal.kind).or_insert_with(|| why.clone());
        }
        setup.unread.retain(|kind, _| !setup.roles.contains_key(kind));
    }
    setup.bucket = reader.bucket(&mut setup.notes);
    setup.key = reader.key(&mut setup.actual, &mut setup.notes);
    if reader.errors.is_empty() { Ok(setup) } else { Err(PlanError::Documents(reader.errors)) }
}

struct Reader<'a> {
    pipeline: &'a Pipeline,
    tree: Tree<'a>,
    errors: Vec<DocumentError>,
}

/// Whether an attribute names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    No,
    /// It is not known what it names.
    Maybe,
}

impl From<bool> for Named {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

impl Reader<'_> {
    /// Which role is which principal's, by the role's place among the resources.
    fn choose(
        &self,
        mapping: &Mapping,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(PrincipalKind, usize)>, PlanError> {
        let principals = self.pipeline.principals();
        let mut chosen: Vec<(PrincipalKind, usize)> = Vec::new();
        for (kind, name) in mapping {
            let arn = self.pipeline.role_arn(*kind);
            let at = self.named(name, *kind, &arn, notes);
            chosen.push((*kind, at.ok_or_else(|| PlanError::NoRole(name.clone()))?));
        }
        for principal in principals {
            if chosen.iter().any(|(kind, _)| *kind == principal.kind) {
                continue;
            }
            let Principal { kind, name, .. } = &principal;
            if let Some(at) = self.named(name, *kind, &principal.arn, notes) {
                chosen.push((*kind, at));
            } else if let Some((at, address)) = self.by_trust(&principal) {
                notes.push(format!(
                    "`{address}` is taken for the {kind}'s role, being the only one of its service"
                ));
                chosen.push((*kind, at));
            } else if self.pipeline.existing_role(*kind).is_none() {
                notes.push(format!(
                    "no role is named `{name}`; name the {kind}'s with `--map {kind}=ROLE`"
                ));
            }
        }
        Ok(chosen)
    }

    /// That there are roles whose names are not known, where there are.
    fn unnamed(&self) -> Option<String> {
        let roles = self.indices("aws_iam_role", |role| {
            role.known("name").is_none() && role.is_unknown("name")
        });
        let role = self.tree.resources.get(*roles.first()?)?;
        Some(unknown(role.address, "name"))
    }

    /// The role of this name. Where there are several, that of the pipeline's own account, and of those
    /// that with the ARN that the pipeline gives it.
    fn named(
        &self,
        name: &str,
        kind: PrincipalKind,
        arn: &str,
        notes: &mut Vec<String>,
    ) -> Option<usize> {
        let account = account_of(arn);
        let all = self.indices("aws_iam_role", |role| role.known("name") == Some(name));
        let all = all.into_iter().filter_map(|at| Some((at, self.tree.resources.get(at)?)));
        let (own, foreign): (Vec<_>, Vec<_>) =
            all.partition(|(_, role)| role.known("arn").is_none_or(|it| account_of(it) == account));
        let same = |role: &Resource<'_>| {
            let path = role.known("path").unwrap_or("/");
            role.known("arn")
                .map_or_else(|| arn.ends_with(&format!(":role{path}{name}")), |it| it == arn)
        };
        let (at, taken) =
            own.iter().find(|(_, role)| same(role)).or_else(|| own.first()).copied().unzip();
        let others = own.iter().chain(&foreign).filter(|(other, _)| Some(*other) != at);
        for (_, other) in others {
            let what = match (taken, other.known("arn")) {
                (Some(taken), _) => format!("`{}` is taken", taken.address),
                (None, arn) => format!(
                    "it is of the account {}, and the pipeline's is {}",
                    arn.and_then(account_of).unwrap_or_default(),
                    account.as_deref().unwrap_or_default()
                ),
            };
            notes.push(format!(
                "`{}` has the name of the {kind}'s role, `{name}`, and is not taken for it: {what}",
                other.address
            ));
        }
        at
    }

    /// The only role that the service of a principal may take.
    fn by_trust(&self, principal: &Principal) -> Option<(usize, &str)> {
        let Trusted::Service(service) = principal.trusted else { return None };
        let quoted = format!("\"{service}\"");
        let account = account_of(&principal.arn);
        let trusted = self.indices("aws_iam_role", |role| {
            role.known("assume_role_policy").is_some_and(|it| it.contains(&quoted))
                && role.known("arn").is_none_or(|it| account_of(it) == account)
        });
        match trusted.as_slice() {
            [only] => Some((*only, self.tree.resources.get(*only)?.address)),
            _ => None,
        }
    }

    fn parse(&mut self, name: &str, text: &str, kind: Kind) -> Option<NamedPolicy> {
        match parse(name, text, kind) {
            Ok(policy) => Some(policy),
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    /// A policy that stands in an attribute of a resource, which cannot be without it if `required`.
    fn attached(&mut self, at: usize, attribute: &str, kind: Kind, required: bool) -> Attached {
        let Some(resource) = self.tree.resources.get(at) else { return Attached::Absent };
        let address = resource.address;
        match resource.value(attribute) {
            Value::String(text) if required || !text.is_empty() => {
                let text = text.as_str();
                self.parse(address, text, kind).map_or(Attached::Absent, Attached::Known)
            }
            _ if resource.is_unknown(attribute) => Attached::Unknown(unknown(address, attribute)),
            Value::Null if required => {
                Attached::Unknown(format!("`{address}.{attribute}` has no value here"))
            }
            Value::Null | Value::String(_) => Attached::Absent,
            other => {
                let form = form(other);
                let message = format!("`{attribute}` is {form}, where a policy is a text");
                let help = "`terraform show -json` writes a policy as JSON in a text";
                self.errors.push(DocumentError {
                    name: address.to_owned(),
                    text: String::new(),
                    errors: PolicyErrors::at_start(message, Some(help.to_owned())),
                });
                Attached::Absent
            }
        }
    }

    fn indices(&self, kind: &str, wanted: impl Fn(&Resource<'_>) -> bool) -> Vec<usize> {
        let all = self.tree.resources.iter().enumerate();
        all.filter(|(_, it)| it.kind == kind && wanted(it)).map(|(at, _)| at).collect()
    }

    /// Whether an attribute of a resource names another, whose own `id` has that value when it is known.
    fn names(
        &self,
        resource: &Resource<'_>,
        attribute: &str,
        other: &Resource<'_>,
        id: &str,
    ) -> Named {
        let mut known = resource.known(attribute).into_iter().chain(resource.texts(attribute));
        if known.any(|text| other.known(id) == Some(text)) {
            return Named::Yes;
        }
        if !resource.is_unknown(attribute) {
            return Named::No;
        }
        let meant = self.tree.referred(resource, attribute, other.kind);
        let named = meant.found.iter().any(|it| it.address == other.address);
        let others = meant.found.iter().any(|it| it.base != other.base);
        let instances = meant.found.iter().filter(|it| it.base == other.base).count();
        // In a list every resource is meant, in a text one of those that it is made of.
        let all = attribute == ROLES || !others;
        match named {
            true if all && instances == 1 && !meant.open => Named::Yes,
            true => Named::Maybe,
            false if meant.open || meant.found.is_empty() => Named::Maybe,
            false => Named::No,
        }
    }
}

/// The attribute that is a list of names.
const ROLES: &str = "roles";

/// What is in JSON that is no text.
fn form(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn account_of(arn: &str) -> Option<String> {
    Arn::parse(arn).ok().map(|arn| arn.account)
}

fn unknown(address: &str, attribute: &str) -> String {
    format!("`{address}.{attribute}` is known after apply")
}
