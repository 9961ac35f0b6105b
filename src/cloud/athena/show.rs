//! A table's definition, told as Hive's statements.

use super::ColumnInfo;
use super::engine::Table2D;
use super::error::QueryError;
use super::types::HiveType;
use super::views;
use crate::cloud::catalog::{Column, Table};
use std::fmt::Write as _;

/// A text in Hive's quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `SHOW CREATE TABLE`: the statement that makes this table
/// (<https://docs.aws.amazon.com/athena/latest/ug/show-create-table.html>).
pub(super) fn create_table(table: &Table) -> Result<String, QueryError> {
    let name = format!("{}.{}", table.database_name, table.definition.name);
    if views::is_view(table) {
        return Err(QueryError::data(
            "NOT_SUPPORTED",
            format!("{name} is a view, not a table: SHOW CREATE VIEW tells it"),
        ));
    }
    let no_storage = || QueryError::metadata(format!("{name} has no storage descriptor"));
    let storage = table.definition.storage_descriptor.as_ref().ok_or_else(no_storage)?;
    let list = |columns: &[Column]| {
        let line = |column: &Column| {
            let kind = column.r#type.as_deref().unwrap_or("string");
            let comment = column.comment.as_deref().filter(|comment| !comment.is_empty());
            let comment = comment.map(|comment| format!(" COMMENT {}", quoted(comment)));
            format!("  `{}` {kind}{}", column.name, comment.unwrap_or_default())
        };
        columns.iter().map(line).collect::<Vec<_>>().join(", \n")
    };
    let mut text = format!("CREATE EXTERNAL TABLE `{name}`(\n{})", list(&storage.columns));
    // Writing to a string cannot fail.
    let mut add = |part: String| _ = write!(text, "\n{part}");
    if let Some(comment) = &table.definition.description {
        add(format!("COMMENT {}", quoted(comment)));
    }
    if !table.definition.partition_keys.is_empty() {
        add(format!("PARTITIONED BY ( \n{})", list(&table.definition.partition_keys)));
    }
    if let Some(serde) = &storage.serde_info {
        if let Some(library) = &serde.serialization_library {
            add(format!("ROW FORMAT SERDE \n  {}", quoted(library)));
        }
        let own = serde.parameters.iter().filter(|(name, _)| *name != "serialization.format");
        let own: Vec<_> =
            own.map(|(name, value)| format!("  {}={}", quoted(name), quoted(value))).collect();
        if !own.is_empty() {
            add(format!("WITH SERDEPROPERTIES ( \n{}) ", own.join(", \n")));
        }
    }
    if let (Some(input), Some(output)) = (&storage.input_format, &storage.output_format) {
        let (input, output) = (quoted(input), quoted(output));
        add(format!("STORED AS INPUTFORMAT \n  {input} \nOUTPUTFORMAT \n  {output}"));
    }
    if let Some(location) = &storage.location {
        add(format!("LOCATION\n  {}", quoted(location.trim_end_matches('/'))));
    }
    let properties = table.definition.parameters.iter().filter(|(name, _)| *name != "EXTERNAL");
    let properties: Vec<_> =
        properties.map(|(name, value)| format!("  {}={}", quoted(name), quoted(value))).collect();
    if !properties.is_empty() {
        add(format!("TBLPROPERTIES (\n{})", properties.join(", \n")));
    }
    Ok(text)
}

/// `SHOW TBLPROPERTIES` (<https://docs.aws.amazon.com/athena/latest/ug/show-tblproperties.html>).
pub(super) fn properties(table: &Table, wanted: Option<&str>) -> Table2D {
    let columns = ["prpt_name", "prpt_value"];
    let columns = columns.map(|name| ColumnInfo::new(name, &HiveType::String)).to_vec();
    let all = &table.definition.parameters;
    let row = |name: &str, value: &str| vec![Some(name.to_owned()), Some(value.to_owned())];
    let rows = match wanted {
        None => all.iter().map(|(name, value)| row(name, value)).collect(),
        Some(name) => {
            let missing = format!(
                "Table {}.{} does not have property: {name}",
                table.database_name, table.definition.name
            );
            let value = all.get(name).map_or(missing.as_str(), String::as_str);
            vec![row(name, value)]
        }
    };
    (columns, rows)
}
