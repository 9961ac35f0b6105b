//! What could be taken away from a set-up without denying any need.

mod broad;
mod limit;
mod principal;
mod wide;

use super::answer::{Requests, policies, question};
use super::{Attached, Exempt, Setup};
use crate::iam::compose::covers;
use crate::iam::{
    Decision, Effect, Element, NamedPolicy, Policies, Request, Statement, StatementRef, decide,
    reference,
};
use crate::pipeline::{Need, Pipeline, PrincipalKind};
use broad::Broad;
use std::collections::BTreeSet;
use std::sync::Arc;
use wide::Dependents;

/// A grant, or a part of one, that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// Whose grant it is, or whose trust; `None` in the bucket's or the key's policy.
    pub principal: Option<PrincipalKind>,
    /// The statement.
    pub statement: StatementRef,
    /// What of it.
    pub kind: SurplusKind,
}

/// What of a statement is not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurplusKind {
    /// Nothing needs the statement.
    Statement,
    /// Nothing needs the action here, or it is granted elsewhere too.
    Action {
        /// The action as it stands.
        action: String,
        /// Another statement grants it too.
        elsewhere: bool,
    },
    /// Nothing needs the resource here, or it is granted elsewhere too.
    Resource {
        /// The resource as it stands.
        resource: String,
        /// Another statement grants it too.
        elsewhere: bool,
    },
    /// The action is a pattern that also means actions that nothing needs.
    WideAction {
        /// The pattern as it stands.
        action: String,
        /// The actions that it also means.
        surplus: Vec<String>,
        /// The actions, or documented patterns, that are needed.
        needed: Vec<String>,
    },
    /// The resource is wider than any need that it serves.
    WideResource {
        /// The resource as it stands.
        resource: String,
        /// The resources that are needed.
        needed: Vec<String>,
    },
    /// All that the statement is needed for could be limited by a condition.
    Unlimited {
        /// The condition operator.
        operator: String,
        /// The condition key.
        key: String,
        /// The values, over all needs.
        values: Vec<String>,
    },
    /// There is such a condition, and it lets more through than the needs.
    WideCondition {
        /// The condition operator that would do.
        operator: String,
        /// The condition key.
        key: String,
        /// The values, over all needs.
        values: Vec<String>,
    },
    /// Nothing needs the principal here, or it is granted the same elsewhere too.
    Principal {
        /// The principal as it stands.
        principal: String,
        /// Another statement grants it the same.
        elsewhere: bool,
    },
    /// The principal stands for more than those who need the statement.
    WidePrincipal {
        /// The principal as it stands.
        principal: String,
        /// Everyone is let in, of whatever account.
        open: bool,
        /// Those who are needed here; none: the principal can be taken away.
        needed: Vec<String>,
    },
    /// It grants all but something, or to all but someone.
    Negated {
        /// `NotAction`, `NotResource` or `NotPrincipal`.
        element: &'static str,
    },
}

/// Where a document stands in a set-up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Identity(PrincipalKind, usize),
    Bucket,
    Key,
}

/// A statement under judgement.
struct Part<'s> {
    place: Place,
    document: &'s NamedPolicy,
    index: usize,
    statement: &'s Statement,
    /// The principals of the pipeline that it can be for.
    kinds: Vec<PrincipalKind>,
}

