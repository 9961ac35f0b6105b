//! Is every need allowed, and nothing else granted?
//!
//! The check joins what a pipeline needs with the policies that some set-up really has: documents on
//! disk ([`documents`]), Terraform's plan or state ([`plan`]), or an account. Each need becomes the
//! requests that AWS would make of it, and the evaluator decides them. What is not known, such as a
//! policy whose text comes only with `terraform apply`, is said to be unknown and never assumed.
//!
//! A set-up is *sufficient* when every need is allowed, and *minimal* when taking away any action, any
//! resource or any principal of any grant denies some need, and no grant is wider than the needs that it
//! serves.

mod answer;
pub mod documents;
mod doubt;
mod opinion;
pub mod owners;
mod patch;
pub mod plan;
mod sample;
mod surplus;
mod width;

#[cfg(test)]
mod tests;

pub use opinion::{Opinion, Question, questions};
pub use patch::{Patch, Replacement};
pub use surplus::{Surplus, SurplusKind};
pub use width::Width;

use super::{Pipeline, PrincipalKind, Step};
use crate::iam::{Evaluation, Explanation, NamedPolicy, StatementRef};
use std::collections::BTreeMap;

/// The policies of a set-up, as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// What they were read from, for reports: `policies`, `plan.json`.
    pub origin: String,
    /// The roles, by the principal of the pipeline that each of them is.
    pub roles: BTreeMap<PrincipalKind, Role>,
    /// The lake bucket's policy.
    pub bucket: Attached,
    /// The lake key's policy.
    pub key: Attached,
    /// The ARNs that resources really have, by those that the pipeline gives them.
    pub actual: BTreeMap<String, String>,
    /// The texts of the documents, by name, where there are any.
    pub texts: BTreeMap<String, String>,
    /// Roles that are there and could not be read or told, and why.
    pub unread: BTreeMap<PrincipalKind, String>,
    /// The time at which requests are thought to be made.
    pub now: Option<jiff::Timestamp>,
    /// What a reader should know of how the set-up was read.
    pub notes: Vec<String>,
}

/// A role and what is attached to it.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Its inline, customer managed and AWS managed policies.
    pub identity: Vec<NamedPolicy>,
    /// Attached policies, or statements of them, that are not known and might deny, and why.
    pub unknown: Vec<String>,
    /// Statements that are not known, or not wholly, and that only allow.
    pub unknown_grants: Vec<String>,
    /// Its permissions boundary.
    pub boundary: Attached,
    /// Who may take it.
    pub trust: Attached,
}

/// A policy that may be there.
#[derive(Debug, Clone, Default)]
pub enum Attached {
    /// There is none.
    #[default]
    Absent,
    /// There is this one.
    Known(NamedPolicy),
    /// There may be one, whose text is not known, and why.
    Unknown(String),
}

/// What the check found.
#[derive(Debug, Clone)]
pub struct Check {
    /// What the policies were read from.
    pub origin: String,
    /// The texts of the documents, by name, where they are files of their own.
    pub texts: BTreeMap<String, String>,
    /// The principals that were looked at, with their roles' ARNs.
    pub roles: Vec<(PrincipalKind, String)>,
    /// The answer to each need, by principal and step.
    pub answers: Vec<Answer>,
    /// What to add to which documents, where nothing allows what is needed.
    pub patches: Vec<Patch>,
    /// What could be taken away.
    pub surplus: Vec<Surplus>,
    /// How much is granted, and how much of it is needed.
    pub widths: Vec<Width>,
    /// Statements that no need is behind and none has to be: trust, denials, key administration, and what
    /// the owners of bucket and key allow others.
    pub exempt: Vec<Exempt>,
    /// What is not known of each principal, and of its requests.
    pub unknown: Vec<(PrincipalKind, String)>,
    /// What a reader should know of how the policies were read.
    pub notes: Vec<String>,
    /// The documents that owners of existing things are to add, and that were taken as if they had.
    pub assumed: Vec<String>,
    /// How many requests IAM's own simulator was asked about.
    pub second_opinions: usize,
    /// Where the simulator and the evaluator differ.
    pub differences: Vec<String>,
}

