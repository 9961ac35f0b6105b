//! Deciding.
//!
//! Follows "How AWS enforcement code logic evaluates requests",
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! and "Cross-account policy evaluation logic",
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>.

mod layer;
mod special;
mod subject;

pub use layer::{Decision, Evaluation, Found, Layer, StatementRef, Verdict};
pub(crate) use subject::RequestSubject;

use super::policy::{Compiled, Effect, Grant, NamedPolicy, Subject as _};
use super::request::{Policies, PrincipalKind, Request, RequestPrincipal};

/// Decides a request.
///
/// The same as [`decide`], with an answer that owns its names.
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies) -> Evaluation {
    decide(request, policies).into()
}

/// Decides a request without allocating memory.
#[must_use]
pub fn decide<'a>(request: &'a Request, policies: &'a Policies) -> Verdict<'a> {
    let subject = RequestSubject::new(request, policies);
    if special::needs_no_permission(subject.action()) && !special::refuses(&subject) {
        return Verdict::allowed(Layer::NoPermissionNeeded, None);
    }
    match Findings::gather(&subject, policies) {
        Ok(findings) => findings.conclude(&subject, policies),
        Err((layer, denied)) => Verdict::denied(layer, denied),
    }
}

/// Whether a list of documents has a statement that allows, and none that denies.
pub(crate) fn allows<'a>(documents: &'a [NamedPolicy], subject: &RequestSubject<'a>) -> bool {
    matches!(first(documents, subject, Layer::Identity), Ok(Some(_)))
}

/// The first allowance of each layer, when no layer denies.
#[expect(clippy::struct_excessive_bools, reason = "one for each layer that only limits")]
struct Findings<'a> {
    rcps: bool,
    scps: bool,
    endpoint: bool,
    boundary: bool,
    session: bool,
    identity: Option<Found<'a>>,
    /// The strongest allowance of the resource's policy.
    resource: Option<(Grant, Found<'a>)>,
    /// The strongest allowance of a grant on the key.
    granted: Option<(Grant, Found<'a>)>,
    /// Whether the resource's policy lets the account's own policies decide.
    delegated: bool,
}

type Denial<'a> = (Layer, Found<'a>);

impl<'a> Findings<'a> {
    fn gather(subject: &RequestSubject<'a>, policies: &'a Policies) -> Result<Self, Denial<'a>> {
        let principal = subject.principal();
        let service_linked =
            matches!(principal, RequestPrincipal::Arn(arn) if arn.service_linked());
        let within_account = special::within_account(principal);
        let rcps = service_linked
            || !special::resource_controls_reach(subject)
            || levels(&policies.rcps, subject, Layer::ResourceControl)?;
        let scps = service_linked
            || !within_account
            || levels(&policies.scps, subject, Layer::ServiceControl)?;
        let (resource, delegated) = resource(subject, policies)?;
        let granted = granted(subject, policies);
        let (identity, boundary, session) = if within_account {
            (
                first(&policies.identity, subject, Layer::Identity)?,
                each(&policies.boundaries, subject, Layer::Boundary)?,
                match &policies.session {
                    Some(policy) => each(std::slice::from_ref(policy), subject, Layer::Session)?,
                    None => !special::needs_session_policy(principal),
                },
            )
        } else {
            (None, true, true)
        };
        let endpoint = each(&policies.endpoint, subject, Layer::Endpoint)?;
        Ok(Self { rcps, scps, endpoint, boundary, session, identity, resource, granted, delegated })
    }

    fn conclude(&self, subject: &RequestSubject<'a>, policies: &Policies) -> Verdict<'a> {
        // First what no policy can change.
        let principal = subject.principal();
        let root =
            matches!(principal, RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::Root);
        if root && special::refuses_root(subject.action()) {
            return Verdict::not_allowed(Layer::AccountRoot);
        }
        if special::refuses(subject) {
            return Verdict::not_allowed(Layer::Caller);
        }
        for (allowed, layer) in [
            (self.rcps, Layer::ResourceControl),
            (self.scps, Layer::ServiceControl),
            (self.endpoint, Layer::Endpoint),
        ] {
            if !allowed {
                return Verdict::not_allowed(layer);
            }
        }
        // A grant is enough, within the account and across accounts: users of another account "cannot
        // use the KMS key until you attach IAM policies …, or use grants to manage access"
        // <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
        if let Some((grant, found)) = self.granted {
            let by_grant = Verdict::allowed(Layer::Grant, Some(found));
            match grant {
                Grant::Direct => return by_grant,
                Grant::Role if self.boundary && self.session => return by_grant,
                Grant::Role | Grant::Account => {}
            }
        }
        let by_resource = match self.resource {
            Some((_, found)) => Verdict::allowed(Layer::Resource, Some(found)),
            None => Verdict::not_allowed(Layer::Resource),
        };
        if !special::within_account(principal) {
            return match self.resource {
                Some((Grant::Direct, _)) => by_resource,
                _ => Verdict::not_allowed(Layer::Resource),
            };
        }
        let by_account = self.by_account(root);
        let account_granted = matches!(self.granted, Some((Grant::Account, _)));
        if !subject.same_account() {
            if !special::crosses_accounts(subject.action()) {
                return Verdict::not_allowed(Layer::CrossAccount);
            }
            let admitted = self.resource.is_some()
                || account_granted
                || special::asks_no_resource(subject.action());
            return if admitted { by_account } else { by_resource };
        }
        // The request of a federated user is limited even where the policy names the IAM user.
        let federated = policies.session.is_some()
            && matches!(principal, RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::User);
        match self.resource {
            Some((Grant::Direct, _)) if !federated => by_resource,
            Some((Grant::Role | Grant::Direct, _)) => self.limited(by_resource),
            _ if special::resource_policy_decides(subject)
                && !self.delegated
                && !account_granted =>
            {
                Verdict::not_allowed(Layer::Resource)
            }
            _ => by_account,
        }
    }

    /// What the policies of the principal's own account say.
    fn by_account(&self, root: bool) -> Verdict<'a> {
        match self.identity {
            // The session that `sts:AssumeRoot` gives has a task policy.
            _ if root && !self.session => Verdict::not_allowed(Layer::Session),
            _ if root => Verdict::allowed(Layer::AccountRoot, None),
            Some(found) => self.limited(Verdict::allowed(Layer::Identity, Some(found))),
            None => Verdict::not_allowed(Layer::Identity),
        }
    }

    /// An allowance, where boundary and session policy allow as well.
    fn limited(&self, allowed: Verdict<'a>) -> Verdict<'a> {
        if !self.boundary {
            Verdict::not_allowed(Layer::Boundary)
        } else if !self.session {
            Verdict::not_allowed(Layer::Session)
        } else {
            allowed
        }
    }
}

