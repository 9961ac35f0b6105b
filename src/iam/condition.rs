//! Condition operators.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! and, for several values on either side,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

mod operator;
mod test;
mod value;

pub use operator::{Operator, SetOperator};
pub(crate) use test::Test;

/// What the request says of a context key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl<'a> Given<'a> {
    /// The first value.
    pub(crate) fn first(self) -> Option<&'a str> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(values) => values.first().map(String::as_str),
        }
    }

    /// The last value.
    pub(crate) fn last(self) -> Option<&'a str> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(values) => values.last().map(String::as_str),
        }
    }
}

/// The request, as conditions and policy variables see it. Keys are given in lower case.
pub(crate) trait Keys<'a> {
    /// The value of a key; `None` when the request does not carry it.
    fn get(&self, key: &str) -> Option<Given<'a>>;
}

#[cfg(test)]
mod tests;
