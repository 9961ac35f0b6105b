//! The policy documents of a pipeline, composed from its needs.

mod resource;
mod size;
mod trust;

pub use size::TooLong;

use super::{Need, Pipeline, Principal, PrincipalKind, Step};
use crate::iam::compose::{Composed, Condition, Grant, compose, covers};
use crate::iam::{NamedPolicy, Policy, PolicyErrors};
use serde_json::{Map, Value, json};

/// What a document is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// What a principal's role may do.
    Identity(PrincipalKind),
    /// Who may take a principal's role.
    Trust(PrincipalKind),
    /// The lake bucket's policy.
    Bucket,
    /// The lake key's policy.
    Key,
    /// The policy of the bucket that takes the lake bucket's access logs.
    LogBucket,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is attached to.
    pub kind: DocumentKind,
    /// Its name among the generated files: `policies/runner.json`.
    pub file: String,
    /// Whether what it is attached to exists already: its owner adds the statements, not Terraform.
    pub by_owner: bool,
    /// Its statements, sorted by id.
    pub statements: Vec<Statement>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Allow.
    Allow,
    /// Deny.
    Deny,
}

/// Who a statement of a resource-based policy speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementPrincipal {
    /// Everybody.
    Everyone,
    /// These, by ARN.
    Arns(Vec<String>),
    /// An AWS service.
    Service(&'static str),
}

/// A statement, and why it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id, the same from one generation to the next.
    pub sid: String,
    /// Allow or deny.
    pub effect: Effect,
    /// Who it speaks of; none in a policy of a role.
    pub principal: Option<StatementPrincipal>,
    /// The actions, sorted.
    pub actions: Vec<String>,
    /// The resources, sorted; empty in a trust policy.
    pub resources: Vec<String>,
    /// The conditions: operator, key, values.
    pub conditions: Vec<Condition>,
    /// The needs that it serves; none for administration, root, trust and deny statements.
    pub needs: Vec<Need>,
    /// Why it is there, where no need says so.
    pub reason: Option<&'static str>,
    /// The AWS page that the reason comes from.
    pub source: Option<&'static str>,
}

impl Pipeline {
    /// Every policy document, in the order of their files.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        let mut documents = Vec::new();
        let needs = self.needs();
        for Principal { kind, .. } in self.principals() {
            documents.push(self.identity_document(kind, &needs));
            documents.push(trust::document(self, kind));
        }
        documents.push(resource::bucket(self));
        documents.extend(resource::log_bucket(self));
        documents.push(resource::key(self));
        documents.sort_by(|one, other| one.file.cmp(&other.file));
        documents
    }

    fn identity_document(&self, principal: PrincipalKind, needs: &[Need]) -> Document {
        let needs: Vec<&Need> = needs.iter().filter(|need| need.principal == principal).collect();
        let statements = statements(&needs);
        let by_owner = self.existing_role(principal).is_some();
        let file = file(&principal.to_string(), by_owner);
        Document { kind: DocumentKind::Identity(principal), file, by_owner, statements }
    }
}

/// The file of a document: what owners of existing things have to add lies in a folder of its own.
fn file(name: &str, by_owner: bool) -> String {
    let folder = if by_owner { "policies/owner" } else { "policies" };
    format!("{folder}/{name}.json")
}

/// The fewest statements that allow these needs, and nothing else.
pub(super) fn statements(needs: &[&Need]) -> Vec<Statement> {
    let grants: Vec<Grant> = needs.iter().map(|need| grant(need)).collect();
    let composed = compose(&grants);
    composed.into_iter().map(|composed| statement(composed, needs, &grants)).collect()
}

fn grant(need: &Need) -> Grant {
    let mut conditions: Vec<Condition> = need
        .limits
        .iter()
        .map(|limit| (limit.operator.to_owned(), limit.key.to_owned(), limit.values.clone()))
        .collect();
    conditions.sort();
    Grant {
        sid: need.sid.to_owned(),
        action: need.action.to_owned(),
        resources: need.resources.iter().cloned().collect(),
        conditions,
    }
}

