//! Grants of a role that mean more than its needs, beside others that are enough.
//!
//! Such a grant makes none of the others needless: whoever took these away would keep what has to go. So it
//! is told by itself, and the others are judged as if it were not there.

use super::wide::Dependents;
use super::{Judge, Part, Place, SurplusKind};
use crate::iam::{Effect, Element};
use crate::pipeline::check::Setup;
use crate::pipeline::check::answer::Requests;
use crate::pipeline::{Pipeline, PrincipalKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By role, document and statement, what of it is too wide.
pub(super) type Broad = BTreeMap<(PrincipalKind, usize, usize), Vec<SurplusKind>>;

/// No service has it, so that a statement with it alone grants nothing and keeps its place.
const NOTHING: &str = "none:none";

/// The set-up without what is too broad and not needed, and what that is.
pub(super) fn apart(
    pipeline: &Pipeline,
    mut setup: Setup,
    requests: &[Requests],
    dependents: &Dependents,
) -> (Setup, Broad) {
    let mut broad = Broad::new();
    // One after the other: of two, either may be needed once the other is gone.
    while let Some((place, found)) = next(pipeline, &setup, requests, dependents, &broad) {
        let (kind, document, index) = place;
        let there = setup.roles.get_mut(&kind).and_then(|it| it.identity.get_mut(document));
        let Some(there) = there else { break };
        let mut statements = there.policy.statements().to_vec();
        if let Some(statement) = statements.get_mut(index) {
            statement.action = Element::Only(vec![NOTHING.to_owned()]);
        }
        let Ok(policy) = there.policy.with_statements(statements) else { break };
        there.policy = Arc::new(policy);
        broad.insert(place, found);
    }
    (setup, broad)
}

fn next(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
    dependents: &Dependents,
    known: &Broad,
) -> Option<((PrincipalKind, usize, usize), Vec<SurplusKind>)> {
    let judge = Judge::new(pipeline, setup, requests, dependents.clone(), Broad::new());
    for (kind, role) in &setup.roles {
        for (at, document) in role.identity.iter().enumerate() {
            for (index, statement) in document.policy.statements().iter().enumerate() {
                let place = Place::Identity(*kind, at);
                let part = Part { place, document, index, statement, kinds: vec![*kind] };
                if statement.effect == Effect::Deny || known.contains_key(&(*kind, at, index)) {
                    continue;
                }
                let found = judge.broad(&part);
                if !found.is_empty() && judge.harmless(&part, None) {
                    return Some(((*kind, at, index), found));
                }
            }
        }
    }
    None
}

impl Judge<'_> {
    /// What of a statement means more than the needs that it serves.
    fn broad(&self, part: &Part<'_>) -> Vec<SurplusKind> {
        let negated = part.negated();
        if !negated.is_empty() {
            return negated;
        }
        let (actions, resources) = (part.statement.action.listed(), part.resources());
        let actions_found = actions.iter().filter_map(|it| self.wide_action(part, it, resources));
        let resources_found =
            resources.iter().filter_map(|it| self.wide_resource(part, actions, it));
        // What serves nothing is not too wide for it.
        let serves = |found: &SurplusKind| match found {
            SurplusKind::WideAction { needed, .. } | SurplusKind::WideResource { needed, .. } => {
                !needed.is_empty()
            }
            _ => true,
        };
        actions_found.chain(resources_found).filter(serves).collect()
    }
}
