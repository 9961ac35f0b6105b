//! Reading one case.

use super::Case;
use super::documents::Documents;
use super::scan::{Failed, Scan};
use crate::iam::arn::Arn;
use crate::iam::policy::{Kind, NamedPolicy};
use crate::iam::request::{
    Context, ContextValue, KmsGrant, Policies, Request, RequestError, RequestPrincipal,
};

const CASE: &[&str] = &[
    "name",
    "request",
    "identity_policies",
    "resource_policy",
    "session_policy",
    "permission_boundaries",
    "service_control_policies",
    "resource_control_policies",
    "endpoint_policies",
    "grants",
];
const REQUEST: &[&str] = &["principal", "action", "resource", "resource_account", "context"];

pub(super) fn case(text: &str, documents: &mut Documents) -> Result<Case, Failed> {
    let mut scan = Scan::new(text);
    let mut name = None;
    let mut request = None;
    let mut policies = Policies::default();
    let mut seen = Seen::new(CASE);
    scan.object(|scan, key| {
        seen.add(key, "a case")?;
        match key {
            _ if absent(scan)? => {}
            "name" => name = Some(scan.string()?.into_owned()),
            "request" => request = Some(self::request(scan)?),
            "identity_policies" => {
                policies.identity = list(scan, documents, key, Kind::Identity)?;
            }
            "permission_boundaries" => {
                policies.boundaries = list(scan, documents, key, Kind::Identity)?;
            }
            "endpoint_policies" => policies.endpoint = list(scan, documents, key, Kind::Endpoint)?,
            "service_control_policies" => {
                policies.scps = levels(scan, documents, key, Kind::ServiceControl)?;
            }
            "resource_control_policies" => {
                policies.rcps = levels(scan, documents, key, Kind::ResourceControl)?;
            }
            "resource_policy" => {
                policies.resource = Some(single(scan, documents, key, Kind::Resource)?);
            }
            "session_policy" => {
                policies.session = Some(single(scan, documents, key, Kind::Session)?);
            }
            "grants" => policies.grants = grants(scan)?,
            _ => {
                scan.value(0)?;
            }
        }
        Ok(())
    })?;
    if !scan.done() {
        return scan.fail("nothing after the case");
    }
    let name = name.ok_or("a case needs a `name`")?;
    let request = request.ok_or("a case needs a `request`")?;
    if let Some(document) = &policies.resource {
        whole(document, &request)?;
    }
    Ok(Case { name, request, policies })
}

/// Of the policy of a bucket or a key more is asked than of others', and only the request tells which it is.
fn whole(document: &NamedPolicy, request: &Request) -> Result<(), Failed> {
    let service = request.action.split(':').next().unwrap_or_default();
    if !["s3", "kms"].iter().any(|it| service.eq_ignore_ascii_case(it)) {
        return Ok(());
    }
    for (index, statement) in document.policy.statements().iter().enumerate() {
        if let Some(refusal) = Kind::BucketOrKey.refuses(statement) {
            return Err(format!("`resource_policy`: statement {index} {}", refusal.why));
        }
    }
    Ok(())
}

/// The name of a case that could not be read.
pub(super) fn recover_name(text: &str) -> Option<String> {
    let mut name = None;
    // What comes before the place where the text is broken is enough.
    let _ = Scan::new(text).object(|scan, key| {
        if key == "name" && name.is_none() && scan.peek() == Some(b'"') {
            name = Some(scan.string()?.into_owned());
        } else {
            scan.raw()?;
        }
        Ok(())
    });
    name
}

/// Keys that stood in an object.
struct Seen {
    known: &'static [&'static str],
    bits: u32,
}

impl Seen {
    fn new(known: &'static [&'static str]) -> Self {
        Self { known, bits: 0 }
    }

    fn add(&mut self, key: &str, what: &str) -> Result<(), Failed> {
        let Some(place) = self.known.iter().position(|known| *known == key) else {
            return match misspelt(key, self.known) {
                Some(known) => Err(format!(
                    "{what} has no field `{}`; did you mean `{known}`?",
                    key.escape_debug()
                )),
                None => Ok(()),
            };
        };
        if self.bits >> place & 1 == 1 {
            return Err(format!("duplicate key `{key}`"));
        }
        self.bits |= 1 << place;
        Ok(())
    }
}