/// What a statement's principals leave to judge.
enum Entry {
    /// Nothing: the statement is outside of the question.
    Exempt(&'static str),
    /// Nothing else but the principals.
    Only(Vec<SurplusKind>),
    /// The rest of the statement, too, for these principals of the pipeline.
    Judge(Vec<SurplusKind>, Vec<PrincipalKind>),
}

pub(super) fn find(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
) -> (Vec<Surplus>, Vec<Exempt>) {
    let (narrow, dependents) = wide::narrowed(pipeline, setup, requests);
    let (narrow, broad) = broad::apart(pipeline, narrow, requests, &dependents);
    let judge = Judge::new(pipeline, &narrow, requests, dependents, broad);
    let mut surplus = judge.too_broad(setup);
    let mut exempt = Vec::new();
    for (kind, role) in &setup.roles {
        let narrow = narrow.roles.get(kind).map_or(&[][..], |role| &role.identity);
        for (index, (document, narrow)) in role.identity.iter().zip(narrow).enumerate() {
            let place = Place::Identity(*kind, index);
            judge.document(place, document, narrow, &mut surplus, &mut exempt);
        }
        let Attached::Known(trust) = &role.trust else { continue };
        for (index, statement) in trust.policy.statements().iter().enumerate() {
            let at = reference_to(trust, index, statement);
            match principal::trust(pipeline, *kind, statement) {
                Entry::Exempt(why) => exempt.push(Exempt { statement: at, why }),
                Entry::Only(found) | Entry::Judge(found, _) => {
                    surplus.extend(found.into_iter().map(|found| Surplus {
                        principal: Some(*kind),
                        statement: at.clone(),
                        kind: found,
                    }));
                }
            }
        }
    }
    for (place, attached, narrow) in
        [(Place::Bucket, &setup.bucket, &narrow.bucket), (Place::Key, &setup.key, &narrow.key)]
    {
        if let (Attached::Known(document), Attached::Known(narrow)) = (attached, narrow) {
            judge.document(place, document, narrow, &mut surplus, &mut exempt);
        }
    }
    (surplus, exempt)
}

fn reference_to(document: &NamedPolicy, index: usize, statement: &Statement) -> StatementRef {
    StatementRef { document: document.name.clone(), index, sid: statement.sid.clone() }
}

/// Every request of every need with what decides it, so that a changed policy can be put to the test.
struct Judge<'a> {
    pipeline: &'a Pipeline,
    setup: &'a Setup,
    needs: Vec<Judged<'a>>,
    /// Only these can come to be denied.
    allowed: Vec<Allowed>,
    /// Who depends on principals that are too wide; the set-up is as if these were narrower.
    dependents: Dependents,
    /// Statements that are too broad and not needed; the set-up is as if they granted nothing.
    broad: Broad,
}

/// A need, and whether it is denied as things are.
#[derive(Clone, Copy)]
struct Judged<'a> {
    need: &'a Need,
    denied: bool,
}

/// A request that is allowed as things are, and by what.
struct Allowed {
    principal: PrincipalKind,
    request: Request,
    policies: Policies,
    by: Option<(String, usize)>,
}

impl<'a> Judge<'a> {
    fn new(
        pipeline: &'a Pipeline,
        setup: &'a Setup,
        requests: &'a [Requests],
        dependents: Dependents,
        broad: Broad,
    ) -> Self {
        let mut allowed = Vec::new();
        let mut needs = Vec::new();
        for asked in requests {
            let kind = asked.need.principal;
            let Some(role) = setup.roles.get(&kind) else {
                needs.push(Judged { need: &asked.need, denied: true });
                continue;
            };
            let mut denied = false;
            for one in &asked.requests {
                let policies = policies(pipeline, setup, role, &one.resource, &mut Vec::new());
                let Some(request) = question(pipeline, role, one) else {
                    denied = true;
                    continue;
                };
                let verdict = decide(&request, &policies);
                if verdict.decision == Decision::Allowed {
                    let by = verdict.statement.map(|it| (it.document.to_owned(), it.index));
                    allowed.push(Allowed { principal: kind, request, policies, by });
                } else {
                    denied = true;
                }
            }
            needs.push(Judged { need: &asked.need, denied });
        }
        Self { pipeline, setup, needs, allowed, dependents, broad }
    }

    /// What is too broad and not needed, by what it was before it was set apart.
    fn too_broad(&self, setup: &Setup) -> Vec<Surplus> {
        let mut surplus = Vec::new();
        for ((kind, document, index), found) in &self.broad {
            let role = setup.roles.get(kind);
            let Some(document) = role.and_then(|role| role.identity.get(*document)) else {
                continue;
            };
            let Some(statement) = document.policy.statements().get(*index) else { continue };
            let at = reference_to(document, *index, statement);
            surplus.extend(found.iter().cloned().map(|found| Surplus {
                principal: Some(*kind),
                statement: at.clone(),
                kind: found,
            }));
        }
        surplus
    }

    /// Judges a document: its principals as they stand, and the rest of it with the principals narrowed.
    fn document(
        &self,
        place: Place,
        original: &NamedPolicy,
        document: &NamedPolicy,
        surplus: &mut Vec<Surplus>,
        exempt: &mut Vec<Exempt>,
    ) {
        let both = original.policy.statements().iter().zip(document.policy.statements());
        for (index, (original, statement)) in both.enumerate() {
            if let Place::Identity(kind, at) = place
                && self.broad.contains_key(&(kind, at, index))
            {
                continue;
            }
            let at = reference_to(document, index, statement);
            let principal = match place {
                Place::Identity(kind, _) => Some(kind),
                Place::Bucket | Place::Key => None,
            };
            let kinds = match principal {
                Some(kind) => vec![kind],
                None => self.setup.roles.keys().copied().collect(),
            };
            let mut part = Part { place, document, index, statement, kinds };
            let entry = if statement.effect == Effect::Deny {
                Entry::Exempt("it denies")
            } else if principal.is_some() {
                Entry::Judge(Vec::new(), part.kinds.clone())
            } else {
                self.entry(&part, original)
            };
            let found = match entry {
                Entry::Exempt(why) => {
                    exempt.push(Exempt { statement: at, why });
                    continue;
                }
                Entry::Only(found) => found,
                Entry::Judge(mut found, kinds) => {
                    part.kinds = kinds;
                    found.extend(self.statement(&part));
                    found
                }
            };
            let found = found.into_iter();
            surplus.extend(found.map(|kind| Surplus { principal, statement: at.clone(), kind }));
        }
    }

