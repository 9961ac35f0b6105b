//! Queries: how they begin, the states they go through over virtual time, how they are stopped.

use super::prepared;
use super::workgroups::{ENGINE, missing, show_encryption};
use super::{Queries, allowed, invalid, on_workgroup, paging, required};
use crate::cloud::athena::{self, QueryError, QueryOutcome, QueryRequest, StatementKind};
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::clock::after;
use crate::cloud::error::ApiError;
use crate::cloud::job::Job;
use crate::cloud::protocol::page::page;
use crate::cloud::s3::Store;
use crate::cloud::service_access::{self, ATHENA};
use crate::cloud::state::State;
use crate::cloud::storage::Encryption;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long a query is QUEUED when there is room for it.
const QUEUE: Duration = Duration::from_millis(150);
/// The least time that a query runs.
const RUNNING: Duration = Duration::from_millis(700);
/// Bytes a second that are scanned.
const SPEED: u64 = 200 * 1024 * 1024;
/// Active queries of an account, each kind
/// (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>).
const LIMIT_DDL: usize = 20;
const LIMIT_DML: usize = 200;

/// A query.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) id: String,
    pub(super) workgroup: String,
    pub(super) kind: StatementKind,
    sql: String,
    database: String,
    catalog: String,
    parameters: Vec<String>,
    /// The full URL of the result.
    pub(super) output: String,
    encryption: Option<Encryption>,
    submitted: Timestamp,
    stopped: Option<Timestamp>,
    pub(super) job: Job<Result<Arc<QueryOutcome>, QueryError>>,
}

/// Where a query stands at a moment.
pub(super) struct Standing {
    pub(super) state: &'static str,
    end: Option<Timestamp>,
    next: Option<Timestamp>,
}

impl Execution {
    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        if let Some(stopped) = self.stopped {
            return Standing { state: "CANCELLED", end: Some(stopped), next: None };
        }
        let running = after(self.submitted, QUEUE);
        if now < running {
            return Standing { state: "QUEUED", end: None, next: Some(running) };
        }
        let Some(result) = self.job.peek() else {
            return Standing { state: "RUNNING", end: None, next: Some(running) };
        };
        let scanned = result.as_ref().map_or(0, |outcome| outcome.bytes_scanned);
        let millis = scanned.saturating_mul(1000) / SPEED;
        let end = after(running, RUNNING.saturating_add(Duration::from_millis(millis)));
        if now < end {
            return Standing { state: "RUNNING", end: None, next: Some(end) };
        }
        let state = match &result {
            Ok(_) => "SUCCEEDED",
            Err(error) if error.cancelled => "CANCELLED",
            Err(_) => "FAILED",
        };
        Standing { state, end: Some(end), next: None }
    }

    fn show(&self, now: Timestamp) -> Value {
        let standing = self.standing(now);
        let result = self.job.peek();
        let mut status = json!({
            "State": standing.state,
            "SubmissionDateTime": epoch::seconds(self.submitted),
        });
        if let Value::Object(members) = &mut status {
            let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
            if let Some(end) = standing.end {
                set("CompletionDateTime", Value::from(epoch::seconds(end)));
            }
            match (standing.state, &result) {
                ("FAILED", Some(Err(failed))) => {
                    set("StateChangeReason", Value::from(failed.message.as_str()));
                    let mut error = json!({
                        "ErrorCategory": failed.category,
                        "Retryable": failed.category == 1,
                        "ErrorMessage": failed.message,
                    });
                    if let (Value::Object(members), Some(kind)) = (&mut error, failed.error_type) {
                        members.insert("ErrorType".to_owned(), Value::from(kind));
                    }
                    set("AthenaError", error);
                }
                ("CANCELLED", Some(Err(cut))) if self.stopped.is_none() => {
                    set("StateChangeReason", Value::from(cut.message.as_str()));
                }
                ("CANCELLED", _) => {
                    set("StateChangeReason", Value::from("Query cancelled by user"));
                }
                _ => {}
            }
        }
        let mut result_configuration = json!({"OutputLocation": self.output});
        if let (Value::Object(members), Some(encryption)) =
            (&mut result_configuration, &self.encryption)
        {
            members.insert("EncryptionConfiguration".to_owned(), show_encryption(encryption));
        }
        let mut context = json!({"Catalog": self.catalog});
        if let (Value::Object(members), false) = (&mut context, self.database.is_empty()) {
            members.insert("Database".to_owned(), Value::from(self.database.as_str()));
        }
        let mut shown = json!({
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": self.kind.statement_type,
            "SubstatementType": self.kind.substatement_type,
            "ResultConfiguration": result_configuration,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": false}},
            "QueryExecutionContext": context,
            "Status": status,
            "Statistics": self.statistics(now),
            "WorkGroup": self.workgroup,
            "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": ENGINE},
        });
        if let (Value::Object(members), false) = (&mut shown, self.parameters.is_empty()) {
            members.insert("ExecutionParameters".to_owned(), json!(self.parameters));
        }
        shown
    }

    fn statistics(&self, now: Timestamp) -> Value {
        let standing = self.standing(now);
        let until = standing.end.unwrap_or(now);
        let total = until.duration_since(self.submitted).as_millis();
        let queued = i128::try_from(QUEUE.as_millis()).unwrap_or(0).min(total);
        let scanned = match self.job.peek() {
            Some(Ok(outcome)) if standing.state == "SUCCEEDED" => outcome.bytes_scanned,
            _ => 0,
        };
        let millis = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
        let mut shown = json!({
            "EngineExecutionTimeInMillis": millis(total - queued),
            "DataScannedInBytes": scanned,
            "TotalExecutionTimeInMillis": millis(total),
            "QueryQueueTimeInMillis": millis(queued),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": false},
        });
        if let (Value::Object(members), "SUCCEEDED", Some(Ok(outcome))) =
            (&mut shown, standing.state, self.job.peek())
            && let Some(manifest) = &outcome.manifest
        {
            members.insert("DataManifestLocation".to_owned(), Value::from(manifest.as_str()));
        }
        shown
    }
}

