//! Patterns that may hold policy variables.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::glob::{self, Element, Glob};

/// Where the values of policy variables come from.
pub(crate) trait Lookup<'a> {
    /// The single value of a context key, given in lower case; `None` when the request has none
    /// or several.
    fn single(&self, key: &str) -> Option<&'a str>;
}

/// Whether `*` and `?` are wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    /// They are: `Resource`, `StringLike`, the ARN operators.
    Yes,
    /// They stand for themselves: `StringEquals`.
    No,
}

/// A pattern that AWS would not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("neither an ARN nor `*`")]
    NoArn,
    #[error("a wildcard where the service belongs")]
    AnyService,
    #[error("the policy variable that starts with `{}` is not closed", .0.escape_debug())]
    Open(String),
    #[error("`{}` is no policy variable", .0.escape_debug())]
    Variable(String),
}

/// A pattern: fixed, or with variables that each request fills.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    Fixed(Glob),
    Open(Box<[Token]>),
}

#[derive(Debug, Clone)]
pub(crate) enum Token {
    Element(Element),
    Variable { key: Box<str>, default: Option<Box<str>> },
}

impl Template {
    pub(crate) fn new(
        pattern: &str,
        variables: bool,
        wildcards: Wildcards,
    ) -> Result<Self, TemplateError> {
        Ok(Self::from_tokens(tokens(pattern, variables, wildcards)?))
    }

    fn from_tokens(tokens: Vec<Token>) -> Self {
        let fixed: Option<Vec<Element>> = tokens
            .iter()
            .map(|token| match token {
                Token::Element(element) => Some(*element),
                Token::Variable { .. } => None,
            })
            .collect();
        match fixed {
            Some(elements) => Self::Fixed(Glob::from_elements(&elements)),
            None => Self::Open(tokens.into()),
        }
    }

    /// Whether it holds variables.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// The text that it stands for in every request, when it stands for one only.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Fixed(glob) => glob.literal(),
            Self::Open(_) => None,
        }
    }

    #[inline]
    pub(crate) fn matches<'a>(&self, text: &str, lookup: &impl Lookup<'a>) -> bool {
        match self {
            Self::Fixed(glob) => glob.matches(text),
            Self::Open(tokens) => open_matches(tokens, text, lookup),
        }
    }

    /// The text that it stands for in this request; `None` when a variable has no value.
    pub(crate) fn fill<'a>(&self, lookup: &impl Lookup<'a>) -> Option<String> {
        match self {
            Self::Fixed(glob) => glob.literal().map(str::to_owned),
            Self::Open(tokens) => {
                let mut text = String::new();
                for token in tokens {
                    match token {
                        Token::Element(Element::Char(character)) => text.push(*character),
                        Token::Element(_) => return None,
                        Token::Variable { .. } => text.push_str(value(token, lookup)?),
                    }
                }
                Some(text)
            }
        }
    }
}

pub(super) fn value<'v, 'a: 'v>(token: &'v Token, lookup: &impl Lookup<'a>) -> Option<&'v str> {
    match token {
        Token::Variable { key, default } => lookup.single(key).or(default.as_deref()),
        Token::Element(_) => None,
    }
}

/// "When policy variables reference a condition key that doesn't exist in the authorization context
/// of a request, the value is effectively null. There is no equal or like value."
fn open_matches<'a>(tokens: &[Token], text: &str, lookup: &impl Lookup<'a>) -> bool {
    // What stands before the first wildcard is compared in place: most requests fail there.
    let mut rest = text;
    let mut left = tokens;
    while let [token, after @ ..] = left {
        let stripped = match token {
            Token::Element(Element::Char(character)) => rest.strip_prefix(*character),
            Token::Element(_) => break,
            Token::Variable { .. } => {
                value(token, lookup).and_then(|value| rest.strip_prefix(value))
            }
        };
        match stripped {
            Some(stripped) => rest = stripped,
            None => return false,
        }
        left = after;
    }
    match left {
        [] => return rest.is_empty(),
        [Token::Element(Element::Star)] => return true,
        _ => {}
    }
    filled(left, lookup).is_some_and(|elements| Glob::from_elements(&elements).matches(rest))
}

/// What tokens stand for in this request; `None` when a variable has no value. A value's own `*` and `?` are
/// text, not wildcards.
pub(super) fn filled<'a>(tokens: &[Token], lookup: &impl Lookup<'a>) -> Option<Vec<Element>> {
    let mut elements = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Element(element) => elements.push(*element),
            Token::Variable { .. } => {
                elements.extend(value(token, lookup)?.chars().map(Element::Char));
            }
        }
    }
    Some(elements)
}

/// The fields of an ARN pattern: cut at the first five colons that no variable holds.
pub(super) fn fields(tokens: Vec<Token>) -> Vec<Template> {
    let mut fields = vec![Vec::new()];
    for token in tokens {
        let full = fields.len() == 6;
        match token {
            Token::Element(Element::Char(':')) if !full => fields.push(Vec::new()),
            token => {
                if let Some(field) = fields.last_mut() {
                    field.push(token);
                }
            }
        }
    }
    fields.into_iter().map(Template::from_tokens).collect()
}

pub(super) fn tokens(
    pattern: &str,
    variables: bool,
    wildcards: Wildcards,
) -> Result<Vec<Token>, TemplateError> {
    let plain = |text: &str| -> Vec<Token> {
        match wildcards {
            Wildcards::Yes => glob::elements(text).into_iter().map(Token::Element).collect(),
            Wildcards::No => text.chars().map(|it| Token::Element(Element::Char(it))).collect(),
        }
    };
    if !variables {
        return Ok(plain(pattern));
    }
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some((before, inside)) = rest.split_once("${") {
        found.extend(plain(before));
        let (name, after) = close(inside).ok_or_else(|| {
            TemplateError::Open(format!("${{{}", inside.chars().take(40).collect::<String>()))
        })?;
        found.push(variable(name)?);
        rest = after;
    }
    found.extend(plain(rest));
    Ok(found)
}

/// Splits at the brace that closes a variable; a brace in a quoted default does not.
fn close(inside: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, character) in inside.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// `${*}`, `${?}` and `${$}` are the characters themselves; `${key, 'default'}` has a default.
fn variable(name: &str) -> Result<Token, TemplateError> {
    let wrong = || TemplateError::Variable(format!("${{{name}}}"));
    match name {
        "*" | "?" | "$" => {
            return name
                .chars()
                .next()
                .map(|it| Token::Element(Element::Char(it)))
                .ok_or_else(wrong);
        }
        _ => {}
    }
    let (key, default) = match name.split_once(',') {
        None => (name, None),
        Some((key, default)) => {
            let default = default.trim();
            let inner = default
                .strip_prefix('\'')
                .and_then(|inner| inner.strip_suffix('\''))
                .filter(|inner| !inner.contains('\''))
                .ok_or_else(wrong)?;
            (key, Some(inner.into()))
        }
    };
    // "You cannot include a space in the variable name"; a tag's key may hold one.
    if key.is_empty() || key.trim() != key || key.contains(['*', '?', '$', '{', '\'']) {
        return Err(wrong());
    }
    Ok(Token::Variable { key: key.to_ascii_lowercase().into(), default })
}
