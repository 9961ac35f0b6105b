//! Asking the evaluator about needs.

use super::doubt;
pub(super) use super::sample::{Asked, Requests, requests};
use super::{Answer, Attached, Denial, Outcome, Role, Setup};
use crate::iam::{
    Condition, Decision, Edit, Element, Explanation, Layer, NamedPolicy, Operator, Policies,
    Policy, Request, RequestPrincipal, Statement, StatementRef, evaluate,
};
use crate::pipeline::{Need, Pipeline, Principal, PrincipalKind, Trusted};
use std::sync::Arc;

/// The answer to every need.
pub(super) fn all(pipeline: &Pipeline, setup: &Setup, requests: &[Requests]) -> Vec<Answer> {
    requests.iter().map(|asked| answer(pipeline, setup, asked)).collect()
}

fn answer(pipeline: &Pipeline, setup: &Setup, asked: &Requests) -> Answer {
    let need = &asked.need;
    let outcome = match (setup.roles.get(&need.principal), setup.unread.get(&need.principal)) {
        (Some(role), _) => outcome(pipeline, setup, role, asked),
        (None, Some(why)) => Outcome::Unknown(vec![why.clone()]),
        (None, None) => missing(asked),
    };
    Answer {
        principal: need.principal,
        step: Some(need.step),
        action: need.action.to_owned(),
        resources: need.resources.clone(),
        reason: need.reason.to_owned(),
        source: need.source.to_owned(),
        outcome,
    }
}

/// A request that is denied whatever is not known makes the need denied; one whose answer hangs on what
/// is not known leaves it open.
fn outcome(pipeline: &Pipeline, setup: &Setup, role: &Role, asked: &Requests) -> Outcome {
    let mut statements: Vec<StatementRef> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for request in &asked.requests {
        let Some(question) = question(pipeline, role, request) else { return missing(asked) };
        let mut unknown = Vec::new();
        let known = policies(pipeline, setup, role, &request.resource, &mut unknown);
        unknown.extend(role.unknown.iter().cloned());
        let sure = evaluate(&question, &doubt::at_worst(&question, &known));
        if sure.allowed() && unknown.is_empty() {
            let new = sure.statement.filter(|it| !statements.contains(it));
            statements.extend(new);
            continue;
        }
        let best = doubt::at_best(pipeline, setup, role, &question, &known);
        let evaluation = evaluate(&question, &best);
        if evaluation.allowed() {
            let before = open.len();
            if !sure.allowed() {
                open.extend(role.unknown_grants.iter().cloned());
                open.extend(doubt::keys(&question, &known));
            }
            open.extend(unknown);
            if open.len() == before {
                // What is not sure is never taken for allowed, whether or not it can be named.
                open.push("what the request carries decides, and is not known here".to_owned());
            }
            continue;
        }
        let mut explanation = evaluation.explain(&question, &best);
        as_needed(&mut explanation, &asked.need, request);
        return Outcome::Denied(Box::new(Denial {
            action: request.action.clone(),
            resource: request.resource.clone(),
            pattern: request.pattern.clone(),
            evaluation,
            explanation: Some(explanation),
        }));
    }
    if open.is_empty() {
        return Outcome::Allowed(statements);
    }
    open.sort();
    open.dedup();
    Outcome::Unknown(open)
}

/// What is proposed for one request of a need, for all that it stands for.
fn as_needed(explanation: &mut Explanation, need: &Need, asked: &Asked) {
    let wide = |statement: &mut Statement| {
        if let Some(Element::Only(listed) | Element::AllBut(listed)) = &mut statement.resource {
            for resource in listed.iter_mut().filter(|it| **it == asked.resource) {
                resource.clone_from(&asked.pattern);
            }
        }
    };
    for change in &mut explanation.changes {
        match &mut change.edit {
            Edit::Add(statement) => {
                wide(statement);
                statement.action = Element::Only(vec![need.action.to_owned()]);
                for limit in &need.limits {
                    let Some((set, operator, if_exists)) = Operator::parse(limit.operator) else {
                        continue;
                    };
                    let (key, values) = (limit.key.to_owned(), limit.values.clone());
                    statement.conditions.push(Condition { set, operator, if_exists, key, values });
                }
            }
            Edit::Replace(_, statement) => wide(statement),
            Edit::Remove(_) => {}
        }
    }
}

/// There is no role of whom one could ask.
fn missing(asked: &Requests) -> Outcome {
    let first = asked.requests.first();
    Outcome::Denied(Box::new(Denial {
        action: first.map_or_else(|| asked.need.action.to_owned(), |it| it.action.clone()),
        resource: first.map(|it| it.resource.clone()).unwrap_or_default(),
        pattern: first.map(|it| it.pattern.clone()).unwrap_or_default(),
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
    if in_bucket(pipeline, &asked.resource) {
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

/// Whether a resource is the bucket or in it.
pub(super) fn in_bucket(pipeline: &Pipeline, resource: &str) -> bool {
    let rest = resource.strip_prefix(&pipeline.bucket_arn());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a resource is the lake's key.
pub(super) fn of_key(pipeline: &Pipeline, setup: &Setup, resource: &str) -> bool {
    let key = pipeline.key_arn();
    resource == setup.actual.get(&key).unwrap_or(&key)
}

/// The policies that have a say in a role's request on a resource, as far as they are known, and which of
/// them are not.
pub(super) fn policies(
    pipeline: &Pipeline,
    setup: &Setup,
    role: &Role,
    resource: &str,
    unknown: &mut Vec<String>,
) -> Policies {
    let resource_policy = if in_bucket(pipeline, resource) {
        if let Attached::Unknown(why) = &setup.bucket {
            unknown.push(format!("the bucket's policy: {why}"));
        }
        known(&setup.bucket)
    } else if of_key(pipeline, setup, resource) {
        match &setup.key {
            // A key that nothing is known of is one that leaves the decision to the roles' policies.
            Attached::Unknown(why) => {
                unknown.push(format!("the key's policy: {why}"));
                delegating(pipeline)
            }
            key => known(key),
        }
    } else {
        None
    };
    if let Attached::Unknown(why) = &role.boundary {
        unknown.push(format!("the permissions boundary: {why}"));
    }
    Policies {
        identity: role.identity.clone(),
        resource: resource_policy,
        boundaries: known(&role.boundary).into_iter().collect(),
        ..Policies::default()
    }
}

fn known(attached: &Attached) -> Option<NamedPolicy> {
    match attached {
        Attached::Known(policy) => Some(policy.clone()),
        Attached::Absent | Attached::Unknown(_) => None,
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
        let whom = match &principal.trusted {
            Trusted::Service(service) => vec![(*service).to_owned()],
            Trusted::Arns(arns) => arns.clone(),
        };
        let unread = setup.unread.get(&principal.kind).map(|why| Role {
            arn: principal.arn.clone(),
            trust: Attached::Unknown(why.clone()),
            ..Role::default()
        });
        let Some(role) = setup.roles.get(&principal.kind).or(unread.as_ref()) else { continue };
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
    let sure = doubt::at_worst(&request, &policies);
    if evaluate(&request, &sure).allowed() {
        return Outcome::Allowed(trusting(trust, &request, &policies).into_iter().collect());
    }
    let best = doubt::at_best_of_known(&request, &policies);
    let evaluation = evaluate(&request, &best);
    if evaluation.allowed() {
        return Outcome::Unknown(doubt::keys(&request, &policies));
    }
    Outcome::Denied(Box::new(Denial {
        action: request.action.clone(),
        resource: role.arn.clone(),
        pattern: role.arn.clone(),
        explanation: Some(evaluation.explain(&request, &best)),
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
