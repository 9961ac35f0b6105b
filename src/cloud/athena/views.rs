//! Views as Athena keeps them in the Glue catalog.
//!
//! The form was read off views that Athena made (aws-facts agree: `VIRTUAL_VIEW`, `presto_view`,
//! the definition as base64 of JSON in a comment); what Athena supports of them is on
//! <https://docs.aws.amazon.com/athena/latest/ug/views.html>.

use super::error::QueryError;
use super::types::HiveType;
use crate::cloud::catalog::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

const BEGIN: &str = "/* Presto View: ";
const END: &str = " */";

/// The kind of table that a view is.
pub const VIRTUAL_VIEW: &str = "VIRTUAL_VIEW";

/// What the comment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViewDefinition {
    /// The query.
    pub original_sql: String,
    /// `awsdatacatalog`.
    pub catalog: String,
    /// The database in which names without one are looked up.
    pub schema: String,
    /// The columns, with Trino's types.
    pub columns: Vec<ViewColumn>,
}

/// A view's column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewColumn {
    /// The name, in lower case.
    pub name: String,
    /// Trino's type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The catalog's entry of a view `name` over `sql`, whose names without a database are `database`'s.
///
/// # Errors
/// [`QueryError`] when the definition cannot be encoded.
pub fn encode(
    name: &str,
    sql: &str,
    database: &str,
    columns: &[(String, HiveType)],
) -> Result<TableInput, QueryError> {
    let definition = ViewDefinition {
        original_sql: sql.to_owned(),
        catalog: super::CATALOG.to_owned(),
        schema: database.to_owned(),
        columns: columns
            .iter()
            .map(|(name, kind)| ViewColumn { name: name.clone(), kind: kind.trino() })
            .collect(),
    };
    let json = serde_json::to_string(&definition)
        .map_err(|error| QueryError::metadata(format!("the view cannot be written: {error}")))?;
    let hive = columns.iter().map(|(name, kind)| Column {
        name: name.clone(),
        r#type: Some(kind.to_string()),
        ..Column::default()
    });
    Ok(TableInput {
        name: name.to_owned(),
        table_type: Some(VIRTUAL_VIEW.to_owned()),
        view_original_text: Some(format!("{BEGIN}{}{END}", STANDARD.encode(json))),
        view_expanded_text: Some("/* Presto View */".to_owned()),
        parameters: [("presto_view", "true"), ("comment", "Presto View")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        storage_descriptor: Some(StorageDescriptor {
            columns: hive.collect(),
            location: Some(String::new()),
            serde_info: Some(SerDeInfo::default()),
            ..StorageDescriptor::default()
        }),
        ..TableInput::default()
    })
}

/// Whether the catalog's entry is a view.
#[must_use]
pub fn is_view(table: &Table) -> bool {
    table.definition.table_type.as_deref() == Some(VIRTUAL_VIEW)
}

/// The definition in a view's catalog entry.
///
/// # Errors
/// `INVALID_VIEW` when there is none that can be read.
pub fn decode(table: &Table) -> Result<ViewDefinition, QueryError> {
    let invalid = |why: &str| {
        let name = format!("{}.{}", table.database_name, table.definition.name);
        QueryError::data("INVALID_VIEW", format!("Invalid view {name}: {why}"))
    };
    let text = table.definition.view_original_text.as_deref().unwrap_or_default();
    let encoded = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or_else(|| invalid("its text is not a Presto view"))?;
    let json = STANDARD.decode(encoded).map_err(|_| invalid("its text is not base64"))?;
    serde_json::from_slice(&json).map_err(|error| invalid(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_stored_as_athena_stores_it() {
        let columns = [
            ("n".to_owned(), HiveType::BigInt),
            ("x".to_owned(), HiveType::Float),
            ("s".to_owned(), HiveType::String),
        ];
        let input = encode("v", "SELECT 1", "shop", &columns).unwrap();
        let json = serde_json::to_value(&input).unwrap();
        assert_eq!(json["TableType"], "VIRTUAL_VIEW");
        assert_eq!(json["Parameters"]["presto_view"], "true");
        assert_eq!(json["Parameters"]["comment"], "Presto View");
        assert_eq!(json["ViewExpandedText"], "/* Presto View */");
        assert_eq!(json["StorageDescriptor"]["Columns"][1]["Type"], "float");
        let text = json["ViewOriginalText"].as_str().unwrap();
        let inner = text.strip_prefix("/* Presto View: ").unwrap().strip_suffix(" */").unwrap();
        assert_eq!(
            String::from_utf8(STANDARD.decode(inner).unwrap()).unwrap(),
            r#"{"originalSql":"SELECT 1","catalog":"awsdatacatalog","schema":"shop","columns":[{"name":"n","type":"bigint"},{"name":"x","type":"real"},{"name":"s","type":"varchar"}]}"#
        );
        let table = Table { definition: input, ..Table::default() };
        assert!(is_view(&table));
        assert_eq!(decode(&table).unwrap().columns[1].kind, "real");
    }
}
