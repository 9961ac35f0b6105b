//! The operations of KMS (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>).

use super::grants::OPERATIONS;
use super::{Grant, Key, KeyError, KeyState, KeyUse};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::clock::after;
use crate::cloud::error::ApiError;
use crate::cloud::state::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

/// Answers an operation.
///
/// # Errors
/// KMS's own errors.
pub(in crate::cloud) fn call(
    state: &State,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    match operation {
        "DescribeKey" => describe_key(state, caller, input),
        "ListKeys" => list_keys(state, caller),
        "ListAliases" => list_aliases(state, caller, input),
        "GetKeyPolicy" => get_key_policy(state, caller, input),
        "ListKeyPolicies" => {
            used(state, caller, "kms:ListKeyPolicies", input, &KeyUse::default())?;
            Ok(json!({"PolicyNames": ["default"], "Truncated": false}))
        }
        "GetKeyRotationStatus" => {
            let arn = used(state, caller, "kms:GetKeyRotationStatus", input, &KeyUse::default())?;
            Ok(json!({"KeyId": arn, "KeyRotationEnabled": false}))
        }
        "EnableKey" | "DisableKey" => switch(state, caller, operation, input),
        "ScheduleKeyDeletion" => schedule_deletion(state, caller, input),
        "CancelKeyDeletion" => cancel_deletion(state, caller, input),
        "CreateGrant" => create_grant(state, caller, input),
        "ListGrants" => list_grants(state, caller, input),
        "RevokeGrant" => remove_grant(state, caller, input),
        "RetireGrant" => retire_grant(state, caller, input),
        "GenerateDataKey" => generate(state, caller, "kms:GenerateDataKey", input, true),
        "GenerateDataKeyWithoutPlaintext" => {
            generate(state, caller, "kms:GenerateDataKeyWithoutPlaintext", input, false)
        }
        "Encrypt" => encrypt(state, caller, input),
        "Decrypt" => decrypt(state, caller, input),
        "ReEncrypt" => re_encrypt(state, caller, input),
        _ => Err(ApiError::new(
            "UnknownOperationException",
            format!("the rehearsal does not serve kms:{operation}"),
        )),
    }
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    text(input, name).ok_or_else(|| {
        let member = name.chars().next().map_or(String::new(), |first| {
            first.to_lowercase().chain(name.chars().skip(1)).collect()
        });
        ApiError::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy \
                 constraint: Member must not be null"
            ),
        )
    })
}

