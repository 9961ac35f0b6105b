//! What a folder's Parquet files say of their columns.

use super::super::athena::types::HiveType;
use super::super::caller::Caller;
use super::super::storage::{ObjectInfo, ObjectStore};
use super::CrawlError;
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::collections::BTreeMap;

/// Columns and counts of one or several files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FolderSchema {
    /// Names in lower case, and types, in order.
    pub(super) columns: Vec<(String, HiveType)>,
    pub(super) files: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl FolderSchema {
    /// Adds another's columns and counts. A column of two types becomes the wider one, or text.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, kind) in &other.columns {
            match self.columns.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) if own != kind => *own = wider(own, kind),
                Some(_) => {}
                None => self.columns.push((name.clone(), kind.clone())),
            }
        }
        self.files += other.files;
        self.rows += other.rows;
        self.bytes += other.bytes;
    }

    /// Whether a crawler takes the two for parts of one table: most of their columns are the same.
    pub(super) fn similar(&self, other: &Self) -> bool {
        let (mine, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (self.columns.iter().cloned().collect(), other.columns.iter().cloned().collect());
        let common = mine.iter().filter(|(name, kind)| theirs.get(*name) == Some(kind)).count();
        // https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html:
        // "more than 70 percent similar" schemas.
        common * 10 > mine.len().max(theirs.len()) * 7
    }
}

fn wider(a: &HiveType, b: &HiveType) -> HiveType {
    use HiveType as H;
    let rank = |kind: &HiveType| match kind {
        H::TinyInt => Some(0),
        H::SmallInt => Some(1),
        H::Int => Some(2),
        H::BigInt => Some(3),
        H::Float => Some(4),
        H::Double => Some(5),
        _ => None,
    };
    match (rank(a), rank(b)) {
        (Some(x), Some(y)) => if x >= y { a } else { b }.clone(),
        _ => H::String,
    }
}

/// Reads an object's footer; `None` when it is no Parquet.
pub(super) fn read(
    objects: &dyn ObjectStore,
    caller: &Caller,
    bucket: &str,
    object: &ObjectInfo,
) -> Result<Option<FolderSchema>, CrawlError> {
    let size = object.size;
    if size < 12 {
        return Ok(None);
    }
    let tail = objects.get(caller, bucket, &object.key, Some(size - 8..size))?;
    let Some((length, b"PAR1")) = tail.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let Some(start) = size.checked_sub(8 + u64::from(u32::from_le_bytes(*length))) else {
        return Err(CrawlError::File(format!("s3://{bucket}/{} has a corrupt footer", object.key)));
    };
    let footer = objects.get(caller, bucket, &object.key, Some(start..size - 8))?;
    let corrupt = |error: &dyn std::fmt::Display| {
        CrawlError::File(format!("s3://{bucket}/{} has a corrupt footer: {error}", object.key))
    };
    let metadata = ParquetMetaDataReader::decode_metadata(&footer).map_err(|e| corrupt(&e))?;
    let columns = columns(&metadata).map_err(|e| corrupt(&e))?;
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
    Ok(Some(FolderSchema { columns, files: 1, rows, bytes: size }))
}

fn columns(metadata: &ParquetMetaData) -> Result<Vec<(String, HiveType)>, ParquetError> {
    let schema = parquet_to_arrow_schema(metadata.file_metadata().schema_descr(), None)?;
    let column = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| {
        let kind = match field.data_type() {
            DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, None),
            DataType::FixedSizeBinary(_) => DataType::Binary,
            other => other.clone(),
        };
        // What Hive has no type for is read as text.
        let kind = HiveType::from_arrow(&kind).unwrap_or(HiveType::String);
        (field.name().to_lowercase(), kind)
    };
    Ok(schema.fields().iter().map(column).collect())
}