/// The field that was meant by one that is not known. Other fields, such as an expected decision, are
/// nobody's concern here.
fn misspelt(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let key = key.to_ascii_lowercase().replace(['-', ' '], "_");
    known.iter().copied().find(|known| {
        // Texts whose lengths differ by more than a quarter cannot be that much alike, and looking
        // closer takes longer than all the rest of reading a case.
        let longest = known.len().max(key.len());
        4 * known.len().abs_diff(key.len()) < longest
            && strsim::normalized_damerau_levenshtein(&key, known) > 0.75
    })
}

fn request(scan: &mut Scan<'_>) -> Result<Request, Failed> {
    let mut principal = None;
    let mut action = None;
    let mut resource = None;
    let mut account = None;
    let mut context = Context::new();
    let mut seen = Seen::new(REQUEST);
    scan.object(|scan, key| {
        seen.add(key, "a request")?;
        match key {
            _ if absent(scan)? => {}
            "principal" => {
                let text = scan.string()?;
                principal = Some(RequestPrincipal::parse(&text).map_err(|it| it.to_string())?);
            }
            "action" => action = Some(scan.string()?.into_owned()),
            "resource" => resource = Some(scan.string()?.into_owned()),
            "resource_account" => account = Some(scan.string()?.into_owned()),
            "context" => scan.object(|scan, key| {
                let value = context_value(scan, key)?;
                if context.insert(key, value) {
                    return Err(format!("duplicate context key `{}`", key.escape_debug()));
                }
                Ok(())
            })?,
            _ => {
                scan.value(0)?;
            }
        }
        Ok(())
    })?;
    let action: String = action.ok_or("a request needs an `action`")?;
    let resource: String = resource.ok_or("a request needs a `resource`")?;
    if action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
        return Err(RequestError::Action(action).to_string());
    }
    if resource != "*" && !is_arn(&resource) {
        return Err(RequestError::Resource(resource).to_string());
    }
    if let Some(account) = &account
        && (account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(RequestError::Account(account.clone()).to_string());
    }
    let principal = principal.unwrap_or(RequestPrincipal::Unnamed);
    Ok(Request { principal, action, resource, resource_account: account, context })
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && Arn::parse(text).is_ok()
}

fn context_value(scan: &mut Scan<'_>, key: &str) -> Result<ContextValue, Failed> {
    Ok(match scan.peek() {
        Some(b'"') => ContextValue::One(scan.string()?.into_owned()),
        Some(b'[') => {
            let mut values = Vec::new();
            scan.list(|scan| {
                values.push(scalar(scan, key)?);
                Ok(())
            })?;
            ContextValue::Many(values)
        }
        _ => ContextValue::One(scalar(scan, key)?),
    })
}

/// A string, or a number or boolean as it is written.
fn scalar(scan: &mut Scan<'_>, key: &str) -> Result<String, Failed> {
    match scan.peek() {
        Some(b'"') => Ok(scan.string()?.into_owned()),
        Some(b'{' | b'[' | b'n') => Err(format!(
            "the context key `{}` must have a string or a list of strings",
            key.escape_debug()
        )),
        _ => Ok(scan.value(0)?.to_owned()),
    }
}

fn document(
    scan: &mut Scan<'_>,
    documents: &mut Documents,
    place: &dyn Fn() -> String,
    kind: Kind,
) -> Result<std::sync::Arc<crate::iam::Policy>, Failed> {
    scan.peek();
    let text = match documents.begins(scan.rest()).and_then(|length| scan.pass(length)) {
        Some(text) => text,
        None => scan.raw()?,
    };
    documents.read(text, kind).map_err(|message| format!("`{}`: {message}", place()))
}

