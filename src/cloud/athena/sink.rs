//! Rows of a query to Parquet files, a file for each partition.

use super::engine::Engine;
use super::error::QueryError;
use super::results;
use super::table::s3_url;
use super::types::HiveType;
use crate::cloud::storage::{Body, Encryption, PutOptions};
use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, GzipLevel};
use datafusion::parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// Partitions that one statement may write
/// (<https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html>).
const MAX_PARTITIONS: usize = 100;

/// The value of a partition's key that is NULL, as Hive names its folder.
pub(super) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A column's name and type.
pub(super) type Column = (String, HiveType);

/// Where and how files are written.
pub(super) struct Target {
    /// The columns of the files.
    pub(super) columns: Vec<Column>,
    /// The columns of the folders, last in every batch.
    pub(super) keys: Vec<Column>,
    /// The `s3://` URL of the folder.
    pub(super) location: String,
    /// Folders of partitions that lie elsewhere than their values say.
    pub(super) known: BTreeMap<Vec<String>, String>,
    /// How pages are compressed.
    pub(super) compression: Compression,
    /// How files are encrypted; the bucket's default when `None`.
    pub(super) encryption: Option<Encryption>,
    /// The execution's identifier, which files are named after.
    pub(super) id: String,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) rows: u64,
    /// The files' `s3://` URLs.
    pub(super) files: Vec<String>,
    /// The values of each partition that was written, and its `s3://` URL.
    pub(super) partitions: BTreeMap<Vec<String>, String>,
}

/// Takes batches whose columns are the target's.
pub(super) struct Sink<'a> {
    engine: &'a Engine,
    target: Target,
    schema: SchemaRef,
    open: BTreeMap<Vec<String>, Part>,
    rows: u64,
}

struct Part {
    path: PathBuf,
    writer: Option<ArrowWriter<BufWriter<File>>>,
}

impl Drop for Part {
    /// A file that did not become an object is of no use to anyone.
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "cannot remove an unfinished file");
        }
    }
}

fn disk(error: &std::io::Error) -> QueryError {
    QueryError::rehearsal(format!("writing a file ({error})"))
}

/// gzip where nothing is said, as CTAS has it
/// (<https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html>).
pub(super) fn compression(name: Option<&str>) -> Result<Compression, QueryError> {
    match name.map(str::to_uppercase).as_deref() {
        None | Some("GZIP") => Ok(Compression::GZIP(GzipLevel::default())),
        Some("NONE" | "UNCOMPRESSED") => Ok(Compression::UNCOMPRESSED),
        Some(other @ ("SNAPPY" | "ZSTD" | "LZ4" | "LZO" | "BZIP2" | "DEFLATE" | "ZLIB")) => {
            Err(QueryError::rehearsal(format!("compression by {other}")))
        }
        Some(other) => Err(QueryError::data(
            "INVALID_TABLE_PROPERTY",
            format!("Unsupported compression: {}", other.escape_debug()),
        )),
    }
}

impl<'a> Sink<'a> {
    pub(super) fn new(engine: &'a Engine, target: Target) -> Result<Self, QueryError> {
        for (name, kind) in &target.keys {
            use HiveType as H;
            match kind {
                H::String
                | H::Varchar(_)
                | H::Char(_)
                | H::Boolean
                | H::Date
                | H::TinyInt
                | H::SmallInt
                | H::Int
                | H::BigInt => {}
                other => {
                    return Err(QueryError::rehearsal(format!(
                        "the partition key {name} of type {other}"
                    )));
                }
            }
        }
        let field = |(name, kind): &Column| Field::new(name, file_type(kind), true);
        let schema = Arc::new(Schema::new(target.columns.iter().map(field).collect::<Vec<_>>()));
        Ok(Self { engine, target, schema, open: BTreeMap::new(), rows: 0 })
    }

    /// The columns that a batch has.
    pub(super) fn kinds(&self) -> Vec<Column> {
        self.target.columns.iter().chain(&self.target.keys).cloned().collect()
    }

