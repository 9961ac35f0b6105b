//! What Athena tells of the catalog: Glue's databases and tables, read as the caller
//! (<https://docs.aws.amazon.com/athena/latest/ug/datacatalogs-example-policies.html>).

use super::{allowed, invalid, paging, required};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{CatalogStore as _, Column, Database, Table, epoch};
use crate::cloud::error::ApiError;
use crate::cloud::protocol::page::page;
use crate::cloud::s3::Store;
use crate::cloud::service_access::ATHENA;
use crate::cloud::state::State;
use crate::cloud::storage::StoreError;
use serde_json::{Value, json};
use std::sync::Arc;

const CATALOG: &str = "AwsDataCatalog";

/// Authorizes an action on the catalog that the input names, which must be Glue's.
fn on_catalog(
    state: &State,
    caller: &Caller,
    action: &'static str,
    name: &str,
) -> Result<(), ApiError> {
    let arn = state.settings.arn("athena", &format!("datacatalog/{name}"));
    allowed(state, caller, &Ask::new(action, arn))?;
    if name.eq_ignore_ascii_case(CATALOG) {
        Ok(())
    } else {
        Err(invalid(
            "DATACATALOG_NOT_FOUND",
            format!("DataCatalog {} was not found", name.escape_debug()),
        ))
    }
}

/// Athena passes on what Glue says
/// (<https://docs.aws.amazon.com/athena/latest/APIReference/API_MetadataException.html>).
fn metadata(error: StoreError) -> ApiError {
    match error {
        StoreError::AccessDenied(message) => ApiError::new("AccessDeniedException", message),
        other => ApiError::new("MetadataException", other.to_string()),
    }
}

pub(super) fn list(state: &State, caller: &Caller) -> Result<Value, ApiError> {
    allowed(state, caller, &Ask::new("athena:ListDataCatalogs", "*"))?;
    Ok(json!({"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE"}]}))
}

pub(super) fn get(state: &State, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    on_catalog(state, caller, "athena:GetDataCatalog", required(input, "Name")?)?;
    Ok(json!({"DataCatalog": {
        "Name": CATALOG,
        "Type": "GLUE",
        "Parameters": {"catalog-id": state.settings.account},
    }}))
}

pub(super) fn databases(
    state: &Arc<State>,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    on_catalog(state, caller, "athena:ListDatabases", required(input, "CatalogName")?)?;
    let (size, token) = paging(input, 50)?;
    let databases =
        Store(Arc::clone(state)).databases(&caller.through(ATHENA)).map_err(metadata)?;
    let shown = databases.iter().map(show_database).collect();
    let (shown, next) = page(shown, token, size, "InvalidRequestException")?;
    Ok(json!({"DatabaseList": shown, "NextToken": next}))
}

pub(super) fn database(
    state: &Arc<State>,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    on_catalog(state, caller, "athena:GetDatabase", required(input, "CatalogName")?)?;
    let name = required(input, "DatabaseName")?;
    let database =
        Store(Arc::clone(state)).database(&caller.through(ATHENA), name).map_err(metadata)?;
    Ok(json!({"Database": show_database(&database)}))
}

pub(super) fn tables(
    state: &Arc<State>,
    caller: &Caller,
    input: &Value,
) -> Result<Value, ApiError> {
    on_catalog(state, caller, "athena:ListTableMetadata", required(input, "CatalogName")?)?;
    let (size, token) = paging(input, 50)?;
    let expression = input.get("Expression").and_then(Value::as_str);
    let tables = Store(Arc::clone(state))
        .tables(&caller.through(ATHENA), required(input, "DatabaseName")?, expression)
        .map_err(metadata)?;
    let shown = tables.iter().map(show_table).collect();
    let (shown, next) = page(shown, token, size, "InvalidRequestException")?;
    Ok(json!({"TableMetadataList": shown, "NextToken": next}))
}

pub(super) fn table(state: &Arc<State>, caller: &Caller, input: &Value) -> Result<Value, ApiError> {
    on_catalog(state, caller, "athena:GetTableMetadata", required(input, "CatalogName")?)?;
    let (database, name) = (required(input, "DatabaseName")?, required(input, "TableName")?);
    let table = Store(Arc::clone(state))
        .table(&caller.through(ATHENA), database, name)
        .map_err(metadata)?;
    Ok(json!({"TableMetadata": show_table(&table)}))
}

fn show_database(database: &Database) -> Value {
    json!({
        "Name": database.name,
        "Description": database.description,
        "Parameters": database.parameters,
    })
}

fn show_table(table: &Table) -> Value {
    let columns = |columns: &[Column]| -> Value {
        columns
            .iter()
            .map(|column| json!({"Name": column.name, "Type": column.r#type, "Comment": column.comment}))
            .collect()
    };
    let definition = &table.definition;
    let storage = definition.storage_descriptor.as_ref();
    json!({
        "Name": definition.name,
        "CreateTime": table.create_time.map(epoch::seconds),
        "LastAccessTime": definition.last_access_time.map(epoch::seconds),
        "TableType": definition.table_type,
        "Columns": storage.map(|storage| columns(&storage.columns)),
        "PartitionKeys": columns(&definition.partition_keys),
        "Parameters": definition.parameters,
    })
}
