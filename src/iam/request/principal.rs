//! Who asks.

use crate::iam::arn::Arn;
use std::fmt;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPrincipal {
    /// An account's root user, an IAM user, a role, a session or an identity provider's user.
    Arn(PrincipalArn),
    /// An AWS service, such as `export.rds.amazonaws.com`, acting for itself.
    Service(String),
    /// Nobody known: the request is not signed.
    Anonymous,
    /// Some principal of the resource's own account that was not named: identity policies count,
    /// resource policies only where they are for everyone.
    Unnamed,
}

/// What kind of principal an ARN is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// `arn:aws:iam::ACCOUNT:root`.
    Root,
    /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    User,
    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`: a session of the role whose name is not known.
    Role,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    AssumedRole,
    /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    FederatedUser,
    /// `arn:aws:iam::ACCOUNT:saml-provider/NAME` or `oidc-provider/…`: a user whom the provider vouches for.
    Provider,
}

/// An ARN that can make requests.
#[expect(clippy::struct_field_names, reason = "`aws:PrincipalArn` is what AWS calls it")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalArn {
    text: Box<str>,
    kind: PrincipalKind,
    account: Box<str>,
    /// The friendly name of the user, or of the role that the session is of.
    name: Box<str>,
    /// What `aws:PrincipalArn` says.
    principal_arn: Box<str>,
    /// What `aws:userid` says, where the ARN tells.
    user_id: Option<Box<str>>,
    service_linked: bool,
}

/// A request that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The principal is nobody.
    #[error("`{}` is no principal: expected the ARN of a user, role, session or account root, a service's name, or `anonymous`", .0.escape_debug())]
    Principal(String),
    /// The action is none.
    #[error("`{}` is no action: expected `service:Name`", .0.escape_debug())]
    Action(String),
    /// The resource is none.
    #[error("`{}` is no resource: expected an ARN or `*`", .0.escape_debug())]
    Resource(String),
    /// The resource's account is none.
    #[error("`{}` is no account: expected twelve digits", .0.escape_debug())]
    Account(String),
}

impl RequestPrincipal {
    /// Reads a principal: an ARN, the name of a service, or `anonymous`.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        if text == "anonymous" {
            return Ok(Self::Anonymous);
        }
        let wrong = || RequestError::Principal(text.to_owned());
        // An origin access identity is CloudFront's own, and of no account.
        if text.starts_with("arn:") && text.contains(":iam::cloudfront:user/") {
            return Ok(Self::Service(text.to_owned()));
        }
        if text.starts_with("arn:") {
            return PrincipalArn::parse(text).map(Self::Arn).ok_or_else(wrong);
        }
        let host =
            |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | '/' | ':');
        if text.contains('.') && text.chars().all(host) {
            return Ok(Self::Service(text.to_owned()));
        }
        Err(wrong())
    }

    /// The account that the principal is of; services and anonymous requests are of none.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(&arn.account),
            Self::Service(_) | Self::Anonymous | Self::Unnamed => None,
        }
    }
}

impl PrincipalArn {
    fn parse(text: &str) -> Option<Self> {
        let arn = Arn::parse(text).ok()?;
        if arn.account.len() != 12 || !arn.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let account = &arn.account;
        let partition = &arn.partition;
        let filled = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        let (kind, name, principal_arn) =
            match (&*arn.service, &*arn.resource, arn.typed_resource()) {
                ("iam", "root", _) => (PrincipalKind::Root, "root", text.to_owned()),
                ("iam", _, Some(("user", path))) => {
                    (PrincipalKind::User, last(path), text.to_owned())
                }
                ("iam", _, Some(("role", path))) => {
                    (PrincipalKind::Role, last(path), text.to_owned())
                }
                ("iam", _, Some(("saml-provider" | "oidc-provider", path))) => {
                    (PrincipalKind::Provider, path, text.to_owned())
                }
                ("sts", _, Some(("assumed-role", path))) => {
                    let (role, session) = path.rsplit_once('/')?;
                    if !filled(session) {
                        return None;
                    }
                    let role = last(role);
                    (
                        PrincipalKind::AssumedRole,
                        role,
                        format!("arn:{partition}:iam::{account}:role/{role}"),
                    )
                }
                ("sts", _, Some(("federated-user", name))) => {
                    (PrincipalKind::FederatedUser, name, text.to_owned())
                }
                _ => return None,
            };
        if !filled(name) {
            return None;
        }
        // Service-linked roles have a path of their own; a session's ARN leaves it out.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>
        let service_linked = match kind {
            PrincipalKind::Role => arn.resource.starts_with("role/aws-service-role/"),
            PrincipalKind::AssumedRole => name.starts_with("AWSServiceRoleFor"),
            _ => false,
        };
        let user_id = match kind {
            PrincipalKind::Root => Some(account.as_str().into()),
            PrincipalKind::FederatedUser => Some(format!("{account}:{name}").into()),
            _ => None,
        };
        Some(Self {
            text: text.into(),
            kind,
            account: account.as_str().into(),
            name: name.into(),
            principal_arn: principal_arn.into(),
            user_id,
            service_linked,
        })
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of principal it is.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The account, twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The friendly name of the user, or of the role that the session is of.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `aws:PrincipalArn` says: of a session, the role, without the path that a session's ARN
    /// does not tell.
    #[must_use]
    pub fn principal_arn(&self) -> &str {
        &self.principal_arn
    }

    /// What `aws:userid` says of a root user and of a federated user; other principals have unique ids
    /// that their ARNs do not tell
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>).
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Whether it is a service-linked role, which organization policies do not limit.
    #[must_use]
    pub fn service_linked(&self) -> bool {
        self.service_linked
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl fmt::Display for RequestPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arn(arn) => &arn.text,
            Self::Service(name) => name,
            Self::Anonymous => "anonymous",
            Self::Unnamed => "unnamed",
        })
    }
}
