//! Who a policy speaks of
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).

use super::checks;
use super::document::{Item, Policy, Principal, Statement, nearest};
use super::resource::PARTITIONS;
use super::{Check, Findings, PolicyKind};

const KEYS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

pub(super) fn check(policy: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings<'_>) {
    match policy.kind {
        PolicyKind::Identity => {
            for element in ["Principal", "NotPrincipal"] {
                if statement.has(element) {
                    let (span, path) = statement.place(element);
                    let message = format!("an identity-based policy takes no `{element}`");
                    let help = Some("the principal is who it is attached to".into());
                    findings.add(&checks::UNSUPPORTED_PRINCIPAL, (&span, &path), message, help);
                }
            }
            return;
        }
        PolicyKind::Scp | PolicyKind::Rcp => return,
        PolicyKind::Trust => trust(statement, findings),
        PolicyKind::Bucket | PolicyKind::Key | PolicyKind::Resource | PolicyKind::Endpoint => {}
    }
    for principal in &statement.principals {
        form(policy.kind, principal, findings);
    }
    sessions(statement, findings);
}

fn form(kind: PolicyKind, principal: &Principal<'_>, findings: &mut Findings<'_>) {
    let value = &principal.value;
    let shown = value.text.escape_debug();
    let mut report = |check: &'static Check, message: String, help: Option<String>| {
        findings.add(check, value.at(), message, help);
    };
    match principal.key {
        None if value.text == "*" => {}
        None => {
            let help = Some("write `{\"AWS\": \"…\"}` or `{\"Service\": \"…\"}`".into());
            report(&checks::INVALID_PRINCIPAL_FORMAT, format!("`{shown}` is no principal"), help);
        }
        Some("AWS") => aws(value, findings),
        Some("Service") if value.text.contains(['*', '?']) => {
            let message = format!("the service `{shown}` has a wildcard");
            report(&checks::UNSUPPORTED_WILDCARD_IN_PRINCIPAL, message, None);
        }
        Some("Service") if !is_service(value.text) => {
            let message = format!("`{shown}` is no service principal");
            let help = Some("write `service.amazonaws.com`".into());
            report(&checks::INVALID_SERVICE_PRINCIPAL_FORMAT, message, help);
        }
        Some("Federated") if kind != PolicyKind::Trust => {
            let message = format!("a {kind} takes no federated principal");
            report(&checks::FEDERATED_PRINCIPAL_NOT_SUPPORTED, message, None);
        }
        Some("Federated") if value.text.contains(['*', '?']) => {
            let message = format!("the provider `{shown}` has a wildcard");
            report(&checks::UNSUPPORTED_WILDCARD_IN_PRINCIPAL, message, None);
        }
        Some("Federated") if provider(value.text).is_none() => {
            let message = format!("`{shown}` is neither a domain nor an identity provider's ARN");
            report(&checks::INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY, message, None);
        }
        Some("Service" | "Federated" | "CanonicalUser") => {}
        Some(other) => {
            let help =
                nearest(other, KEYS.into_iter()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no kind of principal `{}`", other.escape_debug());
            report(&checks::INVALID_PRINCIPAL_KEY, message, help);
        }
    }
}

fn aws(value: &Item<'_>, findings: &mut Findings<'_>) {
    let text = value.text;
    let shown = text.escape_debug();
    let digits = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text == "*" || digits(text) || text.contains("${") {
        return;
    }
    if text.starts_with("AROA") {
        let message = format!("`{shown}` is a role's unique id, which a role made anew has not");
        let help = Some("write the role's ARN".into());
        findings.add(&checks::INVALID_ROLE_REFERENCE, value.at(), message, help);
        return;
    }
    if text.starts_with("AIDA") {
        let message = format!("`{shown}` is a user's unique id, which a user made anew has not");
        let help = Some("write the user's ARN".into());
        findings.add(&checks::INVALID_USER_REFERENCE, value.at(), message, help);
        return;
    }
    if text.contains(['*', '?']) {
        let message = format!("the principal `{shown}` has a wildcard in part of its name");
        let help = Some("name it whole, or use `*` with a condition on `aws:PrincipalArn`".into());
        findings.add(&checks::UNSUPPORTED_WILDCARD_IN_PRINCIPAL, value.at(), message, help);
        return;
    }
    let fields: Vec<_> = text.splitn(6, ':').collect();
    let good = matches!(fields.as_slice(),
        ["arn", _, service @ ("iam" | "sts"), "", account, name]
            if is_somebody(service, name) && (digits(account) || *account == "cloudfront"));
    if !good {
        let message = format!("`{shown}` is neither an account nor the ARN of a principal");
        findings.add(&checks::INVALID_PRINCIPAL_FORMAT, value.at(), message, None);
    } else if let Some(partition) = fields.get(1).filter(|name| !PARTITIONS.contains(name)) {
        let help = nearest(partition, PARTITIONS.into_iter())
            .map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no partition `{}`", partition.escape_debug());
        findings.add(&checks::INVALID_PARTITION, value.at(), message, help);
    }
}