/// Where a query's results go, and under which limits.
struct Settled {
    location: String,
    encryption: Option<Encryption>,
    bytes_cutoff: Option<u64>,
    /// Whether the workgroup's settings override the client's.
    enforced: bool,
}

/// Where results go, how they are encrypted, and how much may be scanned: the workgroup's settings
/// where it enforces them, else the client's before the workgroup's
/// (<https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html>).
fn settle(queries: &Queries, workgroup: &str, input: &Value) -> Result<Settled, ApiError> {
    let (settings, _) = queries.workgroups.get(workgroup).ok_or_else(|| missing(workgroup))?;
    let client = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let theirs = client("/ResultConfiguration/OutputLocation").map(str::to_owned);
    let option = client("/ResultConfiguration/EncryptionConfiguration/EncryptionOption");
    let key = client("/ResultConfiguration/EncryptionConfiguration/KmsKey");
    let encryption = match (option, key) {
        (Some("SSE_S3"), _) => Some(Encryption::S3),
        (Some("SSE_KMS"), Some(key)) => {
            Some(Encryption::Kms { key: key.to_owned(), bucket_key: false })
        }
        (None, _) => None,
        _ => {
            return Err(invalid(
                "INVALID_INPUT",
                "the rehearsal knows the encryption options SSE_S3 and SSE_KMS with a key",
            ));
        }
    };
    let (location, encryption) = if settings.enforced && settings.results.is_some() {
        (settings.results.clone(), settings.encryption.clone())
    } else {
        (
            theirs.or_else(|| settings.results.clone()),
            encryption.or_else(|| settings.encryption.clone()),
        )
    };
    let location = location.ok_or_else(|| {
        invalid(
            "INVALID_INPUT",
            "No output location provided. An output location is required either through the \
             Workgroup result configuration setting or as an API input.",
        )
    })?;
    if athena::s3_url(&location).is_none() {
        return Err(invalid("INVALID_INPUT", "outputLocation is not a valid S3 path."));
    }
    Ok(Settled {
        location: format!("{}/", location.trim_end_matches('/')),
        encryption,
        bytes_cutoff: settings.bytes_scanned_cutoff,
        enforced: settings.enforced && settings.results.is_some(),
    })
}

