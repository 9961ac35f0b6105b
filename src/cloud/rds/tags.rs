//! Tags of databases and snapshots.

use super::allowed;
use super::instances::tag_list;
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::query::Form;
use crate::cloud::protocol::xml::Xml;
use crate::cloud::state::State;
use std::collections::BTreeMap;

/// The context keys of a request that carries tags
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html>).
pub(super) fn with_tags(ask: Ask, tags: &[(String, String)]) -> Ask {
    if tags.is_empty() {
        return ask;
    }
    let keys = tags.iter().map(|(key, _)| key.clone()).collect();
    tags.iter()
        .fold(ask, |ask, (key, value)| {
            ask.with(format!("aws:RequestTag/{key}"), value.as_str())
                .with(format!("rds:req-tag/{key}"), value.as_str())
        })
        .with_many("aws:TagKeys", keys)
}

/// The context keys of a resource that carries tags.
pub(super) fn with_resource_tags(ask: Ask, tags: &BTreeMap<String, String>) -> Ask {
    tags.iter()
        .fold(ask, |ask, (key, value)| ask.with(format!("aws:ResourceTag/{key}"), value.as_str()))
}

fn change<T>(
    state: &State,
    arn: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> T,
) -> Result<T, ApiError> {
    let mut databases = state.databases();
    if let Some(snapshot) = databases.snapshots.get_mut(arn) {
        return Ok(change(&mut snapshot.tags));
    }
    if let Some(database) = databases.all.get_mut(arn) {
        return Ok(change(&mut database.tags));
    }
    let id = arn.splitn(7, ':').nth(6).unwrap_or(arn).escape_debug().to_string();
    Err(match arn.split(':').nth(5) {
        Some("snapshot") => {
            ApiError::with_status(404, "DBSnapshotNotFound", format!("DBSnapshot {id} not found."))
        }
        Some("cluster") => super::instances::missing(true, &id),
        Some("db") => super::instances::missing(false, &id),
        _ => ApiError::new(
            "InvalidParameterValue",
            format!("Invalid resource name: {}", arn.escape_debug()),
        ),
    })
}

pub(super) fn add(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let arn = form.required("ResourceName")?;
    let new = form.tags();
    allowed(state, caller, &with_tags(Ask::new("rds:AddTagsToResource", arn), &new))?;
    change(state, arn, |tags| tags.extend(new))?;
    Ok(Xml::default())
}

pub(super) fn remove(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let arn = form.required("ResourceName")?;
    let keys = form.list("TagKeys");
    let ask = Ask::new("rds:RemoveTagsFromResource", arn).with_many("aws:TagKeys", keys.clone());
    allowed(state, caller, &ask)?;
    change(state, arn, |tags| tags.retain(|key, _| !keys.contains(key)))?;
    Ok(Xml::default())
}

pub(super) fn list(state: &State, caller: &Caller, form: &Form) -> Result<Xml, ApiError> {
    let arn = form.required("ResourceName")?;
    allowed(state, caller, &Ask::new("rds:ListTagsForResource", arn))?;
    let tags = change(state, arn, |tags| tags.clone())?;
    let mut xml = Xml::default();
    tag_list(&mut xml, &tags);
    Ok(xml)
}
