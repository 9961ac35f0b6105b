//! What is attached to a role: inline policies, managed policies, a boundary, trust.

use super::document::{Partial, partial};
use super::tree::{DOCUMENT, Known, Resource};
use super::{Named, ROLES, Reader, unknown};
use crate::iam::managed::{managed, path as managed_path};
use crate::iam::policy::Kind;
use crate::iam::{Effect, NamedPolicy};
use crate::pipeline::check::{Attached, Role};
use serde_json::Value;

const POLICY: &str = "aws_iam_policy";
const INLINE: &str = "aws_iam_role_policy";

/// A policy that is attached to a role, as far as Terraform's resources say.
struct Candidate {
    attached: Attached,
    /// The resource whose policy it is, when that may be known in part.
    at: Option<usize>,
    /// What attaches it.
    address: String,
    /// An inline policy's name, a managed policy's ARN.
    id: Option<String>,
    /// The attribute that would have to say that it is the role's, where that is not known.
    open: Option<&'static str>,
}

/// A resource that takes away what it does not name.
struct Exclusive {
    address: String,
    named: Vec<String>,
    /// The addresses of policies that it names by reference.
    referred: Vec<String>,
    /// It names others, too, that are not known.
    open: bool,
}

impl Reader<'_> {
    pub(super) fn role(&mut self, at: usize) -> Option<Role> {
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
        found.unknown.extend(self.tree.put_off.clone());
        self.catalog(&mut found);
        self.inline(at, &mut found);
        self.managed(at, &mut found);
        found.trust = self.attached(at, "assume_role_policy", Kind::Trust, true);
        found.boundary = self.boundary(at);
        Some(found)
    }

    /// The policy of Glue's catalog has a say in what a role may do in it.
    fn catalog(&mut self, found: &mut Role) {
        for at in self.indices("aws_glue_resource_policy", |_| true) {
            let attached = self.attached(at, "policy", Kind::BucketOrKey, true);
            let Some(resource) = self.tree.resources.get(at) else { continue };
            let address = resource.address;
            found.doubt(
                &attached,
                format!("`{address}`, the policy of Glue's catalog, is not evaluated"),
            );
        }
    }

    fn inline(&mut self, at: usize, found: &mut Role) {
        let mut candidates = self.blocks(at, found);
        for (policy, open) in self.of_role(INLINE, "role", at) {
            let Some(resource) = self.tree.resources.get(policy) else { continue };
            let (address, id) = (resource.address.to_owned(), resource.known("name"));
            let id = id.map(str::to_owned);
            let attached = self.attached(policy, "policy", Kind::Identity, true);
            candidates.push(Candidate { attached, at: Some(policy), address, id, open });
        }
        let lists = ("aws_iam_role_policies_exclusive", "policy_names", INLINE);
        let kept = self.exclusives(at, lists, &mut candidates, found);
        found.unknown.extend(kept.into_iter().map(|(by, name)| {
            format!("the inline policy `{name}`, which `{by}` keeps, is not managed here")
        }));
        for candidate in candidates {
            self.grant(candidate, found);
        }
    }

    /// The `inline_policy` blocks of a role. Of a role that is yet to be made, the provider says that they
    /// come with apply where the configuration has none.
    fn blocks(&mut self, at: usize, found: &mut Role) -> Vec<Candidate> {
        let name = "inline_policy";
        let Some(role) = self.tree.resources.get(at) else { return Vec::new() };
        let address = role.address;
        if role.value(name).is_null() && self.unknown_by_user(role, name) {
            found.unknown.push(unknown(address, name));
        }
        let unknown_blocks = role.is_unknown(name);
        let mut candidates = Vec::new();
        for (index, block) in role.list(name).iter().enumerate() {
            let id = block.get("name").and_then(Value::as_str).unwrap_or_default();
            let place = format!("{address}.{name}[{index}] {id}").trim_end().to_owned();
            let attached = match block.get("policy") {
                Some(Value::String(text)) if !text.is_empty() => self
                    .parse(&place, text, Kind::Identity)
                    .map_or(Attached::Absent, Attached::Known),
                _ if unknown_blocks => Attached::Unknown(unknown(&place, "policy")),
                // A block without anything in it says that there are no inline policies.
                None | Some(Value::Null | Value::String(_)) if id.is_empty() => Attached::Absent,
                _ => Attached::Unknown(format!("`{place}` has no text here")),
            };
            let id = (!id.is_empty()).then(|| id.to_owned());
            candidates.push(Candidate { attached, at: None, address: place, id, open: None });
        }
        candidates
    }

    /// Whether the user set an attribute and its value comes with apply.
    fn unknown_by_user(&self, resource: &Resource<'_>, attribute: &str) -> bool {
        resource.is_unknown(attribute) && self.tree.sets(resource, attribute) != Some(false)
    }

    /// The resources of a type that are about a role or may be; of the latter, the attribute that does
    /// not say.
    fn of_role(
        &self,
        kind: &str,
        attribute: &'static str,
        at: usize,
    ) -> Vec<(usize, Option<&'static str>)> {
        let Some(role) = self.tree.resources.get(at) else { return Vec::new() };
        let all = self.tree.resources.iter().enumerate().filter(|(_, it)| it.kind == kind);
        all.filter_map(|(at, it)| match self.names(it, attribute, role, "name") {
            Named::Yes => Some((at, None)),
            Named::Maybe => Some((at, Some(attribute))),
            Named::No => None,
        })
        .collect()
    }

    /// Attaches a policy to a role. Of one that comes with apply, what the plan knows already.
    fn grant(&mut self, candidate: Candidate, found: &mut Role) {
        let Candidate { attached, at, address, open, .. } = candidate;
        if let Some(attribute) = open {
            let why = format!("`{address}` may be this role's: {}", unknown(&address, attribute));
            found.doubt(&attached, why);
            return;
        }
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
                    let policy = text.and_then(|text| self.parse(&name, &text, Kind::Identity));
                    found.identity.extend(policy);
                }
            },
        }
    }

    /// The one document that a policy is made of during apply, and what is known of it.
    fn deferred(&self, at: usize) -> Option<(String, Partial)> {
        let policy = self.tree.resources.get(at)?;
        let meant = self.tree.referred(policy, "policy", DOCUMENT);
        match meant.found.as_slice() {
            [document] if !meant.open => Some((document.address.to_owned(), partial(document)?)),
            _ => None,
        }
    }

    fn managed(&mut self, at: usize, found: &mut Role) {
        let mut candidates = Vec::new();
        self.managed_arns(at, found, &mut candidates);
        for (kind, attribute) in
            [("aws_iam_role_policy_attachment", "role"), ("aws_iam_policy_attachment", ROLES)]
        {
            for (attachment, open) in self.of_role(kind, attribute, at) {
                candidates.push(self.attachment(attachment, open));
            }
        }
        let lists = ("aws_iam_role_policy_attachments_exclusive", "policy_arns", POLICY);
        for (by, arn) in self.exclusives(at, lists, &mut candidates, found) {
            candidates.push(self.by_arn(&arn, by));
        }
        for candidate in candidates {
            self.grant(candidate, found);
        }
    }

    /// A role's own list of managed policies.
    fn managed_arns(&mut self, at: usize, found: &mut Role, candidates: &mut Vec<Candidate>) {
        let name = "managed_policy_arns";
        let Some(role) = self.tree.resources.get(at) else { return };
        let address = role.address.to_owned();
        let arns: Vec<_> = role.texts(name).map(str::to_owned).collect();
        if self.unknown_by_user(role, name) {
            let meant = self.tree.referred(role, name, POLICY);
            let policies: Vec<_> = meant.found.iter().map(|it| it.address.to_owned()).collect();
            if meant.open || policies.is_empty() {
                found.unknown.push(unknown(&address, name));
            }
            candidates.extend(policies.iter().filter_map(|it| self.by_address(it, &address)));
        }
        candidates.extend(arns.iter().map(|arn| self.by_arn(arn, address.clone())));
    }

    /// The policy that an attachment attaches, by its ARN or by reference.
    fn attachment(&mut self, at: usize, open: Option<&'static str>) -> Candidate {
        let attribute = "policy_arn";
        let unresolved = |address: String| Candidate {
            attached: Attached::Unknown(unknown(&address, attribute)),
            at: None,
            address,
            id: None,
            open,
        };
        let Some(attachment) = self.tree.resources.get(at) else {
            return unresolved(String::new());
        };
        let address = attachment.address.to_owned();
        if let Some(arn) = attachment.known(attribute) {
            return Candidate { open, ..self.by_arn(arn, address) };
        }
        let meant = self.tree.referred(attachment, attribute, POLICY);
        let policy = match meant.found.as_slice() {
            [policy] if !meant.open => policy.address.to_owned(),
            _ => return unresolved(address),
        };
        match self.by_address(&policy, &address) {
            Some(candidate) => Candidate { open, ..candidate },
            None => unresolved(address),
        }
    }

    /// A customer managed policy by the address of its resource.
    fn by_address(&mut self, policy: &str, by: &str) -> Option<Candidate> {
        let at = self.tree.resources.iter().position(|it| it.address == policy)?;
        let id = self.tree.resources.get(at)?.known("arn").map(str::to_owned);
        let attached = self.attached(at, "policy", Kind::Identity, true);
        Some(Candidate { attached, at: Some(at), address: by.to_owned(), id, open: None })
    }

    fn by_arn(&mut self, arn: &str, address: String) -> Candidate {
        let (attached, at) = self.text_of(arn);
        Candidate { attached, at, address, id: Some(arn.to_owned()), open: None }
    }

    fn text_of(&mut self, arn: &str) -> (Attached, Option<usize>) {
        if let Some(path) = managed_path(arn) {
            let known = managed(arn).map_or_else(
                || Attached::Unknown(format!("AWS manages `{path}`, whose text is not known here")),
                Attached::Known,
            );
            return (known, None);
        }
        match self.indices(POLICY, |it| it.known("arn") == Some(arn)).first() {
            Some(at) => (self.attached(*at, "policy", Kind::Identity, true), Some(*at)),
            None => (Attached::Unknown(format!("`{arn}` is not managed here")), None),
        }
    }

    fn boundary(&mut self, at: usize) -> Attached {
        let Some(role) = self.tree.resources.get(at) else { return Attached::Absent };
        match role.text("permissions_boundary") {
            Known::Nothing => Attached::Absent,
            Known::Text(arn) => self.text_of(arn).0,
            Known::Unknown => {
                let meant = self.tree.referred(role, "permissions_boundary", POLICY);
                let why = unknown(role.address, "permissions_boundary");
                let address = match meant.found.as_slice() {
                    [policy] if !meant.open => policy.address,
                    _ => return Attached::Unknown(why),
                };
                match self.tree.resources.iter().position(|it| it.address == address) {
                    Some(at) => self.attached(at, "policy", Kind::Identity, true),
                    None => Attached::Unknown(why),
                }
            }
        }
    }

    /// Heeds the resources that leave a role what they name and take the rest away: what one takes away is
    /// there until it does, so neither what it allows nor what it denies counts. Returns what they name
    /// and nothing here attaches, with who names it
    /// (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policies_exclusive>).
    fn exclusives(
        &mut self,
        at: usize,
        (kind, attribute, of): (&str, &str, &str),
        candidates: &mut Vec<Candidate>,
        found: &mut Role,
    ) -> Vec<(String, String)> {
        let mut named = Vec::new();
        for (exclusive, open) in self.of_role(kind, "role_name", at) {
            let Some(list) = self.exclusive(exclusive, attribute, of) else { continue };
            let by = list.address.clone();
            if let Some(open) = open {
                found.unknown.push(format!(
                    "`{by}` may take policies away from this role: {}",
                    unknown(&by, open)
                ));
                continue;
            }
            if list.open {
                found.unknown.push(unknown(&by, attribute));
            }
            let (kept, taken): (Vec<_>, Vec<_>) =
                std::mem::take(candidates).into_iter().partition(|it| self.keeps(&list, it));
            *candidates = kept;
            for candidate in taken {
                let what = &candidate.address;
                found.doubt(
                    &candidate.attached,
                    format!("`{by}` takes `{what}` away, which it does not name"),
                );
            }
            let news = list.named.iter().filter(|name| !attaches(candidates, name));
            named.extend(news.map(|name| (by.clone(), name.clone())));
            if of == POLICY {
                let there: Vec<_> =
                    candidates.iter().filter_map(|it| self.address_of(it)).collect();
                let news: Vec<_> = list
                    .referred
                    .iter()
                    .filter(|it| !there.contains(&it.as_str()))
                    .cloned()
                    .collect();
                candidates.extend(news.iter().filter_map(|it| self.by_address(it, &by)));
            }
        }
        named
    }

    fn exclusive(&self, at: usize, attribute: &str, of: &str) -> Option<Exclusive> {
        let resource = self.tree.resources.get(at)?;
        let (referred, open) = if resource.is_unknown(attribute) {
            let meant = self.tree.referred(resource, attribute, of);
            let addresses: Vec<_> = meant.found.iter().map(|it| it.address.to_owned()).collect();
            let open = meant.open || addresses.is_empty();
            (addresses, open)
        } else {
            (Vec::new(), false)
        };
        Some(Exclusive {
            address: resource.address.to_owned(),
            named: resource.texts(attribute).map(str::to_owned).collect(),
            referred,
            open,
        })
    }

    /// Whether a list names a policy.
    fn keeps(&self, list: &Exclusive, candidate: &Candidate) -> bool {
        let by_name = candidate.id.as_ref().is_some_and(|id| list.named.contains(id));
        let address = self.address_of(candidate);
        by_name || address.is_some_and(|it| list.referred.iter().any(|other| other == it))
    }

    /// The resource whose policy it is.
    fn address_of(&self, candidate: &Candidate) -> Option<&str> {
        Some(self.tree.resources.get(candidate.at?)?.address)
    }
}

fn attaches(candidates: &[Candidate], id: &str) -> bool {
    candidates.iter().any(|it| it.id.as_deref() == Some(id))
}

impl Role {
    /// Remembers of a policy that it may be attached, and may not.
    fn doubt(&mut self, policy: &Attached, why: String) {
        match policy {
            Attached::Absent => {}
            Attached::Known(policy) if allows_only(policy) => self.unknown_grants.push(why),
            Attached::Known(_) | Attached::Unknown(_) => self.unknown.push(why),
        }
    }
}

fn allows_only(policy: &NamedPolicy) -> bool {
    policy.policy.statements().iter().all(|statement| statement.effect == Effect::Allow)
}
