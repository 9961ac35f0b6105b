//! The smallest change that takes one denial away.

use super::change::{Change, Edit};
use crate::iam::condition::Operator;
use crate::iam::evaluate::{Decision, Evaluation, Layer, RequestSubject, StatementRef, allows};
use crate::iam::policy::{Condition, Effect, Element, NamedPolicy, Principals, Statement};
use crate::iam::request::{Policies, PrincipalKind, Request, RequestPrincipal};

/// The smallest change that takes the denial away; `None` when no policy could allow the request.
///
/// An allowance that is missing is added as one statement for this action on this resource and
/// nothing else: adding the action to a statement with other resources would allow more. A key without a
/// policy gets the one that AWS gives keys, since one of a single grant would leave nobody to change it. A
/// denial is narrowed so that it spares as little as its elements can say.
pub(super) fn patch(
    request: &Request,
    policies: &Policies,
    evaluation: &Evaluation,
) -> Option<Change> {
    match (evaluation.decision, &evaluation.statement) {
        (Decision::Allowed, _) => None,
        (Decision::ExplicitlyDenied, Some(statement)) => {
            narrow(request, policies, evaluation.decided_by, statement)
        }
        _ => add(request, policies, evaluation.decided_by),
    }
}

fn add(request: &Request, policies: &Policies, layer: Layer) -> Option<Change> {
    let subject = RequestSubject::new(request, policies);
    let lacking = |list: &[NamedPolicy]| {
        list.iter().position(|it| !allows(std::slice::from_ref(it), &subject)).unwrap_or(0)
    };
    let level =
        |levels: &[Vec<NamedPolicy>]| levels.iter().position(|level| !allows(level, &subject));
    let (level, place, list): (Option<usize>, usize, &[NamedPolicy]) = match layer {
        Layer::Identity => (None, 0, &policies.identity),
        Layer::Resource => (None, 0, policies.resource.as_slice()),
        Layer::Session => (None, 0, policies.session.as_slice()),
        Layer::Boundary => (None, lacking(&policies.boundaries), &policies.boundaries),
        Layer::Endpoint => (None, lacking(&policies.endpoint), &policies.endpoint),
        Layer::ServiceControl => {
            let level = level(&policies.scps)?;
            (Some(level), 0, policies.scps.get(level)?)
        }
        Layer::ResourceControl => {
            let level = level(&policies.rcps)?;
            (Some(level), 0, policies.rcps.get(level)?)
        }
        Layer::Grant
        | Layer::AccountRoot
        | Layer::Caller
        | Layer::CrossAccount
        | Layer::NoPermissionNeeded => {
            return None;
        }
    };
    let principal = match layer {
        Layer::Resource => Some(Element::Only(principals(&request.principal))),
        Layer::ResourceControl | Layer::Endpoint => {
            Some(Element::Only(Principals { everyone: true, ..Principals::default() }))
        }
        _ => None,
    };
    // A trust policy has no `Resource`; in a key policy `*` is the key itself.
    let resource = match (layer, request.action.split_once(':').map(|(service, _)| service)) {
        (Layer::Resource, Some(service)) if service.eq_ignore_ascii_case("sts") => None,
        (Layer::Resource, Some(service)) if service.eq_ignore_ascii_case("kms") => {
            Some(Element::Only(vec!["*".to_owned()]))
        }
        _ => Some(Element::Only(vec![literal(&request.resource)])),
    };
    let default =
        (layer == Layer::Resource && policies.resource.is_none() && subject.same_account())
            .then(|| default_key_policy(request))
            .flatten();
    let statement = default.unwrap_or_else(|| Statement {
        sid: None,
        effect: Effect::Allow,
        principal,
        action: Element::Only(vec![request.action.clone()]),
        resource,
        conditions: Vec::new(),
    });
    Some(Change {
        layer,
        level,
        place,
        document: list.get(place).map(|it| it.name.clone()),
        edit: Edit::Add(statement),
    })
}

/// The statement that leaves a key to the policies of its account, for a request on a key by one of the
/// account's own principals.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
fn default_key_policy(request: &Request) -> Option<Statement> {
    let (service, _) = request.action.split_once(':')?;
    let RequestPrincipal::Arn(arn) = &request.principal else { return None };
    if !service.eq_ignore_ascii_case("kms") {
        return None;
    }
    let (partition, account) = (arn.as_str().split(':').nth(1)?, request.principal.account()?);
    let root = format!("arn:{partition}:iam::{account}:root");
    Some(Statement {
        sid: None,
        effect: Effect::Allow,
        principal: Some(Element::Only(Principals { aws: vec![root], ..Principals::default() })),
        action: Element::Only(vec!["kms:*".to_owned()]),
        resource: Some(Element::Only(vec!["*".to_owned()])),
        conditions: Vec::new(),
    })
}

/// Who asks, as a `Principal` names them.
fn principals(principal: &RequestPrincipal) -> Principals {
    let none = Principals::default();
    match principal {
        RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::Provider => {
            Principals { federated: vec![arn.as_str().to_owned()], ..none }
        }
        RequestPrincipal::Arn(arn) => {
            Principals { aws: vec![arn.principal_arn().to_owned()], ..none }
        }
        RequestPrincipal::Service(name) => Principals { service: vec![name.clone()], ..none },
        RequestPrincipal::Anonymous | RequestPrincipal::Unnamed => {
            Principals { everyone: true, ..none }
        }
    }
}

