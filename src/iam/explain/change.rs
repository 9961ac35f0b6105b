//! Changes to policies.

use crate::iam::evaluate::Layer;
use crate::iam::policy::{NamedPolicy, Policy, Statement};
use crate::iam::request::Policies;
use serde_json::{Value, json};
use std::sync::Arc;

/// A change to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The layer that the document is of.
    pub layer: Layer,
    /// The organization level, from 0, of organization policies.
    pub level: Option<usize>,
    /// The document's place in its list.
    pub place: usize,
    /// The document's name; `None` when there is no document yet and one has to be made.
    pub document: Option<String>,
    /// What to do.
    pub edit: Edit,
}

/// What to do to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Add a statement.
    Add(Statement),
    /// Put a statement in the place of another.
    Replace(usize, Statement),
    /// Take a statement away.
    Remove(usize),
}

impl Change {
    /// The change as JSON: `{"layer", "document", "edit": "add"|"replace"|"remove", "index", "statement"}`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let (edit, index, statement) = match &self.edit {
            Edit::Add(statement) => ("add", None, Some(statement)),
            Edit::Replace(index, statement) => ("replace", Some(index), Some(statement)),
            Edit::Remove(index) => ("remove", Some(index), None),
        };
        json!({
            "layer": self.layer.name(),
            "level": self.level,
            "document": self.document,
            "edit": edit,
            "index": index,
            "statement": statement.map(Statement::to_value),
        })
    }

    /// The statement to add or to put in place of another.
    #[must_use]
    pub fn statement(&self) -> Option<&Statement> {
        match &self.edit {
            Edit::Add(statement) | Edit::Replace(_, statement) => Some(statement),
            Edit::Remove(_) => None,
        }
    }

    /// The policies with the change made; `None` when they are not the ones that it is for.
    #[must_use]
    pub fn apply(&self, policies: &Policies) -> Option<Policies> {
        let mut changed = policies.clone();
        match self.layer {
            Layer::Resource => {
                changed.resource =
                    Some(self.edited(policies.resource.as_ref(), "resource_policy")?);
            }
            Layer::Session => {
                changed.session = Some(self.edited(policies.session.as_ref(), "session_policy")?);
            }
            Layer::Identity => self.in_list(&mut changed.identity)?,
            Layer::Boundary => self.in_list(&mut changed.boundaries)?,
            Layer::Endpoint => self.in_list(&mut changed.endpoint)?,
            Layer::ServiceControl => self.in_list(changed.scps.get_mut(self.level?)?)?,
            Layer::ResourceControl => self.in_list(changed.rcps.get_mut(self.level?)?)?,
            Layer::Grant
            | Layer::AccountRoot
            | Layer::Caller
            | Layer::CrossAccount
            | Layer::NoPermissionNeeded => {
                return None;
            }
        }
        Some(changed)
    }

    fn in_list(&self, list: &mut Vec<NamedPolicy>) -> Option<()> {
        let edited = self.edited(list.get(self.place), self.layer.name())?;
        match list.get_mut(self.place) {
            Some(there) => *there = edited,
            None => list.push(edited),
        }
        Some(())
    }

    fn edited(&self, document: Option<&NamedPolicy>, name: &str) -> Option<NamedPolicy> {
        let mut statements = document.map(|it| it.policy.statements().to_vec()).unwrap_or_default();
        match &self.edit {
            Edit::Add(statement) => statements.push(statement.clone()),
            Edit::Replace(index, statement) => *statements.get_mut(*index)? = statement.clone(),
            Edit::Remove(index) => {
                (*index < statements.len()).then(|| statements.remove(*index))?;
            }
        }
        let policy = match document {
            Some(document) => document.policy.with_statements(statements),
            None => Policy::new(None, statements),
        };
        let name = document.map_or_else(|| name.to_owned(), |it| it.name.clone());
        Some(NamedPolicy { name, policy: Arc::new(policy.ok()?) })
    }
}
