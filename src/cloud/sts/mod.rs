//! AWS STS: who am I, and sessions of roles
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>).

use super::authorize::Ask;
use super::caller::Caller;
use super::error::ApiError;
use super::protocol::query::Form;
use super::protocol::xml::Xml;
use super::state::State;
use crate::iam::Policy;
use jiff::{SignedDuration, Timestamp};

/// Answers an operation.
pub(super) fn call(
    state: &State,
    caller: &Caller,
    action: &str,
    form: &Form,
) -> Result<Xml, ApiError> {
    match action {
        "GetCallerIdentity" => Ok(get_caller_identity(state, caller)),
        "AssumeRole" => assume_role(state, caller, form),
        _ => Err(ApiError::new(
            "InvalidAction",
            format!("the rehearsal does not serve sts:{}", action.escape_debug()),
        )),
    }
}

/// Needs no permission, and none can be taken away
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
fn get_caller_identity(state: &State, caller: &Caller) -> Xml {
    let identities = state.identities();
    let user_id = if let Some(role) = identities.role_of_session(&caller.principal) {
        format!("{}:{}", role.id, caller.principal.rsplit('/').next().unwrap_or_default())
    } else if let Some(user) = identities.user(&caller.principal) {
        user.id.clone()
    } else {
        state.settings.account.clone()
    };
    let mut xml = Xml::default();
    xml.text("Arn", &caller.principal);
    xml.text("UserId", user_id);
    xml.text("Account", &state.settings.account);
    xml
}

/// The caller must be allowed by its own policies or by the role's trust policy, as the evaluator
/// knows (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
fn assume_role(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let wanted = form.required("RoleArn")?;
    let session = form.required("RoleSessionName")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(plain) {
        return Err(ApiError::new(
            "ValidationError",
            format!(
                "1 validation error detected: Value '{}' at 'roleSessionName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
                session.escape_debug()
            ),
        ));
    }
    let seconds = match form.get("DurationSeconds").map(str::parse::<i64>) {
        None => 3600,
        Some(Ok(seconds @ 900..=43_200)) => seconds,
        Some(_) => {
            return Err(ApiError::new(
                "ValidationError",
                "1 validation error detected: Value at 'durationSeconds' failed to satisfy \
                 constraint: Member must have value between 900 and 43200",
            ));
        }
    };
    let session_policy = form.get("Policy");
    if let Some(policy) = session_policy {
        Policy::parse(policy)
            .map_err(|errors| ApiError::new("MalformedPolicyDocument", errors.to_string()))?;
    }
    let denied = |message: String| ApiError::with_status(403, "AccessDenied", message);
    // A role that does not exist cannot be told from one that trusts somebody else.
    let role = state.identities().role_by_arn(wanted).ok_or_else(|| {
        denied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            caller.principal,
            wanted.escape_debug()
        ))
    })?;
    let ask = Ask::new("sts:AssumeRole", wanted)
        .trusted_by(role.clone())
        .with("sts:RoleSessionName", session)
        .with_optional("sts:ExternalId", form.get("ExternalId"));
    state.authorize(caller, &ask).map_err(|refusal| denied(refusal.message))?;
    let expires = Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).ok();
    let credentials =
        state.identities_mut().new_session(&role, session, session_policy.map(Into::into), expires);
    let mut xml = Xml::default();
    xml.nest("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("{}:{session}", role.id));
        xml.text("Arn", &credentials.principal);
    });
    xml.nest("Credentials", |xml| {
        xml.text("AccessKeyId", &credentials.access_key_id);
        xml.text("SecretAccessKey", &credentials.secret_access_key);
        xml.optional("SessionToken", credentials.session_token.as_deref());
        xml.optional(
            "Expiration",
            expires.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        );
    });
    Ok(xml)
}
