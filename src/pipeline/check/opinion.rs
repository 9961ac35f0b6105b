//! A second opinion: what IAM's own simulator says, held against what the evaluator says.

use super::answer::{Requests, policies, question};
use super::{Attached, Check, Outcome, Setup};
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
    /// The needs that it is asked for, by their places among the pipeline's.
    pub needs: Vec<usize>,
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
    let all = super::answer::requests(pipeline, setup).into_iter().enumerate();
    for (at, Requests { need, requests }) in all {
        let Some(role) = setup.roles.get(&need.principal) else { continue };
        if !role.unknown.is_empty() || !role.unknown_grants.is_empty() {
            continue;
        }
        // One example of each is enough of what is decided by two engines.
        for asked in requests.iter().filter(|it| it.plain) {
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
                needs: vec![at],
            };
            let same = |it: &&mut Question| Question { needs: vec![at], ..(**it).clone() } == one;
            match found.iter_mut().find(same) {
                Some(there) => there.needs.push(at),
                None => found.push(one),
            }
        }
    }
    found
}

impl Check {
    /// Notes every question on which simulator and evaluator differ. What AWS itself denies is not known
    /// to be allowed, whatever the evaluator says.
    pub fn compare(&mut self, opinions: &[Opinion]) {
        let word = |allowed: bool| if allowed { "allows" } else { "denies" };
        self.second_opinions = opinions.len();
        for opinion in opinions.iter().filter(|it| it.allowed != it.question.expected) {
            let Question { principal, action, resource, needs, .. } = &opinion.question;
            let difference = format!(
                "of `{principal}`, iam:SimulatePrincipalPolicy {} `{action}` on `{resource}`, and \
                 snaplake {} it",
                word(opinion.allowed),
                word(opinion.question.expected)
            );
            if !opinion.allowed {
                for at in needs {
                    self.doubt(*at, &difference);
                }
            }
            self.differences.push(difference);
        }
    }

    /// Leaves the answer to a need open that would be allowed.
    fn doubt(&mut self, need: usize, why: &str) {
        let of_needs = self.answers.iter_mut().filter(|answer| answer.step.is_some());
        if let Some(answer) = of_needs.into_iter().nth(need) {
            match &mut answer.outcome {
                Outcome::Allowed(_) => answer.outcome = Outcome::Unknown(vec![why.to_owned()]),
                Outcome::Unknown(known) => known.push(why.to_owned()),
                Outcome::Denied(_) => {}
            }
        }
    }
}
