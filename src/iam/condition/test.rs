//! A condition made ready to be tested.

use super::operator::{Family, Operator, Ordering, SetOperator};
use super::value::{Cidr, Number, instant};
use super::{Given, Keys};
use crate::iam::pattern::{ArnPattern, Lookup, Target, Template, Wildcards};
use base64::Engine as _;
use std::net::IpAddr;

/// A value that does not fit its operator, and its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionError {
    pub value: usize,
    pub message: String,
}

/// One operator, one key and its values.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    key: Box<str>,
    set: Option<SetOperator>,
    negated: bool,
    if_exists: bool,
    wanted: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// `StringEquals` without variables.
    Exact(Box<[Box<str>]>),
    Text(Box<[Template]>),
    TextAnyCase(Box<[Template]>),
    Number(Ordering, Box<[Number]>),
    Date(Ordering, Box<[i128]>),
    Bool(Box<[Template]>),
    Binary(Box<[Box<[u8]>]>),
    Ip(Box<[Cidr]>),
    Arn(Box<[ArnPattern]>),
    Null(Box<[bool]>),
}

impl Test {
    pub(crate) fn new(
        set: Option<SetOperator>,
        operator: Operator,
        if_exists: bool,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, ConditionError> {
        let wanted = match operator.family() {
            Family::Text => {
                let templates = each(values, |value| text(value, variables, Wildcards::No))?;
                let literals: Option<Box<[Box<str>]>> =
                    templates.iter().map(|it| it.literal().map(Into::into)).collect();
                literals.map_or(Wanted::Text(templates), Wanted::Exact)
            }
            Family::TextAnyCase => {
                Wanted::TextAnyCase(each(values, |value| text(value, variables, Wildcards::No))?)
            }
            Family::TextLike => {
                Wanted::Text(each(values, |value| text(value, variables, Wildcards::Yes))?)
            }
            Family::Number(order) => Wanted::Number(
                order,
                each(values, |value| Number::parse(value).ok_or_else(|| wrong(value, "a number")))?,
            ),
            Family::Date(order) => Wanted::Date(
                order,
                each(values, |value| {
                    instant(value).ok_or_else(|| wrong(value, "a date (ISO 8601 or epoch seconds)"))
                })?,
            ),
            Family::Bool => Wanted::Bool(each(values, |value| {
                // "You can use a policy variable with the Boolean condition operator."
                if !(variables && value.contains("${")) {
                    boolean(value)?;
                }
                text(value, variables, Wildcards::No)
            })?),
            Family::Null => Wanted::Null(each(values, boolean)?),
            Family::Binary => Wanted::Binary(each(values, |value| {
                decode(value).map(Into::into).ok_or_else(|| wrong(value, "base64"))
            })?),
            Family::Ip => Wanted::Ip(each(values, |value| {
                Cidr::parse(value).ok_or_else(|| wrong(value, "an IP address or a CIDR range"))
            })?),
            Family::Arn => Wanted::Arn(each(values, |value| {
                ArnPattern::of_condition(value, variables).map_err(|error| error.to_string())
            })?),
        };
        Ok(Self {
            key: key.to_ascii_lowercase().into(),
            set,
            negated: operator.negated(),
            if_exists,
            wanted,
        })
    }

    /// Whether the condition holds for a request.
    #[inline]
    pub(crate) fn holds<'a>(&self, keys: &(impl Keys<'a> + Lookup<'a>)) -> bool {
        // An empty list is no value at all.
        let given = keys
            .get(&self.key)
            .filter(|given| !matches!(given, Given::Many(values) if values.is_empty()));
        if let Wanted::Null(wanted) = &self.wanted {
            // "When you use the Null condition operator with ForAllValues, the statement always returns
            // true. When you use the Null condition operator with ForAnyValue, the statement always
            // returns false."
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>
            return match self.set {
                None => wanted.contains(&given.is_none()),
                Some(SetOperator::ForAllValues) => true,
                Some(SetOperator::ForAnyValue) => false,
            };
        }
        let Some(given) = given else {
            // "If the condition key is not present, IfExists evaluates the condition element as true";
            // a negated operator without a set operator is true of an absent key, too.
            return match self.set {
                _ if self.if_exists => true,
                None => self.negated,
                Some(SetOperator::ForAllValues) => true,
                Some(SetOperator::ForAnyValue) => false,
            };
        };
        match (self.set, given) {
            (None, Given::One(value)) => self.one(value, keys) != self.negated,
            // Several values without a set operator: one that equals is enough for equality, so the
            // negated operator is exactly its opposite.
            (None, Given::Many(values)) => {
                values.iter().any(|value| self.one(value, keys)) != self.negated
            }
            (Some(SetOperator::ForAllValues), given) => {
                empty(given) || all(given, |value| self.one(value, keys) != self.negated)
            }
            (Some(SetOperator::ForAnyValue), given) => {
                !empty(given) && !all(given, |value| self.one(value, keys) == self.negated)
            }
        }
    }

