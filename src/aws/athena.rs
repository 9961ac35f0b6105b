//! Queries through Athena: start, wait, read the rows, stop what is no longer wanted.

use super::clients::Clients;
use super::clock::{Clock, between};
use super::error::{AwsError, Denial, ErrorKind, failed, parse_denial};
use super::poll::{Interrupted, Poll, Stop};
use super::refusal::{s3_code, unusable_key};
use crate::printable::line;
use aws_sdk_athena::types::{
    AthenaError, QueryExecution, QueryExecutionContext, QueryExecutionState, StatementType,
};
use std::time::Duration;

/// The longest SQL text that Athena takes, in bytes:
/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>.
pub const MAX_SQL_BYTES: usize = 262_144;

/// What Athena says of a query that it cancels for having read more than its workgroup allows
/// (<https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html>).
const SCAN_LIMIT: &str = "Bytes scanned limit";

/// Athena's types of errors for a query that ran out of resources (0 to 8) or of time (206, 210)
/// (<https://docs.aws.amazon.com/athena/latest/ug/error-reference.html>).
const SPENT: [i32; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 206, 210];

/// Athena's category of errors that are its own (the same page).
const SYSTEM: i32 = 1;

/// How often a query is tried again that failed by no fault of its own.
const RETRIES: usize = 2;

/// How long a query waits for its turn when the account runs as many as it may.
const TURN: Duration = Duration::from_mins(30);

/// How long a query may run before it is stopped. That is for Athena to say, whose limit goes up to 240
/// minutes (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>).
const LONGEST: Duration = Duration::from_mins(255);

/// Runs queries in one workgroup. What the results are encrypted with and where they go is the
/// workgroup's business.
#[derive(Clone)]
pub struct Athena<'a> {
    clients: &'a Clients,
    clock: &'a dyn Clock,
    workgroup: &'a str,
    stop: Stop,
}

impl std::fmt::Debug for Athena<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Athena").field("workgroup", &self.workgroup).finish_non_exhaustive()
    }
}

/// The rows of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// The query execution's id.
    pub id: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, as Athena prints them; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// How much data Athena scanned, in bytes.
    pub scanned_bytes: u64,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type, in Athena's words: `varchar`, `bigint`, `timestamp`.
    pub data_type: String,
}

/// Why a query gave no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A call to Athena failed.
    #[error(transparent)]
    Aws(Box<AwsError>),
    /// Athena ran the query and it failed.
    #[error("Athena query {id} in `{}` failed: {}", line(database), line(reason))]
    Failed {
        /// The query execution's id.
        id: String,
        /// The database that unqualified names resolve in.
        database: String,
        /// The reason, in Athena's words.
        reason: String,
    },
    /// Athena did not carry the query through: it was cancelled, read more than the workgroup allows,
    /// ran out of time or of resources, or failed inside Athena. That says nothing of the data.
    #[error("Athena query {id} in `{}` was cut short: {}", line(database), line(reason))]
    CutShort {
        /// The query execution's id.
        id: String,
        /// The database that unqualified names resolve in.
        database: String,
        /// The reason, in Athena's words.
        reason: String,
    },
    /// The query ran longer than allowed and was stopped.
    #[error("Athena query {id} did not end within {} s and was stopped", limit.as_secs())]
    TooLong {
        /// The query execution's id.
        id: String,
        /// The limit.
        limit: Duration,
    },
    /// Somebody asked to stop; the query was stopped.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<AwsError> for QueryError {
    fn from(error: AwsError) -> Self {
        Self::Aws(Box::new(error))
    }
}

impl QueryError {
    /// Who was denied what, when that is why the query failed.
    #[must_use]
    pub fn denial(&self) -> Option<Denial> {
        match self {
            Self::Aws(error) => error.denial(),
            Self::Failed { reason, .. } => parse_denial(reason),
            Self::CutShort { .. } | Self::TooLong { .. } | Self::Interrupted(_) => None,
        }
    }

