//! Rows to Parquet files of bounded size, in bounded memory.

use super::type_map::ExportType;
use super::{ExportError, ExportRequest};
use crate::cloud::caller::Caller;
use crate::cloud::source::{Column, Table};
use crate::cloud::storage::{Body, Encryption, ObjectStore, PutOptions};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::basic::{Compression, GzipLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use datafusion::parquet::schema::types::{SchemaDescriptor, Type};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// When a row group, and when a file, is long enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A row group ends when its encoded columns take so many bytes of memory.
    pub(super) row_group: usize,
    /// A file ends after the row group that takes it beyond so many bytes.
    pub(super) part: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { row_group: 32 << 20, part: 128 << 20 }
    }
}

/// Writes a part of a table: files under `<export folder>/<table folder>/<batch>/`.
pub(super) struct PartWriter<'a> {
    request: &'a ExportRequest<'a>,
    objects: &'a dyn ObjectStore,
    caller: &'a Caller,
    /// The batch's folder, with a slash at its end.
    folder: String,
    /// The number of the next file in that folder, which others write to as well.
    next: &'a AtomicUsize,
    schema: SchemaRef,
    parquet: SchemaDescriptor,
    limits: Limits,
    part: Option<Part>,
    /// What was written so far.
    pub(super) written: Written,
}

/// What a table's export came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Keys of the files.
    pub keys: Vec<String>,
}

struct Part {
    path: PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
}

impl Drop for PartWriter<'_> {
    /// A file that did not become an object is of no use to anyone.
    fn drop(&mut self) {
        if let Some(part) = &self.part
            && let Err(error) = std::fs::remove_file(&part.path)
        {
            tracing::warn!(%error, "cannot remove an unfinished file");
        }
    }
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(
        request: &'a ExportRequest<'a>,
        objects: &'a dyn ObjectStore,
        caller: &'a Caller,
        (folder, next): (String, &'a AtomicUsize),
        columns: &[Column],
        limits: Limits,
    ) -> Result<Self, ExportError> {
        let columns: Vec<(&str, ExportType)> =
            columns.iter().map(|column| (column.name.as_str(), column.export)).collect();
        let parquet = parquet_schema(&columns)?;
        let schema = Table::arrow_of(&columns);
        Ok(Self {
            request,
            objects,
            caller,
            folder,
            next,
            schema,
            parquet,
            limits,
            part: None,
            written: Written::default(),
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ExportError> {
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.begin()?,
        };
        let result = (|| {
            part.writer.write(batch)?;
            if part.writer.in_progress_size() >= self.limits.row_group {
                part.writer.flush()?;
            }
            Ok::<_, ParquetError>(part.writer.bytes_written() >= self.limits.part)
        })();
        self.part = Some(part);
        self.written.rows += batch.num_rows() as u64;
        if result? { self.end() } else { Ok(()) }
    }

    /// Ends the part. One without rows has no file.
    pub(super) fn finish(mut self) -> Result<Written, ExportError> {
        if self.part.is_some() {
            self.end()?;
        }
        Ok(std::mem::take(&mut self.written))
    }

    /// Ends a table without rows: it still has a file, which says its columns.
    pub(super) fn finish_empty(mut self) -> Result<Written, ExportError> {
        self.part = Some(self.begin()?);
        self.finish()
    }

    fn begin(&self) -> Result<Part, ExportError> {
        let path = self.objects.scratch().join(format!("part-{}", Uuid::new_v4()));
        let file = File::create_new(&path).map_err(ExportError::Disk)?;
        let options = ArrowWriterOptions::new()
            .with_properties(properties())
            .with_skip_arrow_metadata(true)
            .with_parquet_schema(self.parquet.clone());
        let writer =
            ArrowWriter::try_new_with_options(BufWriter::new(file), self.schema.clone(), options)?;
        Ok(Part { path, writer })
    }

    fn end(&mut self) -> Result<(), ExportError> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let key = format!("{}part-{number:05}-{}-c000.gz.parquet", self.folder, Uuid::new_v4());
        let closed = part.writer.into_inner().map_err(ExportError::from).and_then(|buffer| {
            buffer.into_inner().map_err(|error| ExportError::Disk(error.into_error()))
        });
        if let Err(error) = closed {
            drop(std::fs::remove_file(&part.path));
            return Err(error);
        }
        let size = std::fs::metadata(&part.path).map_err(ExportError::Disk)?.len();
        let put = put(self.request, self.objects, self.caller, &key, Body::File(part.path.clone()));
        if put.is_err() {
            drop(std::fs::remove_file(&part.path));
        }
        put?;
        self.written.bytes += size;
        self.written.keys.push(key);
        Ok(())
    }
}

impl Written {
    /// Adds another part of the same table.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.keys.extend(other.keys);
    }
}

/// Puts an object under the export's key.
pub(super) fn put(
    request: &ExportRequest<'_>,
    objects: &dyn ObjectStore,
    caller: &Caller,
    key: &str,
    body: Body,
) -> Result<(), ExportError> {
    let encryption = Encryption::Kms { key: request.kms_key_arn.clone(), bucket_key: false };
    let options = PutOptions { encryption: Some(encryption), ..PutOptions::default() };
    objects.put(caller, &request.bucket, key, body, options)?;
    Ok(())
}

/// The files' schema, which Arrow's own choice of types has no say in.
fn parquet_schema(columns: &[(&str, ExportType)]) -> Result<SchemaDescriptor, ParquetError> {
    let fields = columns.iter().map(|(name, export)| export.parquet(name).map(Arc::new));
    let root = Type::group_type_builder("spark_schema")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

/// The level of gzip. A rehearsal is made again and again, and gzip is the most of its work: the next level makes
/// files a quarter smaller with a third more of the whole export's CPU time (docs/performance.md).
const GZIP: u32 = 1;

/// gzip, as the files' names say. Statistics are whole, for they are compared with query results.
/// gzip checks each page by a CRC of its own; the library does not write Parquet's.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::GZIP(GzipLevel::try_new(GZIP).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(4096))
        .set_max_row_group_row_count(Some(1 << 20))
        .set_created_by(concat!("snaplake version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}