    /// What of a statement is not needed.
    fn statement(&self, part: &Part<'_>) -> Vec<SurplusKind> {
        let statement = part.statement;
        let mut found = part.negated();
        let actions = statement.action.listed();
        let resources = part.resources();
        if self.harmless(part, None) && self.serving(part, actions, resources).next().is_none() {
            found.push(SurplusKind::Statement);
        }
        if !found.is_empty() {
            return found;
        }
        let mut kept_resources = Vec::new();
        for resource in resources {
            let rest: Vec<_> = resources.iter().filter(|it| *it != resource).cloned().collect();
            let mut changed = statement.clone();
            changed.resource = Some(Element::Only(rest.clone()));
            let changed = (!rest.is_empty()).then_some(changed);
            if self.harmless(part, changed.as_ref()) {
                let resource = resource.clone();
                let elsewhere = self.elsewhere(part, actions, std::slice::from_ref(&resource));
                found.extend(elsewhere.map(|it| SurplusKind::Resource { resource, elsewhere: it }));
            } else {
                kept_resources.push(resource.clone());
            }
        }
        for action in actions {
            let rest: Vec<_> = actions.iter().filter(|it| *it != action).cloned().collect();
            let mut changed = statement.clone();
            changed.action = Element::Only(rest.clone());
            let changed = (!rest.is_empty()).then_some(changed);
            if self.harmless(part, changed.as_ref()) {
                let elsewhere = self.elsewhere(part, std::slice::from_ref(action), resources);
                let action = action.clone();
                found.extend(elsewhere.map(|it| SurplusKind::Action { action, elsewhere: it }));
            } else {
                found.extend(self.wide_action(part, action, resources));
            }
        }
        for resource in &kept_resources {
            found.extend(self.wide_resource(part, actions, resource));
        }
        found.extend(self.unlimited(part));
        found
    }

    /// Whether every need stays allowed with a statement changed, or taken away.
    fn harmless(&self, part: &Part<'_>, changed: Option<&Statement>) -> bool {
        let Part { place, document, index, .. } = part;
        let mut statements = document.policy.statements().to_vec();
        match (changed, statements.get_mut(*index)) {
            (Some(changed), Some(there)) => *there = changed.clone(),
            (None, Some(_)) => {
                statements.remove(*index);
            }
            (_, None) => return false,
        }
        // A document without statements is none.
        let edited = if statements.is_empty() {
            None
        } else {
            match document.policy.with_statements(statements) {
                Ok(policy) => Some(NamedPolicy::new(document.name.clone(), Arc::new(policy))),
                Err(_) => return false,
            }
        };
        // What another statement of a role allows stays allowed.
        let mut touched = self.allowed.iter().filter(|it| match place {
            Place::Identity(of, _) => {
                let by = it.by.as_ref();
                *of == it.principal
                    && by.is_none_or(|(name, at)| *name == document.name && at == index)
            }
            Place::Bucket | Place::Key => {
                it.policies.resource.as_ref().is_some_and(|policy| policy.name == document.name)
            }
        });
        touched.all(|it| {
            let mut policies = it.policies.clone();
            match place {
                Place::Identity(_, at) => match (&edited, policies.identity.get_mut(*at)) {
                    (Some(edited), Some(there)) => *there = edited.clone(),
                    (None, Some(_)) => {
                        policies.identity.remove(*at);
                    }
                    (_, None) => {}
                },
                Place::Bucket | Place::Key => policies.resource.clone_from(&edited),
            }
            decide(&it.request, &policies).decision == Decision::Allowed
        })
    }