    /// Whether the query failed because something could not be read that may be in order: whoever queries
    /// lacks a right, S3 refused, or a key cannot be used. It says nothing of the data, nor of the SQL.
    #[must_use]
    pub fn is_about_access(&self) -> bool {
        let Self::Failed { reason, .. } = self else { return self.denial().is_some() };
        // <https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html>
        self.denial().is_some()
            || reason.starts_with("PERMISSION_DENIED")
            || unusable_key(reason).is_some()
            || s3_code(reason).is_some_and(|code| code != "NoSuchKey")
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        if let Self::Aws(error) = self {
            return error.help();
        }
        if let Some(denial) = self.denial() {
            return format!(
                "allow `{}` on `{}` for `{}`",
                denial.action,
                denial.resource.as_deref().unwrap_or("*"),
                denial.principal
            );
        }
        if let Self::Failed { reason, .. } = self
            && let Some(help) = unusable_key(reason)
        {
            return help.to_owned();
        }
        match self {
            Self::CutShort { reason, .. } if reason.contains(SCAN_LIMIT) => {
                return "set a higher `scan_limit` under `[athena]` in snaplake.toml, generate and apply \
                        it, or have the owner of an existing workgroup raise its limit; then resume the \
                        run, which reads every column of a table once"
                    .to_owned();
            }
            Self::CutShort { .. } | Self::TooLong { .. } => {
                return "this says nothing of the data: look the query up by its id in Athena's console; \
                        for one that ran out of time raise `DML query timeout` in Service Quotas, which \
                        goes up to 240 minutes; then resume the run, which asks again"
                    .to_owned();
            }
            _ => {}
        }
        "look the query up by its id in Athena's console; then resume the run".to_owned()
    }
}

/// The end of one attempt.
enum Attempt {
    Succeeded(Box<QueryExecution>),
    Failed { reason: String, again: bool, cut_short: bool },
}

impl<'a> Athena<'a> {
    /// Queries in `workgroup`, until somebody asks `stop`.
    #[must_use]
    pub fn new(clients: &'a Clients, clock: &'a dyn Clock, workgroup: &'a str, stop: Stop) -> Self {
        Self { clients, clock, workgroup, stop }
    }

    /// Runs one statement; unqualified names resolve in `database`. A query that failed by a fault
    /// of Athena's is tried again, twice.
    ///
    /// # Errors
    /// When a call fails, the query fails, takes too long, or somebody asks to stop. In the last two
    /// cases the query is stopped in AWS too.
    pub async fn query(&self, database: &str, sql: &str) -> Result<QueryResult, QueryError> {
        let mut left = RETRIES;
        loop {
            let id = self.start(database, sql).await?;
            match self.wait(&id).await? {
                Attempt::Succeeded(execution) => return self.rows(id, &execution).await,
                Attempt::Failed { again: true, reason, .. } if left > 0 => {
                    tracing::warn!(id, reason, "a query failed inside Athena; trying again");
                    left -= 1;
                }
                Attempt::Failed { reason, cut_short: true, .. } => {
                    return Err(QueryError::CutShort { id, database: database.to_owned(), reason });
                }
                Attempt::Failed { reason, .. } => {
                    return Err(QueryError::Failed { id, database: database.to_owned(), reason });
                }
            }
        }
    }

