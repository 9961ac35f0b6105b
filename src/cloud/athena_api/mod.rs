//! Amazon Athena's API: workgroups, queries and their states over virtual time, results
//! (<https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html>).

use super::caller::Caller;
use super::error::ApiError;
use super::seed::{SeedError, WorkgroupSeed};
use super::state::State;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Workgroups by name, and queries by id.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    workgroups: BTreeMap<String, (WorkgroupSeed, Timestamp)>,
}

impl Queries {
    /// Adds or replaces a workgroup.
    pub(crate) fn add_workgroup(
        &mut self,
        seed: &WorkgroupSeed,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        self.workgroups.insert(seed.name.clone(), (seed.clone(), now));
        Ok(())
    }
}

pub(super) async fn call(
    _state: &Arc<State>,
    _caller: &Caller,
    operation: &str,
    _input: Value,
) -> Result<Value, ApiError> {
    Err(ApiError::new("UnknownOperationException", operation))
}
