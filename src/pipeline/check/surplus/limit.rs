//! The conditions that needs can bear, against those that a statement has.

use super::SurplusKind;
use crate::iam::compose::covers;
use crate::iam::{Condition, Operator, SetOperator, Statement};
use crate::pipeline::Need;
use std::collections::BTreeSet;

/// The limits that all needs behind a statement have, as far as no condition of the statement is as
/// narrow.
pub(super) fn missing(statement: &Statement, needs: &[&Need]) -> Vec<SurplusKind> {
    let Some(first) = needs.first() else { return Vec::new() };
    let mut found = Vec::new();
    for limit in &first.limits {
        let (operator, key) = (limit.operator, limit.key);
        let same = |need: &&&Need| {
            need.limits.iter().any(|other| other.key == key && other.operator == operator)
        };
        if needs.iter().filter(same).count() < needs.len() {
            continue;
        }
        let values: BTreeSet<&str> = needs
            .iter()
            .flat_map(|need| &need.limits)
            .filter(|other| other.key == key && other.operator == operator)
            .flat_map(|other| other.values.iter().map(String::as_str))
            .collect();
        let mut there =
            statement.conditions.iter().filter(|it| it.key.eq_ignore_ascii_case(key)).peekable();
        let named = there.peek().is_some();
        if there.any(|condition| within(condition, operator, &values)) {
            continue;
        }
        let values = values.into_iter().map(str::to_owned).collect();
        let (operator, key) = (operator.to_owned(), key.to_owned());
        found.push(if named {
            SurplusKind::WideCondition { operator, key, values }
        } else {
            SurplusKind::Unlimited { operator, key, values }
        });
    }
    found
}

/// Whether a condition lets nothing through that a limit on the same key, with any of these values,
/// would not.
fn within(condition: &Condition, operator: &str, values: &BTreeSet<&str>) -> bool {
    // Both hold for a request without the key.
    if condition.if_exists || condition.set == Some(SetOperator::ForAllValues) {
        return false;
    }
    let comparable = match condition.operator {
        Operator::StringEquals | Operator::StringLike => true,
        Operator::Bool => operator == "Bool",
        _ => false,
    };
    comparable
        && condition.values.iter().all(|found| match operator {
            "StringLike" => values.iter().any(|wanted| covers(&cased(wanted), &cased(found))),
            "Bool" => values.iter().any(|wanted| wanted.eq_ignore_ascii_case(found)),
            _ => values.contains(found.as_str()),
        })
}

/// The text with its capitals put where `covers`, to which case is nothing, tells them from small
/// letters.
fn cased(text: &str) -> String {
    const PRIVATE_USE: u32 = 0xE000;
    let apart = |it: char| {
        if it.is_ascii_uppercase() {
            char::from_u32(PRIVATE_USE + u32::from(it)).unwrap_or(it)
        } else {
            it
        }
    };
    text.chars().map(apart).collect()
}
