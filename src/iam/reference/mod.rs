//! What every AWS service's actions, resource types and condition keys are.
//!
//! From AWS's Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>), through
//! public packages that `scripts/build-iam-reference.py` merges; the places where they disagree are
//! listed in `docs/iam-reference-disagreements.tsv`. The data is part of the program and decoded a
//! service at a time, when first asked for.

mod decode;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

pub use template::{as_glob, overlaps};

const DATA: &str = include_str!("data.txt");

/// An AWS service, by its prefix in IAM actions.
#[derive(Debug)]
pub struct Service {
    /// The prefix, such as `s3`; lower case.
    pub prefix: &'static str,
    /// The name, such as `Amazon S3`.
    pub name: &'static str,
    /// The actions, ordered by their lower-case names.
    pub actions: Vec<Action>,
    /// The resource types.
    pub resource_types: Vec<ResourceType>,
    /// The condition keys that requests to the service can carry.
    pub condition_keys: Vec<ConditionKey>,
    /// Resource control policies apply to the service
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>).
    pub takes_rcp: bool,
}

/// An action of a service.
#[derive(Debug)]
pub struct Action {
    /// The prefix of the action's service.
    pub service: &'static str,
    /// The name without its service, as AWS spells it: `GetObject`.
    pub name: &'static str,
    /// What the action lets one do.
    pub access_level: AccessLevel,
    /// AWS's pages listed the action once and no longer do.
    pub retired: bool,
    /// The resource types it can be limited to. Empty: only `*` can stand in `Resource`.
    pub resource_types: Arc<[ActionResource]>,
    /// The condition keys it receives whatever the resource type; see [`Action::condition_keys`].
    pub condition_keys: Arc<[Arc<str>]>,
    /// The actions, `service:Name`, that it can need besides.
    pub dependent_actions: Arc<[&'static str]>,
}

/// A resource type as one action uses it.
#[derive(Debug)]
pub struct ActionResource {
    /// The name of the resource type in the action's service.
    pub name: &'static str,
    /// Every request of this action names such a resource.
    pub required: bool,
    /// The condition keys that the action receives for this resource type.
    pub condition_keys: Arc<[Arc<str>]>,
    /// The actions that it can need besides for this resource type.
    pub dependent_actions: Arc<[&'static str]>,
}

/// A resource type of a service.
#[derive(Debug)]
pub struct ResourceType {
    /// The name, such as `bucket`.
    pub name: &'static str,
    /// The form of its ARN with placeholders: `arn:${Partition}:s3:::${BucketName}`. Empty when it
    /// belongs to another service.
    pub arn_pattern: String,
    /// The condition keys that come with it.
    pub condition_keys: Arc<[Arc<str>]>,
}

/// A condition key.
#[derive(Debug)]
pub struct ConditionKey {
    /// The name with its prefix; `${…}` or `<…>` stands for a part that users choose.
    pub name: Arc<str>,
    /// What its values are.
    pub kind: KeyKind,
}

/// What the values of a condition key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyKind {
    /// The type of one value.
    pub of: KeyType,
    /// A request can carry several values, so that a set operator makes sense.
    pub multivalued: bool,
}

/// The type of a condition key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Text.
    String,
    /// An Amazon Resource Name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A date, or seconds since the epoch.
    Date,
    /// An IP address.
    IpAddress,
    /// Base64.
    Binary,
}

/// What an action lets one do
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// See which resources there are.
    List,
    /// Read content and attributes.
    Read,
    /// Change tags only.
    Tagging,
    /// Create, change and delete.
    Write,
    /// Grant or take away permissions.
    PermissionsManagement,
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Tagging => "Tagging",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

struct Entry {
    block: decode::Block,
    service: OnceLock<Option<Service>>,
}

impl Entry {
    fn service(&'static self) -> Option<&'static Service> {
        let decode = || decode::service(&self.block);
        self.service.get_or_init(decode).as_ref()
    }
}

/// All services, ordered by prefix. The first entry, `*`, holds the global condition keys.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let blocks = decode::blocks(DATA).unwrap_or_default();
    blocks.into_iter().map(|block| Entry { block, service: OnceLock::new() }).collect()
});

fn entry(prefix: &str) -> Option<&'static Entry> {
    let prefix = prefix.to_ascii_lowercase();
    let found = ENTRIES.binary_search_by(|entry| entry.block.prefix.cmp(&prefix)).ok()?;
    ENTRIES.get(found)
}

/// The packages that the data comes from, with their versions.
pub fn sources() -> impl Iterator<Item = &'static str> {
    decode::sources(DATA)
}

/// All services, ordered by prefix. Decodes everything: some milliseconds.
pub fn services() -> impl Iterator<Item = &'static Service> {
    ENTRIES.iter().skip(1).filter_map(Entry::service)
}

