//! How much is granted, and how much of it is needed.

use super::Setup;
use super::answer::Requests;
use crate::iam::{Effect, Element, Statement, reference};
use crate::pipeline::PrincipalKind;
use std::collections::BTreeSet;

/// The width of a principal's grants, against its needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    /// Whose.
    pub principal: PrincipalKind,
    /// How many of AWS's actions its policies allow on some resource.
    pub actions: usize,
    /// How many actions it needs.
    pub needed_actions: usize,
    /// How many different resources and patterns of resources its policies name.
    pub resources: usize,
    /// How many different resources and patterns of resources it needs.
    pub needed_resources: usize,
}

pub(super) fn all(setup: &Setup, requests: &[Requests]) -> Vec<Width> {
    setup
        .roles
        .iter()
        .map(|(kind, role)| {
            let statements: Vec<_> = role
                .identity
                .iter()
                .flat_map(|document| document.policy.statements())
                .filter(|statement| statement.effect == Effect::Allow)
                .collect();
            let needs = requests.iter().map(|asked| &asked.need);
            let needs: Vec<_> = needs.filter(|need| need.principal == *kind).collect();
            let needed: BTreeSet<_> = needs.iter().flat_map(|need| meant(need.action)).collect();
            let resources: BTreeSet<&str> = statements.iter().flat_map(|s| resources(s)).collect();
            let needed_resources: BTreeSet<&str> =
                needs.iter().flat_map(|need| need.resources.iter().map(String::as_str)).collect();
            Width {
                principal: *kind,
                actions: statements.iter().flat_map(|s| actions(s)).collect::<BTreeSet<_>>().len(),
                needed_actions: needed.len(),
                resources: resources.len(),
                needed_resources: needed_resources.len(),
            }
        })
        .collect()
}

/// The actions that a pattern means; one that AWS's pages do not list counts as itself.
fn meant(pattern: &str) -> Vec<String> {
    let meant: Vec<_> = reference::expand(pattern).iter().map(ToString::to_string).collect();
    if meant.is_empty() { vec![pattern.to_ascii_lowercase()] } else { meant }
}

fn actions(statement: &Statement) -> Vec<String> {
    match &statement.action {
        Element::Only(patterns) => patterns.iter().flat_map(|pattern| meant(pattern)).collect(),
        Element::AllBut(patterns) => {
            let not: BTreeSet<_> = patterns.iter().flat_map(|pattern| meant(pattern)).collect();
            meant("*").into_iter().filter(|action| !not.contains(action)).collect()
        }
    }
}

fn resources(statement: &Statement) -> Vec<&str> {
    match &statement.resource {
        None => Vec::new(),
        Some(Element::Only(patterns)) => patterns.iter().map(String::as_str).collect(),
        Some(Element::AllBut(_)) => vec!["*"],
    }
}
