//! A table of the catalog as the engine scans it: its location is listed, its files' footers are
//! read and held against the catalog, its pages are read, all as the query's caller.

use super::error::QueryError;
use super::reader::{DataFile, Readers};
use super::types::HiveType;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{Partition, StorageDescriptor, Table};
use crate::cloud::storage::ObjectStore;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::parquet::schema::types::Type as ParquetType;
use datafusion::physical_plan::ExecutionPlan;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The class that a table of Parquet files is read with
/// (<https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html>).
pub const PARQUET_SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// A URL's bucket and key.
#[must_use]
pub fn s3_url(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("s3://")
        .or_else(|| url.strip_prefix("s3a://"))
        .or_else(|| url.strip_prefix("s3n://"))?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// A table of Parquet files.
#[derive(Debug)]
pub(super) struct ParquetTable {
    /// Columns of the files and their types.
    columns: Vec<(String, HiveType)>,
    /// Columns of the partitions and their types.
    keys: Vec<(String, HiveType)>,
    /// Where files lie, with the partition's values.
    locations: Vec<(String, Vec<String>)>,
    /// Timestamps in microseconds: rounded to milliseconds above the scan.
    schema: SchemaRef,
    objects: Arc<dyn ObjectStore>,
    caller: Caller,
    scanned: Arc<AtomicU64>,
}

impl ParquetTable {
    /// The table that the catalog describes.
    pub(super) fn new(
        table: &Table,
        partitions: &[Partition],
        objects: Arc<dyn ObjectStore>,
        caller: Caller,
        scanned: Arc<AtomicU64>,
    ) -> Result<Self, QueryError> {
        let name = format!("{}.{}", table.database_name, table.definition.name);
        let descriptor = table
            .definition
            .storage_descriptor
            .as_ref()
            .ok_or_else(|| QueryError::metadata(format!("{name} has no storage descriptor")))?;
        check_serde(&name, descriptor)?;
        let types = |columns: &[crate::cloud::catalog::Column]| {
            columns
                .iter()
                .map(|column| {
                    let text = column.r#type.as_deref().unwrap_or("string");
                    HiveType::parse(text).map(|kind| (column.name.to_lowercase(), kind)).ok_or_else(
                        || {
                            QueryError::metadata(format!(
                                "column {} of {name} has the unknown type {text}",
                                column.name
                            ))
                        },
                    )
                })
                .collect::<Result<Vec<_>, QueryError>>()
        };
        let columns = types(&descriptor.columns)?;
        let keys = types(&table.definition.partition_keys)?;
        if columns.is_empty() {
            return Err(QueryError::metadata(format!("{name} has no columns")));
        }
        let location = |descriptor: &StorageDescriptor| {
            descriptor
                .location
                .clone()
                .filter(|url| s3_url(url).is_some())
                .ok_or_else(|| QueryError::metadata(format!("{name} has no location in S3")))
        };
        let locations = if keys.is_empty() {
            vec![(location(descriptor)?, Vec::new())]
        } else {
            partitions
                .iter()
                .map(|partition| {
                    let own = partition.definition.storage_descriptor.as_ref();
                    Ok((location(own.unwrap_or(descriptor))?, partition.definition.values.clone()))
                })
                .collect::<Result<_, QueryError>>()?
        };
        let fields = columns
            .iter()
            .map(|(name, kind)| Field::new(name, scan_type(kind), true))
            .chain(keys.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true)));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Ok(Self { columns, keys, locations, schema, objects, caller, scanned })
    }

    /// Whether a timestamp is to be rounded above the scan.
    pub(super) fn has_timestamps(&self) -> bool {
        self.columns.iter().any(|(_, kind)| *kind == HiveType::Timestamp)
    }

    /// Lists the files and reads their footers.
    fn files(&self, wanted: &[usize]) -> Result<Vec<(DataFile, Vec<ScalarValue>)>, QueryError> {
        let mut files = Vec::new();
        for (location, values) in &self.locations {
            let (bucket, prefix) = s3_url(location).unwrap_or_default();
            let prefix = if prefix.is_empty() || prefix.ends_with('/') {
                prefix.to_owned()
            } else {
                format!("{prefix}/")
            };
            let listed = self
                .objects
                .list(&self.caller, bucket, &prefix)
                .map_err(|error| QueryError::object(&error, location))?;
            let values = self
                .keys
                .iter()
                .zip(values)
                .map(|((name, kind), value)| {
                    if value == super::sink::NULL_PARTITION {
                        return ScalarValue::try_from(&kind.arrow()).map_err(QueryError::from);
                    }
                    ScalarValue::try_from_string(value.clone(), &kind.arrow()).map_err(|_| {
                        QueryError::metadata(format!(
                            "partition value {value} of {name} is no {kind}"
                        ))
                    })
                })
                .collect::<Result<Vec<_>, _>>()?;
            for object in listed {
                let below = object.key.strip_prefix(&prefix).unwrap_or(&object.key);
                // Athena skips files whose names begin with `_` or `.`.
                // https://docs.aws.amazon.com/athena/latest/ug/tables-location-format.html
                let hidden = below.split('/').any(|part| part.starts_with(['_', '.']));
                if hidden || object.size == 0 {
                    continue;
                }
                let file = DataFile::open(
                    self.objects.clone(),
                    self.caller.clone(),
                    bucket,
                    &object,
                    self.scanned.clone(),
                )?;
                self.check(&file, wanted)?;
                files.push((file, values.clone()));
            }
        }
        Ok(files)
    }

    /// Holds a file's columns, those that the query reads, against the catalog's.
    fn check(&self, file: &DataFile, wanted: &[usize]) -> Result<(), QueryError> {
        let in_file = top_level(&file.metadata);
        for (name, kind) in wanted.iter().filter_map(|index| self.columns.get(*index)) {
            // A column that the file does not have is NULL.
            let Some(found) = in_file.get(name) else { continue };
            if !compatible(found, kind) {
                return Err(QueryError::bad_data(format!(
                    "Field {name}'s type {} in parquet file {} is incompatible with type {} \
                     defined in table schema",
                    physical_name(found),
                    file.url,
                    kind.trino(),
                )));
            }
        }
        Ok(())
    }

    fn plan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let files = self.files(projection.unwrap_or(&all))?;
        let file_fields: Vec<_> =
            self.schema.fields().iter().take(self.columns.len()).cloned().collect();
        let key_fields: datafusion::arrow::datatypes::Fields =
            self.schema.fields().iter().skip(self.columns.len()).cloned().collect();
        let schema = TableSchema::builder(Arc::new(Schema::new(file_fields)))
            .with_table_partition_cols(key_fields)
            .build();

        let groups = state.config().target_partitions().clamp(1, files.len().max(1));
        let mut grouped = vec![Vec::new(); groups];
        let mut held = Vec::new();
        for (index, (file, values)) in files.into_iter().enumerate() {
            // The engine's paths are numbers: keys may hold what its paths may not.
            let path =
                PartitionedFile::new(index.to_string(), file.size).with_partition_values(values);
            held.push(file);
            if let Some(group) = grouped.get_mut(index % groups) {
                group.push(path);
            }
        }
        let groups: Vec<FileGroup> =
            grouped.into_iter().filter(|group| !group.is_empty()).map(FileGroup::new).collect();
        let source = ParquetSource::new(schema)
            .with_enable_page_index(false)
            .with_parquet_file_reader_factory(Arc::new(Readers::new(held)));
        let url = ObjectStoreUrl::parse(super::engine::STORE)?;
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(super::reader::CaselessAdapters)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn scan<'a, 'b, 'c, 'd, 'f>(
        &'a self,
        state: &'b dyn Session,
        projection: Option<&'c Vec<usize>>,
        _: &'d [Expr],
        limit: Option<usize>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'f>>
    where
        'a: 'f,
        'b: 'f,
        'c: 'f,
        'd: 'f,
        Self: 'f,
    {
        Box::pin(async move { self.plan(state, projection, limit) })
    }
}

