//! May this principal do that? Every answer goes to the access log.
//!
//! The evaluator is [`crate::iam`]; this file gathers what it needs: the principal's policies, the
//! resource's policy, and the request context that AWS would send
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).

use super::access_log::{Access, DecidingStatement, ServiceReason};
use super::caller::Caller;
use super::clock::VirtualClock;
use super::identity::{Document, Role};
use super::service_access::explain;
use super::state::{Settings, State};
use crate::iam::{
    Context, ContextValue, Decision, Evaluation, Layer, NamedPolicy, Policies, Policy, Request,
    RequestPrincipal, evaluate,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What somebody wants to do.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    action: Cow<'static, str>,
    resource: String,
    context: Vec<(String, Vec<String>)>,
    guard: Guard,
}

/// The policy that belongs to the resource.
#[derive(Debug, Clone)]
enum Guard {
    None,
    Bucket(String),
    Key(String),
    Trust(Arc<Role>),
}

/// It may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Denied {
    /// What AWS tells the principal.
    pub(crate) message: String,
}

impl Ask {
    /// An action on a resource without a policy of its own.
    pub(crate) fn new(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
            guard: Guard::None,
        }
    }

    /// The resource is a bucket or lies in one.
    pub(crate) fn in_bucket(mut self, bucket: &str) -> Self {
        self.guard = Guard::Bucket(bucket.to_owned());
        self
    }

    /// The resource is a KMS key.
    pub(crate) fn on_key(mut self) -> Self {
        self.guard = Guard::Key(self.resource.clone());
        self
    }

    /// The resource is a role to be assumed.
    pub(crate) fn trusted_by(mut self, role: Arc<Role>) -> Self {
        self.guard = Guard::Trust(role);
        self
    }

    /// A key of the request context.
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.push((key.into(), vec![value.into()]));
        self
    }

    /// A key of the request context, when there is a value.
    pub(crate) fn with_optional(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// A multivalued key of the request context.
    pub(crate) fn with_many(mut self, key: impl Into<String>, values: Vec<String>) -> Self {
        self.context.push((key.into(), values));
        self
    }

    /// The encryption context of a KMS call
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>).
    pub(crate) fn with_encryption_context(self, pairs: &[(String, String)]) -> Self {
        if pairs.is_empty() {
            return self;
        }
        let keys = pairs.iter().map(|(key, _)| key.clone()).collect();
        pairs
            .iter()
            .fold(self, |ask, (key, value)| {
                ask.with(format!("kms:EncryptionContext:{key}"), value.as_str())
            })
            .with_many("kms:EncryptionContextKeys", keys)
    }
}

impl State {
    /// Decides, and logs the decision.
    ///
    /// # Errors
    /// [`Denied`] with AWS's message.
    pub(crate) fn authorize(&self, caller: &Caller, ask: &Ask) -> Result<(), Denied> {
        let context = context(&self.settings, &self.clock, self, caller, ask);
        let evaluated = self.evaluate(caller, ask, &context);
        let (allowed, explicit, statement, message) = match evaluated {
            Ok((evaluation, request)) => {
                let message = message(&request, &evaluation, caller);
                let statement = evaluation.statement.map(|statement| DecidingStatement {
                    document: statement.document,
                    index: statement.index,
                    sid: statement.sid,
                });
                let explicit = evaluation.decision == Decision::ExplicitlyDenied;
                (evaluation.decision == Decision::Allowed, explicit, statement, message)
            }
            Err(reason) => (false, false, None, reason),
        };
        self.log.record(Access {
            principal: caller.principal.to_string(),
            principal_role: self
                .identities()
                .role_of_session(&caller.principal)
                .map(|role| role.arn.clone()),
            action: ask.action.to_string(),
            resource: ask.resource.clone(),
            context,
            allowed,
            explicit,
            statement,
            message: (!allowed).then(|| message.clone()),
            call: caller.call.to_string(),
            via: caller.via.as_deref().map(str::to_owned),
            service: caller.service.as_deref().map(str::to_owned),
            reason: caller
                .service
                .as_deref()
                .and_then(|service| explain(service, &ask.action))
                .map(|row| ServiceReason { when: row.when, source: row.source }),
            time: self.clock.now(),
        });
        if allowed { Ok(()) } else { Err(Denied { message }) }
    }