pub(super) fn start(state: &Arc<State>, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let sql = required(input, "QueryString")?;
    let workgroup = input.get("WorkGroup").and_then(Value::as_str).unwrap_or("primary");
    allowed(state, caller, &on_workgroup(state, "athena:StartQueryExecution", workgroup))?;
    if sql.len() > athena::MAX_QUERY_BYTES {
        return Err(invalid("INVALID_INPUT", "The query string is longer than 262144 bytes."));
    }
    let token = input.get("ClientRequestToken").and_then(Value::as_str);
    if let Some(id) = token.and_then(|token| state.queries().tokens.get(token).cloned()) {
        return Ok(json!({"QueryExecutionId": id}));
    }
    let settled = settle(&state.queries(), workgroup, input)?;
    let (running, parameters) =
        prepared::settle(state, caller, workgroup, sql, parameters(input)?)?;
    // An EXECUTE is of the kind of what it runs.
    let kind =
        athena::classify(&running).map_err(|error| invalid("MALFORMED_QUERY", error.message))?;
    let now = state.clock.now();
    limit(&state.queries(), kind, now)?;

    let context = |name: &str| {
        input.pointer(&format!("/QueryExecutionContext/{name}")).and_then(Value::as_str)
    };
    let id = uuid::Uuid::new_v4().to_string();
    let output = output(&settled.location, &id, kind);
    let request = QueryRequest {
        sql: running,
        database: context("Database").unwrap_or_default().to_owned(),
        catalog: context("Catalog").unwrap_or_default().to_owned(),
        parameters: parameters.clone(),
        query_execution_id: id.clone(),
        output_location: settled.location,
        encryption: settled.encryption.clone(),
        bytes_cutoff: settled.bytes_cutoff,
        enforced: settled.enforced,
        submitted: now,
    };
    let execution = Execution {
        id: id.clone(),
        workgroup: workgroup.to_owned(),
        kind,
        sql: sql.to_owned(),
        database: request.database.clone(),
        catalog: if request.catalog.is_empty() {
            athena::CATALOG.to_owned()
        } else {
            request.catalog.to_lowercase()
        },
        parameters,
        output,
        encryption: settled.encryption,
        submitted: now,
        stopped: None,
        job: Job::waiting(run(Arc::clone(state), caller.through(ATHENA), request)),
    };
    let mut queries = state.queries();
    if let Some(token) = token {
        queries.tokens.insert(token.to_owned(), id.clone());
    }
    queries.executions.insert(id.clone(), execution);
    Ok(json!({"QueryExecutionId": id}))
}

