//! A set-up from Terraform: what `terraform show -json` says of a plan or a state.
//!
//! What a plan does not know yet, because it comes with `terraform apply`, stays unknown: the check
//! says so. Only what follows from what is known is used: a role's ARN from its name and path, the
//! policy behind an attachment from what the attachment refers to.

mod document;
mod tree;

use super::documents::{DocumentError, Mapping};
use super::{Attached, Role, Setup};
use crate::iam::managed::{managed, path as managed_path};
use crate::iam::{NamedPolicy, Policy};
use crate::pipeline::{KeyChoice, Pipeline, PrincipalKind, Trusted};
use document::{Partial, partial};
use serde_json::Value;
use tree::{DOCUMENT, Known, Resource, Tree};

/// A plan that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// The text is no JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// The JSON is no plan and no state.
    #[error("this is neither a plan nor a state of Terraform's")]
    Form,
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
    let tree = Tree::read(&root).ok_or(PlanError::Form)?;
    let mut reader = Reader { pipeline, tree, errors: Vec::new() };
    let mut setup = Setup { origin: origin.to_owned(), ..Setup::default() };
    let chosen = reader.choose(mapping, &mut setup)?;
    for (kind, index) in chosen {
        if let Some(role) = reader.role(index) {
            setup.actual.insert(pipeline.role_arn(kind), role.arn.clone());
            setup.roles.insert(kind, role);
        }
    }
    setup.bucket = reader.bucket();
    setup.key = reader.key(&mut setup.actual);
    if reader.errors.is_empty() { Ok(setup) } else { Err(PlanError::Documents(reader.errors)) }
}

struct Reader<'a> {
    pipeline: &'a Pipeline,
    tree: Tree<'a>,
    errors: Vec<DocumentError>,
}