    /// Writes a batch.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        self.rows += batch.num_rows() as u64;
        let columns = self.target.columns.len();
        let arrays = batch
            .columns()
            .iter()
            .zip(&self.target.columns)
            .map(|(array, (_, kind))| cast(array, &file_type(kind)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| QueryError::data("INVALID_CAST_ARGUMENT", error))?;
        let data = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| QueryError::data("GENERIC_USER_ERROR", error))?;
        if self.target.keys.is_empty() {
            return self.append(&[], &data);
        }
        let keys: Vec<usize> = (columns..batch.num_columns()).collect();
        let keys =
            batch.project(&keys).map_err(|error| QueryError::data("GENERIC_USER_ERROR", error))?;
        let mut groups: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
        for (row, values) in (0..).zip(results::rows(&keys)?) {
            let values = values.into_iter().map(|v| v.unwrap_or_else(|| NULL_PARTITION.to_owned()));
            groups.entry(values.collect()).or_default().push(row);
        }
        for (values, rows) in groups {
            let part = take_record_batch(&data, &UInt32Array::from(rows))
                .map_err(|error| QueryError::data("GENERIC_USER_ERROR", error))?;
            self.append(&values, &part)?;
        }
        Ok(())
    }

    fn append(&mut self, values: &[String], data: &RecordBatch) -> Result<(), QueryError> {
        if !self.open.contains_key(values) {
            if self.open.len() >= MAX_PARTITIONS {
                return Err(QueryError::data(
                    "HIVE_TOO_MANY_OPEN_PARTITIONS",
                    format!(
                        "Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
                    ),
                ));
            }
            let part = self.begin()?;
            self.open.insert(values.to_vec(), part);
        }
        let writer = self.open.get_mut(values).and_then(|part| part.writer.as_mut());
        match writer {
            Some(writer) => writer
                .write(data)
                .map_err(|error| QueryError::rehearsal(format!("writing Parquet ({error})"))),
            None => Ok(()),
        }
    }

    fn begin(&self) -> Result<Part, QueryError> {
        let path = self.engine.objects.scratch().join(format!("query-{}", Uuid::new_v4()));
        let file = File::create_new(&path).map_err(|error| disk(&error))?;
        let mut part = Part { path, writer: None };
        let properties = WriterProperties::builder()
            .set_compression(self.target.compression)
            .set_created_by(concat!("snaplake version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer =
            ArrowWriter::try_new(BufWriter::new(file), self.schema.clone(), Some(properties))
                .map_err(|error| QueryError::rehearsal(format!("writing Parquet ({error})")))?;
        part.writer = Some(writer);
        Ok(part)
    }

    /// Makes objects of the files.
    pub(super) fn finish(mut self) -> Result<Written, QueryError> {
        let mut written = Written { rows: self.rows, ..Written::default() };
        for (values, mut part) in std::mem::take(&mut self.open) {
            if let Some(writer) = part.writer.take() {
                let buffer = writer
                    .into_inner()
                    .map_err(|error| QueryError::rehearsal(format!("writing Parquet ({error})")))?;
                buffer.into_inner().map_err(|error| disk(error.error()))?;
            }
            let folder = self.folder(&values);
            let url = format!("{folder}{}_{}", self.target.id, Uuid::new_v4());
            let (bucket, key) = s3_url(&url)
                .ok_or_else(|| QueryError::metadata(format!("{url} is no location in S3")))?;
            let options =
                PutOptions { encryption: self.target.encryption.clone(), ..PutOptions::default() };
            self.engine
                .objects
                .put(&self.engine.caller, bucket, key, Body::File(part.path.clone()), options)
                .map_err(|error| QueryError::object(&error, &url))?;
            written.files.push(url);
            if !values.is_empty() {
                written.partitions.insert(values, folder);
            }
        }
        Ok(written)
    }

    /// The folder of a partition, with a slash at its end.
    fn folder(&self, values: &[String]) -> String {
        let base = self.target.location.trim_end_matches('/');
        match self.target.known.get(values) {
            Some(folder) => format!("{}/", folder.trim_end_matches('/')),
            None => format!("{base}/{}", folders(&self.target.keys, values)),
        }
    }
}

/// `key=value/…/`, empty without keys.
fn folders(keys: &[Column], values: &[String]) -> String {
    let mut text = String::new();
    for ((key, _), value) in keys.iter().zip(values) {
        // Writing to a string cannot fail.
        _ = write!(text, "{key}={}/", escaped(value));
    }
    text
}

/// A value as Hive names a folder after it
/// (`FileUtils.escapePathName` of Apache Hive).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(character) {
            // Writing to a string cannot fail.
            _ = write!(text, "%{:02X}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// The type in which a column is written.
fn file_type(kind: &HiveType) -> DataType {
    match kind {
        HiveType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => other.arrow(),
    }
}
