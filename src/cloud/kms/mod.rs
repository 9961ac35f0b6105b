//! AWS KMS: keys, aliases and grants, as far as an export pipeline meets them.

mod api;
mod grants;

pub(super) use api::call;
pub(crate) use api::random_hex;
pub(crate) use grants::Grant;

use super::authorize::{Ask, Denied};
use super::caller::Caller;
use super::error::ApiError;
use super::identity::Document;
use super::seed::{KeySeed, SeedError};
use super::state::{Settings, State};
use crate::iam::{KmsGrant, NamedPolicy};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Keys by ARN, and the aliases that point at them.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: BTreeMap<String, Key>,
    aliases: BTreeMap<String, String>,
}

/// A symmetric encryption key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) policy: Document,
    pub(crate) state: KeyState,
    pub(crate) created: Timestamp,
    pub(crate) grants: Vec<Grant>,
    /// What a ciphertext is sealed with. No secret: the rehearsal protects nothing.
    material: [u8; 16],
}

/// Whether a key can be used
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    Enabled,
    Disabled,
    /// Nothing is ever deleted here: who waits that long finds the key as it was.
    PendingDeletion {
        /// When the waiting period ends.
        until: Timestamp,
    },
}

impl KeyState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

impl Keys {
    /// Adds or replaces a key and its aliases.
    pub(crate) fn add(
        &mut self,
        seed: &KeySeed,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<String, SeedError> {
        let (arn, id) = match seed.id.rsplit_once(":key/") {
            Some((_, id)) => (seed.id.clone(), id.to_owned()),
            None => (settings.arn("kms", &format!("key/{}", seed.id)), seed.id.clone()),
        };
        let key = Key {
            id,
            arn: arn.clone(),
            policy: Document::read(&seed.policy)?,
            state: KeyState::Enabled,
            created: now,
            grants: Vec::new(),
            material: *uuid::Uuid::new_v4().as_bytes(),
        };
        for alias in &seed.aliases {
            if !alias.starts_with("alias/") {
                return Err(SeedError::Name { name: alias.clone(), service: "KMS" });
            }
            self.aliases.insert(alias.clone(), arn.clone());
        }
        self.keys.insert(arn.clone(), key);
        Ok(arn)
    }

    /// A key by what an API accepts: id, ARN, alias or alias ARN.
    pub(crate) fn find(&self, wanted: &str, settings: &Settings) -> Option<&Key> {
        self.resolve(wanted, settings).and_then(|arn| self.keys.get(&arn))
    }

    /// As [`Keys::find`], to change it.
    pub(crate) fn find_mut(&mut self, wanted: &str, settings: &Settings) -> Option<&mut Key> {
        let arn = self.resolve(wanted, settings)?;
        self.keys.get_mut(&arn)
    }

    fn resolve(&self, wanted: &str, settings: &Settings) -> Option<String> {
        let prefix = settings.arn("kms", "");
        let local = wanted.strip_prefix(&prefix).unwrap_or(wanted);
        if local.starts_with("alias/") {
            return self.aliases.get(local).cloned();
        }
        if local.starts_with("arn:") {
            // Another account's key can be named by its ARN.
            return self.keys.contains_key(local).then(|| local.to_owned());
        }
        let id = local.strip_prefix("key/").unwrap_or(local);
        Some(format!("{prefix}key/{id}"))
    }

    /// The aliases, in order of name, and the ARNs of their keys.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|(alias, key)| (alias.as_str(), key.as_str()))
    }

    /// Every key.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// The key policy.
    pub(crate) fn policy(&self, arn: &str) -> Option<NamedPolicy> {
        self.keys.get(arn).map(|key| key.policy.named.clone())
    }

    /// The grants on a key.
    pub(crate) fn grants(&self, arn: &str) -> Vec<KmsGrant> {
        self.keys.get(arn).into_iter().flat_map(|key| &key.grants).map(Grant::to_iam).collect()
    }
}

/// Why a key cannot be used: the caller may not, or the key is not there, not enabled or about to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Disabled(String),
    #[error("{0}")]
    State(String),
}

impl KeyError {
    /// The state of the key does not go with what is asked for.
    pub(crate) fn pending(arn: &str) -> Self {
        Self::State(format!("{arn} is pending deletion."))
    }
}

/// As KMS itself says it; HTTP status 400 in every case
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>).
impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        let code = match &error {
            KeyError::Denied(_) => "AccessDeniedException",
            KeyError::NotFound(_) => "NotFoundException",
            KeyError::Disabled(_) => "DisabledException",
            KeyError::State(_) => "KMSInvalidStateException",
        };
        Self::new(code, error.to_string())
    }
}

/// A service on the way to KMS, and the encryption context that it sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyUse {
    /// `kms:ViaService`, such as `s3.eu-central-1.amazonaws.com`.
    pub(crate) via: Option<String>,
    /// The encryption context.
    pub(crate) encryption_context: Vec<(String, String)>,
    /// Further context keys.
    pub(crate) context: Vec<(String, Vec<String>)>,
    /// Whether the key must be enabled: so for cryptographic operations.
    pub(crate) enabled: bool,
}

impl State {
    /// Authorizes the use of a key, and finds out whether it can be used. Gives the key's ARN.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn use_key(
        &self,
        caller: &Caller,
        action: &'static str,
        key: &str,
        usage: &KeyUse,
    ) -> Result<String, KeyError> {
        let found = {
            let keys = self.keys();
            keys.find(key, &self.settings).map(|found| {
                let aliases = keys
                    .aliases()
                    .filter(|(_, arn)| *arn == found.arn)
                    .map(|(alias, _)| alias.to_owned())
                    .collect::<Vec<_>>();
                (found.arn.clone(), found.state, aliases)
            })
        };
        let Some((arn, state, aliases)) = found else {
            let shown = if key.starts_with("arn:") {
                key.to_owned()
            } else if key.starts_with("alias/") {
                self.settings.arn("kms", key)
            } else {
                self.settings.arn("kms", &format!("key/{key}"))
            };
            let kind = if shown.contains(":alias/") { "Alias" } else { "Key" };
            return Err(KeyError::NotFound(if kind == "Alias" {
                format!("Alias {shown} is not found.")
            } else {
                format!("{kind} '{shown}' does not exist")
            }));
        };
        let mut ask = Ask::new(action, arn.as_str())
            .on_key()
            .with("kms:CallerAccount", self.settings.account.as_str())
            .with("kms:KeyOrigin", "AWS_KMS")
            .with("kms:KeySpec", "SYMMETRIC_DEFAULT")
            .with("kms:KeyUsage", "ENCRYPT_DECRYPT")
            .with("kms:MultiRegion", "false")
            .with_optional("kms:ViaService", usage.via.as_deref())
            .with_encryption_context(&usage.encryption_context);
        if !aliases.is_empty() {
            ask = ask.with_many("kms:ResourceAliases", aliases);
        }
        if key.contains("alias/") {
            let name = key
                .rsplit_once(":alias/")
                .map_or_else(|| key.to_owned(), |(_, name)| format!("alias/{name}"));
            ask = ask.with("kms:RequestAlias", name);
        }
        for (name, values) in &usage.context {
            ask = ask.with_many(name.as_str(), values.clone());
        }
        self.authorize(caller, &ask)?;
        match state {
            KeyState::Disabled if usage.enabled => {
                Err(KeyError::Disabled(format!("{arn} is disabled.")))
            }
            KeyState::PendingDeletion { .. } if usage.enabled => Err(KeyError::pending(&arn)),
            _ => Ok(arn),
        }
    }
}
