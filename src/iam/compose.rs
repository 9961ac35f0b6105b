//! Puts the fewest statements together that allow exactly what is asked for.

mod cover;
mod witness;

pub use cover::covers;
pub use witness::witness;

use std::collections::{BTreeMap, BTreeSet};

/// A condition of a statement: operator, key, values.
pub type Condition = (String, String, Vec<String>);

/// One action that has to be allowed on all of these resources, under all of these conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// What the statement should be called. Actions share a statement only under one name, and an
    /// action that comes under several names goes under the first.
    pub sid: String,
    /// The action, or a pattern of actions.
    pub action: String,
    /// ARNs or patterns of ARNs.
    pub resources: BTreeSet<String>,
    /// The conditions, sorted.
    pub conditions: Vec<Condition>,
}

/// A statement that allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Its id, unique among those composed together.
    pub sid: String,
    /// Its actions, sorted; none covers another.
    pub actions: Vec<String>,
    /// Its resources, sorted; none covers another.
    pub resources: Vec<String>,
    /// Its conditions, sorted.
    pub conditions: Vec<Condition>,
}

/// One action on one resource under some conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Right<'a> {
    action: &'a str,
    resource: &'a str,
    conditions: &'a [Condition],
}

impl Right<'_> {
    /// Whether whatever the other allows, this allows too.
    fn covers(&self, other: &Self) -> bool {
        covers(self.action, other.action)
            && covers(self.resource, other.resource)
            && self.conditions.iter().all(|condition| other.conditions.contains(condition))
    }
}

/// Composes statements from grants. Every grant is allowed, and nothing that no grant asks for:
/// actions share a statement only when they are needed on exactly the same resources under exactly
/// the same conditions, and nothing is allowed twice. The result depends on the grants only, not on
/// their order.
#[must_use]
pub fn compose(grants: &[Grant]) -> Vec<Composed> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut rights: BTreeSet<Right<'_>> = BTreeSet::new();
    for grant in grants {
        let name = names.entry(&grant.action).or_insert(&grant.sid);
        *name = (*name).min(&grant.sid);
        rights.extend(grant.resources.iter().map(|resource| Right {
            action: &grant.action,
            resource,
            conditions: &grant.conditions,
        }));
    }
    // What another right allows already is left out; of two that allow the same, the first stays.
    let needed = rights.iter().filter(|right| {
        !rights.iter().any(|other| {
            other != *right && other.covers(right) && (other < right || !right.covers(other))
        })
    });
    let mut resources: BTreeMap<(&str, &[Condition]), BTreeSet<&str>> = BTreeMap::new();
    for right in needed {
        resources.entry((right.action, right.conditions)).or_default().insert(right.resource);
    }
    let mut actions = BTreeMap::new();
    for ((action, conditions), resources) in resources {
        let name = names.get(action).copied().unwrap_or_default();
        let same: &mut BTreeSet<&str> = actions.entry((name, conditions, resources)).or_default();
        same.insert(action);
    }
    let mut composed: Vec<Composed> = actions
        .into_iter()
        .map(|((name, conditions, resources), actions)| Composed {
            sid: name.to_owned(),
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources: resources.into_iter().map(str::to_owned).collect(),
            conditions: conditions.to_vec(),
        })
        .collect();
    composed.sort_by(|one, other| {
        fn key(composed: &Composed) -> (&str, &[String], &[String]) {
            (&composed.sid, &composed.actions, &composed.resources)
        }
        key(one).cmp(&key(other))
    });
    number(&mut composed);
    composed
}

/// Ids have to be unique within a document: the second of a name gets a 2.
fn number(composed: &mut [Composed]) {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for statement in composed {
        let count = taken.entry(statement.sid.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            statement.sid = format!("{}{count}", statement.sid);
        }
    }
}

#[cfg(test)]
mod tests;
