//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).

use super::checks;
use super::document::{Item, Policy, Statement};
use super::operator::Family;
use super::{Check, Findings};

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for action in &statement.actions {
        unsupported(action, findings);
    }
    for principal in &statement.principals {
        unsupported(&principal.value, findings);
    }
    let versioned = policy.version == Some("2012-10-17");
    for resource in &statement.resources {
        well_formed(resource, versioned, findings);
    }
    for condition in &statement.conditions {
        for value in &condition.values {
            well_formed(value, versioned, findings);
            let takes = matches!(condition.operator.family, Family::String | Family::Arn);
            if versioned && !takes && variables(value.text).any(|variable| !variable.is_escape()) {
                let message = format!(
                    "`{}` takes no policy variable",
                    condition.operator_text.escape_debug()
                );
                let help = Some("only string and ARN operators do".into());
                findings.add(&checks::INVALID_VARIABLE_FOR_OPERATOR, value.at(), message, help);
            }
        }
    }
}

fn unsupported(text: &Item<'_>, findings: &mut Findings<'_>) {
    if let Some(variable) = variables(text.text).next() {
        let message =
            format!("the policy variable `{}` has no meaning here", variable.text.escape_debug());
        let help = Some("variables work in `Resource` and `Condition` only".into());
        findings.add(&checks::VARIABLE_UNSUPPORTED_IN_ELEMENT, text.at(), message, help);
    }
}

fn well_formed(text: &Item<'_>, versioned: bool, findings: &mut Findings<'_>) {
    for variable in variables(text.text) {
        if !versioned {
            findings.add(
                &checks::VARIABLE_UNSUPPORTED_IN_VERSION,
                text.at(),
                format!(
                    "`{}` is taken literally in a policy of this version",
                    variable.text.escape_debug()
                ),
                Some("write `\"Version\": \"2012-10-17\"`".into()),
            );
            return;
        }
        let shown = variable.text.escape_debug();
        let mut report = |check: &'static Check, message: String| {
            findings.add(check, text.at(), message, None);
        };
        let Some(inner) = variable.inner else {
            let message = format!("`{shown}` has no closing `}}`");
            report(&checks::MISSING_BRACE_IN_VARIABLE, message);
            return;
        };
        if variable.is_escape() {
            continue;
        }
        let (name, default) =
            inner.split_once(',').map_or((inner, None), |(name, rest)| (name, Some(rest.trim())));
        if name.trim().is_empty() {
            report(&checks::EMPTY_VARIABLE, format!("`{shown}` names no variable"));
        } else if name.contains(' ') {
            let message = format!("the variable's name in `{shown}` has a space");
            report(&checks::UNSUPPORTED_SPACE_IN_VARIABLE, message);
        }
        let quoted = |text: &str| text.len() > 1 && text.starts_with('\'') && text.ends_with('\'');
        if default.is_some_and(|default| !quoted(default)) {
            let message = format!("the default in `{shown}` is not in single quotes");
            report(&checks::MISSING_QUOTE_IN_VARIABLE, message);
        }
    }
}

/// A `${…}` in a text.
#[derive(Clone, Copy)]
pub(super) struct Variable<'a> {
    /// As it stands, from `${` to `}` or to the end.
    text: &'a str,
    /// What is between the braces; `None` when the closing one is missing.
    inner: Option<&'a str>,
}

impl<'a> Variable<'a> {
    /// The key that it takes its value from; `None` for escapes.
    pub(super) fn name(&self) -> Option<&'a str> {
        let inner = self.inner.filter(|_| !self.is_escape())?;
        Some(inner.split(',').next().unwrap_or(inner).trim())
    }

    /// `${*}`, `${?}` and `${$}` stand for the characters themselves.
    fn is_escape(&self) -> bool {
        matches!(self.inner, Some("*" | "?" | "$"))
    }
}

/// The variables of a text, in order.
pub(super) fn variables(text: &str) -> impl Iterator<Item = Variable<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find("${")?;
        let from = rest.get(start..)?;
        if let Some(end) = from.find('}') {
            let variable = Variable { text: from.get(..=end)?, inner: from.get(2..end) };
            rest = from.get(end + 1..)?;
            Some(variable)
        } else {
            rest = "";
            Some(Variable { text: from, inner: None })
        }
    })
}

/// A text with its variables as `*`, and its escapes as the characters that they stand for where
/// those are no wildcards.
pub(super) fn without_variables(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        plain.push_str(before);
        let end = from.find('}').map_or(from.len(), |end| end + 1);
        plain.push(if from.starts_with("${$}") { '$' } else { '*' });
        rest = from.get(end..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// Whether a text has a wildcard of its own, escapes and variables apart.
pub(super) fn has_wildcard(text: &str) -> bool {
    let mut rest = text;
    loop {
        let Some(start) = rest.find("${") else { return rest.contains(['*', '?']) };
        let (before, from) = rest.split_at(start);
        if before.contains(['*', '?']) {
            return true;
        }
        rest = from.find('}').and_then(|end| from.get(end + 1..)).unwrap_or_default();
    }
}

/// Whether a text has a variable that takes its value from the request.
pub(super) fn has_variable(text: &str) -> bool {
    variables(text).any(|variable| !variable.is_escape())
}