fn pairs(input: &Value, name: &str) -> Vec<(String, String)> {
    input
        .get(name)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn used(
    state: &State,
    caller: &Caller,
    action: &'static str,
    input: &Value,
    usage: &KeyUse,
) -> Result<String, ApiError> {
    Ok(state.use_key(caller, action, required(input, "KeyId")?, usage)?)
}

fn describe_key(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let arn = used(state, caller, "kms:DescribeKey", input, &KeyUse::default())?;
    let keys = state.keys();
    let key = keys.find(&arn, &state.settings).ok_or_else(|| gone(&arn))?;
    Ok(json!({"KeyMetadata": metadata(key)}))
}

fn metadata(key: &Key) -> Value {
    let mut shown = json!({
        "AWSAccountId": key.arn.split(':').nth(4),
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": epoch::seconds(key.created),
        "Enabled": key.state == KeyState::Enabled,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state.as_str(),
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    });
    if let (KeyState::PendingDeletion { until }, Value::Object(members)) = (key.state, &mut shown) {
        members.insert("DeletionDate".to_owned(), Value::from(epoch::seconds(until)));
    }
    shown
}

fn gone(arn: &str) -> ApiError {
    ApiError::new("NotFoundException", format!("Key '{arn}' does not exist"))
}

fn list_keys(state: &State, caller: &Caller) -> Result<Value, ApiError> {
    allowed(state, caller, &Ask::new("kms:ListKeys", "*"))?;
    let keys = state.keys();
    let keys =
        keys.all().map(|key| json!({"KeyId": key.id, "KeyArn": key.arn})).collect::<Vec<_>>();
    Ok(json!({"Keys": keys, "Truncated": false}))
}

fn list_aliases(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    allowed(state, caller, &Ask::new("kms:ListAliases", "*"))?;
    let keys = state.keys();
    let wanted = match text(input, "KeyId") {
        Some(key) => Some(keys.find(key, &state.settings).ok_or_else(|| gone(key))?.arn.clone()),
        None => None,
    };
    let aliases = keys
        .aliases()
        .filter(|(_, arn)| wanted.as_deref().is_none_or(|wanted| wanted == *arn))
        .map(|(alias, arn)| {
            json!({
                "AliasName": alias,
                "AliasArn": state.settings.arn("kms", alias),
                "TargetKeyId": arn.rsplit('/').next(),
            })
        })
        .collect::<Vec<_>>();
    Ok(json!({"Aliases": aliases, "Truncated": false}))
}

fn get_key_policy(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let arn = used(state, caller, "kms:GetKeyPolicy", input, &KeyUse::default())?;
    let keys = state.keys();
    let key = keys.find(&arn, &state.settings).ok_or_else(|| gone(&arn))?;
    Ok(json!({"Policy": &*key.policy.text, "PolicyName": "default"}))
}

fn switch(
    state: &State,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let (action, target) = if operation == "EnableKey" {
        ("kms:EnableKey", KeyState::Enabled)
    } else {
        ("kms:DisableKey", KeyState::Disabled)
    };
    let arn = used(state, caller, action, input, &KeyUse::default())?;
    turn(state, &arn, |key| match key.state {
        KeyState::PendingDeletion { .. } => Err(KeyError::pending(&key.arn)),
        _ => Ok(target),
    })?;
    Ok(json!({}))
}

/// Gives a key another state, when it is in one that allows that
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>).
fn turn(
    state: &State,
    arn: &str,
    to: impl FnOnce(&Key) -> Result<KeyState, KeyError>,
) -> Result<(), ApiError> {
    let mut keys = state.keys_mut();
    let key = keys.find_mut(arn, &state.settings).ok_or_else(|| gone(arn))?;
    key.state = to(key)?;
    Ok(())
}

/// The waiting period is 30 days when none is said, and 7 at least
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>).
fn schedule_deletion(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let days = match input.get("PendingWindowInDays") {
        None | Some(Value::Null) => 30,
        Some(given) => given.as_u64().filter(|days| (7..=30).contains(days)).ok_or_else(|| {
            let message = "PendingWindowInDays must be between 7 and 30 (inclusive).";
            ApiError::new("ValidationException", message)
        })?,
    };
    let window = ("kms:ScheduleKeyDeletionPendingWindowInDays".to_owned(), vec![days.to_string()]);
    let usage = KeyUse { context: vec![window], ..KeyUse::default() };
    let arn = used(state, caller, "kms:ScheduleKeyDeletion", input, &usage)?;
    let until = after(state.clock.now(), Duration::from_hours(24 * days));
    let target = KeyState::PendingDeletion { until };
    turn(state, &arn, |key| match key.state {
        KeyState::PendingDeletion { .. } => Err(KeyError::pending(&key.arn)),
        _ => Ok(target),
    })?;
    Ok(json!({
        "KeyId": arn,
        "DeletionDate": epoch::seconds(until),
        "KeyState": target.as_str(),
        "PendingWindowInDays": days,
    }))
}

/// Leaves the key disabled
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>).
fn cancel_deletion(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let arn = used(state, caller, "kms:CancelKeyDeletion", input, &KeyUse::default())?;
    turn(state, &arn, |key| match key.state {
        KeyState::PendingDeletion { .. } => Ok(KeyState::Disabled),
        _ => Err(KeyError::State(format!("{} is not pending deletion.", key.arn))),
    })?;
    Ok(json!({"KeyId": arn}))
}

