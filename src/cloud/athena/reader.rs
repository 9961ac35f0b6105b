//! How the engine reads a table's files: ranges of objects, as the query's caller, counted.

use super::error::QueryError;
use crate::cloud::caller::Caller;
use crate::cloud::storage::{ObjectInfo, ObjectStore};
use bytes::Bytes;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::{BoxFuture, FutureExt as _};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A Parquet file whose footer has been read.
#[derive(Debug, Clone)]
pub(super) struct DataFile {
    objects: Arc<dyn ObjectStore>,
    caller: Caller,
    bucket: String,
    key: String,
    scanned: Arc<AtomicU64>,
    /// For messages.
    pub(super) url: String,
    /// Bytes.
    pub(super) size: u64,
    /// The footer.
    pub(super) metadata: Arc<ParquetMetaData>,
}

impl DataFile {
    /// Reads an object's footer.
    pub(super) fn open(
        objects: Arc<dyn ObjectStore>,
        caller: Caller,
        bucket: &str,
        object: &ObjectInfo,
        scanned: Arc<AtomicU64>,
    ) -> Result<Self, QueryError> {
        let url = format!("s3://{bucket}/{}", object.key);
        let read = |range: Range<u64>| {
            objects
                .get(&caller, bucket, &object.key, Some(range))
                .map_err(|error| QueryError::object(&error, &url))
        };
        let corrupt = |why: &dyn std::fmt::Display| {
            QueryError::bad_data(format!("Not valid Parquet file: {url} {why}"))
        };
        let tail = read(object.size.saturating_sub(8)..object.size)?;
        let Some((length, magic)) = tail.split_first_chunk::<4>() else {
            return Err(corrupt(&"is too short"));
        };
        if magic != b"PAR1" {
            return Err(corrupt(&format!(
                "expected magic number: PAR1 got: {}",
                magic.escape_ascii()
            )));
        }
        let length = u64::from(u32::from_le_bytes(*length));
        let Some(start) = object.size.checked_sub(8 + length) else {
            return Err(corrupt(&"has a footer longer than itself"));
        };
        let metadata = ParquetMetaDataReader::decode_metadata(&read(start..object.size - 8)?)
            .map_err(|error| corrupt(&error))?;
        let (bucket, key) = (bucket.to_owned(), object.key.clone());
        let metadata = Arc::new(metadata);
        Ok(Self { bucket, key, scanned, url, size: object.size, metadata, objects, caller })
    }
}

impl AsyncFileReader for DataFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let wanted = range.end.saturating_sub(range.start);
            let bytes =
                self.objects.get(&self.caller, &self.bucket, &self.key, Some(range)).map_err(
                    |error| ParquetError::External(Box::new(QueryError::object(&error, &self.url))),
                )?;
            self.scanned.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if bytes.len() as u64 == wanted {
                Ok(bytes)
            } else {
                let error = QueryError::bad_data(format!("{} ends too early", self.url));
                Err(ParquetError::External(Box::new(error)))
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let metadata = self.metadata.clone();
        async move { Ok(metadata) }.boxed()
    }
}

/// The files of a scan; the engine knows them by their number.
#[derive(Debug)]
pub(super) struct Readers {
    files: Vec<DataFile>,
}

impl Readers {
    pub(super) fn new(files: Vec<DataFile>) -> Self {
        Self { files }
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _: usize,
        file: PartitionedFile,
        _: Option<usize>,
        _: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let number = file.path().as_ref().parse::<usize>().ok();
        match number.and_then(|number| self.files.get(number)) {
            Some(file) => Ok(Box::new(file.clone())),
            None => Err(DataFusionError::Internal(format!("no file {}", file.path()))),
        }
    }
}

/// Finds a file's columns by their names whatever their case, as Athena does.
#[derive(Debug)]
pub(super) struct CaselessAdapters;

impl PhysicalExprAdapterFactory for CaselessAdapters {
    fn create(
        &self,
        logical: SchemaRef,
        physical: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let lower = |field: &Arc<Field>| {
            Arc::new(field.as_ref().clone().with_name(field.name().to_lowercase()))
        };
        let lowered = Schema::new(physical.fields().iter().map(lower).collect::<Vec<_>>());
        let inner = DefaultPhysicalExprAdapterFactory.create(logical, Arc::new(lowered))?;
        Ok(Arc::new(CaselessAdapter { inner, physical }))
    }
}

#[derive(Debug)]
struct CaselessAdapter {
    inner: Arc<dyn PhysicalExprAdapter>,
    physical: SchemaRef,
}

impl PhysicalExprAdapter for CaselessAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = self.inner.rewrite(expr)?.transform(|expr| {
            let Some(column) = expr.downcast_ref::<Column>() else {
                return Ok(Transformed::no(expr));
            };
            // The file's own spelling, which the reader looks the column up by.
            let field = self.physical.fields().get(column.index()).filter(|field| {
                field.name() != column.name() && field.name().to_lowercase() == column.name()
            });
            Ok(match field {
                Some(field) => {
                    let named = Column::new(field.name(), column.index());
                    Transformed::yes(Arc::new(named) as Arc<dyn PhysicalExpr>)
                }
                None => Transformed::no(expr),
            })
        })?;
        Ok(rewritten.data)
    }
}
