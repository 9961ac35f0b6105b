//! Asking the evaluator about needs.

use super::{Answer, Attached, Denial, Outcome, Role, Setup};
use crate::iam::{
    Decision, Layer, NamedPolicy, Policies, Policy, Request, RequestPrincipal, StatementRef,
    evaluate, reference,
};
use crate::pipeline::{Need, Pipeline, Principal, PrincipalKind, Trusted};
use std::sync::Arc;

/// A need, and every request that it stands for: action, resource and context.
pub(super) struct Requests {
    pub(super) need: Need,
    pub(super) requests: Vec<Asked>,
}

/// A request without its principal.
pub(super) struct Asked {
    pub(super) action: String,
    pub(super) resource: String,
    context: Vec<(&'static str, String)>,
    via: Option<&'static str>,
}

/// The requests of every need. A wildcard in an action stands for every action that it matches.
/// Where a set-up's resources have other ARNs than the pipeline gives them, those are meant.
pub(super) fn requests(pipeline: &Pipeline, setup: &Setup) -> Vec<Requests> {
    pipeline
        .needs()
        .into_iter()
        .map(|mut need| {
            for resource in &mut need.resources {
                if let Some(actual) = setup.actual.get(resource) {
                    resource.clone_from(actual);
                }
            }
            let requests = need
                .examples()
                .flat_map(|example| {
                    actions(example.action).into_iter().map(move |action| Asked {
                        action,
                        resource: example.resource.clone(),
                        context: example.context.clone(),
                        via: None,
                    })
                })
                .map(|asked| Asked { via: need.via, ..asked })
                .collect();
            Requests { need, requests }
        })
        .collect()
}

/// The actions that a pattern means; of a pattern that no known action matches, itself.
fn actions(pattern: &str) -> Vec<String> {
    let meant: Vec<_> = reference::expand(pattern).iter().map(ToString::to_string).collect();
    if meant.is_empty() || !pattern.contains(['*', '?']) { vec![pattern.to_owned()] } else { meant }
}

/// The answer to every need.
pub(super) fn all(pipeline: &Pipeline, setup: &Setup, requests: &[Requests]) -> Vec<Answer> {
    requests.iter().map(|asked| answer(pipeline, setup, asked)).collect()
}

fn answer(pipeline: &Pipeline, setup: &Setup, asked: &Requests) -> Answer {
    let need = &asked.need;
    let mut caveats = Vec::new();
    let outcome = match setup.roles.get(&need.principal) {
        None => missing(asked),
        Some(role) => outcome(pipeline, setup, role, asked, &mut caveats),
    };
    if !matches!(outcome, Outcome::Allowed(_)) {
        caveats.clear();
    }
    Answer {
        principal: need.principal,
        step: Some(need.step),
        action: need.action.to_owned(),
        resources: need.resources.clone(),
        reason: need.reason.to_owned(),
        source: need.source.to_owned(),
        outcome,
        caveats,
    }
}

fn outcome(
    pipeline: &Pipeline,
    setup: &Setup,
    role: &Role,
    asked: &Requests,
    caveats: &mut Vec<String>,
) -> Outcome {
    let mut statements: Vec<StatementRef> = Vec::new();
    for request in &asked.requests {
        let policies = policies(pipeline, setup, role, &request.resource, caveats);
        let Some(question) = question(pipeline, role, request) else { return missing(asked) };
        let evaluation = evaluate(&question, &policies);
        if evaluation.decision == Decision::Allowed {
            let new = evaluation.statement.filter(|it| !statements.contains(it));
            statements.extend(new);
            continue;
        }
        // What is attached besides can allow, and can not mend what another layer denies.
        let open: Vec<_> = role.unknown.iter().chain(&role.unknown_grants).cloned().collect();
        let mendable = evaluation.decision == Decision::ImplicitlyDenied
            && evaluation.decided_by == Layer::Identity;
        if mendable && !open.is_empty() {
            return Outcome::Unknown(open);
        }
        let explanation = Some(evaluation.explain(&question, &policies));
        return Outcome::Denied(Box::new(Denial {
            action: request.action.clone(),
            resource: request.resource.clone(),
            evaluation,
            explanation,
        }));
    }
    if !role.unknown.is_empty() {
        let names = role.unknown.join("; ");
        caveats.push(format!("nothing that is not known denies it: {names}"));
    }
    caveats.sort();
    caveats.dedup();
    Outcome::Allowed(statements)
}

/// There is no role of whom one could ask.
fn missing(asked: &Requests) -> Outcome {
    let first = asked.requests.first();
    Outcome::Denied(Box::new(Denial {
        action: first.map_or_else(|| asked.need.action.to_owned(), |it| it.action.clone()),
        resource: first.map(|it| it.resource.clone()).unwrap_or_default(),
        evaluation: crate::iam::Evaluation {
            decision: Decision::ImplicitlyDenied,
            decided_by: Layer::Identity,
            statement: None,
        },
        explanation: None,
    }))
}

/// The request as AWS would see it.
pub(super) fn question(pipeline: &Pipeline, role: &Role, asked: &Asked) -> Option<Request> {
    let principal = RequestPrincipal::parse(&role.arn).ok()?;
    let mut request = Request::new(principal, asked.action.clone(), asked.resource.clone());
    // The ARN of a bucket does not say whose it is.
    let bucket = pipeline.bucket_arn();
    if asked.resource.strip_prefix(&bucket).is_some_and(|r| r.is_empty() || r.starts_with('/')) {
        request.resource_account = Some(pipeline.bucket_account().to_owned());
    }
    // All that the pipeline does goes over TLS.
    request = request.with("aws:SecureTransport", "true");
    if let Some(via) = asked.via {
        request = request
            .with("aws:ViaAWSService", "true")
            .with("aws:CalledVia", [via])
            .with("aws:CalledViaFirst", via)
            .with("aws:CalledViaLast", via);
    }
    for (key, value) in &asked.context {
        request = request.with(key, value.clone());
    }
    Some(request)
}

/// The policies that have a say in a role's request on a resource.
pub(super) fn policies(
    pipeline: &Pipeline,
    setup: &Setup,
    role: &Role,
    resource: &str,
    caveats: &mut Vec<String>,
) -> Policies {
    let bucket = pipeline.bucket_arn();
    let in_bucket =
        resource.strip_prefix(&bucket).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    let key = pipeline.key_arn();
    let of_key = resource == setup.actual.get(&key).unwrap_or(&key);
    let resource_policy = match (in_bucket, of_key) {
        (true, _) => known(&setup.bucket, caveats),
        (_, true) => match &setup.key {
            // Without the key's policy there is no telling; the rest is told as if it left the
            // decision to the roles' policies, and the reader is told so.
            Attached::Unknown(why) => {
                caveats.push(format!("the key's policy leaves it to the roles' policies: {why}"));
                delegating(pipeline)
            }
            key => known(key, caveats),
        },
        _ => None,
    };
    let boundaries = match &role.boundary {
        Attached::Absent => Vec::new(),
        Attached::Known(policy) => vec![policy.clone()],
        Attached::Unknown(why) => {
            caveats.push(format!("the permissions boundary allows it: {why}"));
            Vec::new()
        }
    };
    Policies {
        identity: role.identity.clone(),
        resource: resource_policy,
        boundaries,
        ..Policies::default()
    }
}

fn known(attached: &Attached, caveats: &mut Vec<String>) -> Option<NamedPolicy> {
    match attached {
        Attached::Known(policy) => Some(policy.clone()),
        Attached::Absent => None,
        Attached::Unknown(why) => {
            caveats.push(format!("the resource's policy does not deny it: {why}"));
            None
        }
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
fn delegating(pipeline: &Pipeline) -> Option<NamedPolicy> {
    let text = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "DelegateToAccount",
            "Effect": "Allow",
            "Principal": {"AWS": pipeline.account_root_arn()},
            "Action": "kms:*",
            "Resource": "*",
        },
    });
    let policy = Policy::parse(&text.to_string()).ok()?;
    Some(NamedPolicy::new("the key's policy (not known)", Arc::new(policy)))
}

