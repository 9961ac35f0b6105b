//! The export's side: every value of every column, decoded from the Parquet files.

use super::Fingerprint;
use super::value::{Row, Target};
use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::errors::ParquetError;

/// The columns of a table and what their values are.
pub type Columns = Vec<(String, Target)>;

/// Why the export's side could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ParquetTableError {
    /// The file is no sound Parquet file.
    #[error("{0}")]
    Parquet(#[from] ParquetError),
    /// A page cannot be decoded.
    #[error("{0}")]
    Arrow(#[from] ArrowError),
    /// A column has a type that no export has.
    #[error("column `{}` has the type {type_name}, which RDS does not export", .column.escape_debug())]
    Type {
        /// The column.
        column: String,
        /// Its Arrow type.
        type_name: String,
    },
    /// Two files of one table disagree about its columns.
    #[error("the files of the table have different columns")]
    Columns,
}

/// A table's fingerprint, file by file.
#[derive(Debug, Default)]
pub struct ParquetTable {
    /// The columns of the files so far; `None` before the first.
    pub columns: Option<Columns>,
    /// The fingerprint of the files so far.
    pub fingerprint: Fingerprint,
}

impl ParquetTable {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`ParquetTableError`]: any page that cannot be decoded is one.
    pub fn add(&mut self, file: Bytes) -> Result<(), ParquetTableError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let columns = builder
            .schema()
            .fields()
            .iter()
            .map(|field| match target(field.data_type()) {
                Some(target) => Ok((field.name().clone(), target)),
                None => Err(ParquetTableError::Type {
                    column: field.name().clone(),
                    type_name: field.data_type().to_string(),
                }),
            })
            .collect::<Result<Columns, _>>()?;
        match &self.columns {
            Some(known) if *known != columns => return Err(ParquetTableError::Columns),
            Some(_) => {}
            None => self.columns = Some(columns.clone()),
        }
        for batch in builder.build()? {
            add_batch(&mut self.fingerprint, &batch?, &columns)?;
        }
        Ok(())
    }
}

fn target(data_type: &DataType) -> Option<Target> {
    Some(match data_type {
        DataType::Boolean => Target::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => Target::Integer,
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale) => Target::Decimal(*scale),
        DataType::Float32 | DataType::Float64 => Target::Float,
        DataType::Timestamp(TimeUnit::Microsecond, _) => Target::Timestamp,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Target::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Target::Bytes,
        _ => return None,
    })
}

fn add_batch(
    sum: &mut Fingerprint,
    batch: &RecordBatch,
    columns: &Columns,
) -> Result<(), ArrowError> {
    let arrays = columns
        .iter()
        .zip(batch.columns())
        .map(|((_, target), array)| widened(array, *target).map(|array| (*target, array)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut row = Row::default();
    for index in 0..batch.num_rows() {
        row.clear();
        for (target, array) in &arrays {
            add_value(&mut row, array, *target, index);
        }
        sum.add(row.bytes());
    }
    Ok(())
}

/// The array in the one Arrow type that each target is read from.
fn widened(array: &ArrayRef, target: Target) -> Result<ArrayRef, ArrowError> {
    let wide = match target {
        Target::Boolean => DataType::Boolean,
        Target::Integer => DataType::Int64,
        Target::Decimal(scale) => DataType::Decimal128(38, scale),
        Target::Float => DataType::Float64,
        Target::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Target::Text => DataType::Utf8,
        Target::Bytes => DataType::Binary,
    };
    cast(array, &wide)
}

fn add_value(row: &mut Row, array: &ArrayRef, target: Target, index: usize) {
    if array.is_null(index) {
        row.null();
        return;
    }
    match target {
        Target::Boolean => row.boolean(array.as_boolean().value(index)),
        Target::Integer => row.integer(array.as_primitive::<Int64Type>().value(index).into()),
        Target::Decimal(_) => row.decimal(array.as_primitive::<Decimal128Type>().value(index)),
        Target::Float => row.float(array.as_primitive::<Float64Type>().value(index)),
        Target::Timestamp => {
            row.timestamp(array.as_primitive::<TimestampMicrosecondType>().value(index));
        }
        Target::Text => row.text(array.as_string::<i32>().value(index)),
        Target::Bytes => row.binary(array.as_binary::<i32>().value(index)),
    }
}
