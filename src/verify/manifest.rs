//! The two manifests that RDS leaves beside the files of an export.
//!
//! AWS documents neither in full; the fields are those that people who read them report, so only what
//! is used is read, and unknown fields do not matter.

use serde::{Deserialize, Deserializer};

/// `export_info_<id>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportManifest {
    /// The export's identifier.
    #[serde(default)]
    pub export_task_identifier: String,
    /// The snapshot's ARN.
    #[serde(default)]
    pub source_arn: String,
    /// When the snapshot was made.
    #[serde(default)]
    pub snapshot_time: String,
    /// How the export ended.
    #[serde(default)]
    pub status: String,
}

/// `export_tables_info_<id>_from_<m>_to_<n>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TablesManifest {
    /// One entry a table.
    #[serde(default)]
    pub per_table_status: Vec<TableManifest>,
}

/// What a manifest says of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableManifest {
    /// The table: `database.table` or `database.schema.table`.
    pub target: String,
    /// How its export ended.
    #[serde(default)]
    pub status: String,
    /// What RDS warns of.
    #[serde(default, deserialize_with = "text")]
    pub warning_message: Option<String>,
    /// The columns.
    #[serde(default)]
    pub schema_metadata: SchemaMetadata,
    /// Figures.
    #[serde(default)]
    pub table_statistics: TableStatistics,
}

/// Figures of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableStatistics {
    /// Into how many parts RDS cut the table.
    #[serde(default)]
    pub partitioning_info: Partitioning,
}

/// Into how many parts RDS cut a table, and how many it wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partitioning {
    /// All.
    #[serde(default)]
    pub number_of_partitions: Option<u64>,
    /// Written.
    #[serde(default)]
    pub number_of_completed_partitions: Option<u64>,
}

/// The columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMetadata {
    /// One entry a column.
    #[serde(default)]
    pub original_type_mappings: Vec<TypeMapping>,
}

/// What a manifest says of one column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeMapping {
    /// The column.
    pub column_name: String,
    /// Its type in the source database.
    #[serde(default)]
    pub original_type: String,
    /// Its type in the Parquet files.
    #[serde(default)]
    pub expected_exported_type: String,
}

/// `WarningMessage` of DescribeExportTasks: a JSON text in a string.
///
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ExportTask.html>
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warnings {
    /// Tables that are not in the export.
    #[serde(default)]
    pub skipped_tables: Vec<serde_json::Value>,
    /// Other things that are not in the export.
    #[serde(default)]
    pub skipped_objectives: Vec<serde_json::Value>,
    /// Anything else.
    #[serde(default)]
    pub general: Vec<serde_json::Value>,
}

impl TableManifest {
    /// Whether RDS says that the table is all there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.status.eq_ignore_ascii_case("COMPLETE")
    }
}

/// A warning for people: the name or reason in it, else its JSON.
#[must_use]
pub fn warning_text(value: &serde_json::Value) -> String {
    let named = ["tableName", "target", "name", "reason"]
        .iter()
        .find_map(|key| value.get(key).and_then(serde_json::Value::as_str));
    match (value.as_str(), named) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        (None, None) => value.to_string(),
    }
}

/// A string, or whatever else stands there as its JSON.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(match value {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(text)) if text.is_empty() => None,
        Some(serde_json::Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_forms_do_not_matter() {
        let manifest: TablesManifest = serde_json::from_str(
            r#"{"perTableStatus": [
                 {"target": "shop.public.a", "status": "COMPLETE", "tableStatistics": {"x": 1},
                  "schemaMetadata": {"originalTypeMappings": [
                    {"columnName": "id", "originalType": "bigint", "expectedExportedType": "int64",
                     "originalCharMaxLength": "0", "originalNumPrecision": 64}]}},
                 {"target": "shop.public.b", "status": "SKIPPED", "warningMessage": {"why": 1}}]}"#,
        )
        .unwrap();
        let [a, b] = manifest.per_table_status.as_slice() else { panic!() };
        assert!(a.is_complete() && a.warning_message.is_none());
        assert_eq!(a.schema_metadata.original_type_mappings[0].column_name, "id");
        assert!(!b.is_complete());
        assert_eq!(b.warning_message.as_deref(), Some(r#"{"why":1}"#));
    }

    #[test]
    fn warnings_of_a_complete_export_are_read() {
        let warnings: Warnings = serde_json::from_str(
            r#"{"skippedTables":["shop.public.a/b"],"general":[{"reason":"large rows"}]}"#,
        )
        .unwrap();
        assert_eq!(warning_text(&warnings.skipped_tables[0]), "shop.public.a/b");
        assert_eq!(warning_text(&warnings.general[0]), "large rows");
    }
}
