//! The requests that needs stand for: enough of them that a grant which is narrower than a need, or a
//! denial of a part of it, does not go unseen.
//!
//! A need may be a pattern: all objects below a prefix, all tables of a database. A statement that allows
//! has to cover it, and a statement that denies may not meet it. So the evaluator is asked about texts
//! made of a letter that no policy at hand contains, which only a wildcard that stands for anything can
//! match, and about a text that the need has in common with each pattern that takes something away.

use super::{Attached, Role, Setup};
use crate::iam::compose::witness;
use crate::iam::{Effect, Element, NamedPolicy, Statement, matches_action, reference};
use crate::pipeline::{Need, Pipeline};
use std::collections::BTreeSet;

/// A need, and every request that it stands for: action, resource and context.
pub(super) struct Requests {
    pub(super) need: Need,
    pub(super) requests: Vec<Asked>,
}

/// A request without its principal.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) action: String,
    pub(super) resource: String,
    /// The need's own pattern, of which the resource is an example.
    pub(super) pattern: String,
    /// Whether it is the plainest example of its action and pattern.
    pub(super) plain: bool,
    pub(super) context: Vec<(&'static str, String)>,
    pub(super) via: Option<&'static str>,
}

/// How often the letter stands in place of a `*`: longer than what a pattern of `?` would be made for, and
/// first, so that it is what is told; then once, and not at all.
const LENGTHS: [usize; 3] = [7, 1, 0];

/// The requests of every need. A wildcard in an action stands for every action that it matches.
/// Where a set-up's resources have other ARNs than the pipeline gives them, those are meant.
pub(super) fn requests(pipeline: &Pipeline, setup: &Setup) -> Vec<Requests> {
    let letter = unused_letter(setup);
    let needs = pipeline.needs().into_iter().map(|mut need| {
        for resource in &mut need.resources {
            if let Some(actual) = setup.actual.get(resource) {
                resource.clone_from(actual);
            }
        }
        need
    });
    needs.map(|need| Requests { requests: of(pipeline, setup, &need, letter), need }).collect()
}

fn of(pipeline: &Pipeline, setup: &Setup, need: &Need, letter: char) -> Vec<Asked> {
    let actions = actions(need.action);
    let mut found: Vec<Asked> = Vec::new();
    let mut add = |asked: Asked| {
        let known = found.iter().any(|it| {
            it.action == asked.action
                && it.resource == asked.resource
                && it.context == asked.context
        });
        if !known {
            found.push(asked);
        }
    };
    let around = around(pipeline, setup, need);
    for (at, length) in LENGTHS.into_iter().enumerate() {
        for example in need.filled(&String::from(letter).repeat(length), letter) {
            let mut context = example.context;
            context.extend(around.iter().cloned());
            for action in &actions {
                add(Asked {
                    action: action.clone(),
                    resource: example.resource.clone(),
                    pattern: example.pattern.clone(),
                    plain: at == 0,
                    context: context.clone(),
                    via: need.via,
                });
            }
        }
    }
    let plain: Vec<Asked> = found.iter().filter(|it| it.plain).cloned().collect();
    let role = setup.roles.get(&need.principal);
    for asked in &plain {
        for statement in role.into_iter().flat_map(|role| statements(pipeline, setup, role, asked))
        {
            found.extend(met(need, asked, statement, letter));
        }
    }
    let mut seen: Vec<&Asked> = Vec::with_capacity(found.len());
    for asked in &found {
        if !seen.contains(&asked) {
            seen.push(asked);
        }
    }
    seen.into_iter().cloned().collect()
}

/// What AWS knows of every request of a need: its region and time.
fn around(pipeline: &Pipeline, setup: &Setup, need: &Need) -> Vec<(&'static str, String)> {
    // "Always included". Of IAM, which is in no region, it is another one than that of the call which
    // comes to it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    let mut known = Vec::new();
    if !need.action.starts_with("iam:") {
        known.push(("aws:RequestedRegion", pipeline.region.clone()));
    }
    if let Some(now) = setup.now {
        known.push(("aws:CurrentTime", now.to_string()));
        known.push(("aws:EpochTime", now.as_second().to_string()));
    }
    known
}

/// The actions that a pattern means; of a pattern that no known action matches, itself.
fn actions(pattern: &str) -> Vec<String> {
    let meant: Vec<_> = reference::expand(pattern).iter().map(ToString::to_string).collect();
    if meant.is_empty() || !pattern.contains(['*', '?']) { vec![pattern.to_owned()] } else { meant }
}

