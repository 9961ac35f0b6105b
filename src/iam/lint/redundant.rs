//! Statements that say what another one says already, or what another one takes back.

use super::Findings;
use super::checks;
use super::document::{Condition, Effect, Item, Policy, Statement};

/// Whether every text that one pattern matches is matched by another too. When unsure it says no.
pub(super) fn covers(general: &str, specific: &str) -> bool {
    if general == "*" || general == specific {
        return true;
    }
    if general.contains("${") || specific.contains("${") {
        return false;
    }
    // The special pattern is matched as a text in which `*` may stand for anything, so that only
    // a `*` of the general one can stand for it.
    let (general, specific) = (general.as_bytes(), specific.as_bytes());
    let (mut g, mut s) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while let Some(&byte) = specific.get(s) {
        match general.get(g) {
            Some(b'*') => {
                last = Some((g, s));
                g += 1;
            }
            Some(&want) if byte != b'*' && (want == b'?' || want == byte) => {
                g += 1;
                s += 1;
            }
            _ => match last {
                Some((star, from)) => {
                    last = Some((star, from + 1));
                    g = star + 1;
                    s = from + 1;
                }
                None => return false,
            },
        }
    }
    general.iter().skip(g).all(|&byte| byte == b'*')
}

/// The case in which actions are compared.
pub(super) fn fold(action: &str) -> String {
    action.to_ascii_lowercase()
}

pub(super) fn check(policy: &Policy<'_>, findings: &mut Findings<'_>) {
    for (index, statement) in policy.statements.iter().enumerate() {
        let others = policy.statements.iter().enumerate().filter(|(other, _)| *other != index);
        for (other, candidate) in others {
            let mutual = other > index && contains(statement, candidate);
            if statement.effect == candidate.effect && !mutual && contains(candidate, statement) {
                let message = format!("the statement adds nothing to `{}`", candidate.path);
                let help = Some("remove it".into());
                findings.add(&checks::REDUNDANT_STATEMENT, statement.at(), message, help);
                break;
            }
            let undone = statement.effect == Some(Effect::Allow)
                && candidate.effect == Some(Effect::Deny)
                && contains(candidate, statement);
            if undone {
                let message = format!("`{}` denies all that the statement allows", candidate.path);
                findings.add(&checks::SHADOWED_STATEMENT, statement.at(), message, None);
                break;
            }
        }
    }
}

/// Every request that one statement speaks of is one that another speaks of too.
fn contains(general: &Statement<'_>, specific: &Statement<'_>) -> bool {
    let all = |general: &[Item<'_>], specific: &[Item<'_>], case: fn(&str) -> String| {
        !specific.is_empty()
            && specific.iter().all(|s| general.iter().any(|g| covers(&case(g.text), &case(s.text))))
    };
    let same_negations = !general.not_action
        && !specific.not_action
        && !general.not_resource
        && !specific.not_resource
        && !general.not_principal
        && !specific.not_principal;
    let resources = (general.resources.is_empty() && specific.resources.is_empty())
        || all(&general.resources, &specific.resources, str::to_owned);
    let principals = specific.principals.iter().all(|principal| {
        general.principals.iter().any(|other| {
            (other.key.is_none() && other.value.text == "*")
                || (other.key == principal.key && other.value.text == principal.value.text)
        })
    });
    same_negations
        && general.effect.is_some()
        && all(&general.actions, &specific.actions, fold)
        && resources
        && principals
        && general.has_principal() == specific.has_principal()
        && general.conditions.iter().all(|g| specific.conditions.iter().any(|s| same(g, s)))
}

fn same(left: &Condition<'_>, right: &Condition<'_>) -> bool {
    let values = |condition: &Condition<'_>| {
        let mut values: Vec<_> = condition.values.iter().map(|v| v.text.to_owned()).collect();
        values.sort_unstable();
        values
    };
    left.operator == right.operator
        && left.key.text.eq_ignore_ascii_case(right.key.text)
        && values(left) == values(right)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn covering_is_never_claimed_wrongly() {
        assert!(covers("s3:get*", "s3:getobject*"));
        assert!(covers("a*", "a?b"));
        assert!(covers("a?", "ab"));
        assert!(!covers("a?", "a*"));
        assert!(!covers("a?b", "a*b"));
        assert!(!covers("ab", "a?"));
        assert!(!covers("a*c", "a*"));
    }
}
