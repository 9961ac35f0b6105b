//! What each principal was allowed and what it used: the access log against the policies on disk.

use super::policies::FileOnDisk;
use crate::cloud::Access;
use crate::iam::{self, matches_action};
use crate::pipeline::{
    DocumentKind, Effect, Need, Pipeline, Principal, PrincipalKind, StatementPrincipal,
};
use crate::report::{Denial, GrantRow, PrincipalRow};
use serde_json::{Value, json};

/// The grants of every principal's policy, with the number of requests that each allowed.
pub(super) fn principals(
    pipeline: &Pipeline,
    files: &[FileOnDisk],
    log: &[Access],
) -> Vec<PrincipalRow> {
    let mut rows: Vec<_> = pipeline
        .principals()
        .into_iter()
        .map(|principal| {
            let grants = files
                .iter()
                .filter(|file| of(file, principal.kind))
                .flat_map(|file| grants(file, log))
                .collect();
            PrincipalRow { name: principal.kind.id().to_owned(), arn: principal.arn, grants }
        })
        .collect();
    rows.extend(files.iter().filter(|file| file.kind == DocumentKind::LogBucket).map(|file| {
        PrincipalRow {
            name: "access logs".to_owned(),
            arn: LOG_DELIVERY.to_owned(),
            grants: grants(file, log),
        }
    }));
    rows
}

/// The service that delivers server access logs; it needs no role.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>
const LOG_DELIVERY: &str = "logging.s3.amazonaws.com";

fn of(file: &FileOnDisk, kind: PrincipalKind) -> bool {
    matches!(file.kind, DocumentKind::Identity(principal) | DocumentKind::Trust(principal)
        if principal == kind)
}

/// One row for each action of each statement that allows.
fn grants(file: &FileOnDisk, log: &[Access]) -> Vec<GrantRow> {
    let exempt = matches!(file.kind, DocumentKind::Trust(_));
    file.policy
        .statements()
        .iter()
        .enumerate()
        .filter(|(_, statement)| statement.effect == iam::Effect::Allow)
        .flat_map(|(index, statement)| {
            let sid = statement.sid.clone().unwrap_or_else(|| format!("#{}", index + 1));
            statement.action.listed().iter().map(move |action| GrantRow {
                file: file.name.clone(),
                sid: sid.clone(),
                action: action.clone(),
                uses: uses(log, &file.name, index, action),
                // The rehearsal cloud has no Lake Formation that would ask for it.
                exempt: exempt || action == "lakeformation:GetDataAccess",
            })
        })
        .collect()
}

/// How many requests the statement allowed by this action.
fn uses(log: &[Access], file: &str, index: usize, action: &str) -> u64 {
    let used = log.iter().filter(|access| {
        access.allowed
            && access.statement.as_ref().is_some_and(|by| by.document == file && by.index == index)
            && matches_action(action, &access.action)
    });
    used.count() as u64
}

/// The denied requests, each once, with the statement that the model would have written.
pub(super) fn denials(pipeline: &Pipeline, log: &[Access], step: &str) -> Vec<Denial> {
    let needs = pipeline.needs();
    let mut denials: Vec<Denial> = Vec::new();
    for access in log.iter().filter(|access| !access.allowed) {
        let principal = principal(pipeline, access);
        let need =
            principal.as_ref().and_then(|principal| need(&needs, principal.kind, access, step));
        let name = principal
            .as_ref()
            .map_or_else(|| access.principal.clone(), |principal| principal.kind.id().to_owned());
        let known = denials.iter().any(|denial| {
            denial.principal == name
                && denial.action == access.action
                && denial.resource == access.resource
        });
        if known {
            continue;
        }
        let remedy = remedy(pipeline, principal.as_ref(), access);
        let reason = match need {
            Some(need) => format!("{} ({})", need.reason, need.source),
            None => remedy.reason,
        };
        denials.push(Denial {
            principal: name,
            action: access.action.clone(),
            resource: access.resource.clone(),
            step: need.map_or_else(|| step.to_owned(), |need| need.step.id().to_owned()),
            reason,
            file: remedy.file,
            statement: remedy.statement,
            message: access.message.clone().unwrap_or_default(),
        });
    }
    denials
}

