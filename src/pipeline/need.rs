//! What a principal has to be allowed, and why.

use super::{PrincipalKind, Step};

/// One thing that a principal has to be allowed in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Who needs it.
    pub principal: PrincipalKind,
    /// The step that needs it.
    pub step: Step,
    /// The action: `rds:StartExportTask`. Where AWS documents a right with a wildcard
    /// (`s3:GetObject*`), the wildcard is the need.
    pub action: &'static str,
    /// The ARNs, or ARN patterns, on all of which it is needed; `*` where AWS scopes nothing.
    pub resources: Vec<String>,
    /// What AWS sends along that a grant can be, and is, restricted to.
    pub limits: Vec<Limit>,
    /// What else AWS sends along, by condition key: for evaluation only.
    pub context: Vec<(&'static str, String)>,
    /// The service that makes the request on the principal's behalf, if it is not the principal's
    /// own: `athena.amazonaws.com`.
    pub via: Option<&'static str>,
    /// The id of the statement that grants it: one for each action, whatever the step.
    pub sid: &'static str,
    /// Why, in one sentence without a period.
    pub reason: &'static str,
    /// The AWS page that says so.
    pub source: &'static str,
}

/// A condition that a grant can bear because AWS sends the key with every request of the kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit {
    /// The condition operator: `StringLike`.
    pub operator: &'static str,
    /// The condition key: `s3:prefix`.
    pub key: &'static str,
    /// The values, any of which will do.
    pub values: Vec<String>,
}

impl Limit {
    /// A limit to one value.
    #[must_use]
    pub fn new(operator: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        Self { operator, key, values: vec![value.into()] }
    }
}

/// A request that a need stands for: what the evaluator is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The action; a wildcard in it stands for every action that it matches.
    pub action: &'static str,
    /// An ARN without wildcards.
    pub resource: String,
    /// The ARN, or ARN pattern, of the need that it is an example of.
    pub pattern: String,
    /// The condition keys that AWS sends.
    pub context: Vec<(&'static str, String)>,
}

impl Need {
    /// One request for each of the resources, with every wildcard filled in.
    pub fn examples(&self) -> impl Iterator<Item = Example> + '_ {
        self.filled("x1", '1')
    }

    /// One request for each of the resources, with this text in place of every `*` and this character in
    /// place of every `?`.
    pub fn filled<'a>(&'a self, star: &'a str, one: char) -> impl Iterator<Item = Example> + 'a {
        self.resources.iter().map(move |pattern| {
            let mut context = self.context.clone();
            for limit in &self.limits {
                let value = limit.values.first().map(|value| filled(value, star, one));
                context.push((limit.key, value.unwrap_or_default()));
            }
            // What AWS scopes to nothing is asked of `*`.
            let resource =
                if pattern == "*" { pattern.clone() } else { filled(pattern, star, one) };
            Example { action: self.action, resource, pattern: pattern.clone(), context }
        })
    }
}

/// A text that the pattern matches.
fn filled(pattern: &str, star: &str, one: char) -> String {
    let mut text = String::with_capacity(pattern.len() + star.len());
    for character in pattern.chars() {
        match character {
            '*' => text.push_str(star),
            '?' => text.push(one),
            other => text.push(other),
        }
    }
    text
}
