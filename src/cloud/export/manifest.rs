//! The two manifests that an export leaves beside its files.
//!
//! AWS documents neither; the fields are those that people who read them report.

use super::ExportRequest;
use crate::cloud::source::Column;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What is said of a table.
#[derive(Debug, Clone)]
pub(super) struct TableStatus {
    /// `db.table` or `db.schema.table`.
    pub(super) target: String,
    /// Why it was not exported.
    pub(super) warning: Option<String>,
    /// Whether it was left out.
    pub(super) skipped: bool,
    /// The exported columns.
    pub(super) columns: Vec<Column>,
    /// Bytes of its files.
    pub(super) bytes: u64,
    /// When reading it began and ended.
    pub(super) times: (Timestamp, Timestamp),
    /// Files.
    pub(super) files: usize,
}

/// Bytes as gigabytes.
#[expect(clippy::cast_precision_loss, reason = "a size for people")]
pub(super) fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// `export_info_<id>.json`. Its `totalExportedDataInGB` is `TotalExtractedDataInGB` in the API.
pub(super) fn export_info(request: &ExportRequest<'_>, end: Timestamp, bytes: u64) -> Value {
    json!({
        "exportTaskIdentifier": request.id,
        "sourceArn": request.source_arn,
        "exportOnly": request.export_only,
        "snapshotTime": time(request.snapshot_time),
        "taskStartTime": time(request.task_start_time),
        "taskEndTime": time(end),
        "s3Bucket": request.bucket,
        "s3Prefix": request.prefix,
        "exportedFilesPath": super::names::export_folder(&request.prefix, &request.id),
        "iamRoleArn": request.role_arn,
        "kmsKeyId": request.kms_key_arn,
        "status": "COMPLETE",
        "percentProgress": 100,
        "totalExportedDataInGB": gigabytes(bytes),
    })
}

/// `export_tables_info_<id>_from_1_to_<n>.json`.
pub(super) fn tables_info(tables: &[TableStatus]) -> Value {
    let tables: Vec<Value> = tables.iter().map(table_info).collect();
    json!({ "perTableStatus": tables })
}

fn table_info(table: &TableStatus) -> Value {
    let mappings: Vec<Value> = table.columns.iter().map(type_mapping).collect();
    let mut info = json!({
        "tableStatistics": {
            "extractionStartTime": time(table.times.0),
            "extractionEndTime": time(table.times.1),
            "partitioningInfo": {
                "numberOfPartitions": table.files,
                "numberOfCompletedPartitions": table.files,
            },
        },
        "schemaMetadata": { "originalTypeMappings": mappings },
        "status": if table.skipped { "SKIPPED" } else { "COMPLETE" },
        "sizeGB": gigabytes(table.bytes),
        "target": table.target,
    });
    if let (Some(warning), Some(info)) = (&table.warning, info.as_object_mut()) {
        info.insert("warningMessage".to_owned(), json!(warning));
    }
    info
}

fn type_mapping(column: &Column) -> Value {
    let declared = &column.declared;
    let unsigned = if declared.unsigned { " unsigned" } else { "" };
    let first = declared.args.first().copied();
    let has = |names: &[&str]| names.iter().any(|name| declared.base.contains(name));
    let length = first.filter(|_| has(&["char", "binary"])).unwrap_or(0);
    let precision = first.filter(|_| has(&["dec", "numeric"])).unwrap_or(0);
    let datetime = first.filter(|_| has(&["time"])).unwrap_or(0);
    json!({
        "columnName": column.name,
        "originalType": format!("{}{unsigned}", declared.base),
        "expectedExportedType": column.export.to_string(),
        "originalCharMaxLength": length,
        "originalNumPrecision": precision,
        "originalDateTimePrecision": datetime,
    })
}

/// To the millisecond, as Java prints it.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
