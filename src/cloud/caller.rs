//! Under whose name something is done.

use std::sync::Arc;

/// The services of this pipeline that put themselves into `aws:CalledVia`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>).
const CALLED_VIA: [&str; 1] = ["athena.amazonaws.com"];

/// The principal under which an access happens, and what the access log and the request context
/// say of it. Made by the API handlers; whoever works for a call passes it on.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The principal: a role session's or user's ARN, or the role session under which a service acts.
    pub principal: Arc<str>,
    /// The API operation that arrived and caused this, such as `StartQueryExecution`.
    pub call: Arc<str>,
    /// The service that makes the access on the principal's behalf, such as `athena.amazonaws.com`;
    /// `None` when the principal calls itself.
    pub via: Option<Arc<str>>,
    /// The service that does this work, under a role or as its caller: whose rows of the table of
    /// service accesses explain the accesses. `None` when the principal calls itself.
    pub service: Option<Arc<str>>,
    /// The services that have passed the request on so far, first one first, as `aws:CalledVia` tells.
    pub called_via: Vec<Arc<str>>,
    /// Context keys that every access under this caller carries, such as `aws:SourceIp`.
    pub context: Arc<[(String, String)]>,
    /// The session policy of the principal's credentials, if any.
    pub session_policy: Option<Arc<str>>,
}

impl Caller {
    /// A principal that calls itself.
    #[must_use]
    pub fn new(principal: &str, call: &str) -> Self {
        Self {
            principal: principal.into(),
            call: call.into(),
            via: None,
            service: None,
            called_via: Vec::new(),
            context: [].into(),
            session_policy: None,
        }
    }

    /// The same principal, with a service acting for it (forward access session): the accesses carry
    /// `aws:ViaAWSService` and, for a service that tells, `aws:CalledVia`.
    #[must_use]
    pub fn through(&self, service: &str) -> Self {
        let mut caller = Self { via: Some(service.into()), ..self.clone() };
        if CALLED_VIA.contains(&service) {
            caller.called_via.push(service.into());
            caller.service = Some(service.into());
        }
        caller
    }
}
