//! What could be taken away from a set-up without denying any need.

use super::answer::{Requests, policies, question};
use super::{Attached, Exempt, Setup};
use crate::iam::compose::covers;
use crate::iam::{
    Decision, Effect, Element, NamedPolicy, Policies, Request, Statement, StatementRef, decide,
    reference,
};
use crate::pipeline::{Need, Pipeline, PrincipalKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A grant, or a part of one, that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// Whose grant it is; `None` in the bucket's or the key's policy.
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
    /// It grants all but something.
    Negated {
        /// `NotAction` or `NotResource`.
        element: &'static str,
    },
}

/// Where a document stands in a set-up.
#[derive(Clone, Copy)]
enum Place {
    Identity(PrincipalKind, usize),
    Bucket,
    Key,
}

pub(super) fn find(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
) -> (Vec<Surplus>, Vec<Exempt>) {
    let judge = Judge::new(pipeline, setup, requests);
    let mut surplus = Vec::new();
    let mut exempt = Vec::new();
    for (kind, role) in &setup.roles {
        for (index, document) in role.identity.iter().enumerate() {
            judge.document(Place::Identity(*kind, index), document, &mut surplus, &mut exempt);
        }
        if let Attached::Known(trust) = &role.trust {
            let all = trust.policy.statements().iter().enumerate();
            exempt.extend(all.map(|(index, statement)| Exempt {
                statement: reference_to(trust, index, statement),
                why: "it says who may take the role",
            }));
        }
    }
    for (place, attached) in [(Place::Bucket, &setup.bucket), (Place::Key, &setup.key)] {
        if let Attached::Known(document) = attached {
            judge.document(place, document, &mut surplus, &mut exempt);
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
    needs: Vec<&'a Need>,
    /// Only these can come to be denied.
    allowed: Vec<Allowed>,
}

/// A request that is allowed as things are, and by what.
struct Allowed {
    principal: PrincipalKind,
    request: Request,
    policies: Policies,
    by: Option<(String, usize)>,
}

impl<'a> Judge<'a> {
    fn new(pipeline: &'a Pipeline, setup: &'a Setup, requests: &'a [Requests]) -> Self {
        let mut allowed = Vec::new();
        for asked in requests {
            let kind = asked.need.principal;
            let Some(role) = setup.roles.get(&kind) else { continue };
            for one in &asked.requests {
                let policies = policies(pipeline, setup, role, &one.resource, &mut Vec::new());
                let Some(request) = question(pipeline, role, one) else { continue };
                let verdict = decide(&request, &policies);
                if verdict.decision == Decision::Allowed {
                    let by = verdict.statement.map(|it| (it.document.to_owned(), it.index));
                    allowed.push(Allowed { principal: kind, request, policies, by });
                }
            }
        }
        Self { pipeline, setup, needs: requests.iter().map(|it| &it.need).collect(), allowed }
    }

    fn document(
        &self,
        place: Place,
        document: &NamedPolicy,
        surplus: &mut Vec<Surplus>,
        exempt: &mut Vec<Exempt>,
    ) {
        for (index, statement) in document.policy.statements().iter().enumerate() {
            let at = reference_to(document, index, statement);
            if let Some(why) = self.exemption(place, statement) {
                exempt.push(Exempt { statement: at, why });
                continue;
            }
            let principal = match place {
                Place::Identity(kind, _) => Some(kind),
                Place::Bucket | Place::Key => None,
            };
            let found = self.statement(place, document, index, statement);
            let found = found.into_iter();
            surplus.extend(found.map(|kind| Surplus { principal, statement: at.clone(), kind }));
        }
    }

    fn exemption(&self, place: Place, statement: &Statement) -> Option<&'static str> {
        if statement.effect == Effect::Deny {
            return Some("it denies");
        }
        if matches!(place, Place::Identity(..)) {
            return None;
        }
        let Some(Element::Only(principals)) = &statement.principal else { return None };
        let root = self.pipeline.account_root_arn();
        let account = &self.pipeline.account;
        if principals.aws.iter().any(|arn| *arn == root || arn == account)
            && principals.service.is_empty()
            && !principals.everyone
        {
            return Some("it leaves the decision to the account's own policies");
        }
        let roles: Vec<_> = self.setup.roles.values().map(|role| role.arn.as_str()).collect();
        let ours = principals.everyone
            || principals.aws.iter().any(|arn| arn == "*" || roles.contains(&arn.as_str()));
        (!ours).then_some("it is for others than the pipeline's principals")
    }

    /// What of a statement is not needed.
    fn statement(
        &self,
        place: Place,
        document: &NamedPolicy,
        index: usize,
        statement: &Statement,
    ) -> Vec<SurplusKind> {
        let mut found = Vec::new();
        if statement.action.negated() {
            found.push(SurplusKind::Negated { element: "NotAction" });
        }
        if statement.resource.as_ref().is_some_and(Element::negated) {
            found.push(SurplusKind::Negated { element: "NotResource" });
        }
        if self.harmless(place, document, index, None) && !self.served(place, statement) {
            found.push(SurplusKind::Statement);
        }
        if !found.is_empty() {
            return found;
        }
        let actions = statement.action.listed();
        let resources: &[String] = statement.resource.as_ref().map_or(&[], |it| it.listed());
        let mut kept_resources = Vec::new();
        for resource in resources {
            let rest: Vec<_> = resources.iter().filter(|it| *it != resource).cloned().collect();
            let mut changed = statement.clone();
            changed.resource = Some(Element::Only(rest.clone()));
            let changed = (!rest.is_empty()).then_some(changed);
            if self.harmless(place, document, index, changed.as_ref()) {
                let resource = resource.clone();
                let elsewhere = self.related(place, actions, std::slice::from_ref(&resource));
                found.push(SurplusKind::Resource { resource, elsewhere });
            } else {
                kept_resources.push(resource.clone());
            }
        }
        for action in actions {
            let rest: Vec<_> = actions.iter().filter(|it| *it != action).cloned().collect();
            let mut changed = statement.clone();
            changed.action = Element::Only(rest.clone());
            let changed = (!rest.is_empty()).then_some(changed);
            if self.harmless(place, document, index, changed.as_ref()) {
                let elsewhere = self.related(place, std::slice::from_ref(action), resources);
                found.push(SurplusKind::Action { action: action.clone(), elsewhere });
            } else {
                found.extend(self.wide_action(place, action, resources));
            }
        }
        for resource in &kept_resources {
            found.extend(self.wide_resource(place, actions, resource));
        }
        found.extend(self.unlimited(place, statement));
        found
    }

    /// Whether every need stays allowed with a statement changed, or taken away.
    fn harmless(
        &self,
        place: Place,
        document: &NamedPolicy,
        index: usize,
        changed: Option<&Statement>,
    ) -> bool {
        let mut statements = document.policy.statements().to_vec();
        match (changed, statements.get_mut(index)) {
            (Some(changed), Some(there)) => *there = changed.clone(),
            (None, Some(_)) => {
                statements.remove(index);
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
        let touched = self.allowed.iter().filter(|it| match place {
            Place::Identity(of, _) => {
                let by = it.by.as_ref();
                of == it.principal
                    && by.is_none_or(|(name, at)| *name == document.name && *at == index)
            }
            Place::Bucket | Place::Key => {
                it.policies.resource.as_ref().is_some_and(|policy| policy.name == document.name)
            }
        });
        touched.into_iter().all(|it| {
            let mut policies = it.policies.clone();
            match place {
                Place::Identity(_, at) => match (&edited, policies.identity.get_mut(at)) {
                    (Some(edited), Some(there)) => *there = edited.clone(),
                    (None, Some(_)) => {
                        policies.identity.remove(at);
                    }
                    (_, None) => {}
                },
                Place::Bucket | Place::Key => policies.resource.clone_from(&edited),
            }
            decide(&it.request, &policies).decision == Decision::Allowed
        })
    }

    fn needs_of(&self, place: Place) -> impl Iterator<Item = &'a Need> {
        self.needs.iter().copied().filter(move |need| match place {
            Place::Identity(kind, _) => need.principal == kind,
            Place::Bucket | Place::Key => true,
        })
    }

    /// The needs that some of these actions on some of these resources have to do with.
    fn serving(
        &self,
        place: Place,
        actions: &[String],
        resources: &[String],
    ) -> impl Iterator<Item = &'a Need> {
        self.needs_of(place).filter(move |need| {
            actions.iter().any(|action| touches(action, need.action))
                && need
                    .resources
                    .iter()
                    .any(|wanted| resources.iter().any(|it| touches_arn(it, wanted)))
        })
    }

    fn related(&self, place: Place, actions: &[String], resources: &[String]) -> bool {
        self.serving(place, actions, resources).next().is_some()
    }

    fn served(&self, place: Place, statement: &Statement) -> bool {
        let resources: &[String] = statement.resource.as_ref().map_or(&[], |it| it.listed());
        self.related(place, statement.action.listed(), resources)
    }

    fn wide_action(&self, place: Place, action: &str, resources: &[String]) -> Option<SurplusKind> {
        if !action.contains(['*', '?']) {
            return None;
        }
        let one = [action.to_owned()];
        let needed: BTreeSet<&str> =
            self.serving(place, &one, resources).map(|need| need.action).collect();
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
        place: Place,
        actions: &[String],
        resource: &str,
    ) -> Option<SurplusKind> {
        let one = [resource.to_owned()];
        let needed: BTreeSet<&str> = self
            .serving(place, actions, &one)
            .flat_map(|need| &need.resources)
            .map(String::as_str)
            .filter(|wanted| touches_arn(resource, wanted))
            .collect();
        // In a key's policy `*` is the key, in whose policy it stands.
        let whole_key = matches!(place, Place::Key) && resource == "*";
        let as_wide = needed.iter().any(|wanted| covers(wanted, resource));
        (!as_wide && !whole_key).then(|| SurplusKind::WideResource {
            resource: resource.to_owned(),
            needed: needed.into_iter().map(str::to_owned).collect(),
        })
    }

    /// A condition that every need behind a statement could bear, and the statement does not.
    fn unlimited(&self, place: Place, statement: &Statement) -> Option<SurplusKind> {
        let resources: &[String] = statement.resource.as_ref().map_or(&[], |it| it.listed());
        let needs: Vec<_> = self.serving(place, statement.action.listed(), resources).collect();
        let first = needs.first()?.limits.first()?;
        let common = needs.iter().all(|need| {
            need.limits
                .iter()
                .any(|limit| limit.key == first.key && limit.operator == first.operator)
        });
        let limited = statement.conditions.iter().any(|it| it.key.eq_ignore_ascii_case(first.key));
        (common && !limited).then(|| {
            let values: BTreeSet<_> = needs
                .iter()
                .flat_map(|need| &need.limits)
                .filter(|limit| limit.key == first.key)
                .flat_map(|limit| limit.values.clone())
                .collect();
            SurplusKind::Unlimited {
                operator: first.operator.to_owned(),
                key: first.key.to_owned(),
                values: values.into_iter().collect(),
            }
        })
    }
}

/// Whether some action is meant by both patterns.
fn touches(granted: &str, needed: &str) -> bool {
    reference::overlaps(&granted.to_ascii_lowercase(), &needed.to_ascii_lowercase())
}

fn touches_arn(granted: &str, needed: &str) -> bool {
    // What AWS scopes to nothing is asked of `*`, which only `*` grants.
    if needed == "*" { granted == "*" } else { reference::overlaps(granted, needed) }
}