fn create_grant(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let operations = input
        .get("Operations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect::<Vec<_>>();
    if let Some(unknown) = operations.iter().find(|one| !OPERATIONS.contains(&one.as_str())) {
        return Err(ApiError::new(
            "ValidationException",
            format!("'{unknown}' is not a grant operation"),
        ));
    }
    let constraints = input.get("Constraints").unwrap_or(&Value::Null);
    let grant = Grant {
        id: random_hex(64),
        token: STANDARD.encode(random_hex(96)),
        name: text(input, "Name").map(str::to_owned),
        grantee: required(input, "GranteePrincipal")?.to_owned(),
        retiring: text(input, "RetiringPrincipal").map(str::to_owned),
        operations,
        subset: pairs(constraints, "EncryptionContextSubset"),
        equals: pairs(constraints, "EncryptionContextEquals"),
        issuer: caller.principal.to_string(),
        created: state.clock.now(),
    };
    let (id, token) = state.grant(caller, required(input, "KeyId")?, grant, None)?;
    Ok(json!({"GrantId": id, "GrantToken": token}))
}

impl State {
    /// Creates a grant as the caller, or as a service on the caller's behalf: then
    /// `kms:GrantIsForAWSResource` is true.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn grant(
        &self,
        caller: &Caller,
        key: &str,
        grant: Grant,
        via: Option<String>,
    ) -> Result<(String, String), KeyError> {
        let mut context = vec![
            ("kms:GrantIsForAWSResource".to_owned(), vec![via.is_some().to_string()]),
            ("kms:GrantOperations".to_owned(), grant.operations.clone()),
            ("kms:GranteePrincipal".to_owned(), vec![grant.grantee.clone()]),
        ];
        if let Some(retiring) = &grant.retiring {
            context.push(("kms:RetiringPrincipal".to_owned(), vec![retiring.clone()]));
        }
        if let Some(kind) = match (grant.subset.is_empty(), grant.equals.is_empty()) {
            (false, _) => Some("EncryptionContextSubset"),
            (true, false) => Some("EncryptionContextEquals"),
            (true, true) => None,
        } {
            context.push(("kms:GrantConstraintType".to_owned(), vec![kind.to_owned()]));
        }
        let usage = KeyUse { via, context, enabled: true, ..KeyUse::default() };
        let arn = self.use_key(caller, "kms:CreateGrant", key, &usage)?;
        let made = (grant.id.clone(), grant.token.clone());
        if let Some(key) = self.keys_mut().find_mut(&arn, &self.settings) {
            key.grants.push(grant);
        }
        Ok(made)
    }
}

fn list_grants(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let arn = used(state, caller, "kms:ListGrants", input, &KeyUse::default())?;
    let keys = state.keys();
    let key = keys.find(&arn, &state.settings).ok_or_else(|| gone(&arn))?;
    let grants = key
        .grants
        .iter()
        .filter(|grant| text(input, "GrantId").is_none_or(|id| id == grant.id))
        .filter(|grant| text(input, "GranteePrincipal").is_none_or(|who| who == grant.grantee))
        .map(|grant| show_grant(grant, &arn))
        .collect::<Vec<_>>();
    Ok(json!({"Grants": grants, "Truncated": false}))
}

fn show_grant(grant: &Grant, key: &str) -> Value {
    let mut shown = json!({
        "KeyId": key,
        "GrantId": grant.id,
        "Name": grant.name.clone().unwrap_or_default(),
        "CreationDate": epoch::seconds(grant.created),
        "GranteePrincipal": grant.grantee,
        "IssuingAccount": grant.issuer,
        "Operations": grant.operations,
    });
    let object = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
    };
    if let Value::Object(members) = &mut shown {
        if let Some(retiring) = &grant.retiring {
            members.insert("RetiringPrincipal".to_owned(), Value::from(retiring.as_str()));
        }
        let mut constraints = serde_json::Map::new();
        if !grant.subset.is_empty() {
            constraints.insert("EncryptionContextSubset".to_owned(), object(&grant.subset));
        }
        if !grant.equals.is_empty() {
            constraints.insert("EncryptionContextEquals".to_owned(), object(&grant.equals));
        }
        if !constraints.is_empty() {
            members.insert("Constraints".to_owned(), Value::Object(constraints));
        }
    }
    shown
}

