//! Amazon Athena's API: workgroups, queries and their states over virtual time, results
//! (<https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html>).

mod catalogs;
mod executions;
mod prepared;
mod results;
mod workgroups;

use super::authorize::Ask;
use super::caller::Caller;
use super::error::ApiError;
use super::seed::{SeedError, WorkgroupSeed};
use super::state::State;
use executions::Execution;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Workgroups by name, and queries by id.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    workgroups: BTreeMap<String, (WorkgroupSeed, Timestamp)>,
    executions: BTreeMap<String, Execution>,
    /// The ids that were given for clients' request tokens.
    tokens: BTreeMap<String, String>,
    statements: prepared::Statements,
}

impl Queries {
    /// Adds or replaces a workgroup.
    pub(crate) fn add_workgroup(
        &mut self,
        seed: &WorkgroupSeed,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        // `WorkGroupName` of the service model.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=128).contains(&seed.name.len()) || !seed.name.bytes().all(plain) {
            return Err(SeedError::Name { name: seed.name.clone(), service: "Athena" });
        }
        self.workgroups.insert(seed.name.clone(), (seed.clone(), now));
        Ok(())
    }
}

/// Answers an operation.
pub(super) async fn call(
    state: &Arc<State>,
    caller: &Caller,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    match operation {
        "StartQueryExecution" => executions::start(state, caller, &input),
        "GetQueryExecution" => executions::get(state, caller, &input).await,
        "BatchGetQueryExecution" => executions::batch_get(state, caller, &input).await,
        "ListQueryExecutions" => executions::list(state, caller, &input),
        "StopQueryExecution" => executions::stop(state, caller, &input).await,
        "GetQueryRuntimeStatistics" => executions::statistics(state, caller, &input).await,
        "GetQueryResults" => results::get(state, caller, &input).await,
        "GetWorkGroup" => workgroups::get(state, caller, &input),
        "ListWorkGroups" => workgroups::list(state, caller, &input),
        "CreatePreparedStatement" => prepared::create(state, caller, &input),
        "UpdatePreparedStatement" => prepared::update(state, caller, &input),
        "GetPreparedStatement" => prepared::get(state, caller, &input),
        "BatchGetPreparedStatement" => prepared::batch_get(state, caller, &input),
        "ListPreparedStatements" => prepared::list(state, caller, &input),
        "DeletePreparedStatement" => prepared::delete(state, caller, &input),
        "ListDataCatalogs" => catalogs::list(state, caller),
        "GetDataCatalog" => catalogs::get(state, caller, &input),
        "ListDatabases" => catalogs::databases(state, caller, &input),
        "GetDatabase" => catalogs::database(state, caller, &input),
        "ListTableMetadata" => catalogs::tables(state, caller, &input),
        "GetTableMetadata" => catalogs::table(state, caller, &input),
        _ => Err(ApiError::new(
            "UnknownOperationException",
            format!("the rehearsal does not serve athena:{}", operation.escape_debug()),
        )),
    }
}

/// Athena's error for what is wrong with a request; its code lies below.
fn invalid(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidRequestException", message).member("AthenaErrorCode", code)
}

/// Authorizes an action, as Athena says no.
fn allowed(state: &State, caller: &Caller, ask: &Ask) -> Result<(), ApiError> {
    state
        .authorize(caller, ask)
        .map_err(|denied| ApiError::new("AccessDeniedException", denied.message))
}

/// A request about a workgroup.
fn on_workgroup(state: &State, action: &'static str, workgroup: &str) -> Ask {
    Ask::new(action, state.settings.arn("athena", &format!("workgroup/{workgroup}")))
}

/// A member that is text and there.
fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    input
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid("INVALID_INPUT", format!("{name} is null or empty")))
}

/// The size of a page and its token.
fn paging(input: &Value, most: usize) -> Result<(usize, Option<&str>), ApiError> {
    let size = match input.get("MaxResults").and_then(Value::as_u64) {
        None => most,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| {
                invalid(
                    "INVALID_INPUT",
                    format!("MaxResults is more than maximum allowed length {most}"),
                )
            })?,
    };
    Ok((size, input.get("NextToken").and_then(Value::as_str)))
}
