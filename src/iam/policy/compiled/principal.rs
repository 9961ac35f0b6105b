//! `Principal` and `NotPrincipal`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>

use super::super::{Effect, Element, Principals};
use crate::iam::arn::Arn;
use crate::iam::request::{PrincipalArn, PrincipalKind, RequestPrincipal};

/// How a statement applies to the one who asks, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grant {
    /// To the account: in KMS key policies and trust policies it lets the account's own policies
    /// decide; elsewhere it adds nothing within the account.
    Account,
    /// To the role: limited by the role's boundary and the session's policy.
    Role,
    /// To the user, the session, the service or everyone: nothing but an explicit deny limits it.
    Direct,
}

/// A principal element made ready.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalTest {
    negated: bool,
    everyone: bool,
    aws: Box<[Named]>,
    services: Box<[Box<str>]>,
    federated: Box<[Box<str>]>,
}

#[derive(Debug, Clone)]
enum Named {
    Everyone,
    Account {
        /// Where an ARN tells it. "You cannot use IAM credentials from one partition to interact with
        /// resources in a different partition."
        /// (<https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>)
        partition: Option<Box<str>>,
        account: Box<str>,
    },
    Role {
        arn: Box<str>,
        partition: Box<str>,
        account: Box<str>,
        name: Box<str>,
    },
    /// A user or a session; of a role's session, the role's name.
    Exact {
        arn: Box<str>,
        account: Box<str>,
        session_of: Option<Box<str>>,
    },
    /// What AWS shows of a principal that was deleted: nobody.
    Nobody,
}

impl PrincipalTest {
    pub(crate) fn new(element: &Element<Principals>) -> Result<Self, String> {
        let listed = element.listed();
        let boxed = |texts: &[String]| texts.iter().map(|it| it.as_str().into()).collect();
        Ok(Self {
            negated: element.negated(),
            everyone: listed.everyone,
            aws: listed.aws.iter().map(|it| named(it)).collect::<Result<_, _>>()?,
            services: boxed(&listed.service),
            federated: boxed(&listed.federated),
        })
    }

    pub(crate) fn applies(
        &self,
        principal: &RequestPrincipal,
        effect: Effect,
        bounded: bool,
    ) -> Option<Grant> {
        if !self.negated {
            return self.names(principal);
        }
        let exempt = match (effect, principal) {
            // "The NotPrincipal element with a Deny effect will always deny any IAM principal that has
            // a permissions boundary policy attached."
            (Effect::Deny, RequestPrincipal::Arn(_)) if bounded => false,
            (Effect::Deny, RequestPrincipal::Arn(arn)) => self.names_all(principal, arn),
            _ => self.names(principal).is_some(),
        };
        (!exempt).then_some(Grant::Direct)
    }

    /// The strongest way in which the list names a principal.
    fn names(&self, principal: &RequestPrincipal) -> Option<Grant> {
        if self.everyone {
            return Some(Grant::Direct);
        }
        let of_aws = self.aws.iter().filter_map(|named| named.names(principal)).max();
        let other = match principal {
            RequestPrincipal::Service(service) => {
                contains(&self.services, service) || contains(&self.federated, service)
            }
            RequestPrincipal::Arn(arn) if arn.kind() == PrincipalKind::Provider => {
                contains(&self.federated, arn.as_str())
            }
            _ => false,
        };
        if other { Some(Grant::Direct) } else { of_aws }
    }

    /// Whether a denial of everybody else spares a principal.
    ///
    /// AWS looks at the account, then the role, then the session, so "you must also specify the account
    /// ARN of the not-denied principal". The account alone spares everyone in it, and a role all its
    /// sessions, unless the list goes on to name someone within.
    fn names_all(&self, principal: &RequestPrincipal, arn: &PrincipalArn) -> bool {
        if self.wildcard() {
            return true;
        }
        if arn.kind() == PrincipalKind::Provider {
            return contains(&self.federated, arn.as_str());
        }
        let listed = |test: &dyn Fn(&Named) -> bool| self.aws.iter().any(test);
        if !listed(&|it| it.is_account_of(arn)) {
            return false;
        }
        let within = listed(&|it| it.within(arn.account()));
        let exact =
            listed(&|it| matches!(it, Named::Exact { arn: exact, .. } if **exact == *arn.as_str()));
        let role = listed(&|it| it.names(principal) == Some(Grant::Role));
        let sessions = listed(
            &|it| matches!(it, Named::Exact { session_of: Some(name), .. } if **name == *arn.name()),
        );
        match arn.kind() {
            PrincipalKind::Root => true,
            _ if !within || exact => true,
            PrincipalKind::Role => role,
            PrincipalKind::AssumedRole => role && !sessions,
            _ => false,
        }
    }

    fn wildcard(&self) -> bool {
        self.everyone || self.aws.iter().any(|named| matches!(named, Named::Everyone))
    }
}

