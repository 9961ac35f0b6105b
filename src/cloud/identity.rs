//! Who exists: roles, users, and the credentials that stand for them.

use super::seed::{PolicySeed, RoleSeed, SeedCredentials, SeedError, UserSeed};
use crate::iam::{NamedPolicy, Policy};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy as IAM keeps it: the text as it was given, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) text: Arc<str>,
    pub(crate) named: NamedPolicy,
}

impl Document {
    /// Reads a document.
    pub(crate) fn read(seed: &PolicySeed) -> Result<Self, SeedError> {
        let policy = Policy::parse(&seed.document).map_err(|errors| SeedError::Policy {
            name: seed.name.clone(),
            message: errors.to_string(),
        })?;
        Ok(Self {
            text: seed.document.as_str().into(),
            named: NamedPolicy::new(seed.name.as_str(), policy),
        })
    }
}

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) trust: Document,
    pub(crate) policies: Vec<Document>,
    pub(crate) boundary: Option<Document>,
}

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) arn: String,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) policies: Vec<Document>,
}

/// What an access key stands for.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// The principal's ARN: a role's session or a user.
    pub(crate) principal: Arc<str>,
    pub(crate) session_policy: Option<Arc<str>>,
    /// In real time, since clients compare it with their own clock.
    pub(crate) expires: Option<Timestamp>,
}

/// Roles, users and access keys.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    roles: BTreeMap<String, Arc<Role>>,
    users: BTreeMap<String, Arc<User>>,
    keys: BTreeMap<String, Credential>,
}

impl Identities {
    /// Adds or replaces a role.
    pub(crate) fn add_role(&mut self, seed: &RoleSeed, now: Timestamp) -> Result<(), SeedError> {
        let (path, name) = path_and_name(&seed.arn, "role")?;
        let role = Role {
            arn: seed.arn.clone(),
            path,
            name: name.clone(),
            id: unique_id("AROA"),
            created: now,
            trust: Document::read(&seed.trust)?,
            policies: seed.policies.iter().map(Document::read).collect::<Result<_, _>>()?,
            boundary: seed.boundary.as_ref().map(Document::read).transpose()?,
        };
        self.roles.insert(name, Arc::new(role));
        Ok(())
    }

    /// Takes a role away, as somebody who deletes it half-way would.
    pub(crate) fn remove_role(&mut self, arn: &str) -> bool {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.roles.remove(name).is_some()
    }

    /// Takes a role's policies away, and leaves the role. What its sessions may do is asked at each call
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html>).
    pub(crate) fn remove_policies(&mut self, arn: &str) {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        if let Some(role) = self.roles.get_mut(name) {
            Arc::make_mut(role).policies.clear();
        }
    }

    /// Adds or replaces a user and gives it an access key.
    pub(crate) fn add_user(
        &mut self,
        seed: &UserSeed,
        now: Timestamp,
    ) -> Result<SeedCredentials, SeedError> {
        let (path, name) = path_and_name(&seed.arn, "user")?;
        let user = User {
            arn: seed.arn.clone(),
            path,
            name: name.clone(),
            id: unique_id("AIDA"),
            created: now,
            policies: seed.policies.iter().map(Document::read).collect::<Result<_, _>>()?,
        };
        let credential = Credential {
            secret: seed.secret_access_key.clone().unwrap_or_else(secret),
            token: None,
            principal: seed.arn.as_str().into(),
            session_policy: None,
            expires: None,
        };
        self.users.insert(name, Arc::new(user));
        let id = seed.access_key_id.clone().unwrap_or_else(|| unique_id("AKIA"));
        Ok(self.keep(id, credential))
    }

    /// A new session of a role.
    pub(crate) fn new_session(
        &mut self,
        role: &Role,
        session: &str,
        session_policy: Option<Arc<str>>,
        expires: Option<Timestamp>,
    ) -> SeedCredentials {
        let credential = Credential {
            secret: secret(),
            token: Some(format!("{}{}", secret(), secret())),
            principal: session_arn(&role.arn, session).into(),
            session_policy,
            expires,
        };
        self.keep(unique_id("ASIA"), credential)
    }

    fn keep(&mut self, id: String, credential: Credential) -> SeedCredentials {
        let shown = SeedCredentials {
            access_key_id: id.clone(),
            secret_access_key: credential.secret.clone(),
            session_token: credential.token.clone(),
            principal: credential.principal.to_string(),
        };
        self.keys.insert(id, credential);
        shown
    }

    /// What an access key stands for.
    pub(crate) fn credential(&self, access_key: &str) -> Option<&Credential> {
        self.keys.get(access_key)
    }

    /// A role by its ARN, with its path as IAM wants it.
    pub(crate) fn role_by_arn(&self, arn: &str) -> Option<Arc<Role>> {
        let name = arn.rsplit('/').next()?;
        self.roles.get(name).filter(|role| role.arn == arn).cloned()
    }

    /// A role by its name.
    pub(crate) fn role(&self, name: &str) -> Option<Arc<Role>> {
        self.roles.get(name).cloned()
    }

    /// Every role, in order of name.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// Every user, in order of name.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// The role behind a session's ARN.
    pub(crate) fn role_of_session(&self, principal: &str) -> Option<Arc<Role>> {
        let name = principal.split(":assumed-role/").nth(1)?.split('/').next()?;
        self.role(name)
    }

    /// The user with this ARN.
    pub(crate) fn user(&self, arn: &str) -> Option<Arc<User>> {
        let name = arn.rsplit('/').next()?;
        self.users.get(name).filter(|user| user.arn == arn).cloned()
    }
}

/// The ARN of a role's session:
/// `arn:aws:sts::<account>:assumed-role/<role's name without path>/<session>`.
pub(crate) fn session_arn(role: &str, session: &str) -> String {
    let mut parts = role.splitn(6, ':');
    let partition = parts.nth(1).unwrap_or("aws");
    let account = parts.nth(2).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or_default();
    format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
}

/// Path (`/` or `/a/b/`) and name of an IAM ARN.
fn path_and_name(arn: &str, kind: &'static str) -> Result<(String, String), SeedError> {
    let wrong = || SeedError::Arn { arn: arn.to_owned(), kind };
    let parts = arn.splitn(6, ':').collect::<Vec<_>>();
    let [prefix, _, "iam", "", _, resource] = parts.as_slice() else { return Err(wrong()) };
    if *prefix != "arn" {
        return Err(wrong());
    }
    let rest = resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/'));
    let rest = rest.filter(|rest| !rest.is_empty()).ok_or_else(wrong)?;
    match rest.rsplit_once('/') {
        Some((path, name)) if !name.is_empty() => Ok((format!("/{path}/"), name.to_owned())),
        Some(_) => Err(wrong()),
        None => Ok(("/".to_owned(), rest.to_owned())),
    }
}

/// Ids as IAM gives them: a prefix that says of what
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
pub(crate) fn unique_id(prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random = uuid::Uuid::new_v4();
    let tail = random
        .as_bytes()
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte % 32)))
        .map(|letter| char::from(*letter));
    prefix.chars().chain(tail).collect()
}

fn secret() -> String {
    use base64::Engine as _;
    let random: Vec<u8> = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
        .iter()
        .flat_map(|uuid| *uuid.as_bytes())
        .take(30)
        .collect();
    base64::engine::general_purpose::STANDARD.encode(random)
}
