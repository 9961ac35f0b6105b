//! What the account's live policies say to every need: the engine of `iam check`, over what the caller
//! may read.

use crate::aws::permissions::{self, LiveError};
use crate::aws::{AwsError, Clients};
use crate::pipeline::check::{Answer, Attached, Check as NeedCheck, Outcome, Setup};
use crate::pipeline::{Pipeline, PrincipalKind};
use crate::verify::{Check, CheckStatus};

/// Needs that a message names before it only counts.
const NAMED: usize = 3;

/// Role by role, the bucket's and the key's policy, and every need.
pub(super) async fn checks(pipeline: &Pipeline, clients: &Clients) -> Vec<Check> {
    let setup = match permissions::read(clients, pipeline).await {
        Ok(setup) => setup,
        Err(LiveError::Aws(error)) => return vec![unread(&error)],
        Err(error @ LiveError::Policy { .. }) => {
            return vec![Check::failed(
                "policies",
                "the account's policies are understood",
                "policies that the evaluator takes",
                error.to_string(),
                "`snaplake iam lint` shows what is wrong with a policy",
            )];
        }
    };
    let found = NeedCheck::run(pipeline, &setup);
    let mut checks = Vec::new();
    for principal in pipeline.principals() {
        checks.push(trust(principal.kind, &principal.name, &setup, &found));
    }
    checks.push(attached(
        "bucket-policy",
        &format!("the policy of bucket `{}` can be read", pipeline.lake.bucket),
        &setup.bucket,
    ));
    checks.push(attached("key-policy", "the policy of the lake's key can be read", &setup.key));
    for principal in pipeline.principals() {
        checks.push(needs(principal.kind, &setup, &found));
    }
    checks
}

fn unread(error: &AwsError) -> Check {
    Check::new(
        "policies",
        "every need is allowed by the account's policies",
        CheckStatus::NotComparable,
        "policies that can be read",
        error.to_string(),
        "reading them takes iam:GetRole, iam:ListRolePolicies, iam:GetRolePolicy, \
         iam:ListAttachedRolePolicies, iam:GetPolicy, iam:GetPolicyVersion, s3:GetBucketPolicy and \
         kms:GetKeyPolicy: run `snaplake doctor` once as somebody who may",
    )
}

/// Whether the role is there, and whether those may take it that have to.
fn trust(kind: PrincipalKind, name: &str, setup: &Setup, found: &NeedCheck) -> Check {
    let id = format!("role:{kind}");
    let title = format!("role `{name}` is there and trusts who takes it");
    let Some(role) = setup.roles.get(&kind) else {
        let note = setup.notes.iter().find(|note| note.contains(&format!("`{name}`")));
        let denied = note.is_some_and(|note| note.contains("AccessDenied"));
        let status = if denied { CheckStatus::NotComparable } else { CheckStatus::Failed };
        let help = if denied {
            "reading it takes iam:GetRole: run `snaplake doctor` once as somebody who may"
        } else {
            "`terraform apply` in the generated module makes it"
        };
        let found = note.cloned().unwrap_or_else(|| "no such role".to_owned());
        return Check::new(id, title, status, "a role", found, help);
    };
    let of_trust = found.answers.iter().filter(|it| it.principal == kind && it.step.is_none());
    for answer in of_trust {
        match &answer.outcome {
            Outcome::Allowed(_) => {}
            Outcome::Denied(denial) => {
                return Check::failed(
                    id,
                    title,
                    "sts:AssumeRole allowed",
                    format!("`{}` is denied on `{}`", denial.action, denial.resource),
                    "`terraform apply` in the generated module writes the trust policy; \
                     `snaplake iam check --live` shows the statement",
                );
            }
            Outcome::Unknown(why) => {
                return Check::new(
                    id,
                    title,
                    CheckStatus::NotComparable,
                    "a trust policy",
                    why.join("; "),
                    "run `snaplake doctor` once as somebody who may read it",
                );
            }
        }
    }
    Check::passed(id, title, role.arn.clone())
}

fn attached(id: &str, title: &str, policy: &Attached) -> Check {
    match policy {
        Attached::Known(policy) => {
            let statements = policy.policy.statements().len();
            Check::passed(id, title, format!("{statements} statements"))
        }
        Attached::Absent => Check::passed(id, title, "there is none"),
        Attached::Unknown(why) => Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            "a policy",
            why.clone(),
            "what it may deny is not known: run `snaplake doctor` once as somebody who may read it",
        ),
    }
}

/// Whether a principal is allowed everything that it needs.
fn needs(kind: PrincipalKind, setup: &Setup, found: &NeedCheck) -> Check {
    let id = format!("needs:{kind}");
    let title = format!("the {kind} is allowed everything that it needs");
    let mine: Vec<&Answer> = found
        .answers
        .iter()
        .filter(|answer| answer.principal == kind && answer.step.is_some())
        .collect();
    let of = format!("{} needs", mine.len());
    if !setup.roles.contains_key(&kind) {
        return Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            of,
            "the role is not known",
            "see the check of the role",
        );
    }
    let denied: Vec<String> = mine
        .iter()
        .filter_map(|answer| match &answer.outcome {
            Outcome::Denied(denial) => {
                Some(format!("`{}` on `{}`", denial.action, denial.resource))
            }
            _ => None,
        })
        .collect();
    if !denied.is_empty() {
        let mut named: Vec<String> = denied.iter().take(NAMED).cloned().collect();
        if denied.len() > NAMED {
            named.push(format!("and {} more", denied.len() - NAMED));
        }
        return Check::failed(
            id,
            title,
            of,
            format!("denied: {}", named.join(", ")),
            "`snaplake iam check --live` shows each with the statement that it lacks; `terraform \
             apply` in the generated module writes them",
        );
    }
    let unknown = mine.iter().filter(|it| matches!(it.outcome, Outcome::Unknown(_))).count();
    if unknown > 0 {
        return Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            of,
            format!("{unknown} cannot be decided"),
            "policies that cannot be read may decide them: run `snaplake doctor` once as somebody \
             who may",
        );
    }
    Check::passed(id, title, of)
}