impl Named {
    fn names(&self, principal: &RequestPrincipal) -> Option<Grant> {
        let arn = match (self, principal) {
            (Self::Everyone, _) => return Some(Grant::Direct),
            (Self::Exact { arn: exact, .. }, RequestPrincipal::Service(name)) => {
                return (**exact == **name).then_some(Grant::Direct);
            }
            (_, RequestPrincipal::Arn(arn)) => arn,
            _ => return None,
        };
        let kind = arn.kind();
        match self {
            Self::Account { .. } if self.is_account_of(arn) => match kind {
                PrincipalKind::Root => Some(Grant::Direct),
                PrincipalKind::Provider => None,
                _ => Some(Grant::Account),
            },
            Self::Role { arn: role, .. } if kind == PrincipalKind::Role => {
                (**role == *arn.as_str()).then_some(Grant::Role)
            }
            // A session's ARN leaves the role's path out; names are unique within an account.
            Self::Role { partition, account, name, .. } if kind == PrincipalKind::AssumedRole => {
                let same = **partition == *arn.partition() && **account == *arn.account();
                (same && **name == *arn.name()).then_some(Grant::Role)
            }
            Self::Exact { arn: exact, .. } if **exact == *arn.as_str() => Some(Grant::Direct),
            _ => None,
        }
    }

    /// Whether it is the account that a principal is of.
    fn is_account_of(&self, principal: &PrincipalArn) -> bool {
        matches!(self, Self::Account { partition, account }
            if **account == *principal.account()
                && partition.as_ref().is_none_or(|it| **it == *principal.partition()))
    }

    /// Whether it is someone within an account, not the account itself.
    fn within(&self, of: &str) -> bool {
        match self {
            Self::Role { account, .. } | Self::Exact { account, .. } => **account == *of,
            Self::Everyone | Self::Account { .. } | Self::Nobody => false,
        }
    }
}

fn contains(list: &[Box<str>], wanted: &str) -> bool {
    list.iter().any(|listed| **listed == *wanted || **listed == *"*")
}

/// Checks one name, given the key it stands under.
pub(crate) fn check(key: &str, name: &str) -> Result<(), String> {
    match key {
        "AWS" => named(name).map(|_| ()),
        _ if name != "*" && name.contains(['*', '?']) => Err(partial(name)),
        // "The service principal in an IAM policy can't be `"Service": "*"`."
        "Service" if name == "*" => {
            Err("`*` is no service; name the services that are meant".to_owned())
        }
        "Service" | "Federated" | "CanonicalUser" if name.is_empty() => {
            Err("a principal needs a name".to_owned())
        }
        _ => Ok(()),
    }
}

/// "You cannot use a wildcard to match part of a principal name or ARN."
fn partial(name: &str) -> String {
    format!("`{}` matches part of a principal's name with a wildcard", name.escape_debug())
}

fn named(name: &str) -> Result<Named, String> {
    if name == "*" {
        return Ok(Named::Everyone);
    }
    if name.contains(['*', '?']) {
        return Err(partial(name));
    }
    if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Named::Account { partition: None, account: name.into() });
    }
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes>
    let unique_id = name.len() >= 16
        && name.starts_with('A')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if unique_id {
        return Ok(Named::Nobody);
    }
    let wrong = || format!("`{}` names no account, user, role or session", name.escape_debug());
    let arn = Arn::parse(name).map_err(|_| wrong())?;
    // CloudFront's origin access identities are users of an account called `cloudfront`.
    // <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html>
    if arn.service == "iam" && arn.account == "cloudfront" && arn.resource.starts_with("user/") {
        let account = arn.account.as_str().into();
        return Ok(Named::Exact { arn: name.into(), account, session_of: None });
    }
    if arn.account.len() != 12 || !arn.account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let account = arn.account.as_str().into();
    let partition: Box<str> = arn.partition.as_str().into();
    match (&*arn.service, &*arn.resource, arn.typed_resource()) {
        ("iam", "root", _) => Ok(Named::Account { partition: Some(partition), account }),
        ("iam", _, Some(("role", path))) => {
            let role = path.rsplit('/').next().unwrap_or(path).into();
            Ok(Named::Role { arn: name.into(), partition, account, name: role })
        }
        ("iam", _, Some(("user", _))) | ("sts", _, Some(("federated-user", _))) => {
            Ok(Named::Exact { arn: name.into(), account, session_of: None })
        }
        ("sts", _, Some(("assumed-role", session))) => {
            let (role, session) = session.split_once('/').ok_or_else(wrong)?;
            if role.is_empty() || session.is_empty() {
                return Err(wrong());
            }
            Ok(Named::Exact { arn: name.into(), account, session_of: Some(role.into()) })
        }
        _ => Err(wrong()),
    }
}