    /// The needs that some of these actions on some of these resources have to do with.
    fn serving<'s>(
        &'s self,
        part: &'s Part<'_>,
        actions: &'s [String],
        resources: &'s [String],
    ) -> impl Iterator<Item = Judged<'a>> + 's {
        self.needs.iter().copied().filter(move |it| {
            let need = it.need;
            part.kinds.contains(&need.principal)
                && actions.iter().any(|action| touches(action, need.action))
                && need
                    .resources
                    .iter()
                    .any(|wanted| resources.iter().any(|it| touches_arn(it, wanted)))
        })
    }

    /// Of what can be taken away: whether another statement grants it too, or nothing needs it. `None`
    /// where a need behind it is denied: what such a need lacks beside this grant, it may lack because of
    /// something else, so that nothing can be said of the grant.
    fn elsewhere(&self, part: &Part<'_>, actions: &[String], resources: &[String]) -> Option<bool> {
        let mut elsewhere = false;
        for it in self.serving(part, actions, resources) {
            if it.denied {
                return None;
            }
            elsewhere = true;
        }
        Some(elsewhere)
    }

    fn wide_action(
        &self,
        part: &Part<'_>,
        action: &str,
        resources: &[String],
    ) -> Option<SurplusKind> {
        if !action.contains(['*', '?']) {
            return None;
        }
        let one = [action.to_owned()];
        let needed: BTreeSet<&str> =
            self.serving(part, &one, resources).map(|it| it.need.action).collect();
        let surplus: Vec<_> = reference::expand(action)
            .into_iter()
            .map(ToString::to_string)
            .filter(|meant| !needed.iter().any(|pattern| covers(pattern, meant)))
            .collect();
        (!surplus.is_empty()).then(|| SurplusKind::WideAction {
            action: action.to_owned(),
            surplus,
            needed: needed.into_iter().map(str::to_owned).collect(),
        })
    }

    fn wide_resource(
        &self,
        part: &Part<'_>,
        actions: &[String],
        resource: &str,
    ) -> Option<SurplusKind> {
        let one = [resource.to_owned()];
        let needed: BTreeSet<&str> = self
            .serving(part, actions, &one)
            .flat_map(|it| &it.need.resources)
            .map(String::as_str)
            .filter(|wanted| touches_arn(resource, wanted))
            .collect();
        // In a key's policy `*` is the key, in whose policy it stands.
        let whole_key = matches!(part.place, Place::Key) && resource == "*";
        let as_wide = needed.iter().any(|wanted| covers(wanted, resource));
        (!as_wide && !whole_key).then(|| SurplusKind::WideResource {
            resource: resource.to_owned(),
            needed: needed.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The conditions that every need behind a statement could bear, and that the statement does not
    /// have, or has wider.
    fn unlimited(&self, part: &Part<'_>) -> Vec<SurplusKind> {
        let statement = part.statement;
        let serving: Vec<_> =
            self.serving(part, statement.action.listed(), part.resources()).collect();
        if serving.iter().any(|it| it.denied) {
            return Vec::new();
        }
        let needs: Vec<&Need> = serving.iter().map(|it| it.need).collect();
        limit::missing(statement, &needs)
    }
}

impl Part<'_> {
    /// That it grants all but something.
    fn negated(&self) -> Vec<SurplusKind> {
        let mut found = Vec::new();
        if self.statement.action.negated() {
            found.push(SurplusKind::Negated { element: "NotAction" });
        }
        if self.statement.resource.as_ref().is_some_and(Element::negated) {
            found.push(SurplusKind::Negated { element: "NotResource" });
        }
        found
    }

    fn resources(&self) -> &[String] {
        self.statement.resource.as_ref().map_or(&[], |it| it.listed())
    }
}

/// Whether some action is meant by both patterns.
pub(super) fn touches(granted: &str, needed: &str) -> bool {
    reference::overlaps(&granted.to_ascii_lowercase(), &needed.to_ascii_lowercase())
}

pub(super) fn touches_arn(granted: &str, needed: &str) -> bool {
    // What AWS scopes to nothing is asked of `*`, which only `*` grants.
    if needed == "*" {
        return granted == "*";
    }
    match (fields(granted), fields(needed)) {
        (Some(granted), Some(needed)) => {
            granted.iter().zip(&needed).all(|(one, other)| reference::overlaps(one, other))
        }
        _ => reference::overlaps(granted, needed),
    }
}

/// The six fields of an ARN whose wildcards keep to their fields; `None` where its account is none, so
/// that a star before it may have taken fields in.
fn fields(arn: &str) -> Option<[&str; 6]> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let fields = <[&str; 6]>::try_from(fields).ok()?;
    let [.., account, _] = fields;
    let account_like = account == "aws"
        || account.chars().all(|it| it.is_ascii_digit() || matches!(it, '*' | '?'));
    account_like.then_some(fields)
}

#[cfg(test)]
mod tests;