fn remove_grant(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let arn = used(state, caller, "kms:RevokeGrant", input, &KeyUse::default())?;
    let id = required(input, "GrantId")?;
    drop_grant(state, &arn, id)
}

fn drop_grant(state: &State, arn: &str, id: &str) -> Result<Value, ApiError> {
    let mut keys = state.keys_mut();
    let key = keys.find_mut(arn, &state.settings).ok_or_else(|| gone(arn))?;
    let before = key.grants.len();
    key.grants.retain(|grant| grant.id != id);
    if key.grants.len() == before {
        return Err(ApiError::new("NotFoundException", format!("Grant ID {id} not found")));
    }
    Ok(json!({}))
}

/// The retiring principal needs no further right.
fn retire_grant(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let found = {
        let keys = state.keys();
        keys.all()
            .flat_map(|key| key.grants.iter().map(move |grant| (key.arn.clone(), grant)))
            .find(|(_, grant)| {
                text(input, "GrantId") == Some(grant.id.as_str())
                    || text(input, "GrantToken") == Some(grant.token.as_str())
            })
            .map(|(arn, grant)| (arn, grant.id.clone(), grant.retiring.clone()))
    };
    let Some((arn, id, retiring)) = found else {
        return Err(ApiError::new("NotFoundException", "Grant not found"));
    };
    let role = state.identities().role_of_session(&caller.principal).map(|role| role.arn.clone());
    let is_retiring = retiring.as_deref().is_some_and(|retiring| {
        *retiring == *caller.principal || role.as_deref() == Some(retiring)
    });
    if !is_retiring {
        state.use_key(caller, "kms:RetireGrant", &arn, &KeyUse::default())?;
    }
    drop_grant(state, &arn, &id)
}

fn crypto(input: &Value) -> KeyUse {
    within(pairs(input, "EncryptionContext"))
}

/// A cryptographic use of a key.
fn within(encryption_context: Vec<(String, String)>) -> KeyUse {
    KeyUse { encryption_context, enabled: true, ..KeyUse::default() }
}

fn generate(
    state: &State,
    caller: &Caller,
    action: &'static str,
    input: &Value,
    plaintext: bool,
) -> Result<Value, ApiError> {
    let bytes = match (text(input, "KeySpec"), input.get("NumberOfBytes").and_then(Value::as_u64)) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes @ 1..=1024)) => bytes,
        _ => {
            return Err(ApiError::new(
                "ValidationException",
                "Please specify either number of bytes or key spec.",
            ));
        }
    };
    let arn = used(state, caller, action, input, &crypto(input))?;
    let key = (0..bytes).map(|_| rand::random::<u8>()).collect::<Vec<_>>();
    let sealed = seal(state, &arn, &key, &pairs(input, "EncryptionContext"))?;
    let mut output = json!({"KeyId": arn, "CiphertextBlob": STANDARD.encode(sealed)});
    if plaintext && let Value::Object(members) = &mut output {
        members.insert("Plaintext".to_owned(), Value::from(STANDARD.encode(key)));
    }
    Ok(output)
}