/// The principal of the pipeline whose role or session made the access, or, when a role is about to
/// be taken, the one whose role it is.
fn principal(pipeline: &Pipeline, access: &Access) -> Option<Principal> {
    pipeline.principals().into_iter().find(|principal| {
        access.principal == principal.arn
            || access.principal.contains(&format!(":assumed-role/{}/", principal.name))
            || (access.action == "sts:AssumeRole" && access.resource == principal.arn)
    })
}

/// The need behind an access: the one of the step under way, else any.
fn need<'a>(
    needs: &'a [Need],
    kind: PrincipalKind,
    access: &Access,
    step: &str,
) -> Option<&'a Need> {
    let mut candidates = needs
        .iter()
        .filter(|need| need.principal == kind && matches_action(need.action, &access.action));
    let all: Vec<_> = candidates.by_ref().collect();
    all.iter().find(|need| need.step.id() == step).or_else(|| all.first()).copied()
}

/// What mends a denial.
struct Remedy {
    file: String,
    statement: String,
    /// Why the statement is there, where it says so itself.
    reason: String,
}

/// The file to change and the statement to add: the model's own statement with this action alone; what
/// the request itself says when the model has none.
fn remedy(pipeline: &Pipeline, principal: Option<&Principal>, access: &Access) -> Remedy {
    if access.message.as_deref().is_some_and(|message| message.contains(NO_RESOURCE_POLICY))
        && let Some(remedy) = owners_remedy(pipeline, principal, access)
    {
        return remedy;
    }
    for document in pipeline.documents() {
        let theirs = match (document.kind, principal) {
            (DocumentKind::Identity(kind) | DocumentKind::Trust(kind), Some(principal)) => {
                kind == principal.kind
            }
            (DocumentKind::LogBucket, None) => access.principal == LOG_DELIVERY,
            _ => false,
        };
        if !theirs {
            continue;
        }
        for mut statement in document.statements {
            statement.actions.retain(|pattern| matches_action(pattern, &access.action));
            statement.actions.truncate(1);
            if statement.effect == Effect::Allow && !statement.actions.is_empty() {
                let reason = match (statement.reason, statement.source) {
                    (Some(reason), Some(source)) => format!("{reason} ({source})"),
                    _ => String::new(),
                };
                let statement = pretty(&statement.addition().to_value());
                return Remedy { file: document.file, statement, reason };
            }
        }
    }
    let file = match principal {
        Some(principal) => format!("policies/{}.json", principal.kind.id()),
        None => "the policy of that principal".to_owned(),
    };
    let statement = json!({
        "Effect": "Allow", "Action": access.action, "Resource": access.resource,
    });
    Remedy { file, statement: pretty(&statement), reason: String::new() }
}

/// What a denial says where the policy of the resource would have to allow.
const NO_RESOURCE_POLICY: &str = "no resource-based policy allows";

/// The statement that the owner of an existing bucket or key has to add.
fn owners_remedy(
    pipeline: &Pipeline,
    principal: Option<&Principal>,
    access: &Access,
) -> Option<Remedy> {
    let kind = match access.action.split(':').next()? {
        "s3" => DocumentKind::Bucket,
        "kms" => DocumentKind::Key,
        _ => return None,
    };
    let document = pipeline.documents().into_iter().find(|document| document.kind == kind)?;
    let role = principal.map(|principal| principal.arn.clone())?;
    let mut statement = document.statements.into_iter().find(|statement| {
        let named = match &statement.principal {
            Some(StatementPrincipal::Arns(arns)) => {
                arns.contains(&role) || arns.contains(&pipeline.account_root_arn())
            }
            _ => false,
        };
        statement.effect == Effect::Allow
            && named
            && statement.actions.iter().any(|pattern| matches_action(pattern, &access.action))
    })?;
    statement.actions.retain(|pattern| matches_action(pattern, &access.action));
    let reason = statement.reason.unwrap_or_default().to_owned();
    let statement = pretty(&statement.addition().to_value());
    Some(Remedy { file: document.file, statement, reason })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
