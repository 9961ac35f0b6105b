//! Wildcards and policy variables.
//!
//! `*` stands for any run of characters and `?` for one; in an ARN they keep to one of the six
//! fields, unless a star ends its field (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
//! A pattern is taken apart once, when the policy is read.

mod crossing;
mod glob;
mod template;

pub(crate) use crossing::Crossing;

pub(crate) use glob::{Glob, elements};
pub(crate) use template::{Lookup, Template, TemplateError, Wildcards};

/// Whether an action as a policy writes it (`s3:Get*`) stands for this action; case does not matter.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[must_use]
pub fn matches_action(pattern: &str, action: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    Glob::from_elements(&elements(&pattern)).matches(&action.to_ascii_lowercase())
}

/// The text of an ARN and where its sixth field, the resource, begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    text: &'a str,
    /// The bytes after each of the first five colons; `None` for what is no ARN.
    cuts: Option<[usize; 5]>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut cuts = [0; 5];
        let mut colons = text.bytes().enumerate().filter(|(_, byte)| *byte == b':');
        for cut in &mut cuts {
            match colons.next() {
                Some((at, _)) => *cut = at + 1,
                None => return Self { text, cuts: None },
            }
        }
        let cuts = text.starts_with("arn:").then_some(cuts);
        Self { text, cuts }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The ARN's region, which may be empty.
    pub(crate) fn region(&self) -> Option<&'a str> {
        self.field(3)
    }

    /// The ARN's account, which may be empty.
    pub(crate) fn account(&self) -> Option<&'a str> {
        self.field(4)
    }

    /// One of the six fields.
    fn field(&self, index: usize) -> Option<&'a str> {
        let cuts = self.cuts?;
        let start = if index == 0 { 0 } else { *cuts.get(index - 1)? };
        match cuts.get(index) {
            Some(next) => self.text.get(start..next - 1),
            None => self.text.get(start..),
        }
    }

    fn matches_fields<'l>(&self, fields: &[Template; 6], lookup: &impl Lookup<'l>) -> bool {
        fields
            .iter()
            .enumerate()
            .all(|(index, field)| self.field(index).is_some_and(|text| field.matches(text, lookup)))
    }

    /// Everything up to and with the fifth colon, and the rest.
    fn split(&self) -> Option<(&'a str, &'a str)> {
        self.text.split_at_checked(self.cuts?[4])
    }
}

/// A pattern for ARNs: a `Resource` or a value of an ARN operator.
#[derive(Debug, Clone)]
pub(crate) enum ArnPattern {
    /// `*`: every resource.
    Any,
    /// The first five fields have neither wildcard nor variable.
    Headed { head: Box<str>, tail: Template },
    /// Field by field.
    Fields(Box<[Template; 6]>),
    /// With stars that pass colons.
    Crossing(Box<Crossing>),
    /// What has not six fields, in a condition: no ARN is like it.
    Nothing,
}

impl ArnPattern {
    /// Takes a `Resource` apart.
    ///
    /// # Errors
    /// When it is neither `*` nor an ARN, or a variable in it is not written as AWS writes them.
    pub(crate) fn of_resource(pattern: &str, variables: bool) -> Result<Self, TemplateError> {
        if pattern == "*" {
            return Ok(Self::Any);
        }
        if !pattern.starts_with("arn:") {
            return Err(TemplateError::NoArn);
        }
        match Self::of_fields(pattern, variables)? {
            Self::Headed { head, tail } => Ok(Self::Headed { head, tail }),
            other => {
                let fields = match &other {
                    Self::Fields(fields) => Some(fields.clone()),
                    _ => None,
                };
                match (Crossing::new(pattern, variables, fields)?, other) {
                    (Some(crossing), _) => Ok(Self::Crossing(Box::new(crossing))),
                    (None, Self::Nothing) => Err(TemplateError::NoArn),
                    (None, other) => Ok(other),
                }
            }
        }
    }

    /// Takes the value of an ARN operator apart. AWS accepts values that are no ARNs there: "each of the
    /// six colon-delimited components of the ARN is checked separately", so they match nothing.
    ///
    /// # Errors
    /// When a variable in it is not written as AWS writes them.
    pub(crate) fn of_condition(pattern: &str, variables: bool) -> Result<Self, TemplateError> {
        if pattern == "*" { Ok(Self::Any) } else { Self::of_fields(pattern, variables) }
    }

    fn of_fields(pattern: &str, variables: bool) -> Result<Self, TemplateError> {
        let Ok(fields) = <[Template; 6]>::try_from(template::fields(pattern, variables)?) else {
            return Ok(Self::Nothing);
        };
        let head: Option<Vec<&str>> = fields.iter().take(5).map(Template::literal).collect();
        Ok(match head {
            Some(head) => {
                let [.., tail] = &fields;
                Self::Headed { head: format!("{}:", head.join(":")).into(), tail: tail.clone() }
            }
            None => Self::Fields(Box::new(fields)),
        })
    }

    #[inline]
    pub(crate) fn matches<'a>(&self, target: &Target<'_>, lookup: &impl Lookup<'a>) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => false,
            Self::Headed { head, tail } => target
                .split()
                .is_some_and(|(front, rest)| front == &**head && tail.matches(rest, lookup)),
            Self::Fields(fields) => target.matches_fields(fields, lookup),
            Self::Crossing(crossing) => crossing.matches(target, lookup),
        }
    }
}

#[cfg(test)]
mod tests;