fn known(attached: &Attached) -> Option<&NamedPolicy> {
    match attached {
        Attached::Known(policy) => Some(policy),
        Attached::Absent | Attached::Unknown(_) => None,
    }
}

/// The statements that speak of a request's action, of all policies that have a say.
fn statements<'a>(
    pipeline: &Pipeline,
    setup: &'a Setup,
    role: &'a Role,
    asked: &Asked,
) -> impl Iterator<Item = &'a Statement> {
    let resource = if super::answer::in_bucket(pipeline, &asked.resource) {
        known(&setup.bucket)
    } else if super::answer::of_key(pipeline, setup, &asked.resource) {
        known(&setup.key)
    } else {
        None
    };
    let documents = role.identity.iter().chain(known(&role.boundary)).chain(resource);
    let action = asked.action.clone();
    documents.flat_map(|document| document.policy.statements()).filter(move |statement| {
        let listed = statement.action.listed().iter().any(|it| matches_action(it, &action));
        listed != statement.action.negated()
    })
}

/// Requests of the need that a statement may take out of what is allowed otherwise.
fn met(need: &Need, asked: &Asked, statement: &Statement, letter: char) -> Vec<Asked> {
    let mut met = Vec::new();
    let wild = |pattern: &str| pattern != "*" && pattern.contains(['*', '?']);
    match (&statement.effect, &statement.resource) {
        (Effect::Deny, Some(Element::Only(patterns)))
        | (Effect::Allow, Some(Element::AllBut(patterns)))
            if wild(&asked.pattern) =>
        {
            for pattern in patterns {
                let resources = in_common(&asked.pattern, pattern, letter);
                met.extend(resources.into_iter().map(|resource| Asked {
                    resource,
                    plain: false,
                    ..asked.clone()
                }));
            }
        }
        _ => {}
    }
    for limit in &need.limits {
        let conditions =
            statement.conditions.iter().filter(|it| it.key.eq_ignore_ascii_case(limit.key));
        let pairs = conditions
            .flat_map(|it| &it.values)
            .flat_map(|value| limit.values.iter().map(move |pattern| (pattern, value)));
        for (pattern, value) in pairs {
            let Some(value) = witness(pattern, value, letter) else { continue };
            let mut other = Asked { plain: false, ..asked.clone() };
            if let Some(there) = other.context.iter_mut().find(|(key, _)| *key == limit.key) {
                there.1 = value;
                met.push(other);
            }
        }
    }
    met
}

/// ARNs that a needed pattern and a policy's have in common. Where a wildcard stands in one of the first
/// five fields it may be meant to stay there, or to go on.
fn in_common(needed: &str, pattern: &str, letter: char) -> Vec<String> {
    let fields = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let mut pattern = pattern.to_owned();
    // AWS completes it so, see `ArnPattern`.
    if fields(&pattern).len() < 6 && !pattern.ends_with('*') {
        pattern.push_str(":*");
    }
    let (of_need, of_pattern) = (fields(needed), fields(&pattern));
    let within = (of_need.len() == 6 && of_pattern.len() == 6).then(|| {
        let fields = of_need.iter().zip(&of_pattern);
        fields.map(|(one, other)| witness(one, other, letter)).collect::<Option<Vec<_>>>()
    });
    let mut found: Vec<String> = within.flatten().map(|it| it.join(":")).into_iter().collect();
    if let Some(across) = witness(needed, &pattern, letter)
        && !found.contains(&across)
    {
        found.push(across);
    }
    found
}

/// A letter that stands in no pattern and no value of the policies at hand, in either case.
fn unused_letter(setup: &Setup) -> char {
    let roles = setup.roles.values();
    let documents = roles
        .flat_map(|role| role.identity.iter().chain(known(&role.boundary)))
        .chain(known(&setup.bucket))
        .chain(known(&setup.key));
    let mut used = BTreeSet::new();
    for statement in documents.flat_map(|document| document.policy.statements()) {
        let resources = statement.resource.iter().flat_map(Element::listed);
        let values = statement.conditions.iter().flat_map(|it| &it.values);
        for character in resources.chain(values).flat_map(|text| text.chars()) {
            used.extend(character.to_lowercase().chain(character.to_uppercase()));
        }
    }
    let plain = ('a'..='z').rev().chain('0'..='9');
    let letters = plain.chain('\u{3041}'..='\u{3096}').chain('\u{4e00}'..='\u{9fff}');
    letters.into_iter().find(|letter| !used.contains(letter)).unwrap_or('z')
}