fn encrypt(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let plaintext = blob(input, "Plaintext")?;
    if plaintext.is_empty() || plaintext.len() > 4096 {
        return Err(ApiError::new(
            "ValidationException",
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
             Member must have length less than or equal to 4096",
        ));
    }
    let arn = used(state, caller, "kms:Encrypt", input, &crypto(input))?;
    let sealed = seal(state, &arn, &plaintext, &pairs(input, "EncryptionContext"))?;
    Ok(json!({
        "KeyId": arn,
        "CiphertextBlob": STANDARD.encode(sealed),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn decrypt(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let (arn, envelope) = sealed(state, input, "KeyId")?;
    let arn = state.use_key(caller, "kms:Decrypt", &arn, &crypto(input))?;
    let plaintext = open(state, &arn, &envelope, &pairs(input, "EncryptionContext"))
        .ok_or_else(invalid_ciphertext)?;
    Ok(json!({
        "KeyId": arn,
        "Plaintext": STANDARD.encode(plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

/// Both rights are asked, each with its own encryption context, whichever keys they are
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>). With both keys known
/// `kms:ReEncryptOnSameKey` is, too
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-reencrypt-on-same-key>).
fn re_encrypt(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let (source, envelope) = sealed(state, input, "SourceKeyId")?;
    let target = required(input, "DestinationKeyId")?;
    let same = state.keys().find(target, &state.settings).is_some_and(|key| key.arn == source);
    let usage = |context: &str| {
        let on_same = ("kms:ReEncryptOnSameKey".to_owned(), vec![same.to_string()]);
        KeyUse { context: vec![on_same], ..within(pairs(input, context)) }
    };
    let from = usage("SourceEncryptionContext");
    let source = state.use_key(caller, "kms:ReEncryptFrom", &source, &from)?;
    let to = usage("DestinationEncryptionContext");
    let target = state.use_key(caller, "kms:ReEncryptTo", target, &to)?;
    let plaintext =
        open(state, &source, &envelope, &from.encryption_context).ok_or_else(invalid_ciphertext)?;
    let sealed = seal(state, &target, &plaintext, &to.encryption_context)?;
    Ok(json!({
        "SourceKeyId": source,
        "KeyId": target,
        "CiphertextBlob": STANDARD.encode(sealed),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn invalid_ciphertext() -> ApiError {
    ApiError::new("InvalidCiphertextException", "")
}

/// The ciphertext of a request, and the ARN of its key, which `named` may say too.
fn sealed(state: &State, input: &Value, named: &str) -> Result<(String, Value), ApiError> {
    let sealed = blob(input, "CiphertextBlob")?;
    let envelope: Value = serde_json::from_slice(&sealed).map_err(|_| invalid_ciphertext())?;
    let arn = text(&envelope, "key").ok_or_else(invalid_ciphertext)?.to_owned();
    if let Some(named) = text(input, named) {
        let keys = state.keys();
        let named = keys.find(named, &state.settings).ok_or_else(|| gone(named))?;
        if named.arn != arn {
            return Err(ApiError::new(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            ));
        }
    }
    Ok((arn, envelope))
}

/// A ciphertext names its key and binds its encryption context. It hides nothing from whoever owns
/// the machine: no secret of anybody's passes through a rehearsal.
fn seal(
    state: &State,
    arn: &str,
    plaintext: &[u8],
    context: &[(String, String)],
) -> Result<Vec<u8>, ApiError> {
    let keys = state.keys();
    let key = keys.find(arn, &state.settings).ok_or_else(|| gone(arn))?;
    let body = STANDARD.encode(plaintext);
    let proof = proof(&key.material, &body, context);
    Ok(json!({"key": arn, "body": body, "proof": proof}).to_string().into_bytes())
}

fn open(
    state: &State,
    arn: &str,
    envelope: &Value,
    context: &[(String, String)],
) -> Option<Vec<u8>> {
    let keys = state.keys();
    let key = keys.find(arn, &state.settings)?;
    let body = text(envelope, "body")?;
    if text(envelope, "proof")? != proof(&key.material, body, context) {
        return None;
    }
    STANDARD.decode(body).ok()
}

fn proof(material: &[u8], body: &str, context: &[(String, String)]) -> String {
    use sha2::Digest as _;
    let mut context = context.to_vec();
    context.sort();
    let bound = json!([material, body, context]).to_string();
    STANDARD.encode(sha2::Sha256::digest(bound.as_bytes()))
}

fn blob(input: &Value, name: &str) -> Result<Vec<u8>, ApiError> {
    STANDARD
        .decode(required(input, name)?)
        .map_err(|_| ApiError::new("SerializationException", format!("{name} is not base64")))
}

/// Random hexadecimal digits, for ids.
pub(crate) fn random_hex(digits: usize) -> String {
    let mut text = String::with_capacity(digits);
    while text.len() < digits {
        text.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    text.truncate(digits);
    text
}

fn allowed(state: &State, caller: &Caller, ask: &Ask) -> Result<(), ApiError> {
    state
        .authorize(caller, ask)
        .map_err(|denied| ApiError::new("AccessDeniedException", denied.message))
}
