//! Reads an account's policies for the permission check, and asks IAM's own simulator.
//!
//! Only reads: `iam:GetRole`, `iam:ListRolePolicies`, `iam:GetRolePolicy`, `iam:ListAttachedRolePolicies`,
//! `iam:GetPolicy`, `iam:GetPolicyVersion`, `iam:SimulatePrincipalPolicy`, `kms:DescribeKey`,
//! `kms:GetKeyPolicy`, `s3:GetBucketPolicy`. What the caller may not read stays unknown.

use super::{AwsError, Clients, Clock as _, SystemClock, failed};
use crate::iam::policy::Kind;
use crate::iam::{NamedPolicy, Policy, PolicyErrors};
use crate::pipeline::Pipeline;
use crate::pipeline::check::{Attached, Opinion, Question, Role, Setup};
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use std::collections::BTreeMap;

/// Why an account's policies cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A call failed for another reason than a missing right.
    #[error(transparent)]
    Aws(Box<AwsError>),
    /// AWS has a policy that the evaluator does not take.
    #[error("`{}` is a policy that is not understood", .name.escape_debug())]
    Policy {
        /// Its name.
        name: String,
        /// What is wrong with it.
        errors: PolicyErrors,
    },
}

impl From<Box<AwsError>> for LiveError {
    fn from(error: Box<AwsError>) -> Self {
        Self::Aws(error)
    }
}

impl From<AwsError> for LiveError {
    fn from(error: AwsError) -> Self {
        Self::Aws(Box::new(error))
    }
}

/// Reads the pipeline's roles, its bucket's and its key's policy.
///
/// # Errors
/// When a call fails for another reason than a missing right or a missing thing, and when a policy is
/// not understood.
pub async fn read(clients: &Clients, pipeline: &Pipeline) -> Result<Setup, LiveError> {
    let mut setup = Setup {
        origin: format!("account {}", pipeline.account),
        now: Some(SystemClock.now()),
        ..Setup::default()
    };
    for principal in pipeline.principals() {
        match role(clients, &principal.name).await {
            Ok(role) => {
                setup.actual.insert(principal.arn, role.arn.clone());
                setup.roles.insert(principal.kind, role);
            }
            Err(LiveError::Aws(error)) if error.is_not_found() => {
                setup.notes.push(error.to_string());
            }
            Err(LiveError::Aws(error)) if error.is_denied() => {
                setup.notes.push(error.to_string());
                setup.unread.insert(principal.kind, error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    setup.bucket = bucket(clients, &pipeline.lake.bucket).await?;
    setup.key = key(clients, pipeline, &mut setup.actual).await?;
    Ok(setup)
}

/// A policy's text that IAM sends with URL escapes.
fn parse(name: &str, text: &str, kind: Kind, escaped: bool) -> Result<NamedPolicy, LiveError> {
    let plain = if escaped { unescape(text) } else { text.to_owned() };
    Policy::parse_as(&plain, kind)
        .map(|policy| NamedPolicy::new(name, policy))
        .map_err(|errors| LiveError::Policy { name: name.to_owned(), errors })
}

/// "policy documents are URL-encoded compliant with RFC 3986"
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>).
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%')
            .then(|| after.get(..2).and_then(|code| std::str::from_utf8(code).ok()))
            .flatten()
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(code) = code {
            bytes.push(code);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What may be read, or why it may not.
fn readable<T>(answer: Result<T, AwsError>) -> Result<Result<T, String>, Box<AwsError>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(error) if error.is_denied() => Ok(Err(error.to_string())),
        Err(error) => Err(Box::new(error)),
    }
}

async fn role(clients: &Clients, name: &str) -> Result<Role, LiveError> {
    let answer = clients.iam.get_role().role_name(name).send().await;
    let answer = answer.map_err(failed("iam", "GetRole", name))?;
    let mut found = Role::default();
    let Some(described) = answer.role() else { return Ok(found) };
    described.arn().clone_into(&mut found.arn);
    if let Some(text) = described.assume_role_policy_document() {
        found.trust = Attached::Known(parse(&format!("{name} (trust)"), text, Kind::Trust, true)?);
    }
    if let Some(arn) = described.permissions_boundary().and_then(|it| it.permissions_boundary_arn())
    {
        found.boundary = match managed(clients, arn).await? {
            Ok(policy) => Attached::Known(policy),
            Err(why) => Attached::Unknown(why),
        };
    }
    inline(clients, name, &mut found).await?;
    attached(clients, name, &mut found).await?;
    Ok(found)
}

async fn inline(clients: &Clients, role: &str, found: &mut Role) -> Result<(), LiveError> {
    let mut pages = clients.iam.list_role_policies().role_name(role).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = match readable(page.map_err(failed("iam", "ListRolePolicies", role)))? {
            Ok(page) => page,
            Err(why) => {
                found.unknown.push(why);
                return Ok(());
            }
        };
        for name in page.policy_names() {
            let answer =
                clients.iam.get_role_policy().role_name(role).policy_name(name).send().await;
            let place = format!("{role}/{name}");
            match readable(answer.map_err(failed("iam", "GetRolePolicy", place.as_str())))? {
                Ok(answer) => {
                    found.identity.push(parse(
                        &place,
                        answer.policy_document(),
                        Kind::Identity,
                        true,
                    )?);
                }
                Err(why) => found.unknown.push(why),
            }
        }
    }
    Ok(())
}

async fn attached(clients: &Clients, role: &str, found: &mut Role) -> Result<(), LiveError> {
    let mut pages =
        clients.iam.list_attached_role_policies().role_name(role).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = match readable(page.map_err(failed("iam", "ListAttachedRolePolicies", role)))? {
            Ok(page) => page,
            Err(why) => {
                found.unknown.push(why);
                return Ok(());
            }
        };
        for arn in page.attached_policies().iter().filter_map(|policy| policy.policy_arn()) {
            match managed(clients, arn).await? {
                Ok(policy) => found.identity.push(policy),
                Err(why) => found.unknown.push(why),
            }
        }
    }
    Ok(())
}

