//! Workgroups, reading only.

use super::{allowed, invalid, on_workgroup, paging, required};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::page::page;
use crate::cloud::state::State;
use crate::cloud::storage::Encryption;
use serde_json::{Map, Value, json};

/// The engine that a query runs on, as Athena calls it.
pub(super) const ENGINE: &str = "Athena engine version 3";

/// `EncryptionConfiguration` of Athena.
pub(super) fn show_encryption(encryption: &Encryption) -> Value {
    match encryption {
        Encryption::S3 => json!({"EncryptionOption": "SSE_S3"}),
        Encryption::Kms { key, .. } => json!({"EncryptionOption": "SSE_KMS", "KmsKey": key}),
    }
}

pub(super) fn missing(name: &str) -> ApiError {
    invalid("WORKGROUP_NOT_FOUND", format!("WorkGroup {} is not found.", name.escape_debug()))
}

pub(super) fn get(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "WorkGroup")?;
    allowed(state, caller, &on_workgroup(state, "athena:GetWorkGroup", name))?;
    let queries = state.queries();
    let (workgroup, created) = queries.workgroups.get(name).ok_or_else(|| missing(name))?;
    let mut result = Map::new();
    if let Some(location) = &workgroup.results {
        result.insert("OutputLocation".to_owned(), Value::from(location.as_str()));
    }
    if let Some(encryption) = &workgroup.encryption {
        result.insert("EncryptionConfiguration".to_owned(), show_encryption(encryption));
    }
    let mut configuration = json!({
        "ResultConfiguration": result,
        "EnforceWorkGroupConfiguration": workgroup.enforced,
        "PublishCloudWatchMetricsEnabled": false,
        "RequesterPaysEnabled": false,
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
    });
    if let (Value::Object(members), Some(cutoff)) =
        (&mut configuration, workgroup.bytes_scanned_cutoff)
    {
        members.insert("BytesScannedCutoffPerQuery".to_owned(), Value::from(cutoff));
    }
    Ok(json!({"WorkGroup": {
        "Name": name,
        "State": "ENABLED",
        "Configuration": configuration,
        "CreationTime": epoch::seconds(*created),
    }}))
}

pub(super) fn list(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    allowed(state, caller, &Ask::new("athena:ListWorkGroups", "*"))?;
    let (size, token) = paging(input, 50)?;
    let queries = state.queries();
    let all = queries
        .workgroups
        .iter()
        .map(|(name, (_, created))| {
            json!({
                "Name": name,
                "State": "ENABLED",
                "CreationTime": epoch::seconds(*created),
                "EngineVersion":
                    {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
            })
        })
        .collect();
    let (workgroups, next) = page(all, token, size, "InvalidRequestException")?;
    Ok(json!({"WorkGroups": workgroups, "NextToken": next}))
}
