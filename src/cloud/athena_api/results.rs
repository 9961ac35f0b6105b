//! Results in pages
//! (<https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html>).

use super::executions::find;
use super::{invalid, paging};
use crate::cloud::athena::s3_url;
use crate::cloud::caller::Caller;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::page::page;
use crate::cloud::s3::Store;
use crate::cloud::service_access::ATHENA;
use crate::cloud::state::State;
use crate::cloud::storage::ObjectStore as _;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn get(
    state: &Arc<State>,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    let execution = find(state, caller, "athena:GetQueryResults", input).await?;
    let standing = execution.standing(state.clock.now());
    match standing.state {
        "SUCCEEDED" => {}
        "QUEUED" | "RUNNING" => {
            return Err(invalid(
                "INVALID_QUERY_EXECUTION_STATE",
                format!("Query has not yet finished. Current state: {}", standing.state),
            ));
        }
        ended => {
            return Err(invalid(
                "INVALID_QUERY_EXECUTION_STATE",
                format!("Query did not finish successfully. Final query state: {ended}"),
            ));
        }
    }
    let Some(Ok(outcome)) = execution.job.peek() else {
        return Err(invalid("INVALID_QUERY_EXECUTION_STATE", "Query has not yet finished."));
    };
    // Whoever reads results must be allowed to read their object, says the operation's page.
    if let Some((bucket, key)) =
        outcome.output.as_deref().or(outcome.manifest.as_deref()).and_then(s3_url)
    {
        Store(Arc::clone(state))
            .head(&caller.through(ATHENA), bucket, key)
            .map_err(|error| ApiError::new("AccessDeniedException", error.to_string()))?;
    }
    let datum = |value: Option<&str>| match value {
        Some(text) => json!({"VarCharValue": text}),
        None => json!({}),
    };
    let row = |values: Vec<Value>| json!({"Data": values});
    // Queries name their columns in the first row.
    let header = (execution.kind.substatement_type == "SELECT")
        .then(|| row(outcome.columns.iter().map(|column| datum(Some(&column.name))).collect()));
    let rows = header
        .into_iter()
        .chain(
            outcome
                .rows
                .iter()
                .map(|values| row(values.iter().map(|value| datum(value.as_deref())).collect())),
        )
        .collect();
    let (size, token) = paging(input, 1000)?;
    let (rows, next) = page(rows, token, size, "InvalidRequestException")?;
    let mut output = json!({
        "ResultSet": {
            "Rows": rows,
            "ResultSetMetadata": {"ColumnInfo": outcome.columns},
        },
        "UpdateCount": outcome.update_count.unwrap_or(0),
    });
    if let (Value::Object(members), Some(next)) = (&mut output, next) {
        members.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(output)
}