pub(super) fn check_serde(name: &str, descriptor: &StorageDescriptor) -> Result<(), QueryError> {
    let serde = descriptor
        .serde_info
        .as_ref()
        .and_then(|info| info.serialization_library.as_deref())
        .unwrap_or_default();
    if serde == PARQUET_SERDE {
        Ok(())
    } else {
        Err(QueryError::rehearsal(format!("the table {name}, whose SerDe is `{serde}`,")))
    }
}

/// The type in which a column is scanned.
fn scan_type(kind: &HiveType) -> DataType {
    match kind {
        HiveType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => other.arrow(),
    }
}

/// A file's columns by name, in lower case as Athena compares them.
fn top_level(metadata: &ParquetMetaData) -> BTreeMap<String, Arc<ParquetType>> {
    let root = metadata.file_metadata().schema();
    root.get_fields().iter().map(|field| (field.name().to_lowercase(), field.clone())).collect()
}

fn physical_name(found: &ParquetType) -> String {
    if found.is_primitive() {
        match found.get_physical_type() {
            // Trino's Parquet library has its own word for this one.
            Physical::BYTE_ARRAY => "BINARY".to_owned(),
            other => other.to_string(),
        }
    } else {
        "GROUP".to_owned()
    }
}

/// Whether Trino reads a Parquet column of this type as the declared one.
fn compatible(found: &ParquetType, kind: &HiveType) -> bool {
    use HiveType as H;
    if !found.is_primitive() {
        return matches!(kind, H::Array(_) | H::Map(..) | H::Struct(_));
    }
    let info = found.get_basic_info();
    let decimal = info.converted_type() == ConvertedType::DECIMAL;
    let stamped = matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(_)))
        || matches!(
            info.converted_type(),
            ConvertedType::TIMESTAMP_MICROS | ConvertedType::TIMESTAMP_MILLIS
        );
    match found.get_physical_type() {
        _ if decimal => matches!(kind, H::Decimal(..)),
        Physical::BOOLEAN => *kind == H::Boolean,
        Physical::INT32 if info.converted_type() == ConvertedType::DATE => *kind == H::Date,
        Physical::INT32 => matches!(kind, H::TinyInt | H::SmallInt | H::Int | H::BigInt),
        Physical::INT64 if stamped => *kind == H::Timestamp,
        Physical::INT64 => *kind == H::BigInt,
        Physical::INT96 => *kind == H::Timestamp,
        Physical::FLOAT => matches!(kind, H::Float | H::Double),
        Physical::DOUBLE => *kind == H::Double,
        Physical::BYTE_ARRAY => {
            matches!(kind, H::String | H::Varchar(_) | H::Char(_) | H::Binary)
        }
        Physical::FIXED_LEN_BYTE_ARRAY => false,
    }
}

impl From<QueryError> for Box<DataFusionError> {
    fn from(error: QueryError) -> Self {
        Box::new(error.into())
    }
}