/// A statement with the needs that it serves; `grants` are theirs.
fn statement(composed: Composed, needs: &[&Need], grants: &[Grant]) -> Statement {
    let serves = |wanted: &Grant| {
        composed.conditions.iter().all(|condition| wanted.conditions.contains(condition))
            && composed.actions.iter().any(|pattern| covers(pattern, &wanted.action))
            && wanted
                .resources
                .iter()
                .any(|resource| composed.resources.iter().any(|pattern| covers(pattern, resource)))
    };
    Statement {
        needs: needs
            .iter()
            .zip(grants)
            .filter(|(_, wanted)| serves(wanted))
            .map(|(need, _)| (*need).clone())
            .collect(),
        sid: composed.sid,
        effect: Effect::Allow,
        principal: None,
        actions: composed.actions,
        resources: composed.resources,
        conditions: composed.conditions,
        reason: None,
        source: None,
    }
}

impl Document {
    /// The document as JSON, indented by two, without a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!("{:#}", self.to_value())
    }

    /// The document as the evaluator reads it.
    ///
    /// # Errors
    ///
    /// The evaluator does not take it, which a pipeline that passed its checks does not come to.
    pub fn policy(&self) -> Result<Policy, PolicyErrors> {
        Policy::parse(&self.to_json())
    }

    /// The document as the evaluator reads it, under the name of its file.
    ///
    /// # Errors
    ///
    /// As [`Document::policy`].
    pub fn named_policy(&self) -> Result<NamedPolicy, PolicyErrors> {
        Ok(NamedPolicy::new(self.file.clone(), self.policy()?))
    }

    /// The document as a JSON value, its elements in the order that AWS's own examples have.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(Statement::to_value).collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

impl Statement {
    /// The statement under an id of its own, fit to be added to a document that has the statement
    /// already, with fewer actions.
    #[must_use]
    pub fn addition(mut self) -> Self {
        let what = match self.actions.as_slice() {
            [action] => action.rsplit(':').next().unwrap_or_default(),
            _ => "Missing",
        };
        self.sid.extend(what.chars().filter(char::is_ascii_alphanumeric));
        self
    }

    /// The statement as it stands in the policy of another account's bucket or key: named after the
    /// role, and for the role.
    #[must_use]
    pub(super) fn for_role(mut self, kind: PrincipalKind, arn: String) -> Self {
        let (first, rest) = kind.id().split_at(1);
        self.sid = format!("{}{rest}{}", first.to_uppercase(), self.sid);
        self.principal = Some(StatementPrincipal::Arns(vec![arn]));
        self
    }

    /// The statement as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = Map::new();
        value.insert("Sid".into(), json!(self.sid));
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        value.insert("Effect".into(), json!(effect));
        match &self.principal {
            None => {}
            Some(StatementPrincipal::Everyone) => {
                value.insert("Principal".into(), json!("*"));
            }
            Some(StatementPrincipal::Arns(arns)) => {
                value.insert("Principal".into(), json!({ "AWS": one_or_many(arns) }));
            }
            Some(StatementPrincipal::Service(service)) => {
                value.insert("Principal".into(), json!({ "Service": service }));
            }
        }
        value.insert("Action".into(), one_or_many(&self.actions));
        if !self.resources.is_empty() {
            value.insert("Resource".into(), one_or_many(&self.resources));
        }
        if !self.conditions.is_empty() {
            let mut block = Map::new();
            for (operator, key, values) in &self.conditions {
                let entry = block.entry(operator.clone()).or_insert_with(|| json!({}));
                if let Some(entry) = entry.as_object_mut() {
                    entry.insert(key.clone(), one_or_many(values));
                }
            }
            value.insert("Condition".into(), Value::Object(block));
        }
        Value::Object(value)
    }

    /// The steps that need the statement, in their order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.needs.iter().map(|need| need.step).collect();
        steps.sort();
        steps.dedup();
        steps
    }
}

fn one_or_many(values: &[String]) -> Value {
    match values {
        [one] => json!(one),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests;
