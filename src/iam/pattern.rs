//! Wildcards and policy variables.
//!
//! `*` stands for any run of characters and `?` for one; in an ARN they keep to one of the six
//! fields, unless a star ends its field (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
//! A pattern is taken apart once, when the policy is read.

mod crossing;
mod glob;
mod template;

pub(crate) use crossing::Crossing;

use glob::Element;
pub(crate) use glob::{Glob, elements};
use template::Token;
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

    /// Whether each field is like the one between the colons of a pattern.
    fn matches_elements(&self, elements: &[Element]) -> bool {
        let mut fields = elements.splitn(6, |it| matches!(it, Element::Char(':')));
        (0..6).all(|index| match (fields.next(), self.field(index)) {
            (Some(field), Some(text)) => Glob::from_elements(field).matches(text),
            _ => false,
        })
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
    /// With variables whose values may be several fields, or all six.
    Filled(Box<[Token]>),
    /// Like one or the other.
    Either(Box<[Self; 2]>),
    /// What no ARN is like.
    Nothing,
}

impl ArnPattern {
    /// Takes a `Resource` apart.
    ///
    /// "When you specify an incomplete ARN …, AWS automatically completes the ARN by adding wildcard
    /// characters (`*`) to all missing fields"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>). "You can't use a variable to
    /// replace parts of the ARN before the fifth colon, such as the service or account"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>): it is taken for
    /// text there, which no ARN has.
    ///
    /// # Errors
    /// When it is neither `*` nor an ARN, a variable in it is not written as AWS writes them, or it has "a
    /// wildcard in the service segment"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
    pub(crate) fn of_resource(pattern: &str, variables: bool) -> Result<Self, TemplateError> {
        if pattern == "*" {
            return Ok(Self::Any);
        }
        if !pattern.starts_with("arn:") {
            return Err(TemplateError::NoArn);
        }
        let tokens = template::tokens(pattern, variables, Wildcards::Yes)?;
        let fields = template::fields(tokens.clone());
        if fields.iter().take(5).any(Template::is_open) {
            return Ok(Self::Nothing);
        }
        if fields.get(2).and_then(Template::literal).is_none() {
            return Err(TemplateError::AnyService);
        }
        if fields.len() == 6 || pattern.ends_with('*') {
            return Ok(Self::of_tokens(&tokens));
        }
        // A star within it may stand for the fields that are missing, or these may come after it.
        let mut completed = tokens.clone();
        completed.extend([Element::Char(':'), Element::Star].map(Token::Element));
        Ok(match Self::of_tokens(&tokens) {
            Self::Nothing => Self::of_tokens(&completed),
            crossing => Self::Either(Box::new([crossing, Self::of_tokens(&completed)])),
        })
    }

    fn of_tokens(tokens: &[Token]) -> Self {
        match Self::of_fields(template::fields(tokens.to_vec())) {
            Self::Headed { head, tail } => Self::Headed { head, tail },
            Self::Fields(fields) => match Crossing::new(tokens, Some(fields.clone())) {
                Some(crossing) => Self::Crossing(Box::new(crossing)),
                None => Self::Fields(fields),
            },
            other => Crossing::new(tokens, None).map_or(other, |it| Self::Crossing(Box::new(it))),
        }
    }

    /// Whether a `Resource` is an ARN of fewer than six fields that does not end in a star, which AWS completes
    /// in identity-based policies only.
    pub(crate) fn is_incomplete(resource: &str) -> bool {
        let tokens = template::tokens(resource, true, Wildcards::Yes);
        resource.starts_with("arn:")
            && !resource.ends_with('*')
            && tokens.is_ok_and(|tokens| template::fields(tokens).len() < 6)
    }

    /// Takes the value of an ARN operator apart. AWS accepts values that are no ARNs there: "each of the
    /// six colon-delimited components of the ARN is checked separately", so they match nothing; but the value of
    /// a variable may be what makes them one.
    ///
    /// # Errors
    /// When a variable in it is not written as AWS writes them.
    pub(crate) fn of_condition(pattern: &str, variables: bool) -> Result<Self, TemplateError> {
        if pattern == "*" {
            return Ok(Self::Any);
        }
        let tokens = template::tokens(pattern, variables, Wildcards::Yes)?;
        let fields = template::fields(tokens.clone());
        Ok(if fields.iter().take(5).any(Template::is_open) {
            Self::Filled(tokens.into())
        } else {
            Self::of_fields(fields)
        })
    }

    fn of_fields(fields: Vec<Template>) -> Self {
        let Ok(fields) = <[Template; 6]>::try_from(fields) else { return Self::Nothing };
        let head: Option<Vec<&str>> = fields.iter().take(5).map(Template::literal).collect();
        match head {
            Some(head) => {
                let [.., tail] = &fields;
                Self::Headed { head: format!("{}:", head.join(":")).into(), tail: tail.clone() }
            }
            None => Self::Fields(Box::new(fields)),
        }
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
            Self::Either(both) => both.iter().any(|it| it.matches(target, lookup)),
            Self::Filled(tokens) => template::filled(tokens, lookup)
                .is_some_and(|elements| target.matches_elements(&elements)),
        }
    }
}

#[cfg(test)]
mod tests;