impl Reader<'_> {
    /// Which role is which principal's, by the role's place among the resources.
    fn choose(
        &self,
        mapping: &Mapping,
        setup: &mut Setup,
    ) -> Result<Vec<(PrincipalKind, usize)>, PlanError> {
        let roles: Vec<_> = self
            .tree
            .resources
            .iter()
            .enumerate()
            .filter(|(_, resource)| resource.kind == "aws_iam_role")
            .collect();
        let named = |name: &str| {
            roles.iter().find(|(_, role)| role.known("name") == Some(name)).map(|(at, _)| *at)
        };
        let mut chosen: Vec<(PrincipalKind, usize)> = Vec::new();
        for (kind, name) in mapping {
            let at = named(name).ok_or_else(|| PlanError::NoRole(name.clone()))?;
            chosen.push((*kind, at));
        }
        for principal in self.pipeline.principals() {
            if chosen.iter().any(|(kind, _)| *kind == principal.kind) {
                continue;
            }
            let by_trust = || {
                let Trusted::Service(service) = principal.trusted else { return None };
                let quoted = format!("\"{service}\"");
                let mut trusted = roles.iter().filter(|(_, role)| {
                    role.known("assume_role_policy").is_some_and(|it| it.contains(&quoted))
                });
                trusted.next().filter(|_| trusted.next().is_none())
            };
            if let Some(at) = named(&principal.name) {
                chosen.push((principal.kind, at));
            } else if let Some((at, role)) = by_trust() {
                setup.notes.push(format!(
                    "`{}` is taken for the {}'s role, being the only one of its service",
                    role.address, principal.kind
                ));
                chosen.push((principal.kind, *at));
            } else if self.pipeline.existing_role(principal.kind).is_none() {
                let (name, kind) = (&principal.name, principal.kind);
                setup.notes.push(format!(
                    "no role is named `{name}`; name the {kind}'s with `--map {kind}=ROLE`"
                ));
            }
        }
        Ok(chosen)
    }

    fn parse(&mut self, name: &str, text: &str) -> Option<NamedPolicy> {
        match Policy::parse(text) {
            Ok(policy) => Some(NamedPolicy::new(name, policy)),
            Err(errors) => {
                let (name, text) = (name.to_owned(), text.to_owned());
                self.errors.push(DocumentError { name, text, errors });
                None
            }
        }
    }

    /// A policy that stands in an attribute of a resource.
    fn attached(&mut self, resource: usize, attribute: &str) -> Attached {
        let Some(resource) = self.tree.resources.get(resource) else { return Attached::Absent };
        let address = resource.address;
        match resource.text(attribute) {
            Known::Text(text) => {
                self.parse(address, text).map_or(Attached::Absent, Attached::Known)
            }
            Known::Unknown => Attached::Unknown(unknown(address, attribute)),
            Known::Nothing => Attached::Absent,
        }
    }

    fn indices(&self, kind: &str, wanted: impl Fn(&Resource<'_>) -> bool) -> Vec<usize> {
        let all = self.tree.resources.iter().enumerate();
        all.filter(|(_, it)| it.kind == kind && wanted(it)).map(|(at, _)| at).collect()
    }

    /// Whether an attribute of a resource names a role, by its name or by reference.
    fn names_role(&self, resource: &Resource<'_>, attribute: &str, role: &Resource<'_>) -> bool {
        match resource.text(attribute) {
            Known::Text(name) => role.known("name") == Some(name),
            Known::Nothing => false,
            Known::Unknown => self
                .tree
                .referred(resource, attribute, "aws_iam_role")
                .iter()
                .any(|it| it.address == role.address),
        }
    }

    fn role(&mut self, at: usize) -> Option<Role> {
        let role = self.tree.resources.get(at)?;
        let name = role.known("name")?;
        let path = role.known("path").unwrap_or("/");
        let arn = role.known("arn").map_or_else(
            || {
                let (partition, account) = (self.pipeline.partition, &self.pipeline.account);
                format!("arn:{partition}:iam::{account}:role{path}{name}")
            },
            str::to_owned,
        );
        let mut found = Role { arn, ..Role::default() };
        self.inline(at, &mut found);
        self.attachments(at, &mut found);
        found.trust = self.attached(at, "assume_role_policy");
        found.boundary = self.boundary(at);
        Some(found)
    }

    fn inline(&mut self, at: usize, found: &mut Role) {
        let Some(role) = self.tree.resources.get(at) else { return };
        let address = role.address;
        let mut texts = Vec::new();
        for (index, block) in role.list("inline_policy").iter().enumerate() {
            let name = block.get("name").and_then(Value::as_str).unwrap_or_default();
            let place = format!("{address}.inline_policy[{index}] {name}").trim_end().to_owned();
            match block.get("policy").and_then(Value::as_str) {
                Some(text) if !text.is_empty() => texts.push((place, text)),
                _ if role.is_unknown("inline_policy") => {
                    found.unknown.push(unknown(&place, "policy"));
                }
                _ => {}
            }
        }
        for (place, text) in texts {
            found.identity.extend(self.parse(&place, text));
        }
        let own = {
            let Some(role) = self.tree.resources.get(at) else { return };
            self.indices("aws_iam_role_policy", |it| self.names_role(it, "role", role))
        };
        for policy in own {
            let attached = self.attached(policy, "policy");
            self.grant(attached, Some(policy), found);
        }
    }

    /// Attaches a policy to a role. Of one that comes with apply, what the plan knows already.
    fn grant(&mut self, attached: Attached, at: Option<usize>, found: &mut Role) {
        match attached {
            Attached::Absent => {}
            Attached::Known(policy) => {
                // The same policy may be attached in two ways.
                if !found.identity.contains(&policy) {
                    found.identity.push(policy);
                }
            }
            Attached::Unknown(why) => match at.and_then(|at| self.deferred(at)) {
                None => found.unknown.push(why),
                Some((name, part)) => {
                    found.unknown.extend(part.others);
                    found.unknown_grants.extend(part.grants);
                    let text = part.policy.map(|policy| policy.to_string());
                    found.identity.extend(text.and_then(|text| self.parse(&name, &text)));
                }
            },
        }
    }

    /// The one document that a policy is made of during apply, and what is known of it.
    fn deferred(&self, at: usize) -> Option<(String, Partial)> {
        let policy = self.tree.resources.get(at)?;
        match self.tree.referred(policy, "policy", DOCUMENT).as_slice() {
            [document] => Some((document.address.to_owned(), partial(document)?)),
            _ => None,
        }
    }

    fn attachments(&mut self, at: usize, found: &mut Role) {
        let mut sources = Vec::new();
        if let Some(role) = self.tree.resources.get(at) {
            for arn in role.list("managed_policy_arns").iter().filter_map(Value::as_str) {
                sources.push(Source::Arn(arn.to_owned()));
            }
            for attachment in self.tree.of("aws_iam_role_policy_attachment") {
                if self.names_role(attachment, "role", role) {
                    sources.push(Source::of(attachment));
                }
            }
            for attachment in self.tree.of("aws_iam_policy_attachment") {
                let named = attachment.list("roles").iter().filter_map(Value::as_str);
                if named.into_iter().any(|name| role.known("name") == Some(name)) {
                    sources.push(Source::of(attachment));
                }
            }
        }
        for source in sources {
            let (attached, at) = self.resolve(source);
            self.grant(attached, at, found);
        }
    }

    /// The policy that an ARN or a reference means.
    fn resolve(&mut self, source: Source) -> (Attached, Option<usize>) {
        match source {
            Source::Arn(arn) => self.by_arn(&arn),
            Source::Reference(address) => {
                let attachment = self.tree.resources.iter().find(|it| it.address == address);
                let meant = attachment
                    .map(|it| self.tree.referred(it, "policy_arn", "aws_iam_policy"))
                    .unwrap_or_default();
                let [policy] = meant.as_slice() else {
                    return (Attached::Unknown(unknown(&address, "policy_arn")), None);
                };
                let address = policy.address;
                match self.tree.resources.iter().position(|it| it.address == address) {
                    Some(at) => (self.attached(at, "policy"), Some(at)),
                    None => (Attached::Absent, None),
                }
            }
        }
    }

    fn by_arn(&mut self, arn: &str) -> (Attached, Option<usize>) {
        if let Some(path) = managed_path(arn) {
            let known = managed(arn).map_or_else(
                || Attached::Unknown(format!("AWS manages `{path}`, whose text is not known here")),
                Attached::Known,
            );
            return (known, None);
        }
        match self.indices("aws_iam_policy", |it| it.known("arn") == Some(arn)).first() {
            Some(at) => (self.attached(*at, "policy"), Some(*at)),
            None => (Attached::Unknown(format!("`{arn}` is not managed here")), None),
        }
    }

    fn boundary(&mut self, at: usize) -> Attached {
        let Some(role) = self.tree.resources.get(at) else { return Attached::Absent };
        match role.text("permissions_boundary") {
            Known::Nothing => Attached::Absent,
            Known::Text(arn) => self.by_arn(arn).0,
            Known::Unknown => {
                let meant = self.tree.referred(role, "permissions_boundary", "aws_iam_policy");
                let why = unknown(role.address, "permissions_boundary");
                let address = match meant.as_slice() {
                    [policy] => policy.address,
                    _ => return Attached::Unknown(why),
                };
                match self.tree.resources.iter().position(|it| it.address == address) {
                    Some(at) => self.attached(at, "policy"),
                    None => Attached::Unknown(why),
                }
            }
        }
    }

    fn bucket(&mut self) -> Attached {
        let name = self.pipeline.lake.bucket.as_str();
        let buckets = self.indices("aws_s3_bucket", |it| it.known("bucket") == Some(name));
        let policies = self.indices("aws_s3_bucket_policy", |it| match it.text("bucket") {
            Known::Text(bucket) => bucket == name,
            Known::Nothing => false,
            Known::Unknown => self
                .tree
                .referred(it, "bucket", "aws_s3_bucket")
                .iter()
                .any(|bucket| bucket.known("bucket") == Some(name)),
        });
        if let Some(policy) = policies.first() {
            return self.attached(*policy, "policy");
        }
        match buckets.first() {
            // Before version 4 of the provider, a bucket's policy stood in the bucket.
            Some(bucket) if self.sets(*bucket, "policy") => self.attached(*bucket, "policy"),
            Some(_) => Attached::Absent,
            None => Attached::Unknown(format!("the bucket `{name}` is not managed here")),
        }
    }

    /// Whether an attribute is the user's; in a state, whether it has a value.
    fn sets(&self, at: usize, attribute: &str) -> bool {
        self.tree.resources.get(at).is_some_and(|it| {
            self.tree.sets(it, attribute).unwrap_or_else(|| it.known(attribute).is_some())
        })
    }

    fn key(&mut self, actual: &mut std::collections::BTreeMap<String, String>) -> Attached {
        let arn = self.pipeline.key_arn();
        let Some(at) = self.find_key(&arn) else {
            // The policy of a key that was there before may be managed all the same.
            let policies = self.indices("aws_kms_key_policy", |it| {
                it.known("key_id").is_some_and(|id| id == arn || arn.rsplit('/').next() == Some(id))
            });
            if let Some(policy) = policies.first() {
                return self.attached(*policy, "policy");
            }
            return Attached::Unknown(format!("the key `{arn}` is not managed here"));
        };
        let Some(key) = self.tree.resources.get(at) else { return Attached::Absent };
        if let Some(real) = key.known("arn") {
            actual.insert(arn, real.to_owned());
        }
        let address = key.address;
        let id = key.known("key_id").or_else(|| key.known("id"));
        let policies = self.indices("aws_kms_key_policy", |it| match it.text("key_id") {
            Known::Text(text) => Some(text) == id,
            Known::Nothing => false,
            Known::Unknown => {
                let meant = self.tree.referred(it, "key_id", "aws_kms_key");
                meant.iter().any(|key| key.address == address)
            }
        });
        if let Some(policy) = policies.first() {
            return self.attached(*policy, "policy");
        }
        if self.sets(at, "policy") {
            return self.attached(at, "policy");
        }
        // "If you don't specify a key policy, AWS KMS attaches a default key policy":
        // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        let text = serde_json::json!({
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [{
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": self.pipeline.account_root_arn()},
                "Action": "kms:*",
                "Resource": "*",
            }],
        });
        let name = format!("{address} (the default key policy)");
        self.parse(&name, &text.to_string()).map_or(Attached::Absent, Attached::Known)
    }

    /// The lake's key: by its ARN, by its alias, or because there is no other.
    fn find_key(&self, arn: &str) -> Option<usize> {
        let keys = self.indices("aws_kms_key", |_| true);
        let by_arn = keys.iter().find(|at| {
            self.tree.resources.get(**at).is_some_and(|key| key.known("arn") == Some(arn))
        });
        if by_arn.is_some() || self.pipeline.lake.key != KeyChoice::Create {
            return by_arn.copied();
        }
        let alias = self.pipeline.key_alias();
        let aliases =
            self.tree.of("aws_kms_alias").filter(|it| it.known("name") == alias.as_deref());
        let by_alias = aliases.into_iter().find_map(|alias| {
            let target = alias.known("target_key_id");
            let meant = self.tree.referred(alias, "target_key_id", "aws_kms_key");
            keys.iter().copied().find(|at| {
                self.tree.resources.get(*at).is_some_and(|key| {
                    (target.is_some() && key.known("key_id") == target)
                        || meant.iter().any(|it| it.address == key.address)
                })
            })
        });
        by_alias.or(match keys.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }
}

/// Where the text of an attached policy comes from.
enum Source {
    Arn(String),
    /// The address of an attachment whose policy is not known by its ARN yet.
    Reference(String),
}

impl Source {
    fn of(attachment: &Resource<'_>) -> Self {
        match attachment.known("policy_arn") {
            Some(arn) => Self::Arn(arn.to_owned()),
            None => Self::Reference(attachment.address.to_owned()),
        }
    }
}

fn unknown(address: &str, attribute: &str) -> String {
    format!("`{address}.{attribute}` is known after apply")
}