/// Whether those whom the pipeline means can take its roles.
pub(super) fn trust(pipeline: &Pipeline, setup: &Setup) -> Vec<Answer> {
    let mut answers = Vec::new();
    for principal in pipeline.principals() {
        let Some(role) = setup.roles.get(&principal.kind) else { continue };
        let whom = match &principal.trusted {
            Trusted::Service(service) => vec![(*service).to_owned()],
            Trusted::Arns(arns) => arns.clone(),
        };
        for one in whom {
            answers.push(trusts(pipeline, &principal, role, &one));
        }
    }
    answers
}

fn trusts(pipeline: &Pipeline, principal: &Principal, role: &Role, whom: &str) -> Answer {
    let (trust, outcome) = match &role.trust {
        Attached::Unknown(why) => (None, Outcome::Unknown(vec![why.clone()])),
        Attached::Absent => (None, Outcome::Unknown(vec!["there is no trust policy".to_owned()])),
        Attached::Known(policy) => (Some(policy), Outcome::Allowed(Vec::new())),
    };
    let outcome =
        trust.map_or(outcome, |trust| assume(pipeline, principal.kind, role, trust, whom));
    Answer {
        principal: principal.kind,
        step: None,
        action: "sts:AssumeRole".to_owned(),
        resources: vec![role.arn.clone()],
        reason: format!("`{whom}` takes the role"),
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html"
            .to_owned(),
        outcome,
        caveats: Vec::new(),
    }
}

