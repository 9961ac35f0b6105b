//! The operations of the Data Catalog
//! (<https://docs.aws.amazon.com/glue/latest/webapi/API_Operations.html>).

use super::{crawlers, partitions};
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{CatalogStore as _, DatabaseInput, TableInput, UpdateOptions};
use crate::cloud::error::ApiError;
use crate::cloud::protocol::json::typed;
use crate::cloud::protocol::page::page;
use crate::cloud::s3::Store;
use crate::cloud::state::State;
use crate::cloud::storage::StoreError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

const INVALID: &str = "InvalidInputException";

/// Answers an operation.
pub(in crate::cloud) async fn call(
    state: &Arc<State>,
    caller: &Caller,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    if let Some(catalog) = input.get("CatalogId").and_then(Value::as_str)
        && catalog != state.settings.account
    {
        return Err(ApiError::new(
            "EntityNotFoundException",
            format!("Catalog {} not found.", catalog.escape_debug()),
        ));
    }
    let store = Store(Arc::clone(state));
    match operation {
        "GetDatabase" => {
            let input: Named = read(input)?;
            Ok(json!({"Database": store.database(caller, &input.name)?}))
        }
        "GetDatabases" => {
            let listing: Listing = read(input)?;
            let (databases, next) = listing.cut(store.databases(caller)?)?;
            Ok(with_token(json!({"DatabaseList": databases}), next))
        }
        "CreateDatabase" => {
            let input: CreateDatabase = read(input)?;
            store.create_database(caller, input.database_input)?;
            Ok(json!({}))
        }
        "DeleteDatabase" => {
            let input: Named = read(input)?;
            store.delete_database(caller, &input.name)?;
            Ok(json!({}))
        }
        "GetTable" => {
            let input: TableName = read(input)?;
            Ok(json!({"Table": store.table(caller, &input.database_name, &input.name)?}))
        }
        "GetTables" => {
            let listing: Listing = read(input.clone())?;
            let input: GetTables = read(input)?;
            let tables = store.tables(caller, &input.database_name, input.expression.as_deref())?;
            let (tables, next) = listing.cut(tables)?;
            Ok(with_token(json!({"TableList": tables}), next))
        }
        "CreateTable" => {
            let input: WriteTable = read(input)?;
            store.create_table(caller, &input.database_name, input.table_input)?;
            Ok(json!({}))
        }
        "UpdateTable" => {
            let input: WriteTable = read(input)?;
            let options = UpdateOptions {
                skip_archive: input.skip_archive.unwrap_or(false),
                expected_version: input.version_id,
            };
            store.update_table(caller, &input.database_name, input.table_input, options)?;
            Ok(json!({}))
        }
        "DeleteTable" => {
            let input: TableName = read(input)?;
            store.delete_table(caller, &input.database_name, &input.name)?;
            Ok(json!({}))
        }
        "BatchDeleteTable" => batch_delete_table(&store, caller, &read(input)?),
        "GetTableVersions" => {
            let listing: Listing = read(input.clone())?;
            let input: VersionName = read(input)?;
            let versions = store.versions(caller, "glue:GetTableVersions", &input)?;
            let (versions, next) = listing.cut(versions)?;
            Ok(with_token(json!({"TableVersions": versions}), next))
        }
        "GetTableVersion" => {
            let input: VersionName = read(input)?;
            let versions = store.versions(caller, "glue:GetTableVersion", &input)?;
            let found = versions
                .into_iter()
                .find(|version| {
                    input.version_id.as_deref().is_none_or(|id| {
                        version.get("VersionId").and_then(Value::as_str) == Some(id)
                    })
                })
                .ok_or_else(|| {
                    ApiError::new("EntityNotFoundException", "Table version not found.")
                })?;
            Ok(json!({"TableVersion": found}))
        }
        "DeleteTableVersion" => {
            let input: VersionName = read(input)?;
            store.delete_version(caller, &input)?;
            Ok(json!({}))
        }
        "GetTags" => Ok(json!({"Tags": {}})),
        _ => match partitions::call(&store, caller, operation, &input)? {
            Some(output) => Ok(output),
            None => crawlers::call(state, caller, operation, input).await,
        },
    }
}

