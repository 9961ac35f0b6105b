//! Statements that a workgroup keeps, to be run with values for their question marks
//! (<https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html>).

use super::workgroups::missing;
use super::{allowed, invalid, on_workgroup, paging, required};
use crate::cloud::athena::{self, Prepared};
use crate::cloud::caller::Caller;
use crate::cloud::catalog::epoch;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::page::page;
use crate::cloud::state::State;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A statement that is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    sql: String,
    description: Option<String>,
    modified: Timestamp,
}

/// By workgroup and name.
pub(super) type Statements = BTreeMap<(String, String), Kept>;

impl Kept {
    fn show(&self, workgroup: &str, name: &str) -> Value {
        let mut shown = json!({
            "StatementName": name,
            "QueryStatement": self.sql,
            "WorkGroupName": workgroup,
            "LastModifiedTime": epoch::seconds(self.modified),
        });
        if let (Value::Object(members), Some(text)) = (&mut shown, &self.description) {
            members.insert("Description".to_owned(), Value::from(text.as_str()));
        }
        shown
    }
}

fn not_found(workgroup: &str, name: &str) -> ApiError {
    ApiError::new(
        "ResourceNotFoundException",
        format!(
            "PreparedStatement {} was not found in workGroup {}",
            name.escape_debug(),
            workgroup.escape_debug()
        ),
    )
    .member("ResourceName", name)
}

/// `StatementName` of the service model.
fn checked(name: &str) -> Result<(), ApiError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@:".contains(&byte);
    if first && (2..=256).contains(&name.len()) && bytes.all(plain) {
        Ok(())
    } else {
        Err(invalid("INVALID_INPUT", "StatementName must be 2 to 256 letters, digits, _, @ or :"))
    }
}

fn workgroup<'a>(
    state: &State,
    caller: &Caller,
    action: &'static str,
    input: &'a Value,
) -> Result<&'a str, ApiError> {
    let name = required(input, "WorkGroup")?;
    allowed(state, caller, &on_workgroup(state, action, name))?;
    if state.queries().workgroups.contains_key(name) { Ok(name) } else { Err(missing(name)) }
}

/// Refuses what cannot be kept: only four kinds of statements can.
fn check_statement(sql: &str) -> Result<(), ApiError> {
    if sql.len() > athena::MAX_QUERY_BYTES {
        return Err(invalid("INVALID_INPUT", "The query string is longer than 262144 bytes."));
    }
    let wrapped = format!("PREPARE it FROM {sql}");
    athena::prepared(&wrapped).map(drop).map_err(|error| invalid("MALFORMED_QUERY", error.message))
}

pub(super) fn create(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:CreatePreparedStatement", input)?;
    let name = required(input, "StatementName")?;
    checked(name)?;
    let sql = required(input, "QueryStatement")?;
    check_statement(sql)?;
    let key = (workgroup.to_owned(), name.to_owned());
    let mut queries = state.queries();
    if queries.statements.contains_key(&key) {
        return Err(invalid(
            "PREPARED_STATEMENT_ALREADY_EXISTS",
            format!("Prepared statement {name} already exists in workGroup {workgroup}"),
        ));
    }
    queries.statements.insert(key, kept(state, sql, input));
    Ok(json!({}))
}

fn kept(state: &State, sql: &str, input: &Value) -> Kept {
    let description = input.get("Description").and_then(Value::as_str).map(str::to_owned);
    Kept { sql: sql.to_owned(), description, modified: state.clock.now() }
}

pub(super) fn update(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:UpdatePreparedStatement", input)?;
    let name = required(input, "StatementName")?;
    let sql = required(input, "QueryStatement")?;
    check_statement(sql)?;
    let new = kept(state, sql, input);
    let key = (workgroup.to_owned(), name.to_owned());
    match state.queries().statements.get_mut(&key) {
        Some(statement) => *statement = new,
        None => return Err(not_found(workgroup, name)),
    }
    Ok(json!({}))
}