/// `{"name": …, "policy": {…}}`.
fn named(
    scan: &mut Scan<'_>,
    documents: &mut Documents,
    place: &dyn Fn() -> String,
    kind: Kind,
) -> Result<NamedPolicy, Failed> {
    let mut name = None;
    let mut policy = None;
    let mut seen = Seen::new(&["name", "policy"]);
    scan.object(|scan, key| {
        seen.add(key, "an entry")?;
        match key {
            "name" => name = Some(scan.string()?.into_owned()),
            "policy" => policy = Some(document(scan, documents, place, kind)?),
            _ => {
                scan.value(0)?;
            }
        }
        Ok(())
    })?;
    let policy = policy.ok_or_else(|| format!("`{}` needs a `policy`", place()))?;
    Ok(NamedPolicy { name: name.unwrap_or_else(place), policy })
}

fn list(
    scan: &mut Scan<'_>,
    documents: &mut Documents,
    field: &str,
    kind: Kind,
) -> Result<Vec<NamedPolicy>, Failed> {
    let mut policies: Vec<NamedPolicy> = Vec::new();
    scan.list(|scan| {
        let index = policies.len();
        policies.push(named(scan, documents, &|| format!("{field}[{index}]"), kind)?);
        Ok(())
    })?;
    Ok(policies)
}

fn levels(
    scan: &mut Scan<'_>,
    documents: &mut Documents,
    field: &str,
    kind: Kind,
) -> Result<Vec<Vec<NamedPolicy>>, Failed> {
    let mut levels: Vec<Vec<NamedPolicy>> = Vec::new();
    scan.list(|scan| {
        let level = levels.len();
        levels.push(list(scan, documents, &format!("{field}[{level}]"), kind)?);
        Ok(())
    })?;
    Ok(levels)
}

/// Passes a `null`: a field that is null is as good as left out.
fn absent(scan: &mut Scan<'_>) -> Result<bool, Failed> {
    let null = scan.peek() == Some(b'n');
    if null {
        scan.value(0)?;
    }
    Ok(null)
}

/// A document that needs no name.
fn single(
    scan: &mut Scan<'_>,
    documents: &mut Documents,
    field: &str,
    kind: Kind,
) -> Result<NamedPolicy, Failed> {
    let policy = document(scan, documents, &|| field.to_owned(), kind)?;
    Ok(NamedPolicy { name: field.to_owned(), policy })
}

/// Grants as `aws kms list-grants` shows them.
fn grants(scan: &mut Scan<'_>) -> Result<Vec<KmsGrant>, Failed> {
    let mut grants: Vec<KmsGrant> = Vec::new();
    scan.list(|scan| {
        let mut grant = KmsGrant { id: format!("grants[{}]", grants.len()), ..KmsGrant::default() };
        scan.object(|scan, key| {
            match key {
                "GrantId" => grant.id = scan.string()?.into_owned(),
                "KeyId" => grant.key_id = Some(scan.string()?.into_owned()),
                "GranteePrincipal" => grant.grantee_principal = scan.string()?.into_owned(),
                "RetiringPrincipal" => {
                    grant.retiring_principal = Some(scan.string()?.into_owned());
                }
                "Operations" => scan.list(|scan| {
                    grant.operations.push(scan.string()?.into_owned());
                    Ok(())
                })?,
                "Constraints" => scan.object(|scan, key| {
                    let pairs = pairs(scan)?;
                    match key {
                        "EncryptionContextSubset" => grant.encryption_context_subset = pairs,
                        "EncryptionContextEquals" => grant.encryption_context_equals = Some(pairs),
                        _ => {
                            return Err(format!(
                                "no grant has the constraint `{}`",
                                key.escape_debug()
                            ));
                        }
                    }
                    Ok(())
                })?,
                _ => {
                    scan.value(0)?;
                }
            }
            Ok(())
        })?;
        if grant.grantee_principal.is_empty() || grant.operations.is_empty() {
            return Err("a grant needs `GranteePrincipal` and `Operations`".to_owned());
        }
        grants.push(grant);
        Ok(())
    })?;
    Ok(grants)
}

fn pairs(scan: &mut Scan<'_>) -> Result<Vec<(String, String)>, Failed> {
    let mut pairs = Vec::new();
    scan.object(|scan, key| {
        pairs.push((key.to_owned(), scan.string()?.into_owned()));
        Ok(())
    })?;
    Ok(pairs)
}