/// `ExecutionParameters`; the service model asks for one at least where there are any.
fn parameters(input: &Value) -> Result<Vec<String>, ApiError> {
    let Some(given) = input.get("ExecutionParameters").filter(|given| !given.is_null()) else {
        return Ok(Vec::new());
    };
    let texts = given.as_array().and_then(|given| {
        given.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.filter(|texts| !texts.is_empty()).ok_or_else(|| {
        invalid("INVALID_INPUT", "ExecutionParameters must be a list of at least one text")
    })
}

/// The URL that an execution tells of its result
/// (<https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>).
fn output(location: &str, id: &str, kind: StatementKind) -> String {
    match kind.substatement_type {
        "SELECT" => format!("{location}{id}.csv"),
        "CREATE_TABLE_AS_SELECT" | "INSERT" | "UNLOAD" => format!("{location}{id}"),
        _ => format!("{location}{id}.txt"),
    }
}

/// Athena takes so many active queries of an account, and no more.
fn limit(queries: &Queries, kind: StatementKind, now: Timestamp) -> Result<(), ApiError> {
    let ddl = kind.statement_type == "DDL";
    let active = queries
        .executions
        .values()
        .filter(|execution| (execution.kind.statement_type == "DDL") == ddl)
        .filter(|execution| execution.standing(now).next.is_some())
        .count();
    if active >= if ddl { LIMIT_DDL } else { LIMIT_DML } {
        return Err(ApiError::new(
            "TooManyRequestsException",
            "You have exceeded the limit for the number of queries you can run concurrently. Reduce \
             the number of concurrent queries submitted by this account.",
        )
        .member("Reason", "CONCURRENT_QUERY_LIMIT_EXCEEDED"));
    }
    Ok(())
}

/// Runs a query as its caller, through Athena.
async fn run(
    state: Arc<State>,
    caller: Caller,
    request: QueryRequest,
) -> Result<Arc<QueryOutcome>, QueryError> {
    service_access::athena_results(
        &state,
        &caller,
        &request.output_location,
        &request.query_execution_id,
    )
    .map_err(|denied| QueryError {
        message: format!(
            "Access denied when writing output to url: {}{}. Please ensure you are allowed to \
                 access the S3 bucket. If you are encrypting query results with KMS key, please \
                 ensure you are allowed to access your KMS key: {}",
            request.output_location, request.query_execution_id, denied.message
        ),
        category: 2,
        error_type: Some(1301),
        cancelled: false,
    })?;
    let store = Arc::new(Store(state));
    let outcome = athena::execute(&request, store.clone(), store, &caller).await;
    outcome.map(Arc::new)
}

/// A query that the caller may see, brought up to the present: a poller's clock moves to its next
/// event, and a query that runs is run before anything is said of it.
pub(super) async fn find(
    state: &State,
    caller: &Caller,
    action: &'static str,
    input: &Value,
) -> Result<Execution, ApiError> {
    let id = required(input, "QueryExecutionId")?;
    let execution = state.queries().executions.get(id).cloned();
    let Some(execution) = execution else {
        return Err(invalid(
            "INVALID_QUERY_EXECUTION_ID",
            format!("QueryExecution {} was not found", id.escape_debug()),
        ));
    };
    allowed(state, caller, &on_workgroup(state, action, &execution.workgroup))?;
    if let Some(next) = execution.standing(state.clock.now()).next {
        state.clock.polled(next);
    }
    let queued = after(execution.submitted, QUEUE);
    if execution.stopped.is_none() && state.clock.now() >= queued {
        execution.job.wait().await;
    }
    Ok(execution)
}

pub(super) async fn get(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let execution = find(state, caller, "athena:GetQueryExecution", input).await?;
    Ok(json!({"QueryExecution": execution.show(state.clock.now())}))
}

pub(super) async fn batch_get(
    state: &State,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    let ids = input.get("QueryExecutionIds").and_then(Value::as_array);
    let (mut found, mut unprocessed) = (Vec::new(), Vec::new());
    for id in ids.into_iter().flatten() {
        let one = json!({"QueryExecutionId": id});
        match find(state, caller, "athena:BatchGetQueryExecution", &one).await {
            Ok(execution) => found.push(execution.show(state.clock.now())),
            Err(error) if error.code == "AccessDeniedException" => return Err(error),
            Err(error) => unprocessed.push(json!({
                "QueryExecutionId": id,
                "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                "ErrorMessage": error.message,
            })),
        }
    }
    Ok(json!({"QueryExecutions": found, "UnprocessedQueryExecutionIds": unprocessed}))
}

pub(super) fn list(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = input.get("WorkGroup").and_then(Value::as_str).unwrap_or("primary");
    allowed(state, caller, &on_workgroup(state, "athena:ListQueryExecutions", workgroup))?;
    let (size, token) = paging(input, 50)?;
    let queries = state.queries();
    if !queries.workgroups.contains_key(workgroup) {
        return Err(missing(workgroup));
    }
    let mut executions = queries
        .executions
        .values()
        .filter(|execution| execution.workgroup == workgroup)
        .map(|execution| (execution.submitted, execution.id.clone()))
        .collect::<Vec<_>>();
    executions.sort_by(|left, right| right.cmp(left));
    let ids = executions.into_iter().map(|(_, id)| id).collect();
    let (ids, next) = page(ids, token, size, "InvalidRequestException")?;
    Ok(json!({"QueryExecutionIds": ids, "NextToken": next}))
}

/// Stopping a query that has ended changes nothing.
pub(super) async fn stop(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let id = required(input, "QueryExecutionId")?;
    let now = state.clock.now();
    let found = state.queries().executions.get(id).cloned();
    let execution = found.ok_or_else(|| {
        invalid(
            "INVALID_QUERY_EXECUTION_ID",
            format!("QueryExecution {} was not found", id.escape_debug()),
        )
    })?;
    allowed(
        state,
        caller,
        &on_workgroup(state, "athena:StopQueryExecution", &execution.workgroup),
    )?;
    // Past the queue, whether it has ended depends on when its work ends.
    if now >= after(execution.submitted, QUEUE) {
        execution.job.wait().await;
    }
    let mut queries = state.queries();
    if let Some(execution) = queries.executions.get_mut(id)
        && execution.standing(now).next.is_some()
    {
        execution.stopped = Some(now);
        execution.job.cancel();
    }
    Ok(json!({}))
}

pub(super) async fn statistics(
    state: &State,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    let execution = find(state, caller, "athena:GetQueryRuntimeStatistics", input).await?;
    let shown = execution.statistics(state.clock.now());
    let time = |name: &str| shown.get(name).cloned().unwrap_or(Value::Null);
    Ok(json!({"QueryRuntimeStatistics": {
        "Timeline": {
            "QueryQueueTimeInMillis": time("QueryQueueTimeInMillis"),
            "EngineExecutionTimeInMillis": time("EngineExecutionTimeInMillis"),
            "TotalExecutionTimeInMillis": time("TotalExecutionTimeInMillis"),
        },
        "Rows": {"InputBytes": time("DataScannedInBytes")},
    }}))
}