/// The version of a managed policy that is in force.
async fn managed(clients: &Clients, arn: &str) -> Result<Result<NamedPolicy, String>, LiveError> {
    let answer = clients.iam.get_policy().policy_arn(arn).send().await;
    let answer = match readable(answer.map_err(failed("iam", "GetPolicy", arn)))? {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    let version = answer.policy().and_then(|policy| policy.default_version_id());
    let Some(version) = version else { return Ok(Err(format!("`{arn}` has no version"))) };
    let answer = clients.iam.get_policy_version().policy_arn(arn).version_id(version).send().await;
    match readable(answer.map_err(failed("iam", "GetPolicyVersion", arn)))? {
        Ok(answer) => {
            let text = answer.policy_version().and_then(|it| it.document()).unwrap_or_default();
            Ok(Ok(parse(arn, text, Kind::Identity, true)?))
        }
        Err(why) => Ok(Err(why)),
    }
}

async fn bucket(clients: &Clients, bucket: &str) -> Result<Attached, LiveError> {
    let answer = clients.s3.get_bucket_policy().bucket(bucket).send().await;
    match readable(answer.map_err(failed("s3", "GetBucketPolicy", bucket))) {
        Ok(Ok(answer)) => Ok(match answer.policy() {
            Some(text) => Attached::Known(parse(bucket, text, Kind::BucketOrKey, false)?),
            None => Attached::Absent,
        }),
        Ok(Err(why)) => Ok(Attached::Unknown(why)),
        Err(error) if error.has_code("NoSuchBucketPolicy") => Ok(Attached::Absent),
        Err(error) if error.is_not_found() => Ok(Attached::Unknown(error.to_string())),
        Err(error) => Err(LiveError::Aws(error)),
    }
}

async fn key(
    clients: &Clients,
    pipeline: &Pipeline,
    actual: &mut BTreeMap<String, String>,
) -> Result<Attached, LiveError> {
    let name = pipeline.key_alias().unwrap_or_else(|| pipeline.key_arn());
    let answer = clients.kms.describe_key().key_id(&name).send().await;
    let described = match readable(answer.map_err(failed("kms", "DescribeKey", name.as_str()))) {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Ok(Attached::Unknown(why)),
        Err(error) if error.is_not_found() => return Ok(Attached::Unknown(error.to_string())),
        Err(error) => return Err(LiveError::Aws(error)),
    };
    let arn = described.key_metadata().and_then(|it| it.arn()).unwrap_or(&name).to_owned();
    actual.insert(pipeline.key_arn(), arn.clone());
    let answer = clients.kms.get_key_policy().key_id(&arn).policy_name("default").send().await;
    match readable(answer.map_err(failed("kms", "GetKeyPolicy", arn.as_str())))? {
        Ok(answer) => Ok(match answer.policy() {
            Some(text) => Attached::Known(parse(&arn, text, Kind::BucketOrKey, false)?),
            None => Attached::Absent,
        }),
        Err(why) => Ok(Attached::Unknown(why)),
    }
}

/// Asks `iam:SimulatePrincipalPolicy` what a role's own policies and its boundary say to requests. It
/// does not fetch resource-based policies
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>).
///
/// # Errors
/// When a call fails.
pub async fn simulate(clients: &Clients, questions: &[Question]) -> Result<Vec<Opinion>, AwsError> {
    let mut opinions = Vec::with_capacity(questions.len());
    for question in questions {
        let mut call = clients
            .iam
            .simulate_principal_policy()
            .policy_source_arn(&question.role)
            .action_names(&question.action)
            .resource_arns(&question.resource);
        for (key, values) in &question.context {
            let kind = if matches!(key.as_str(), "aws:CurrentTime" | "aws:EpochTime") {
                ContextKeyTypeEnum::Date
            } else if values.len() == 1 {
                ContextKeyTypeEnum::String
            } else {
                ContextKeyTypeEnum::StringList
            };
            let entry = ContextEntry::builder()
                .context_key_name(key)
                .context_key_type(kind)
                .set_context_key_values(Some(values.clone()))
                .build();
            call = call.context_entries(entry);
        }
        let answer = call.send().await;
        let answer =
            answer.map_err(failed("iam", "SimulatePrincipalPolicy", question.role.as_str()))?;
        let results = answer.evaluation_results();
        let allowed = !results.is_empty()
            && results
                .iter()
                .all(|it| *it.eval_decision() == PolicyEvaluationDecisionType::Allowed);
        opinions.push(Opinion { question: question.clone(), allowed });
    }
    Ok(opinions)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_are_resolved_and_what_is_none_stays() {
        assert_eq!(unescape("%7B%22a%22%3A1%7D"), "{\"a\":1}");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz%E3%81%82"), "%zzあ");
    }
}
