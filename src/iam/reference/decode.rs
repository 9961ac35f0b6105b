//! Reads `data.txt`, which `scripts/build-iam-reference.py` writes.
//!
//! The file is text so that an update can be reviewed. Its first line names the form's version,
//! lines that start with `#` name the sources, and then come the services in order, each a line
//! `@prefix length name` and as many bytes of lines as `length` says:
//!
//! | line | meaning |
//! |---|---|
//! | `Frcp` | resource control policies apply to the service |
//! | `K` kind, name | a condition key; `:x` is short for `prefix:x` |
//! | `R` name, ARN, keys | a resource type; `~` is short for `arn:${Partition}:` |
//! | `S` keys, dependent actions, resource types… | what the actions that follow share |
//! | `A` level, names | actions; `!` after the level: retired |
//!
//! Fields are apart by tabs. Keys and resource types are numbers in base 36, counted from the
//! service's own `K` and `R` lines; a resource type that an action requires ends in `*`, and may be
//! followed by `|` its keys and `|` its dependent actions. The lengths let a lookup step over all
//! services but its own: nothing is decoded before it is asked for.

use super::{AccessLevel, Action, ActionResource, ConditionKey, KeyKind, ResourceType, Service};
use std::sync::Arc;

/// One service's place in the file.
pub(super) struct Block {
    pub(super) prefix: &'static str,
    pub(super) name: &'static str,
    pub(super) lines: &'static str,
}

/// The blocks of the file, in its order; `None` when its form is not the one above.
pub(super) fn blocks(data: &'static str) -> Option<Vec<Block>> {
    let mut rest = data.strip_prefix("snaplake iam reference 1\n")?;
    while rest.starts_with('#') {
        rest = rest.split_once('\n')?.1;
    }
    let mut blocks = Vec::with_capacity(512);
    while !rest.is_empty() {
        let (head, tail) = rest.strip_prefix('@')?.split_once('\n')?;
        let (prefix, head) = head.split_once(' ')?;
        let (length, name) = head.split_once(' ')?;
        let (lines, next) = tail.split_at_checked(length.parse().ok()?)?;
        blocks.push(Block { prefix, name, lines });
        rest = next;
    }
    Some(blocks)
}

/// What the head of the file says of its sources: package and version.
pub(super) fn sources(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().skip(1).map_while(|line| line.strip_prefix("# "))
}

/// Decodes one service; `None` when a line is not of the form above.
pub(super) fn service(block: &Block) -> Option<Service> {
    let mut service = Service {
        prefix: block.prefix,
        name: block.name,
        actions: Vec::new(),
        resource_types: Vec::new(),
        condition_keys: Vec::new(),
        takes_rcp: false,
    };
    let mut shape = Shape::default();
    for line in block.lines.lines() {
        let mut chars = line.chars();
        let tag = chars.next()?;
        let rest = chars.as_str();
        match tag {
            'F' if rest == "rcp" => service.takes_rcp = true,
            'K' => service.condition_keys.push(condition_key(block.prefix, rest)?),
            'R' => {
                let resource = resource_type(&service, rest)?;
                service.resource_types.push(resource);
            }
            'S' => shape = Shape::decode(&service, rest)?,
            'A' => {
                let (head, names) = rest.split_once(' ')?;
                let retired = head.ends_with('!');
                let access_level = access_level(head.trim_end_matches('!'))?;
                service.actions.extend(names.split(' ').map(|name| Action {
                    service: block.prefix,
                    name,
                    access_level,
                    retired,
                    resource_types: Arc::clone(&shape.resource_types),
                    condition_keys: Arc::clone(&shape.condition_keys),
                    dependent_actions: Arc::clone(&shape.dependent_actions),
                }));
            }
            _ => return None,
        }
    }
    service.actions.sort_by_cached_key(|action| action.name.to_ascii_lowercase());
    Some(service)
}

/// What the actions after an `S` line share.
struct Shape {
    resource_types: Arc<[ActionResource]>,
    condition_keys: Arc<[Arc<str>]>,
    dependent_actions: Arc<[&'static str]>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            resource_types: Arc::new([]),
            condition_keys: Arc::new([]),
            dependent_actions: Arc::new([]),
        }
    }
}

impl Shape {
    fn decode(service: &Service, line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let condition_keys = key_names(service, fields.next()?)?;
        let dependent_actions = words(fields.next().unwrap_or_default());
        let resource_types = fields
            .map(|field| {
                let mut parts = field.split('|');
                let number = parts.next()?;
                let (number, required) = match number.strip_suffix('*') {
                    Some(number) => (number, true),
                    None => (number, false),
                };
                Some(ActionResource {
                    name: service.resource_types.get(base36(number)?)?.name,
                    required,
                    condition_keys: key_names(service, parts.next().unwrap_or_default())?,
                    dependent_actions: words(parts.next().unwrap_or_default()),
                })
            })
            .collect::<Option<_>>()?;
        Some(Self { resource_types, condition_keys, dependent_actions })
    }
}

fn condition_key(prefix: &str, text: &'static str) -> Option<ConditionKey> {
    let (kind, name) = text.split_at_checked(1)?;
    let name = match name.strip_prefix(':') {
        Some(own) => format!("{prefix}:{own}").into(),
        None => name.into(),
    };
    Some(ConditionKey { name, kind: key_kind(kind)? })
}

fn resource_type(service: &Service, text: &'static str) -> Option<ResourceType> {
    let mut fields = text.split('\t');
    let name = fields.next()?;
    let arn = fields.next()?;
    let arn_pattern = match arn.strip_prefix('~') {
        Some(rest) => format!("arn:${{Partition}}:{rest}"),
        None => arn.to_owned(),
    };
    let condition_keys = key_names(service, fields.next()?)?;
    Some(ResourceType { name, arn_pattern, condition_keys })
}

fn key_names(service: &Service, numbers: &str) -> Option<Arc<[Arc<str>]>> {
    numbers
        .split(',')
        .filter(|number| !number.is_empty())
        .map(|number| Some(Arc::clone(&service.condition_keys.get(base36(number)?)?.name)))
        .collect()
}

fn words(text: &'static str) -> Arc<[&'static str]> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

fn base36(text: &str) -> Option<usize> {
    usize::from_str_radix(text, 36).ok()
}

fn access_level(text: &str) -> Option<AccessLevel> {
    Some(match text {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "T" => AccessLevel::Tagging,
        "P" => AccessLevel::PermissionsManagement,
        _ => return None,
    })
}

fn key_kind(text: &str) -> Option<KeyKind> {
    use super::KeyType::{Arn, Binary, Bool, Date, IpAddress, Numeric, String};
    let (of, multivalued) = match text {
        "s" => (String, false),
        "a" => (Arn, false),
        "b" => (Bool, false),
        "n" => (Numeric, false),
        "d" => (Date, false),
        "i" => (IpAddress, false),
        "y" => (Binary, false),
        "S" => (String, true),
        "A" => (Arn, true),
        "B" => (Bool, true),
        "N" => (Numeric, true),
        "I" => (IpAddress, true),
        _ => return None,
    };
    Some(KeyKind { of, multivalued })
}