/// Groups and instance profiles have ARNs and make no requests.
fn is_somebody(service: &str, name: &str) -> bool {
    let kinds: &[&str] = match service {
        "iam" => &["user/", "role/"],
        _ => &["assumed-role/", "federated-user/"],
    };
    (service == "iam" && name == "root")
        || kinds.iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
}

/// `service.amazonaws.com`, with a Region or a suffix of its partition where some services have one.
pub(super) fn is_service(text: &str) -> bool {
    let name = text.strip_suffix(".cn").unwrap_or(text);
    let name = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".aws.internal"));
    name.is_some_and(|name| {
        let fine =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        !name.is_empty() && name.bytes().all(fine)
    })
}

/// What kind of identity provider a federated principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Saml,
    Oidc,
}

pub(super) fn provider(text: &str) -> Option<Provider> {
    if let Some(arn) = text.strip_prefix("arn:") {
        return if arn.contains(":saml-provider/") {
            Some(Provider::Saml)
        } else if arn.contains(":oidc-provider/") {
            Some(Provider::Oidc)
        } else {
            None
        };
    }
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    (text.contains('.') && text.bytes().all(fine)).then_some(Provider::Oidc)
}

/// What holds for role trust policies alone.
fn trust(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    if statement.has("NotPrincipal") {
        let (span, path) = statement.place("NotPrincipal");
        let check = &checks::ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL;
        let message = "a role trust policy takes no `NotPrincipal`";
        findings.add(check, (&span, &path), message, None);
    }
    for element in ["Resource", "NotResource"] {
        if statement.has(element) {
            let (span, path) = statement.place(element);
            let check = &checks::ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE;
            let message =
                format!("a role trust policy speaks of its own role and takes no `{element}`");
            findings.add(check, (&span, &path), message, Some("remove it".into()));
        }
    }
    for principal in &statement.principals {
        if principal.key.is_none() && principal.value.text == "*" {
            let check = &checks::ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL;
            let message = "a role trust policy cannot trust everybody";
            findings.add(check, principal.value.at(), message, None);
        }
        mismatched(statement, principal, findings);
        let anywhere = principal.key == Some("Service")
            && principal.value.text.starts_with("rolesanywhere.amazonaws.com");
        let needed = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];
        let missing: Vec<_> = needed
            .into_iter()
            .filter(|need| !statement.actions.iter().any(|a| a.text.eq_ignore_ascii_case(need)))
            .collect();
        if anywhere && !missing.is_empty() && !statement.actions.is_empty() {
            let check = &checks::MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY;
            let message = format!("IAM Roles Anywhere also needs {}", missing.join(", "));
            findings.add(check, principal.value.at(), message, None);
        }
    }
}

/// Only providers of SAML and OpenID Connect use those forms of AssumeRole, and only those.
fn mismatched(statement: &Statement<'_>, principal: &Principal<'_>, findings: &mut Findings<'_>) {
    if statement.not_action {
        return;
    }
    let provider = match principal.key {
        Some("Federated") => match provider(principal.value.text) {
            Some(provider) => Some(provider),
            None => return,
        },
        Some("AWS" | "Service") => None,
        _ => return,
    };
    for action in &statement.actions {
        let fits = match action.text.to_ascii_lowercase().as_str() {
            "sts:assumerole" => provider.is_none(),
            "sts:assumerolewithsaml" => provider == Some(Provider::Saml),
            "sts:assumerolewithwebidentity" => provider == Some(Provider::Oidc),
            _ => true,
        };
        if !fits {
            let message = format!(
                "`{}` cannot use `{}`",
                principal.value.text.escape_debug(),
                action.text.escape_debug()
            );
            let check = &checks::MISMATCHED_ACTION_FOR_PRINCIPAL;
            findings.add(check, action.at(), message, None);
        }
    }
}

/// A role session besides its own role says nothing new.
fn sessions(statement: &Statement<'_>, findings: &mut Findings<'_>) {
    for principal in &statement.principals {
        let text = principal.value.text;
        let mut fields = text.splitn(6, ':');
        let role = (|| {
            let [arn, partition, _, _, account, name] =
                std::array::from_fn(|_| fields.next().unwrap_or_default());
            let role = name.strip_prefix("assumed-role/")?.split('/').next()?;
            Some((format!("{arn}:{partition}:iam::{account}:role/"), role))
        })();
        let Some((head, name)) = role else { continue };
        let parent = statement.principals.iter().find(|other| {
            other.value.text.starts_with(&head) && other.value.text.rsplit('/').next() == Some(name)
        });
        if let Some(parent) = parent {
            let message = format!(
                "the session is one of `{}`, which the statement names too",
                parent.value.text.escape_debug()
            );
            let check = &checks::REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY;
            findings.add(check, principal.value.at(), message, Some("remove it".into()));
        }
    }
}
