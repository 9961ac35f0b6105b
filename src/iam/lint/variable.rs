//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).

use super::checks;
use super::condition::is_of_provider;
use super::document::{Item, Policy, Statement, nearest};
use super::operator::Family;
use super::{Check, Findings};
use crate::iam::reference;

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
        if versioned {
            early(resource, findings);
        }
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
        let quoted = |text: &str| text.len() > 1 && text.starts_with('\'') && text.ends_with('\'');
        let default = variable.inner.and_then(|inner| inner.split_once(','));
        if default.is_some_and(|(_, default)| !quoted(default.trim())) {
            let message = format!("the default in `{shown}` is not in single quotes");
            findings.add(&checks::MISSING_QUOTE_IN_VARIABLE, text.at(), message, None);
        }
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
        let name = inner.split(',').next().unwrap_or(inner);
        if name.trim().is_empty() {
            report(&checks::EMPTY_VARIABLE, format!("`{shown}` names no variable"));
        } else if name.contains(' ') {
            let message = format!("the variable's name in `{shown}` has a space");
            report(&checks::UNSUPPORTED_SPACE_IN_VARIABLE, message);
        } else if let Some(symbol) = name.chars().find(|symbol| !is_of_name(*symbol)) {
            let message =
                format!("the variable's name in `{shown}` has a `{}`", symbol.escape_debug());
            report(&checks::UNSUPPORTED_SYMBOL_IN_VARIABLE, message);
        } else {
            known(text, name, findings);
        }
    }
}

/// Condition keys are made of letters and digits, and tags besides of these:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules>.
fn is_of_name(symbol: char) -> bool {
    symbol.is_alphanumeric() || "_.:/=+-@".contains(symbol)
}

/// A variable takes its value from a condition key that has one. A service's own key that its page
/// lacks is passed over, since AWS's own policies use some.
fn known(text: &Item<'_>, name: &str, findings: &mut Findings<'_>) {
    let shown = name.escape_debug();
    let prefix = name.split_once(':').map(|(prefix, _)| prefix);
    let service = prefix.and_then(reference::service);
    let key = reference::global_condition_key(name)
        .or_else(|| service.and_then(|service| service.condition_key(name)));
    let message = match (key, prefix) {
        (Some(key), _) if key.kind.multivalued => {
            format!("`{shown}` can have several values, so that it is no policy variable")
        }
        (Some(_), _) => return,
        (None, Some(prefix)) if is_of_provider(prefix) || service.is_some() => return,
        (None, _) => format!("there is no policy variable `{shown}`"),
    };
    let names = reference::global_condition_keys().iter().map(|key| &*key.name);
    let near = if key.is_some() { None } else { nearest(name, names) };
    let help = near.map(|near| format!("did you mean `${{{near}}}`?"));
    findings.add(&checks::UNKNOWN_VARIABLE, text.at(), message, help);
}

/// "You can't use a variable to replace parts of the ARN before the fifth colon".
fn early(resource: &Item<'_>, findings: &mut Findings<'_>) {
    // API Gateway puts four colons before this.
    if resource.text.starts_with("execute-api:/") {
        return;
    }
    let mut rest = resource.text;
    let mut colons = 0;
    for variable in variables(resource.text) {
        let Some((before, after)) = rest.split_once(variable.text) else { return };
        colons += before.matches(':').count();
        rest = after;
        if colons < 5 && variable.inner.is_some() && !variable.is_escape() {
            let message = format!(
                "`{}` stands before the fifth colon, where it is taken for text",
                variable.text.escape_debug()
            );
            let help = Some("write the value, or `*`".into());
            let check = &checks::VARIABLE_UNSUPPORTED_IN_ARN_FIELD;
            findings.add(check, resource.at(), message, help);
            return;
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

/// A text with its variables replaced by a character that is no wildcard; `None` when one of them
/// is not as wanted.
pub(super) fn filled(text: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    for variable in variables(text) {
        let (before, after) = rest.split_once(variable.text)?;
        plain.push_str(before);
        match variable.name() {
            Some(name) if !wanted(name) => return None,
            Some(_) => plain.push('0'),
            None => plain.push_str(variable.text),
        }
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
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