/// Whether one need is allowed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Who needs it.
    pub principal: PrincipalKind,
    /// The step that needs it; `None`: the role has to be taken first.
    pub step: Option<Step>,
    /// The action or, where AWS documents a pattern of actions, the pattern.
    pub action: String,
    /// The resources on all of which it is needed.
    pub resources: Vec<String>,
    /// Why it is needed.
    pub reason: String,
    /// The AWS page that says so.
    pub source: String,
    /// The answer.
    pub outcome: Outcome,
}

/// The answer to a need.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// All its requests are allowed, by these statements.
    Allowed(Vec<StatementRef>),
    /// One of its requests is denied.
    Denied(Box<Denial>),
    /// What is not known here, which could allow one of its requests or deny it.
    Unknown(Vec<String>),
}

/// A request that is denied.
#[derive(Debug, Clone)]
pub struct Denial {
    /// The action of the request.
    pub action: String,
    /// The resource of the request.
    pub resource: String,
    /// What is needed, of which the resource is an example.
    pub pattern: String,
    /// The decision.
    pub evaluation: Evaluation,
    /// Why, and what would allow it; `None` when there is no such role at all.
    pub explanation: Option<Explanation>,
}

/// A statement that is outside of the question of minimality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    /// Which.
    pub statement: StatementRef,
    /// Why.
    pub why: &'static str,
}

impl Check {
    /// Asks the evaluator about every need of a pipeline, and about every grant of a set-up.
    #[must_use]
    pub fn run(pipeline: &Pipeline, setup: &Setup) -> Self {
        let requests = answer::requests(pipeline, setup);
        let mut answers = answer::trust(pipeline, setup);
        answers.extend(answer::all(pipeline, setup, &requests));
        let patches = patch::all(pipeline, setup, &requests, &answers);
        let (mut surplus, exempt) = surplus::find(pipeline, setup, &requests);
        // What is to be changed is not told to be taken away as well.
        let replaced: Vec<_> = patches.iter().flat_map(|it: &Patch| &it.replaced).collect();
        surplus.retain(|it| {
            let there = &it.statement;
            !replaced.iter().any(|it| it.document == there.document && it.index == there.index)
        });
        let mut unknown: Vec<(PrincipalKind, String)> = Vec::new();
        let attached = setup.roles.iter().flat_map(|(kind, role)| {
            let all = role.unknown.iter().chain(&role.unknown_grants);
            all.map(move |unknown| (*kind, unknown))
        });
        let open = answers.iter().filter_map(|answer| match &answer.outcome {
            Outcome::Unknown(why) => Some(why.iter().map(|unknown| (answer.principal, unknown))),
            _ => None,
        });
        for (kind, why) in attached.chain(open.flatten()) {
            if !unknown.iter().any(|(of, known)| *of == kind && known == why) {
                unknown.push((kind, why.clone()));
            }
        }
        let read = setup.roles.iter().map(|(kind, role)| (*kind, role.arn.clone()));
        let unread = setup.unread.keys().filter(|kind| !setup.roles.contains_key(kind));
        let mut roles: Vec<_> =
            read.chain(unread.map(|kind| (*kind, pipeline.role_arn(*kind)))).collect();
        roles.sort();
        Self {
            origin: setup.origin.clone(),
            texts: setup.texts.clone(),
            roles,
            answers,
            patches,
            surplus,
            widths: width::all(setup, &requests),
            exempt,
            unknown,
            notes: setup.notes.clone(),
            assumed: Vec::new(),
            second_opinions: 0,
            differences: Vec::new(),
        }
    }

    /// The needs that are denied.
    pub fn denied(&self) -> impl Iterator<Item = (&Answer, &Denial)> {
        self.answers.iter().filter_map(|answer| match &answer.outcome {
            Outcome::Denied(denial) => Some((answer, &**denial)),
            _ => None,
        })
    }

    /// How many needs hang on what is not known.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.answers.iter().filter(|a| matches!(a.outcome, Outcome::Unknown(_))).count()
    }

    /// Every need is allowed.
    #[must_use]
    pub fn sufficient(&self) -> bool {
        self.answers.iter().all(|answer| matches!(answer.outcome, Outcome::Allowed(_)))
    }

    /// Nothing can be taken away, and nothing is unknown that might grant more.
    #[must_use]
    pub fn minimal(&self) -> bool {
        self.surplus.is_empty() && self.unknown.is_empty()
    }
}