fn assume(
    pipeline: &Pipeline,
    kind: PrincipalKind,
    role: &Role,
    trust: &NamedPolicy,
    whom: &str,
) -> Outcome {
    // An account stands for whoever in it may assume roles.
    let someone = whom
        .strip_suffix(":root")
        .map_or_else(|| whom.to_owned(), |account| format!("{account}:role/someone"));
    let Ok(caller) = RequestPrincipal::parse(&someone) else {
        return Outcome::Unknown(vec![format!("`{whom}` is no principal")]);
    };
    let mut request = Request::new(caller, "sts:AssumeRole", role.arn.clone());
    if !whom.starts_with("arn:") {
        let source = match kind {
            PrincipalKind::Crawler => pipeline.crawler_arn(),
            _ => pipeline.snapshot_arn_pattern().replace('*', "x"),
        };
        request = request
            .with("aws:SourceAccount", pipeline.account.clone())
            .with("aws:SourceArn", source);
    }
    let own = r#"{"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}"#;
    let own = Policy::parse(own).map(|policy| NamedPolicy::new("the caller's own", policy));
    let policies = Policies {
        identity: own.into_iter().collect(),
        resource: Some(trust.clone()),
        ..Policies::default()
    };
    let evaluation = evaluate(&request, &policies);
    if evaluation.allowed() {
        return Outcome::Allowed(trusting(trust, &request, &policies).into_iter().collect());
    }
    Outcome::Denied(Box::new(Denial {
        action: request.action.clone(),
        resource: role.arn.clone(),
        explanation: Some(evaluation.explain(&request, &policies)),
        evaluation,
    }))
}

/// The statement of a trust policy that alone would do; the evaluator names the caller's own where
/// the role is left to the caller's account.
fn trusting(trust: &NamedPolicy, request: &Request, policies: &Policies) -> Option<StatementRef> {
    trust.policy.statements().iter().enumerate().find_map(|(index, statement)| {
        let alone = trust.policy.with_statements(vec![statement.clone()]).ok()?;
        let resource = Some(NamedPolicy::new(trust.name.clone(), alone));
        let policies = Policies { resource, ..policies.clone() };
        evaluate(request, &policies).allowed().then(|| StatementRef {
            document: trust.name.clone(),
            index,
            sid: statement.sid.clone(),
        })
    })
}