/// A text that policies of 2012-10-17 take for itself. `*` and `?` in a request's resource are left to
/// match themselves, among others: a need may be a pattern.
fn literal(resource: &str) -> String {
    resource.replace("${", "${$}{")
}

fn narrow(
    request: &Request,
    policies: &Policies,
    layer: Layer,
    found: &StatementRef,
) -> Option<Change> {
    let subject = RequestSubject::new(request, policies);
    // Names need not be unique: it is the one whose statement does deny.
    let named = |list: &[NamedPolicy]| {
        list.iter().position(|it| {
            let statement = it.policy.compiled().get(found.index);
            it.name == found.document
                && statement
                    .is_some_and(|it| it.effect == Effect::Deny && it.applies(&subject).is_some())
        })
    };
    let in_levels = |levels: &[Vec<NamedPolicy>]| {
        levels.iter().enumerate().find_map(|(level, list)| named(list).map(|it| (Some(level), it)))
    };
    let (level, place) = match layer {
        Layer::Identity => (None, named(&policies.identity)?),
        Layer::Boundary => (None, named(&policies.boundaries)?),
        Layer::Endpoint => (None, named(&policies.endpoint)?),
        Layer::ServiceControl => in_levels(&policies.scps)?,
        Layer::ResourceControl => in_levels(&policies.rcps)?,
        _ => (None, 0),
    };
    let document = match layer {
        Layer::Identity => policies.identity.get(place)?,
        Layer::Boundary => policies.boundaries.get(place)?,
        Layer::Endpoint => policies.endpoint.get(place)?,
        Layer::ServiceControl => policies.scps.get(level?)?.get(place)?,
        Layer::ResourceControl => policies.rcps.get(level?)?.get(place)?,
        Layer::Resource => policies.resource.as_ref()?,
        Layer::Session => policies.session.as_ref()?,
        Layer::Grant
        | Layer::AccountRoot
        | Layer::Caller
        | Layer::CrossAccount
        | Layer::NoPermissionNeeded => {
            return None;
        }
    };
    let statement = document.policy.statements().get(found.index)?;
    let candidates = narrower(statement, request, layer).into_iter();
    let edits = candidates.map(|it| Edit::Replace(found.index, it));
    let change =
        |edit| Change { layer, level, place, document: Some(found.document.clone()), edit };
    // Not each narrowing helps: a list may name the action twice, by name and by pattern.
    let helps = |change: &Change| {
        change.apply(policies).is_some_and(|policies| {
            crate::iam::evaluate(request, &policies).statement.as_ref() != Some(found)
        })
    };
    edits.map(change).find(helps).or_else(|| Some(change(Edit::Remove(found.index))))
}

/// Ways to make a denial spare the request, the one that spares least first.
fn narrower(statement: &Statement, request: &Request, layer: Layer) -> Vec<Statement> {
    let mut ways = Vec::new();
    let mut way = |change: &dyn Fn(&mut Statement)| {
        let mut narrowed = statement.clone();
        change(&mut narrowed);
        ways.push(narrowed);
    };
    if let Element::AllBut(actions) = &statement.action {
        let mut actions = actions.clone();
        actions.push(request.action.clone());
        way(&|it| it.action = Element::AllBut(actions.clone()));
    }
    if let Some(Element::AllBut(resources)) = &statement.resource {
        let mut resources = resources.clone();
        resources.push(literal(&request.resource));
        way(&|it| it.resource = Some(Element::AllBut(resources.clone())));
    }
    if let Element::Only(actions) = &statement.action
        && actions.len() > 1
    {
        let mut others = actions.clone();
        others.retain(|action| !action.eq_ignore_ascii_case(&request.action));
        if others.len() < actions.len() {
            way(&|it| it.action = Element::Only(others.clone()));
        }
    }
    // Where the document is the principal's own, sparing the principal would undo the statement.
    let shared = matches!(
        layer,
        Layer::Resource | Layer::ResourceControl | Layer::ServiceControl | Layer::Endpoint
    );
    if shared && let Some((operator, key, value)) = sparing(&request.principal) {
        way(&|it| {
            let there = it.conditions.iter_mut().find(|condition| {
                condition.set.is_none()
                    && condition.operator == operator
                    && condition.key.eq_ignore_ascii_case(key)
            });
            match there {
                Some(condition) => condition.values.push(value.clone()),
                None => it.conditions.push(Condition {
                    set: None,
                    operator,
                    if_exists: false,
                    key: key.to_owned(),
                    values: vec![value.clone()],
                }),
            }
        });
    }
    if let Some(Element::Only(resources)) = &statement.resource {
        let mut others = resources.clone();
        others.retain(|resource| *resource != request.resource);
        if resources.as_slice() == ["*"] && request.resource != "*" {
            let exempt = vec![literal(&request.resource)];
            way(&|it| it.resource = Some(Element::AllBut(exempt.clone())));
        } else if !others.is_empty() && others.len() < resources.len() {
            way(&|it| it.resource = Some(Element::Only(others.clone())));
        }
    }
    ways
}

/// The condition that holds for everybody but a principal.
fn sparing(principal: &RequestPrincipal) -> Option<(Operator, &'static str, String)> {
    match principal {
        RequestPrincipal::Arn(arn) if arn.kind() != PrincipalKind::Provider => {
            Some((Operator::ArnNotEquals, "aws:PrincipalArn", arn.principal_arn().to_owned()))
        }
        RequestPrincipal::Service(name) => {
            Some((Operator::StringNotEquals, "aws:PrincipalServiceName", name.clone()))
        }
        _ => None,
    }
}
