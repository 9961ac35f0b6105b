//! Counts and checksums of rows that do not depend on their order.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, SortField};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a set of rows adds up to. Equal digests of the source and of its export mean, but for an
/// accident of one in 2⁶⁴, the same rows, in whatever order and however they are cut into files.
/// Comparable within a process only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    /// Sum of the rows' hashes, modulo 2⁶⁴: finds values swapped between rows or columns.
    pub checksum: u64,
    /// The columns, in order.
    pub columns: Vec<ColumnDigest>,
}

/// What a column adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDigest {
    /// The name.
    pub name: String,
    /// Values that are not NULL.
    pub non_null: u64,
    /// Sum of the values' hashes, NULLs included, modulo 2⁶⁴.
    pub checksum: u64,
}

impl Digest {
    /// Of no rows.
    #[must_use]
    pub fn new(schema: &SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| ColumnDigest {
            name: field.name().clone(),
            non_null: 0,
            checksum: 0,
        });
        Self { rows: 0, checksum: 0, columns: columns.collect() }
    }

    /// Adds rows, whose columns must be those it was made with, in the same order.
    ///
    /// # Errors
    /// [`ArrowError`] for columns of types that have no order, such as maps.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let mut rows = vec![DefaultHasher::new(); batch.num_rows()];
        for (digest, array) in self.columns.iter_mut().zip(batch.columns()) {
            digest.non_null += (array.len() - array.null_count()) as u64;
            // A zone is a matter of the reader's settings, not of the value.
            let kind = match array.data_type() {
                DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                    DataType::Timestamp(TimeUnit::Microsecond, None)
                }
                DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
                DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
                other => other.clone(),
            };
            let array = datafusion::arrow::compute::cast(array, &kind)?;
            let encoded =
                RowConverter::new(vec![SortField::new(kind)])?.convert_columns(&[array])?;
            for (value, row) in encoded.iter().zip(rows.iter_mut()) {
                let mut own = DefaultHasher::new();
                value.as_ref().hash(&mut own);
                let hash = own.finish();
                digest.checksum = digest.checksum.wrapping_add(hash);
                row.write_u64(hash);
            }
        }
        self.rows += batch.num_rows() as u64;
        for row in rows {
            self.checksum = self.checksum.wrapping_add(row.finish());
        }
        Ok(())
    }
}