    /// Starts a statement and returns its id. When the account runs as many queries as it may, this
    /// waits for its turn.
    ///
    /// # Errors
    /// When the call fails, or somebody asks to stop.
    pub async fn start(&self, database: &str, sql: &str) -> Result<String, QueryError> {
        let begun = self.clock.now();
        loop {
            self.stop.check()?;
            let outcome = self
                .clients
                .athena
                .start_query_execution()
                .work_group(self.workgroup)
                .query_execution_context(
                    QueryExecutionContext::builder().database(database).build(),
                )
                .query_string(sql)
                .send()
                .await
                .map_err(failed("athena", "StartQueryExecution", self.workgroup));
            let waited = between(begun, self.clock.now());
            match outcome {
                Ok(started) => return Ok(started.query_execution_id.unwrap_or_default()),
                Err(error) if error.kind == ErrorKind::Throttled && waited < TURN => {
                    Poll::SHORT.wait(self.clock, waited, &self.stop).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Stops a query. Stopping one that has ended is no error.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn stop(&self, id: &str) -> Result<(), AwsError> {
        self.clients
            .athena
            .stop_query_execution()
            .query_execution_id(id)
            .send()
            .await
            .map(|_| ())
            .map_err(failed("athena", "StopQueryExecution", id))
    }

    async fn wait(&self, id: &str) -> Result<Attempt, QueryError> {
        let begun = self.clock.now();
        let mut running = None;
        loop {
            let execution = self
                .clients
                .athena
                .get_query_execution()
                .query_execution_id(id)
                .send()
                .await
                .map_err(failed("athena", "GetQueryExecution", id))?
                .query_execution
                .unwrap_or_else(|| QueryExecution::builder().build());
            let status = execution.status();
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Succeeded) => {
                    return Ok(Attempt::Succeeded(Box::new(execution)));
                }
                Some(state @ (QueryExecutionState::Failed | QueryExecutionState::Cancelled)) => {
                    let error = status.and_then(|status| status.athena_error());
                    let reason = status
                        .and_then(|status| status.state_change_reason())
                        .unwrap_or("Athena gave no reason")
                        .to_owned();
                    let spent = error
                        .and_then(AthenaError::error_type)
                        .is_some_and(|kind| SPENT.contains(&kind));
                    let system = error.is_some_and(|error| {
                        error.retryable() || error.error_category() == Some(SYSTEM)
                    });
                    let cut_short = spent || system || *state == QueryExecutionState::Cancelled;
                    // What ran out of time or resources would only do so again.
                    let again = system && !spent;
                    return Ok(Attempt::Failed { reason, again, cut_short });
                }
                _ => {}
            }
            let now = self.clock.now();
            if status.and_then(|status| status.state()) == Some(&QueryExecutionState::Running) {
                running.get_or_insert(now);
            }
            if running.is_some_and(|running| between(running, now) >= LONGEST) {
                self.stop(id).await?;
                return Err(QueryError::TooLong { id: id.to_owned(), limit: LONGEST });
            }
            let elapsed = between(begun, now);
            if let Err(interrupted) = Poll::SHORT.wait(self.clock, elapsed, &self.stop).await {
                // The user wants to leave; that the query could not be stopped is only worth a line.
                if let Err(error) = self.stop(id).await {
                    tracing::warn!(%error, "a query goes on in Athena");
                }
                return Err(interrupted.into());
            }
        }
    }

    async fn rows(
        &self,
        id: String,
        execution: &QueryExecution,
    ) -> Result<QueryResult, QueryError> {
        let mut result = QueryResult {
            id,
            scanned_bytes: execution
                .statistics()
                .and_then(aws_sdk_athena::types::QueryExecutionStatistics::data_scanned_in_bytes)
                .and_then(|bytes| u64::try_from(bytes).ok())
                .unwrap_or_default(),
            ..QueryResult::default()
        };
        // The statements that return rows repeat the column names as the first of them.
        let mut header = execution.statement_type() == Some(&StatementType::Dml);
        let mut pages = self
            .clients
            .athena
            .get_query_results()
            .query_execution_id(&result.id)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("athena", "GetQueryResults", &result.id))?;
            let Some(set) = page.result_set else { continue };
            if result.columns.is_empty() {
                let columns = set.result_set_metadata.and_then(|metadata| metadata.column_info);
                result.columns = columns
                    .unwrap_or_default()
                    .into_iter()
                    .map(|info| Column { name: info.name, data_type: info.r#type })
                    .collect();
            }
            for row in set.rows.unwrap_or_default() {
                if std::mem::take(&mut header) {
                    continue;
                }
                let values = row.data.unwrap_or_default().into_iter();
                result.rows.push(values.map(|datum| datum.var_char_value).collect());
            }
        }
        Ok(result)
    }
}