    /// Whether a value of the request equals (or likes, or precedes…) one of the policy's values.
    fn one<'a>(&self, value: &str, keys: &impl Lookup<'a>) -> bool {
        match &self.wanted {
            Wanted::Exact(wanted) => wanted.iter().any(|wanted| **wanted == *value),
            Wanted::Text(wanted) => wanted.iter().any(|wanted| wanted.matches(value, keys)),
            Wanted::TextAnyCase(wanted) => wanted.iter().any(|wanted| match wanted.literal() {
                Some(wanted) => same_any_case(wanted, value),
                None => wanted.fill(keys).is_some_and(|wanted| same_any_case(&wanted, value)),
            }),
            Wanted::Number(order, wanted) => Number::parse(value)
                .is_some_and(|value| wanted.iter().any(|wanted| order.holds(value.order(wanted)))),
            Wanted::Date(order, wanted) => instant(value)
                .is_some_and(|value| wanted.iter().any(|wanted| order.holds(value.cmp(wanted)))),
            Wanted::Bool(wanted) => boolean(value).is_ok_and(|value| {
                wanted.iter().any(|wanted| match wanted.literal() {
                    Some(wanted) => boolean(wanted) == Ok(value),
                    None => wanted.fill(keys).is_some_and(|wanted| boolean(&wanted) == Ok(value)),
                })
            }),
            Wanted::Binary(wanted) => {
                decode(value).is_some_and(|value| wanted.iter().any(|wanted| **wanted == *value))
            }
            Wanted::Ip(wanted) => value
                .parse::<IpAddr>()
                .is_ok_and(|value| wanted.iter().any(|wanted| wanted.contains(value))),
            Wanted::Arn(wanted) => {
                let target = Target::new(value);
                wanted.iter().any(|wanted| wanted.matches(&target, keys))
            }
            Wanted::Null(_) => false,
        }
    }
}

fn each<T>(
    values: &[String],
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> Result<Box<[T]>, ConditionError> {
    values
        .iter()
        .enumerate()
        .map(|(value, text)| read(text).map_err(|message| ConditionError { value, message }))
        .collect()
}

/// "The key values resolve to a null data set, such as an empty string."
fn empty(given: Given<'_>) -> bool {
    all(given, str::is_empty)
}

fn all(given: Given<'_>, mut holds: impl FnMut(&str) -> bool) -> bool {
    match given {
        Given::One(value) => holds(value),
        Given::Many(values) => values.iter().all(|value| holds(value)),
    }
}

fn wrong(value: &str, wanted: &str) -> String {
    if value.contains("${") {
        // "You can't use a policy variable with … the Numeric, Date, Boolean, Binary, IP address, or
        // Null operators."
        return format!(
            "`{}` holds a policy variable, which this operator does not take: expected {wanted}",
            value.escape_debug()
        );
    }
    format!("`{}` is not {wanted}", value.escape_debug())
}

fn text(value: &str, variables: bool, wildcards: Wildcards) -> Result<Template, String> {
    Template::new(value, variables, wildcards).map_err(|error| error.to_string())
}

fn boolean(value: &str) -> Result<bool, String> {
    if value.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(wrong(value, "`true` or `false`"))
    }
}

fn decode(value: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(value).ok()
}

fn same_any_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && one.to_lowercase() == other.to_lowercase())
}