    fn evaluate(
        &self,
        caller: &Caller,
        ask: &Ask,
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<(Evaluation, Request), String> {
        let principal =
            RequestPrincipal::parse(&caller.principal).map_err(|error| error.to_string())?;
        let context = context.iter().fold(Context::new(), |context, (key, values)| {
            let value = match values.as_slice() {
                // Keys with one value are single-valued, but for those that are lists by nature.
                [one] if !is_list(key) => ContextValue::One(one.clone()),
                many => ContextValue::Many(many.to_vec()),
            };
            context.with(key.as_str(), value)
        });
        let request = Request {
            principal,
            action: ask.action.to_string(),
            resource: ask.resource.clone(),
            resource_account: Some(self.owner(ask)),
            context,
        };
        let policies = self.policies(caller, ask)?;
        Ok((evaluate(&request, &policies), request))
    }

    /// The account that owns the resource.
    fn owner(&self, ask: &Ask) -> String {
        let elsewhere = match &ask.guard {
            Guard::Bucket(bucket) => self.buckets().owner(bucket),
            Guard::Key(arn) => arn.split(':').nth(4).map(str::to_owned),
            Guard::None | Guard::Trust(_) => None,
        };
        elsewhere.unwrap_or_else(|| self.settings.account.clone())
    }

    /// The policies of the principal and of the resource.
    fn policies(&self, caller: &Caller, ask: &Ask) -> Result<Policies, String> {
        let named = |documents: &[Document]| -> Vec<NamedPolicy> {
            documents.iter().map(|document| document.named.clone()).collect()
        };
        let identities = self.identities();
        let (identity, boundary) = if let Some(role) = identities.role_of_session(&caller.principal)
        {
            (named(&role.policies), role.boundary.clone())
        } else if let Some(user) = identities.user(&caller.principal) {
            (named(&user.policies), None)
        } else {
            (Vec::new(), None)
        };
        let resource = match &ask.guard {
            Guard::None => None,
            Guard::Bucket(name) => self.buckets().policy(name),
            Guard::Key(arn) => self.keys().policy(arn),
            Guard::Trust(role) => Some(role.trust.named.clone()),
        };
        let session = caller
            .session_policy
            .as_deref()
            .map(Policy::parse)
            .transpose()
            .map_err(|errors| errors.to_string())?
            .map(|policy| NamedPolicy::new("session policy", policy));
        Ok(Policies {
            identity,
            resource,
            session,
            grants: match &ask.guard {
                Guard::Key(arn) => self.keys().grants(arn),
                _ => Vec::new(),
            },
            boundaries: boundary.into_iter().map(|boundary| boundary.named).collect(),
            ..Policies::default()
        })
    }
}

/// The request context that AWS would send.
fn context(
    settings: &Settings,
    clock: &VirtualClock,
    state: &State,
    caller: &Caller,
    ask: &Ask,
) -> BTreeMap<String, Vec<String>> {
    let mut context = BTreeMap::new();
    let mut set = |key: &str, value: String| {
        context.insert(key.to_owned(), vec![value]);
    };
    let now = clock.now();
    set("aws:CurrentTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    set("aws:EpochTime", now.as_second().to_string());
    // The rehearsal speaks HTTP on loopback where AWS's endpoints speak TLS: the value is the one
    // that AWS would see (docs/differences-from-aws.md).
    set("aws:SecureTransport", "true".to_owned());
    set("aws:RequestedRegion", settings.region.clone());
    set("aws:ResourceAccount", state.owner(ask));
    let service = is_service(&caller.principal);
    set("aws:PrincipalIsAWSService", service.to_string());
    if service {
        set("aws:PrincipalServiceName", caller.principal.to_string());
    } else if *caller.principal != *"anonymous" {
        let identities = state.identities();
        set("aws:PrincipalAccount", settings.account.clone());
        if let Some(role) = identities.role_of_session(&caller.principal) {
            let session = caller.principal.rsplit('/').next().unwrap_or_default();
            set("aws:PrincipalArn", role.arn.clone());
            set("aws:PrincipalType", "AssumedRole".to_owned());
            set("aws:userid", format!("{}:{session}", role.id));
        } else {
            set("aws:PrincipalArn", caller.principal.to_string());
            let root = *caller.principal == *settings.root();
            set("aws:PrincipalType", if root { "Account" } else { "User" }.to_owned());
            if let Some(user) = identities.user(&caller.principal) {
                set("aws:userid", user.id.clone());
                set("aws:username", user.arn.rsplit('/').next().unwrap_or_default().to_owned());
            }
        }
    }
    set("aws:ViaAWSService", caller.via.is_some().to_string());
    if let (Some(first), Some(last)) = (caller.called_via.first(), caller.called_via.last()) {
        set("aws:CalledViaFirst", first.to_string());
        set("aws:CalledViaLast", last.to_string());
    }
    for (key, value) in caller.context.iter() {
        set(key, value.clone());
    }
    if !caller.called_via.is_empty() {
        let chain = caller.called_via.iter().map(ToString::to_string).collect();
        context.insert("aws:CalledVia".to_owned(), chain);
    }
    context.extend(ask.context.iter().cloned());
    context
}

/// Whether a principal is a service's name.
pub(crate) fn is_service(principal: &str) -> bool {
    principal.ends_with(".amazonaws.com") && !principal.starts_with("arn:")
}

/// Keys that carry a list even when it has one value
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>).
fn is_list(key: &str) -> bool {
    const LISTS: [&str; 6] = [
        "aws:CalledVia",
        "aws:TagKeys",
        "aws:PrincipalServiceNamesList",
        "kms:EncryptionContextKeys",
        "kms:GrantOperations",
        "kms:ResourceAliases",
    ];
    LISTS.iter().any(|list| list.eq_ignore_ascii_case(key))
}

/// The message of an access denied error
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
fn message(request: &Request, evaluation: &Evaluation, caller: &Caller) -> String {
    let kind = match evaluation.decided_by {
        Layer::Resource if request.action.eq_ignore_ascii_case("sts:AssumeRole") => {
            "role trust policy"
        }
        Layer::Resource => "resource-based policy",
        Layer::Session => "session policy",
        Layer::Boundary => "permissions boundary",
        Layer::ServiceControl => "service control policy",
        Layer::ResourceControl => "resource control policy",
        Layer::Endpoint => "VPC endpoint policy",
        _ => "identity-based policy",
    };
    let mut message =
        format!("User: {} is not authorized to perform: {}", caller.principal, request.action);
    if request.resource != "*" {
        message.push_str(" on resource: ");
        message.push_str(&request.resource);
    }
    // Writing to a string cannot fail.
    if evaluation.decision == Decision::ExplicitlyDenied {
        let article = if kind.starts_with('i') { "an" } else { "a" };
        let _ = write!(message, " with an explicit deny in {article} {kind}");
    } else {
        let _ = write!(message, " because no {kind} allows the {} action", request.action);
    }
    message
}