fn found(policy: &NamedPolicy, index: usize) -> Found<'_> {
    let sid = policy.policy.statements().get(index).and_then(|it| it.sid.as_deref());
    Found { document: &policy.name, index, sid }
}

/// The statements of a policy that apply, with how they do.
fn applying<'a, 's>(
    policy: &'a NamedPolicy,
    subject: &'s RequestSubject<'a>,
) -> impl Iterator<Item = (usize, &'a Compiled, Grant)> + use<'a, 's> {
    let statements = policy.policy.compiled().iter().enumerate();
    statements.filter_map(|(index, it)| it.applies(subject).map(|grant| (index, it, grant)))
}

/// The first statement that allows, unless one denies.
fn first<'a>(
    documents: &'a [NamedPolicy],
    subject: &RequestSubject<'a>,
    layer: Layer,
) -> Result<Option<Found<'a>>, Denial<'a>> {
    let mut allowed = None;
    for document in documents {
        for (index, statement, _) in applying(document, subject) {
            match statement.effect {
                Effect::Deny => return Err((layer, found(document, index))),
                Effect::Allow => {
                    allowed.get_or_insert_with(|| found(document, index));
                }
            }
        }
    }
    Ok(allowed)
}

/// Whether each of the documents allows.
fn each<'a>(
    documents: &'a [NamedPolicy],
    subject: &RequestSubject<'a>,
    layer: Layer,
) -> Result<bool, Denial<'a>> {
    let mut all = true;
    for document in documents {
        all &= first(std::slice::from_ref(document), subject, layer)?.is_some();
    }
    Ok(all)
}

/// Whether each level allows; a level without policies does not.
fn levels<'a>(
    levels: &'a [Vec<NamedPolicy>],
    subject: &RequestSubject<'a>,
    layer: Layer,
) -> Result<bool, Denial<'a>> {
    let mut all = true;
    for level in levels {
        all &= first(level, subject, layer)?.is_some();
    }
    Ok(all)
}

/// The strongest allowance of the resource's policy, and whether it names the account.
fn resource<'a>(
    subject: &RequestSubject<'a>,
    policies: &'a Policies,
) -> Result<(Option<(Grant, Found<'a>)>, bool), Denial<'a>> {
    let mut best: Option<(Grant, Found<'a>)> = None;
    let mut delegated = false;
    let Some(document) = &policies.resource else { return Ok((None, false)) };
    if special::ignores_resource_policy(subject.action()) {
        return Ok((None, false));
    }
    for (index, statement, grant) in applying(document, subject) {
        match statement.effect {
            Effect::Deny if special::ignores_denial(subject) => {}
            Effect::Deny => return Err((Layer::Resource, found(document, index))),
            Effect::Allow => {
                delegated |= grant == Grant::Account;
                if best.is_none_or(|(strongest, _)| grant > strongest) {
                    best = Some((grant, found(document, index)));
                }
            }
        }
    }
    Ok((best, delegated))
}

/// The strongest allowance of the grants on the key.
fn granted<'a>(subject: &RequestSubject<'a>, policies: &'a Policies) -> Option<(Grant, Found<'a>)> {
    let grants = policies.grants.iter().enumerate().filter_map(|(index, grant)| {
        let found = Found { document: &grant.id, index, sid: None };
        special::kms_grant(grant, subject).map(|how| (how, found))
    });
    grants.max_by_key(|(how, _)| *how)
}

#[cfg(test)]
mod tests;
