//! What faults do to an export that has been written.

use crate::cloud::export::ExportOutcome;
use crate::cloud::faults::Effect;
use crate::cloud::s3::Store;
use crate::cloud::storage::StoreError;
use serde_json::{Value, json};

/// Where an export lies.
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    /// The export's folder, without a slash at its end.
    pub(super) folder: &'a str,
    pub(super) id: &'a str,
}

/// Does to an export what faults ask for; the outcome's warning is the task's.
///
/// # Errors
/// [`StoreError`] when the cloud's folder cannot be used.
pub(super) fn damage(
    store: &Store,
    place: &Place<'_>,
    outcome: &mut ExportOutcome,
    faults: &[Effect],
) -> Result<(), StoreError> {
    for fault in faults {
        if let Effect::SkipTables { tables } = fault {
            skip(store, place, outcome, tables)?;
        } else if let Some(key) = outcome.tables.iter().find_map(|table| table.written.keys.first())
        {
            store.damage(place.bucket, key, fault)?;
        }
    }
    Ok(())
}

/// Leaves tables out, as RDS does with those it cannot read: COMPLETE, with a warning, and without
/// their files.
fn skip(
    store: &Store,
    place: &Place<'_>,
    outcome: &mut ExportOutcome,
    wanted: &[String],
) -> Result<(), StoreError> {
    let reason = "this fault was asked for";
    let named = |target: &str| {
        wanted.iter().any(|name| {
            name == target
                || target.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
        })
    };
    let (skipped, kept): (Vec<_>, Vec<_>) =
        std::mem::take(&mut outcome.tables).into_iter().partition(|table| named(&table.target));
    outcome.tables = kept;
    for table in &skipped {
        for key in &table.written.keys {
            store.remove(place.bucket, key)?;
            if let Some((folder, _)) = key.rsplit_once('/') {
                store.remove(place.bucket, &format!("{folder}/_SUCCESS"))?;
            }
        }
    }
    let prefix = format!("{}/export_tables_info_{}_", place.folder, place.id);
    store.rewrite(place.bucket, &prefix, |text| {
        let mut manifest: Value = serde_json::from_slice(text).ok()?;
        let statuses = manifest.get_mut("perTableStatus")?.as_array_mut()?;
        for status in statuses {
            let target = status.get("target").and_then(Value::as_str).unwrap_or_default();
            if named(target)
                && let Some(members) = status.as_object_mut()
            {
                members.insert("status".to_owned(), json!("SKIPPED"));
                members.insert("warningMessage".to_owned(), json!(reason));
                members.insert("sizeGB".to_owned(), json!(0.0));
            }
        }
        Some(format!("{manifest:#}\n").into_bytes())
    })?;
    let mut warning: Value = outcome
        .warning_message
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| json!({"skippedTables": [], "skippedObjectives": [], "general": []}));
    if let Some(list) = warning.get_mut("skippedTables").and_then(Value::as_array_mut) {
        list.extend(
            skipped.iter().map(|table| json!({"tableName": table.target, "reason": reason})),
        );
    }
    if !skipped.is_empty() {
        outcome.warning_message = Some(warning.to_string());
    }
    Ok(())
}