/// The operation's input.
pub(super) fn read<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    typed(input, INVALID)
}

/// Adds `NextToken` when there is one.
pub(super) fn with_token(mut output: Value, token: Option<String>) -> Value {
    if let (Value::Object(members), Some(token)) = (&mut output, token) {
        members.insert("NextToken".to_owned(), Value::from(token));
    }
    output
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableName {
    database_name: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateDatabase {
    database_input: DatabaseInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetTables {
    database_name: String,
    expression: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WriteTable {
    database_name: String,
    table_input: TableInput,
    skip_archive: Option<bool>,
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchDeleteTable {
    database_name: String,
    tables_to_delete: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionName {
    database_name: String,
    table_name: String,
    version_id: Option<String>,
}

/// What every list takes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listing {
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl Listing {
    /// The page that is asked for. Without a size Glue gives 100 at most.
    pub(super) fn cut<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), ApiError> {
        let size = self.max_results.unwrap_or(100);
        if !(1..=1000).contains(&size) {
            return Err(ApiError::new(INVALID, "MaxResults is out of range."));
        }
        page(items, self.next_token.as_deref(), size, INVALID)
    }
}

fn batch_delete_table(
    store: &Store,
    caller: &Caller,
    input: &BatchDeleteTable,
) -> Result<Value, ApiError> {
    let database = input.database_name.to_lowercase();
    let names = input.tables_to_delete.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
    for name in &names {
        store.0.on_table(caller, "glue:BatchDeleteTable", &database, name)?;
    }
    let mut glue = store.0.glue();
    let tables = &mut glue.shelf_mut(&database)?.tables;
    let errors = names
        .iter()
        .filter(|name| tables.remove(*name).is_none())
        .map(|name| {
            json!({"TableName": name, "ErrorDetail": {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Table not found",
            }})
        })
        .collect::<Vec<_>>();
    Ok(json!({"Errors": errors}))
}

impl Store {
    /// The versions of a table, newest first, the present one among them.
    fn versions(
        &self,
        caller: &Caller,
        action: &'static str,
        input: &VersionName,
    ) -> Result<Vec<Value>, StoreError> {
        let database = input.database_name.to_lowercase();
        let name = input.table_name.to_lowercase();
        self.0.on_table(caller, action, &database, &name)?;
        let glue = self.0.glue();
        let entry = glue.entry(&database, &name)?;
        Ok(std::iter::once(&entry.table)
            .chain(entry.versions.iter().rev())
            .map(|table| json!({"Table": table, "VersionId": table.version_id}))
            .collect())
    }

    fn delete_version(&self, caller: &Caller, input: &VersionName) -> Result<(), StoreError> {
        let database = input.database_name.to_lowercase();
        let name = input.table_name.to_lowercase();
        self.0.on_table(caller, "glue:DeleteTableVersion", &database, &name)?;
        let mut glue = self.0.glue();
        let entry = glue.entry_mut(&database, &name)?;
        let before = entry.versions.len();
        entry.versions.retain(|table| table.version_id != input.version_id);
        if entry.versions.len() == before {
            return Err(StoreError::EntityNotFound("Table version not found.".to_owned()));
        }
        Ok(())
    }
}

/// A regular expression over a whole name.
pub(super) fn pattern(expression: &str) -> Result<impl Fn(&str) -> bool, StoreError> {
    // Glue's own names are lower case.
    let anchored = format!("^(?:{})$", expression.to_lowercase());
    let regex = regex::Regex::new(&anchored).map_err(|_| {
        StoreError::InvalidInput(format!("`{}` is not a pattern", expression.escape_debug()))
    })?;
    Ok(move |name: &str| regex.is_match(name))
}