pub(super) fn get(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:GetPreparedStatement", input)?;
    let name = required(input, "StatementName")?;
    let key = (workgroup.to_owned(), name.to_owned());
    let queries = state.queries();
    let kept = queries.statements.get(&key).ok_or_else(|| not_found(workgroup, name))?;
    Ok(json!({"PreparedStatement": kept.show(workgroup, name)}))
}

pub(super) fn batch_get(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:BatchGetPreparedStatement", input)?;
    let names = input.get("PreparedStatementNames").and_then(Value::as_array);
    let queries = state.queries();
    let (mut found, mut unprocessed) = (Vec::new(), Vec::new());
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        match queries.statements.get(&(workgroup.to_owned(), name.to_owned())) {
            Some(kept) => found.push(kept.show(workgroup, name)),
            None => unprocessed.push(json!({
                "StatementName": name,
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": not_found(workgroup, name).message,
            })),
        }
    }
    Ok(json!({"PreparedStatements": found, "UnprocessedPreparedStatementNames": unprocessed}))
}

pub(super) fn list(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:ListPreparedStatements", input)?;
    let (size, token) = paging(input, 50)?;
    let queries = state.queries();
    let all = queries
        .statements
        .iter()
        .filter(|((of, _), _)| of == workgroup)
        .map(|((_, name), kept)| {
            json!({"StatementName": name, "LastModifiedTime": epoch::seconds(kept.modified)})
        })
        .collect();
    let (statements, next) = page(all, token, size, "InvalidRequestException")?;
    let mut output = Map::new();
    output.insert("PreparedStatements".to_owned(), Value::from(statements));
    if let Some(next) = next {
        output.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Value::Object(output))
}

pub(super) fn delete(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    let workgroup = workgroup(state, caller, "athena:DeletePreparedStatement", input)?;
    let name = required(input, "StatementName")?;
    let key = (workgroup.to_owned(), name.to_owned());
    let removed = state.queries().statements.remove(&key);
    removed.map(|_| json!({})).ok_or_else(|| not_found(workgroup, name))
}

/// The statement that a query runs in the end, and the values for its question marks: PREPARE keeps
/// one, DEALLOCATE PREPARE forgets one, EXECUTE runs one, each with the right that the page names
/// (<https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-prepared-statements.html>).
pub(super) fn settle(
    state: &State,
    caller: &Caller,
    workgroup: &str,
    sql: &str,
    given: Vec<String>,
) -> Result<(String, Vec<String>), ApiError> {
    let malformed = |error: athena::QueryError| invalid("MALFORMED_QUERY", error.message);
    let Some(prepared) = athena::prepared(sql).map_err(malformed)? else {
        return Ok((sql.to_owned(), given));
    };
    let key = |name: &str| (workgroup.to_owned(), name.to_owned());
    let may = |action| allowed(state, caller, &on_workgroup(state, action, workgroup));
    match prepared {
        Prepared::Prepare(name, text) => {
            let new = !state.queries().statements.contains_key(&key(&name));
            may(if new {
                "athena:CreatePreparedStatement"
            } else {
                "athena:UpdatePreparedStatement"
            })?;
            checked(&name)?;
            let kept = kept(state, &text, &Value::Null);
            state.queries().statements.insert(key(&name), kept);
        }
        Prepared::Deallocate(name) => {
            may("athena:DeletePreparedStatement")?;
            let removed = state.queries().statements.remove(&key(&name));
            removed.ok_or_else(|| invalid("INVALID_INPUT", not_found(workgroup, &name).message))?;
        }
        Prepared::Execute(name, values) => {
            may("athena:GetPreparedStatement")?;
            let found = state.queries().statements.get(&key(&name)).cloned();
            let kept = found
                .ok_or_else(|| invalid("INVALID_INPUT", not_found(workgroup, &name).message))?;
            let values = if values.is_empty() { given } else { values };
            return Ok((kept.sql, values));
        }
    }
    Ok((sql.to_owned(), given))
}
