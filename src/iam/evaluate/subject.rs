//! A request made ready for statements, and the context keys that follow from it.

use super::special;
use crate::iam::condition::{Given, Keys};
use crate::iam::pattern::{Lookup, Target};
use crate::iam::policy::Subject;
use crate::iam::request::{
    ContextValue, Policies, PrincipalArn, PrincipalKind, Request, RequestPrincipal,
};

/// A request made ready.
pub(crate) struct RequestSubject<'a> {
    request: &'a Request,
    action: Lowered,
    target: Target<'a>,
    resource_account: Option<&'a str>,
    bounded: bool,
}

impl<'a> RequestSubject<'a> {
    pub(crate) fn new(request: &'a Request, policies: &Policies) -> Self {
        let target = Target::new(special::resource(request));
        Self {
            request,
            action: Lowered::new(&request.action),
            target,
            resource_account: resource_account(request, &target),
            bounded: !policies.boundaries.is_empty(),
        }
    }

    pub(crate) fn request(&self) -> &'a Request {
        self.request
    }

    /// Whether the resource belongs to the principal's own account.
    pub(crate) fn same_account(&self) -> bool {
        match (self.request.principal.account(), self.resource_account) {
            (Some(principal), Some(resource)) => principal == resource,
            _ => true,
        }
    }

    /// How many keys of the context begin so, in lower case.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.request
            .context
            .iter()
            .filter(|(key, _)| key.to_ascii_lowercase().starts_with(prefix))
            .count()
    }

    /// The values of a key, given in lower case, that AWS takes from the principal and the resource.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    fn derived(&self, key: &str) -> Option<&'a str> {
        let principal = &self.request.principal;
        let arn = match principal {
            RequestPrincipal::Arn(arn) if arn.kind() != PrincipalKind::Provider => Some(arn),
            _ => None,
        };
        match key {
            "aws:principalarn" => arn.map(PrincipalArn::principal_arn),
            // "Anonymous requests return `anonymous`."
            "aws:principalaccount" => match principal {
                RequestPrincipal::Anonymous => Some("anonymous"),
                _ => arn.map(PrincipalArn::account),
            },
            "aws:principaltype" => match (principal, arn.map(PrincipalArn::kind)) {
                (RequestPrincipal::Anonymous, _) => Some("Anonymous"),
                (_, Some(PrincipalKind::Root)) => Some("Account"),
                (_, Some(PrincipalKind::User)) => Some("User"),
                (_, Some(PrincipalKind::FederatedUser)) => Some("FederatedUser"),
                (_, Some(PrincipalKind::Role | PrincipalKind::AssumedRole)) => Some("AssumedRole"),
                _ => None,
            },
            "aws:principalisawsservice" => match principal {
                RequestPrincipal::Service(_) => Some("true"),
                RequestPrincipal::Arn(_) | RequestPrincipal::Unnamed => Some("false"),
                RequestPrincipal::Anonymous => None,
            },
            // The list has more names of the same service, but this one for sure.
            "aws:principalservicename" | "aws:principalservicenameslist" => match principal {
                RequestPrincipal::Service(name) => Some(name),
                _ => None,
            },
            "aws:username" => {
                arn.filter(|arn| arn.kind() == PrincipalKind::User).map(PrincipalArn::name)
            }
            "aws:userid" => match principal {
                RequestPrincipal::Anonymous => Some("anonymous"),
                _ => arn.and_then(PrincipalArn::user_id),
            },
            // "Always included": `false` "when the principal makes the call directly".
            "aws:viaawsservice" => Some(if self.called_via().is_some() { "true" } else { "false" }),
            "aws:calledviafirst" => self.called_via()?.first(),
            "aws:calledvialast" => self.called_via()?.last(),
            "aws:resourceaccount" => self.resource_account,
            "s3:resourceaccount" if self.action.as_str().starts_with("s3:") => {
                self.resource_account
            }
            "kms:calleraccount" if self.action.as_str().starts_with("kms:") => {
                arn.map(PrincipalArn::account)
            }
            "aws:requestedregion" => self.target.region().filter(|region| !region.is_empty()),
            _ => None,
        }
    }
}

impl<'a> RequestSubject<'a> {
    /// The services that the call went through, when the context tells any.
    fn called_via(&self) -> Option<Given<'a>> {
        given(self.request, "aws:calledvia").filter(|given| given.first().is_some())
    }
}

/// What the request's context says of a key, given in lower case.
fn given<'a>(request: &'a Request, key: &str) -> Option<Given<'a>> {
    Some(match request.context.get_lower(key)? {
        ContextValue::One(value) => Given::One(value),
        ContextValue::Many(values) => Given::Many(values),
    })
}

/// The account that owns the resource, as far as it can be told.
fn resource_account<'a>(request: &'a Request, target: &Target<'a>) -> Option<&'a str> {
    let digits = |text: &&str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    request
        .resource_account
        .as_deref()
        .or_else(|| match request.context.get_lower("aws:resourceaccount") {
            Some(ContextValue::One(account)) => Some(account.as_str()),
            _ => None,
        })
        .or_else(|| target.account().filter(digits))
        .or_else(|| request.principal.account())
}

impl<'a> Keys<'a> for RequestSubject<'a> {
    #[inline]
    fn get(&self, key: &str) -> Option<Given<'a>> {
        given(self.request, key).or_else(|| self.derived(key).map(Given::One))
    }
}

impl<'a> Lookup<'a> for RequestSubject<'a> {
    fn single(&self, key: &str) -> Option<&'a str> {
        match self.get(key)? {
            Given::One(value) => Some(value),
            Given::Many([value]) => Some(value),
            Given::Many(_) => None,
        }
    }
}

impl<'a> Subject<'a> for RequestSubject<'a> {
    #[inline]
    fn action(&self) -> &str {
        self.action.as_str()
    }

    #[inline]
    fn target(&self) -> &Target<'a> {
        &self.target
    }

    #[inline]
    fn principal(&self) -> &'a RequestPrincipal {
        &self.request.principal
    }

    fn bounded(&self) -> bool {
        self.bounded
    }
}

/// Text in lower case, without a heap allocation where it is as short as actions are.
enum Lowered {
    Short { bytes: [u8; 64], length: usize },
    Long(String),
}

impl Lowered {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 64];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                place.make_ascii_lowercase();
                Self::Short { bytes, length: text.len() }
            }
            None => Self::Long(text.to_ascii_lowercase()),
        }
    }

    #[inline]
    fn as_str(&self) -> &str {
        match self {
            // ASCII lower-casing keeps UTF-8 what it was.
            Self::Short { bytes, length } => {
                bytes.get(..*length).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or("")
            }
            Self::Long(text) => text,
        }
    }
}
