//! Bucket and key policies that let in more than those who need it, as they would be without.
//!
//! What is open to all lets the pipeline in, too. That makes no grant of the pipeline's needless, so grants
//! are judged as if each such principal were the roles that depend on it, which may be none.

use super::broad::Broad;
use super::principal::{Who, listed, pinned, who};
use super::{Judge, Place};
use crate::iam::{Decision, Effect, Element, NamedPolicy, Principals, Statement, decide};
use crate::pipeline::check::answer::Requests;
use crate::pipeline::check::{Attached, Setup};
use crate::pipeline::{Pipeline, PrincipalKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// By place and index of a statement, the roles that depend on its principals' being as wide as they are.
pub(super) type Dependents = BTreeMap<(Place, usize), BTreeSet<PrincipalKind>>;

/// The set-up with each principal that is too wide narrowed, and to whom.
pub(super) fn narrowed(
    pipeline: &Pipeline,
    setup: &Setup,
    requests: &[Requests],
) -> (Setup, Dependents) {
    let mut narrow = setup.clone();
    let mut wide: Vec<(Place, usize, Statement)> = Vec::new();
    let roles: Vec<String> = setup.roles.values().map(|role| role.arn.clone()).collect();
    for place in [Place::Bucket, Place::Key] {
        let Some(document) = known(&mut narrow, place) else { continue };
        let mut statements = document.policy.statements().to_vec();
        for (index, statement) in statements.iter_mut().enumerate() {
            if statement.effect == Effect::Deny || pinned(&statement.conditions, &roles) {
                continue;
            }
            let (principals, rest) = match &statement.principal {
                None => continue,
                Some(Element::Only(it)) => (it, without_wide(pipeline, setup, place, it)),
                Some(Element::AllBut(it)) => (it, Principals::default()),
            };
            if rest != *principals {
                wide.push((place, index, statement.clone()));
                statement.principal = Some(Element::Only(rest));
            }
        }
        replace(document, statements);
    }
    let mut dependents = Dependents::new();
    if wide.is_empty() {
        return (narrow, dependents);
    }
    // What is allowed now, and would not be without.
    let judge = Judge::new(pipeline, setup, requests, Dependents::new(), Broad::new());
    let mut lost: Vec<_> = judge.allowed.iter().collect();
    let allows = |setup: &Setup, it: &super::Allowed| {
        let mut policies = it.policies.clone();
        for attached in [&setup.bucket, &setup.key] {
            if let (Attached::Known(document), Some(there)) = (attached, &mut policies.resource)
                && document.name == there.name
            {
                *there = document.clone();
            }
        }
        decide(&it.request, &policies).decision == Decision::Allowed
    };
    lost.retain(|it| !allows(&narrow, it));
    for (place, index, statement) in wide {
        let mut with = narrow.clone();
        edit(&mut with, place, index, |it| it.clone_from(&statement));
        let kinds: BTreeSet<_> =
            lost.iter().filter(|it| allows(&with, it)).map(|it| it.principal).collect();
        let arns: Vec<_> = kinds.iter().filter_map(|kind| setup.roles.get(kind)).collect();
        let arns: Vec<String> = arns.into_iter().map(|role| role.arn.clone()).collect();
        edit(&mut narrow, place, index, |it| {
            if let Some(Element::Only(principals)) = &mut it.principal {
                principals.aws.extend(arns);
                principals.aws.sort();
                principals.aws.dedup();
            }
        });
        lost.retain(|it| !allows(&narrow, it));
        dependents.insert((place, index), kinds);
    }
    (narrow, dependents)
}

fn without_wide(
    pipeline: &Pipeline,
    setup: &Setup,
    place: Place,
    principals: &Principals,
) -> Principals {
    let mut rest = principals.clone();
    for text in listed(principals) {
        if matches!(who(pipeline, setup, place, text), Who::Everyone | Who::Account) {
            rest.everyone &= text != "*";
            rest.aws.retain(|it| it != text);
        }
    }
    rest
}

fn known(setup: &mut Setup, place: Place) -> Option<&mut NamedPolicy> {
    let attached = match place {
        Place::Bucket => &mut setup.bucket,
        Place::Key => &mut setup.key,
        Place::Identity(..) => return None,
    };
    match attached {
        Attached::Known(document) => Some(document),
        Attached::Absent | Attached::Unknown(_) => None,
    }
}

fn replace(document: &mut NamedPolicy, statements: Vec<Statement>) {
    if let Ok(policy) = document.policy.with_statements(statements) {
        document.policy = Arc::new(policy);
    }
}

fn edit(setup: &mut Setup, place: Place, index: usize, change: impl FnOnce(&mut Statement)) {
    let Some(document) = known(setup, place) else { return };
    let mut statements = document.policy.statements().to_vec();
    if let Some(statement) = statements.get_mut(index) {
        change(statement);
    }
    replace(document, statements);
}
