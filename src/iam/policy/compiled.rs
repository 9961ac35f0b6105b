//! Statements made ready to be tested.

use super::{Effect, Element, Statement};
use crate::iam::condition::{Keys, Test};
use crate::iam::pattern::{ArnPattern, Glob, Lookup, Target, TemplateError};
use crate::iam::policy::compiled::principal::PrincipalTest;
use crate::iam::request::RequestPrincipal;

mod principal;

pub(crate) use principal::{Grant, check as check_principal};

/// A statement made ready.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) effect: Effect,
    actions: Set<Glob>,
    resources: Option<Set<ArnPattern>>,
    principal: Option<PrincipalTest>,
    tests: Box<[Test]>,
}

/// A list and whether it says what is meant or what is not.
#[derive(Debug, Clone)]
struct Set<T> {
    negated: bool,
    patterns: Box<[T]>,
}

/// A request as statements see it.
pub(crate) trait Subject<'a>: Keys<'a> + Lookup<'a> {
    /// The action in lower case.
    fn action(&self) -> &str;
    /// The resource.
    fn target(&self) -> &Target<'a>;
    /// Who asks.
    fn principal(&self) -> &'a RequestPrincipal;
    /// Whether the principal has a permissions boundary.
    fn bounded(&self) -> bool;
}

impl Compiled {
    pub(crate) fn new(statement: &Statement, variables: bool) -> Result<Self, String> {
        let actions = set(&statement.action, action)?;
        let resources = match &statement.resource {
            Some(element) => Some(set(element, |text| resource(text, variables))?),
            None => None,
        };
        let principal = match &statement.principal {
            Some(element) => Some(PrincipalTest::new(element)?),
            None => None,
        };
        let tests = statement
            .conditions
            .iter()
            .map(|it| {
                Test::new(it.set, it.operator, it.if_exists, &it.key, &it.values, variables)
                    .map_err(|error| error.message)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { effect: statement.effect, actions, resources, principal, tests })
    }

    /// How the statement applies to a request, if it does: the ways differ in what can limit an
    /// allowance. A statement without principal applies to everyone whom its policy is attached to.
    #[inline]
    pub(crate) fn applies<'a>(&self, subject: &impl Subject<'a>) -> Option<Grant> {
        if !self.action_applies(subject) || !self.resource_applies(subject) {
            return None;
        }
        let grant = self.principal_applies(subject)?;
        self.tests.iter().all(|test| test.holds(subject)).then_some(grant)
    }

    pub(crate) fn action_applies<'a>(&self, subject: &impl Subject<'a>) -> bool {
        let listed = self.actions.patterns.iter().any(|pattern| pattern.matches(subject.action()));
        listed != self.actions.negated
    }

    pub(crate) fn resource_applies<'a>(&self, subject: &impl Subject<'a>) -> bool {
        let Some(resources) = &self.resources else { return true };
        let target = subject.target();
        resources.patterns.iter().any(|pattern| pattern.matches(target, subject))
            != resources.negated
    }

    /// Whether one of the statement's conditions holds, by its place.
    pub(crate) fn condition_holds<'a>(&self, index: usize, subject: &impl Subject<'a>) -> bool {
        self.tests.get(index).is_some_and(|test| test.holds(subject))
    }

    pub(crate) fn principal_applies<'a>(&self, subject: &impl Subject<'a>) -> Option<Grant> {
        match &self.principal {
            None => Some(Grant::Direct),
            Some(test) => test.applies(subject.principal(), self.effect, subject.bounded()),
        }
    }
}

fn set<T>(
    element: &Element<Vec<String>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Set<T>, String> {
    let patterns = element.listed().iter().map(|text| read(text)).collect::<Result<_, _>>()?;
    Ok(Set { negated: element.negated(), patterns })
}

/// "The `Action` … names are case insensitive": patterns are kept in lower case.
pub(crate) fn action(text: &str) -> Result<Glob, String> {
    let named = text.split_once(':').is_some_and(|(service, name)| {
        let service_characters =
            |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '*' | '?' | '_' | '.');
        !service.is_empty()
            && !name.is_empty()
            && service.chars().all(service_characters)
            && !name.contains(':')
            && !name.contains(char::is_whitespace)
    });
    if text != "*" && !named {
        return Err(format!("`{}` is no action", text.escape_debug()));
    }
    Ok(Glob::from_elements(&crate::iam::pattern::elements(&text.to_ascii_lowercase())))
}

/// A `Resource`'s pattern.
pub(crate) fn resource(text: &str, variables: bool) -> Result<ArnPattern, String> {
    ArnPattern::of_resource(text, variables).map_err(|error| match error {
        TemplateError::NoArn => format!("`{}` is neither an ARN nor `*`", text.escape_debug()),
        TemplateError::AnyService => {
            format!("`{}` has a wildcard where the service belongs", text.escape_debug())
        }
        other => other.to_string(),
    })
}
