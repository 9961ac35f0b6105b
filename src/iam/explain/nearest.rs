//! The statement that comes closest to allowing.

use crate::iam::condition::{Given, Keys as _};
use crate::iam::evaluate::{Layer, RequestSubject, StatementRef};
use crate::iam::pattern::matches_action;
use crate::iam::policy::{Effect, NamedPolicy, Subject as _};
use crate::iam::request::{Policies, Request};
use std::fmt;

/// A statement that allows other requests than the one at hand, and why not that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementRef,
    /// The elements that do not match; never empty.
    pub mismatches: Vec<Mismatch>,
}

/// An element of a statement that does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// `Action` or `NotAction`.
    Action {
        /// What the request asks for.
        asked: String,
        /// What the statement lists.
        listed: Vec<String>,
    },
    /// `Resource` or `NotResource`.
    Resource {
        /// What the request asks for.
        asked: String,
        /// What the statement lists.
        listed: Vec<String>,
    },
    /// `Principal` or `NotPrincipal`.
    Principal {
        /// Who asks.
        asked: String,
    },
    /// A condition.
    Condition {
        /// The operator, as it is written.
        operator: String,
        /// The key.
        key: String,
        /// The values that the statement lists.
        listed: Vec<String>,
        /// The request's values; `None` when it does not carry the key.
        found: Option<Vec<String>>,
    },
}

impl Mismatch {
    /// How far it is from a match.
    fn distance(&self) -> usize {
        match self {
            Self::Action { .. } => 5,
            Self::Resource { .. } => 4,
            Self::Principal { .. } => 3,
            Self::Condition { .. } => 1,
        }
    }

    /// What a statement on another service's actions says is another matter altogether, even where its
    /// resource is `*`.
    fn remote(&self) -> bool {
        match self {
            Self::Action { asked, listed } => !listed.iter().any(|it| of_service(it, asked)),
            _ => false,
        }
    }
}

/// Whether a pattern of actions can mean actions of this action's service.
fn of_service(pattern: &str, action: &str) -> bool {
    match (pattern.split_once(':'), action.split_once(':')) {
        (Some((pattern, _)), Some((service, _))) => {
            matches_action(&format!("{pattern}:x"), &format!("{service}:x"))
        }
        _ => true,
    }
}

pub(super) fn nearest(request: &Request, policies: &Policies, layer: Layer) -> Option<NearMiss> {
    let subject = RequestSubject::new(request, policies);
    let documents: Vec<&NamedPolicy> = match layer {
        Layer::Identity => policies.identity.iter().collect(),
        Layer::Resource => policies.resource.iter().collect(),
        Layer::Session => policies.session.iter().collect(),
        Layer::Boundary => policies.boundaries.iter().collect(),
        Layer::Endpoint => policies.endpoint.iter().collect(),
        Layer::ServiceControl => policies.scps.iter().flatten().collect(),
        Layer::ResourceControl => policies.rcps.iter().flatten().collect(),
        Layer::Grant
        | Layer::AccountRoot
        | Layer::Caller
        | Layer::CrossAccount
        | Layer::NoPermissionNeeded => {
            return None;
        }
    };
    documents
        .into_iter()
        .flat_map(|document| misses(document, &subject))
        .filter(|miss| !miss.mismatches.is_empty() && !miss.mismatches.iter().any(Mismatch::remote))
        .min_by_key(|miss| miss.mismatches.iter().map(Mismatch::distance).sum::<usize>())
}

fn misses(document: &NamedPolicy, subject: &RequestSubject<'_>) -> Vec<NearMiss> {
    let statements =
        document.policy.statements().iter().zip(document.policy.compiled()).enumerate();
    let allowing = statements.filter(|(_, (statement, _))| statement.effect == Effect::Allow);
    allowing
        .map(|(index, (statement, compiled))| {
            let mut mismatches = Vec::new();
            if !compiled.action_applies(subject) {
                mismatches.push(Mismatch::Action {
                    asked: subject.request().action.clone(),
                    listed: statement.action.listed().clone(),
                });
            }
            if !compiled.resource_applies(subject) {
                mismatches.push(Mismatch::Resource {
                    asked: subject.target().text().to_owned(),
                    listed: statement
                        .resource
                        .as_ref()
                        .map(|it| it.listed().clone())
                        .unwrap_or_default(),
                });
            }
            if compiled.principal_applies(subject).is_none() {
                mismatches.push(Mismatch::Principal { asked: subject.principal().to_string() });
            }
            for (place, condition) in statement.conditions.iter().enumerate() {
                if !compiled.condition_holds(place, subject) {
                    let found = subject.get(&condition.key.to_ascii_lowercase());
                    mismatches.push(Mismatch::Condition {
                        operator: condition.operator_name(),
                        key: condition.key.clone(),
                        listed: condition.values.clone(),
                        found: found.map(|given| match given {
                            Given::One(value) => vec![value.to_owned()],
                            Given::Many(values) => values.to_vec(),
                        }),
                    });
                }
            }
            NearMiss {
                statement: StatementRef {
                    document: document.name.clone(),
                    index,
                    sid: statement.sid.clone(),
                },
                mismatches,
            }
        })
        .collect()
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement `{}`", sid.escape_debug())?,
            None => write!(f, "statement {}", self.index)?,
        }
        write!(f, " of `{}`", self.document.escape_debug())
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} comes closest, but ", self.statement)?;
        for (index, mismatch) in self.mismatches.iter().enumerate() {
            write!(f, "{}{mismatch}", if index == 0 { "" } else { ", and " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action { listed, .. } => write!(f, "its actions are {}", Listed(listed)),
            Self::Resource { listed, .. } => write!(f, "its resources are {}", Listed(listed)),
            Self::Principal { asked } => {
                write!(f, "its principals do not include `{}`", asked.escape_debug())
            }
            Self::Condition { operator, key, listed, found } => {
                write!(f, "`{operator}` wants `{}` to be {}", key.escape_debug(), Listed(listed))?;
                match found {
                    None => write!(f, " and the request does not carry it"),
                    Some(found) => write!(f, " and it is {}", Listed(found)),
                }
            }
        }
    }
}

/// A list for people, cut where it gets long.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 4;
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (index, text) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}`{}`", if index == 0 { "" } else { ", " }, text.escape_debug())?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
