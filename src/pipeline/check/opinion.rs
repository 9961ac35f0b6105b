//! A second opinion: what IAM's own simulator says, held against what the evaluator says.

use super::answer::{Requests, policies, question};
use super::{Attached, Check, Setup};
use crate::iam::{ContextValue, Decision, Policies, decide};
use crate::pipeline::{Pipeline, PrincipalKind};

/// What the simulator is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose policies are meant.
    pub principal: PrincipalKind,
    /// The role's ARN.
    pub role: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys and their values.
    pub context: Vec<(String, Vec<String>)>,
    /// What the evaluator says of the role's own policies and boundary.
    pub expected: bool,
}

/// What the simulator answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The question.
    pub question: Question,
    /// Whether it says that the request is allowed.
    pub allowed: bool,
}

/// The questions that the needs of a pipeline come to, each once. Resource-based policies are left
/// out on both sides, since the simulator does not fetch them; for the key that means to ask as if its
/// policy left it to the roles.
#[must_use]
pub fn questions(pipeline: &Pipeline, setup: &Setup) -> Vec<Question> {
    let delegated = Setup { key: Attached::Unknown(String::new()), ..setup.clone() };
    let mut found: Vec<Question> = Vec::new();
    for Requests { need, requests } in super::answer::requests(pipeline, setup) {
        let Some(role) = setup.roles.get(&need.principal) else { continue };
        if !role.unknown.is_empty() || !role.unknown_grants.is_empty() {
            continue;
        }
        for asked in &requests {
            let Some(request) = question(pipeline, role, asked) else { continue };
            let known = policies(pipeline, &delegated, role, &asked.resource, &mut Vec::new());
            // A key's use is decided by its policy; one that leaves it to the roles is no resource
            // policy that the simulator would have to know.
            let resource = known.resource.filter(|_| asked.action.starts_with("kms:"));
            let own = Policies { resource, ..known };
            let expected = decide(&request, &own).decision == Decision::Allowed;
            let context = request
                .context
                .iter()
                .map(|(key, value)| {
                    let values = match value {
                        ContextValue::One(value) => vec![value.clone()],
                        ContextValue::Many(values) => values.clone(),
                    };
                    (key.to_owned(), values)
                })
                .collect();
            let one = Question {
                principal: need.principal,
                role: role.arn.clone(),
                action: asked.action.clone(),
                resource: asked.resource.clone(),
                context,
                expected,
            };
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

impl Check {
    /// Notes every question on which simulator and evaluator differ.
    pub fn compare(&mut self, opinions: &[Opinion]) {
        let word = |allowed: bool| if allowed { "allows" } else { "denies" };
        self.second_opinions = opinions.len();
        for opinion in opinions.iter().filter(|it| it.allowed != it.question.expected) {
            let Question { principal, action, resource, .. } = &opinion.question;
            self.differences.push(format!(
                "of `{principal}`, iam:SimulatePrincipalPolicy {} `{action}` on `{resource}`, and \
                 snaplake {} it",
                word(opinion.allowed),
                word(opinion.question.expected)
            ));
        }
    }
}
