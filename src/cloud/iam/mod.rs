//! AWS IAM, reading only
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>).

use super::authorize::Ask;
use super::caller::Caller;
use super::error::ApiError;
use super::identity::{Document, Role, User};
use super::protocol::page::page;
use super::protocol::query::Form;
use super::protocol::xml::Xml;
use super::state::State;
use jiff::Timestamp;
use std::fmt::Write as _;
use std::sync::Arc;

/// Answers an operation.
pub(super) fn call(
    state: &State,
    caller: &Caller,
    action: &str,
    form: &Form,
) -> Result<Xml, ApiError> {
    match action {
        "GetRole" => {
            let role = find(state, caller, "iam:GetRole", form)?;
            let mut xml = Xml::default();
            xml.nest("Role", |xml| write_listed_role(xml, &role));
            Ok(xml)
        }
        "ListRoles" => list_roles(state, caller),
        "GetAccountAuthorizationDetails" => details(state, caller, form),
        "ListRolePolicies" => {
            let role = find(state, caller, "iam:ListRolePolicies", form)?;
            let mut xml = Xml::default();
            xml.list("PolicyNames", "member", &role.policies, |xml, policy| {
                xml.escape(&policy_name(policy));
            });
            xml.text("IsTruncated", false);
            Ok(xml)
        }
        "GetRolePolicy" => {
            let role = find(state, caller, "iam:GetRolePolicy", form)?;
            let wanted = form.required("PolicyName")?;
            let policy =
                role.policies.iter().find(|policy| policy_name(policy) == wanted).ok_or_else(
                    || missing(format!("The role policy with name {wanted} cannot be found.")),
                )?;
            let mut xml = Xml::default();
            xml.text("RoleName", &role.name);
            xml.text("PolicyName", wanted);
            xml.text("PolicyDocument", encode(&policy.text));
            Ok(xml)
        }
        "ListAttachedRolePolicies" => {
            find(state, caller, "iam:ListAttachedRolePolicies", form)?;
            let mut xml = Xml::default();
            xml.nest("AttachedPolicies", |_| {});
            xml.text("IsTruncated", false);
            Ok(xml)
        }
        _ => Err(ApiError::new(
            "InvalidAction",
            format!("the rehearsal does not serve iam:{}", action.escape_debug()),
        )),
    }
}

fn missing(message: String) -> ApiError {
    ApiError::with_status(404, "NoSuchEntity", message)
}

fn find(
    state: &State,
    caller: &Caller,
    action: &'static str,
    form: &Form,
) -> Result<Arc<Role>, ApiError> {
    let name = form.required("RoleName")?;
    let found = state.identities().role(name);
    let arn = found.as_ref().map_or_else(
        || format!("arn:{}:iam::{}:role/{name}", state.settings.partition, state.settings.account),
        |role| role.arn.clone(),
    );
    state
        .authorize(caller, &Ask::new(action, arn))
        .map_err(|denied| ApiError::with_status(403, "AccessDenied", denied.message))?;
    found.ok_or_else(|| missing(format!("The role with name {name} cannot be found.")))
}

fn list_roles(state: &State, caller: &Caller) -> Result<Xml, ApiError> {
    let all = format!("arn:{}:iam::{}:role/", state.settings.partition, state.settings.account);
    state
        .authorize(caller, &Ask::new("iam:ListRoles", all))
        .map_err(|denied| ApiError::with_status(403, "AccessDenied", denied.message))?;
    let mut xml = Xml::default();
    let identities = state.identities();
    xml.list("Roles", "member", identities.roles(), |xml, role| write_listed_role(xml, role));
    xml.text("IsTruncated", false);
    Ok(xml)
}

fn write_listed_role(xml: &mut Xml, role: &Role) {
    write_role(xml, role);
    xml.text("MaxSessionDuration", 3600);
}

fn write_role(xml: &mut Xml, role: &Role) {
    xml.text("Path", &role.path);
    xml.text("RoleName", &role.name);
    xml.text("RoleId", &role.id);
    xml.text("Arn", &role.arn);
    xml.text("CreateDate", date(role.created));
    xml.text("AssumeRolePolicyDocument", encode(&role.trust.text));
}

/// Whoever has rights, with their policies. Users and roles share the pages
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>).
fn details(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    state
        .authorize(caller, &Ask::new("iam:GetAccountAuthorizationDetails", "*"))
        .map_err(|denied| ApiError::with_status(403, "AccessDenied", denied.message))?;
    let invalid = |message: String| ApiError::new("ValidationError", message);
    let filter = form.list("Filter");
    for kind in &filter {
        if !["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
            .contains(&kind.as_str())
        {
            return Err(invalid(format!("Filter has no value `{}`.", kind.escape_debug())));
        }
    }
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|one| one == kind);
    let size = match form.get("MaxItems").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 1..=1000)) => size,
        Some(_) => return Err(invalid("MaxItems must be between 1 and 1000.".to_owned())),
    };
    let identities = state.identities();
    let users = identities.users().filter(|_| wanted("User")).map(|user| Details::User(user));
    let roles = identities.roles().filter(|_| wanted("Role")).map(|role| Details::Role(role));
    let (shown, next) =
        page(users.chain(roles).collect(), form.get("Marker"), size, "ValidationError")?;
    let mut xml = Xml::default();
    let users = shown
        .iter()
        .filter_map(|one| if let Details::User(user) = one { Some(user) } else { None });
    xml.list("UserDetailList", "member", users, |xml, user| {
        xml.text("Path", &user.path);
        xml.text("UserName", &user.name);
        xml.text("UserId", &user.id);
        xml.text("Arn", &user.arn);
        xml.text("CreateDate", date(user.created));
        xml.list("UserPolicyList", "member", &user.policies, write_policy);
        xml.nest("GroupList", |_| {});
        xml.nest("AttachedManagedPolicies", |_| {});
    });
    let roles = shown
        .iter()
        .filter_map(|one| if let Details::Role(role) = one { Some(role) } else { None });
    xml.list("RoleDetailList", "member", roles, |xml, role| {
        write_role(xml, role);
        xml.nest("InstanceProfileList", |_| {});
        xml.list("RolePolicyList", "member", &role.policies, write_policy);
        xml.nest("AttachedManagedPolicies", |_| {});
    });
    xml.nest("GroupDetailList", |_| {});
    xml.nest("Policies", |_| {});
    xml.text("IsTruncated", next.is_some());
    xml.optional("Marker", next);
    Ok(xml)
}

enum Details<'a> {
    User(&'a User),
    Role(&'a Role),
}

fn write_policy(xml: &mut Xml, policy: &Document) {
    xml.text("PolicyName", policy_name(policy));
    xml.text("PolicyDocument", encode(&policy.text));
}

fn date(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// The name of a policy that may be called after its file: IAM has no `/` and no `.json`.
fn policy_name(policy: &Document) -> String {
    let name = policy.named.name.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".json").unwrap_or(name).to_owned()
}

/// Documents travel URL-encoded (RFC 3986)
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
