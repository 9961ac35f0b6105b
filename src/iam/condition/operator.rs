//! The names of the operators.

use std::fmt;

/// `ForAllValues:` or `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetOperator {
    /// Every value of the request must match; true when there is none.
    ForAllValues,
    /// One value of the request must match; false when there is none.
    ForAnyValue,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Text,
    TextAnyCase,
    TextLike,
    Number(Ordering),
    Date(Ordering),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// Which orders of the request's value and the policy's satisfy a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Ordering {
    pub(crate) fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

macro_rules! operators {
    ($($name:ident: $family:expr, $negated:literal;)*) => {
        /// A condition operator, without set operator and `IfExists`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operator {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name,)*
        }

        impl Operator {
            /// Every operator.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As policies write it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            pub(crate) fn family(self) -> Family {
                match self { $(Self::$name => $family,)* }
            }

            /// Whether it is one of the `Not` operators, which are true of an absent key.
            #[must_use]
            pub fn negated(self) -> bool {
                match self { $(Self::$name => $negated,)* }
            }
        }
    };
}

operators! {
    StringEquals: Family::Text, false;
    StringNotEquals: Family::Text, true;
    StringEqualsIgnoreCase: Family::TextAnyCase, false;
    StringNotEqualsIgnoreCase: Family::TextAnyCase, true;
    StringLike: Family::TextLike, false;
    StringNotLike: Family::TextLike, true;
    NumericEquals: Family::Number(Ordering::Equal), false;
    NumericNotEquals: Family::Number(Ordering::Equal), true;
    NumericLessThan: Family::Number(Ordering::Less), false;
    NumericLessThanEquals: Family::Number(Ordering::LessOrEqual), false;
    NumericGreaterThan: Family::Number(Ordering::Greater), false;
    NumericGreaterThanEquals: Family::Number(Ordering::GreaterOrEqual), false;
    DateEquals: Family::Date(Ordering::Equal), false;
    DateNotEquals: Family::Date(Ordering::Equal), true;
    DateLessThan: Family::Date(Ordering::Less), false;
    DateLessThanEquals: Family::Date(Ordering::LessOrEqual), false;
    DateGreaterThan: Family::Date(Ordering::Greater), false;
    DateGreaterThanEquals: Family::Date(Ordering::GreaterOrEqual), false;
    Bool: Family::Bool, false;
    BinaryEquals: Family::Binary, false;
    IpAddress: Family::Ip, false;
    NotIpAddress: Family::Ip, true;
    ArnEquals: Family::Arn, false;
    ArnLike: Family::Arn, false;
    ArnNotEquals: Family::Arn, true;
    ArnNotLike: Family::Arn, true;
    Null: Family::Null, false;
}

impl Operator {
    /// Reads an operator with its set operator and `IfExists`, as a policy writes it.
    ///
    /// Case does not matter, as IAM itself takes `stringEquals`. `None` when AWS has no such operator.
    #[must_use]
    pub fn parse(text: &str) -> Option<(Option<SetOperator>, Self, bool)> {
        let (set, rest) = match text.split_once(':') {
            None => (None, text),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetOperator::ForAllValues), rest)
            }
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetOperator::ForAnyValue), rest)
            }
            Some(_) => return None,
        };
        let named =
            |name: &str| Self::ALL.iter().copied().find(|it| it.name().eq_ignore_ascii_case(name));
        if let Some(operator) = named(rest) {
            return Some((set, operator, false));
        }
        let cut = rest.len().checked_sub("IfExists".len())?;
        let (name, suffix) = rest.split_at_checked(cut)?;
        let operator = named(name)?;
        // "You can add IfExists to the end of any condition operator name except the Null condition."
        (suffix.eq_ignore_ascii_case("IfExists") && operator != Self::Null)
            .then_some((set, operator, true))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
