//! Policy documents.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod compiled;
mod error;
mod kind;
mod parse;
mod print;

pub(crate) use compiled::{Compiled, Grant, Subject};
pub use error::{PolicyError, PolicyErrors};
pub(crate) use kind::Kind;

use super::condition::{Operator, SetOperator};
use std::sync::Arc;

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `2008-10-17`, also where a document names none: `${aws:username}` is plain text there.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Element<T> {
    /// What is listed, and nothing else.
    Only(T),
    /// Everything but what is listed.
    AllBut(T),
}

impl<T> Element<T> {
    /// What is listed.
    pub fn listed(&self) -> &T {
        match self {
            Self::Only(listed) | Self::AllBut(listed) => listed,
        }
    }

    /// Whether it is the `Not…` form.
    pub fn negated(&self) -> bool {
        matches!(self, Self::AllBut(_))
    }
}

/// Who a statement of a resource-based policy is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Principals {
    /// `"*"` in place of an object.
    pub everyone: bool,
    /// Accounts, users, roles, sessions, or `*`.
    pub aws: Vec<String>,
    /// Services, such as `glue.amazonaws.com`.
    pub service: Vec<String>,
    /// Identity providers.
    pub federated: Vec<String>,
    /// Canonical user ids of S3.
    pub canonical_user: Vec<String>,
}

/// One operator and key of a condition block, and the values any of which will do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// `ForAllValues:` or `ForAnyValue:`, if any.
    pub set: Option<SetOperator>,
    /// The operator.
    pub operator: Operator,
    /// Whether the operator's name ends in `IfExists`.
    pub if_exists: bool,
    /// The key as it is written; its case does not matter.
    pub key: String,
    /// The values; booleans and numbers as they were written.
    pub values: Vec<String>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statement {
    /// Its id, if it has one.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// Who it is about; only in resource-based, trust, endpoint and resource control policies.
    pub principal: Option<Element<Principals>>,
    /// The actions.
    pub action: Element<Vec<String>>,
    /// The resources; trust policies have none.
    pub resource: Option<Element<Vec<String>>>,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
}

/// A policy document, checked and ready for evaluation.
#[derive(Debug, Clone)]
pub struct Policy {
    version: Option<Version>,
    id: Option<String>,
    statements: Vec<Statement>,
    compiled: Vec<Compiled>,
}

/// Two policies are equal when they say the same in the same words.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.id == other.id && self.statements == other.statements
    }
}

impl Eq for Policy {}

/// A policy and the name that answers call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPolicy {
    /// The name, such as a file's or an ARN.
    pub name: String,
    /// The document.
    pub policy: Arc<Policy>,
}

impl NamedPolicy {
    /// Names a policy.
    pub fn new(name: impl Into<String>, policy: impl Into<Arc<Policy>>) -> Self {
        Self { name: name.into(), policy: policy.into() }
    }
}

impl Policy {
    /// Reads a document and reports everything that is wrong with it.
    ///
    /// # Errors
    /// When the text is no JSON, or has duplicate keys, elements or operators that the language does
    /// not know, values of the wrong type, or more characters than any AWS policy may have.
    pub fn parse(text: &str) -> Result<Self, PolicyErrors> {
        parse::parse(text)
    }

    /// Puts a policy of version 2012-10-17 together.
    ///
    /// # Errors
    /// When a statement says what AWS would not take; places are all line 1, column 1.
    pub fn new(id: Option<String>, statements: Vec<Statement>) -> Result<Self, PolicyErrors> {
        Self::assemble(Some(Version::V2012), id, statements).map_err(unplaced)
    }

    fn assemble(
        version: Option<Version>,
        id: Option<String>,
        statements: Vec<Statement>,
    ) -> Result<Self, String> {
        let variables = version == Some(Version::V2012);
        let compiled = statements
            .iter()
            .map(|statement| Compiled::new(statement, variables))
            .collect::<Result<_, _>>()?;
        Ok(Self { version, id, statements, compiled })
    }

    /// The same document with other statements.
    ///
    /// # Errors
    /// When a statement says what AWS would not take.
    pub fn with_statements(&self, statements: Vec<Statement>) -> Result<Self, PolicyErrors> {
        Self::assemble(self.version, self.id.clone(), statements).map_err(unplaced)
    }

    /// The version, 2008-10-17 where the document names none.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version.unwrap_or(Version::V2008)
    }

    /// The document's id, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements in the document's order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(crate) fn compiled(&self) -> &[Compiled] {
        &self.compiled
    }

    /// The document as JSON, indented by two, elements in the order of AWS's grammar. Reading it
    /// again gives an equal policy.
    #[must_use]
    pub fn to_json(&self) -> String {
        print::policy(self)
    }
}

/// An error of a document that was never text.
fn unplaced(message: String) -> PolicyErrors {
    PolicyErrors::at_start(message, None)
}

impl Statement {
    /// The statement as JSON.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        print::statement(self)
    }
}

impl Condition {
    /// The operator with its set operator and `IfExists`, as policies write it.
    #[must_use]
    pub fn operator_name(&self) -> String {
        let set = match self.set {
            None => "",
            Some(SetOperator::ForAllValues) => "ForAllValues:",
            Some(SetOperator::ForAnyValue) => "ForAnyValue:",
        };
        format!("{set}{}{}", self.operator, if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests;