/// The prefixes of all services, in order, without decoding any.
pub fn prefixes() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().skip(1).map(|entry| entry.block.prefix)
}

/// A service by its prefix, whatever its case.
#[must_use]
pub fn service(prefix: &str) -> Option<&'static Service> {
    entry(prefix).filter(|entry| entry.block.prefix != "*")?.service()
}

/// An action by `service:Name`, whatever its case.
#[must_use]
pub fn action(name: &str) -> Option<&'static Action> {
    let (prefix, name) = name.split_once(':')?;
    service(prefix)?.action(name)
}

/// The actions that a pattern with `*` and `?` means: `s3:Get*`, `*`.
#[must_use]
pub fn expand(pattern: &str) -> Vec<&'static Action> {
    if pattern == "*" {
        return services().flat_map(|service| &service.actions).collect();
    }
    let Some((prefix, name)) = pattern.split_once(':') else { return Vec::new() };
    if prefix.contains(['*', '?']) {
        let prefix = prefix.to_ascii_lowercase();
        let matching = services().filter(|service| template::glob(&prefix, service.prefix));
        return matching.flat_map(|service| service.expand(name)).collect();
    }
    service(prefix).map(|service| service.expand(name).collect()).unwrap_or_default()
}

/// A condition key that requests to any service can carry
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
#[must_use]
pub fn global_condition_key(name: &str) -> Option<&'static ConditionKey> {
    global_condition_keys().iter().find(|key| key.matches(name))
}

/// The condition keys that requests to any service can carry.
#[must_use]
pub fn global_condition_keys() -> &'static [ConditionKey] {
    let global = ENTRIES.first().and_then(Entry::service);
    global.map(|service| service.condition_keys.as_slice()).unwrap_or_default()
}

impl Service {
    /// An action by its name without the service, whatever its case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        let found = self.actions.binary_search_by(|action| {
            let ours = action.name.bytes().map(|byte| byte.to_ascii_lowercase());
            ours.cmp(name.bytes().map(|byte| byte.to_ascii_lowercase()))
        });
        self.actions.get(found.ok()?)
    }

    /// The actions whose names a pattern with `*` and `?` means, whatever its case.
    pub fn expand(&self, pattern: &str) -> impl Iterator<Item = &Action> {
        // Most patterns are names; those are looked up rather than compared with every action.
        let named = !pattern.contains(['*', '?']);
        let exact = if named { self.action(pattern) } else { None };
        let others: &[Action] = if named { &[] } else { &self.actions };
        let pattern = pattern.to_ascii_lowercase();
        let meant =
            others.iter().filter(move |it| template::glob(&pattern, &it.name.to_ascii_lowercase()));
        exact.into_iter().chain(meant)
    }

    /// A resource type by its name.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
    }

    /// A condition key that requests to this service can carry, by what stands in a policy.
    #[must_use]
    pub fn condition_key(&self, name: &str) -> Option<&ConditionKey> {
        self.condition_keys.iter().find(|key| key.matches(name))
    }
}

impl Action {
    /// Whether a request of this action can carry a condition key, global ones apart.
    #[must_use]
    pub fn receives(&self, key: &str) -> bool {
        let own = self.condition_keys.iter();
        let kinds = self.resource_types.iter();
        let service = service(self.service);
        let of_kinds = kinds.flat_map(|kind| {
            let declared = service.and_then(|service| service.resource_type(kind.name));
            kind.condition_keys
                .iter()
                .chain(declared.into_iter().flat_map(|d| d.condition_keys.iter()))
        });
        own.chain(of_kinds).any(|name| template::names(name, key))
    }

    /// Every action that it can need besides, each once.
    pub fn all_dependent_actions(&self) -> impl Iterator<Item = &'static str> {
        let kinds = self.resource_types.iter().flat_map(|kind| kind.dependent_actions.iter());
        let mut all: Vec<_> = self.dependent_actions.iter().chain(kinds).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }
}

impl ResourceType {
    /// Whether some resource of this type can match a pattern of a policy's `Resource`.
    #[must_use]
    pub fn may_match(&self, pattern: &str) -> bool {
        // Most pairs differ in their service already.
        let service = |arn: &str| arn.split(':').nth(2).unwrap_or_default().to_owned();
        let (ours, theirs) = (service(&self.arn_pattern), service(pattern));
        let literal = |text: &str| !text.is_empty() && !text.contains(['*', '?', '$']);
        if literal(&ours) && literal(&theirs) && !pattern.starts_with('*') && ours != theirs {
            return false;
        }
        self.arn_pattern.is_empty() || overlaps(&as_glob(&self.arn_pattern), pattern)
    }
}

impl ConditionKey {
    /// Whether a key as it stands in a policy is this one; case does not count.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        template::names(&self.name, name)
    }
}
