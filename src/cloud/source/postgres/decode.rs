//! COPY's binary format (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format"),
//! straight into Arrow's builders.

use super::catalog::Form;
use super::print;
use crate::cloud::export::type_map::ExportType;
use crate::cloud::source::{BATCH_BYTES, BATCH_ROWS, Column, SourceError, Table};
use datafusion::arrow::array::{
    Array as _, ArrayRef, BinaryBuilder, BooleanBuilder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use datafusion::arrow::datatypes::SchemaRef;
use std::sync::Arc;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Takes rows apart, across the boundaries of messages.
pub(super) struct Decoder<'a> {
    table: &'a str,
    columns: &'a [Column],
    schema: SchemaRef,
    builders: Vec<Builder>,
    begun: bool,
    ended: bool,
    /// The beginning of a row whose end has not come yet.
    rest: Vec<u8>,
    /// A row's values: where each is in the bytes at hand; none for NULL.
    fields: Vec<Option<(usize, usize)>>,
    scratch: Vec<u8>,
    rows: u64,
    held: usize,
    bytes: usize,
}

enum Builder {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Printed(Form, print::LastDay, StringBuilder),
    Bytes(BinaryBuilder),
}

impl Builder {
    fn new(column: &Column) -> Self {
        let form = column.wire.as_ref().map_or(Form::Other, |wire| wire.form);
        match (column.export, form) {
            (ExportType::Boolean, _) => Self::Boolean(BooleanBuilder::new()),
            (ExportType::Int16, _) => Self::Int16(Int16Builder::new()),
            (ExportType::Int32, _) => Self::Int32(Int32Builder::new()),
            (ExportType::Int64, _) => Self::Int64(Int64Builder::new()),
            (ExportType::Float, _) => Self::Float(Float32Builder::new()),
            (ExportType::Double, _) => Self::Double(Float64Builder::new()),
            (ExportType::Bytes, _) => Self::Bytes(BinaryBuilder::new()),
            (_, Form::Text | Form::Other) => Self::Text(StringBuilder::new()),
            (_, form) => Self::Printed(form, print::LastDay::default(), StringBuilder::new()),
        }
    }

    fn null(&mut self) {
        match self {
            Self::Boolean(b) => b.append_null(),
            Self::Int16(b) => b.append_null(),
            Self::Int32(b) => b.append_null(),
            Self::Int64(b) => b.append_null(),
            Self::Float(b) => b.append_null(),
            Self::Double(b) => b.append_null(),
            Self::Text(b) | Self::Printed(_, _, b) => b.append_null(),
            Self::Bytes(b) => b.append_null(),
        }
    }

    /// Adds a value in its binary form.
    fn push(&mut self, value: &[u8], scratch: &mut Vec<u8>) -> Result<(), Why> {
        fn fixed<const N: usize>(value: &[u8]) -> Result<[u8; N], Why> {
            value.try_into().map_err(|_| Why::Length)
        }
        match self {
            Self::Boolean(b) => b.append_value(fixed::<1>(value)? != [0]),
            Self::Int16(b) => b.append_value(i16::from_be_bytes(fixed(value)?)),
            Self::Int32(b) => b.append_value(i32::from_be_bytes(fixed(value)?)),
            Self::Int64(b) => b.append_value(i64::from_be_bytes(fixed(value)?)),
            Self::Float(b) => b.append_value(f32::from_be_bytes(fixed(value)?)),
            Self::Double(b) => b.append_value(f64::from_be_bytes(fixed(value)?)),
            Self::Bytes(b) => b.append_value(value),
            Self::Text(b) => b.append_value(std::str::from_utf8(value).map_err(|_| Why::Utf8)?),
            Self::Printed(Form::Jsonb, _, b) => match value.split_first() {
                Some((1, text)) => {
                    b.append_value(std::str::from_utf8(text).map_err(|_| Why::Utf8)?);
                }
                _ => return Err(Why::Format),
            },
            Self::Printed(form, last, b) => {
                scratch.clear();
                match form {
                    Form::Date => print::date(i32::from_be_bytes(fixed(value)?), last, scratch),
                    Form::Timestamp => {
                        print::timestamp(i64::from_be_bytes(fixed(value)?), false, last, scratch);
                    }
                    Form::TimestampTz => {
                        print::timestamp(i64::from_be_bytes(fixed(value)?), true, last, scratch);
                    }
                    Form::Uuid => print::uuid(fixed(value)?, scratch),
                    _ => print::numeric(value, scratch).ok_or(Why::Format)?,
                }
                b.append_value(std::str::from_utf8(scratch).map_err(|_| Why::Utf8)?);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(b) => Arc::new(b.finish()),
            Self::Int16(b) => Arc::new(b.finish()),
            Self::Int32(b) => Arc::new(b.finish()),
            Self::Int64(b) => Arc::new(b.finish()),
            Self::Float(b) => Arc::new(b.finish()),
            Self::Double(b) => Arc::new(b.finish()),
            // The next batch will be much like this one: with room for it, nothing is moved as it grows.
            Self::Text(b) | Self::Printed(_, _, b) => {
                let array = b.finish();
                *b = StringBuilder::with_capacity(array.len(), array.value_data().len() * 9 / 8);
                Arc::new(array)
            }
            Self::Bytes(b) => Arc::new(b.finish()),
        }
    }
}

#[derive(Clone, Copy)]
enum Why {
    Length,
    Format,
    Utf8,
}

/// How much of the bytes at hand is a whole row.
enum Row {
    Whole(usize),
    Cut,
    Trailer,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(table: &'a str, columns: &'a [Column]) -> Self {
        Self {
            table,
            columns,
            schema: Table::arrow(columns),
            builders: columns.iter().map(Builder::new).collect(),
            begun: false,
            ended: false,
            rest: Vec::new(),
            fields: Vec::with_capacity(columns.len()),
            scratch: Vec::new(),
            rows: 0,
            held: 0,
            bytes: 0,
        }
    }

    /// Adds what a message holds: as a rule one row, but nothing says so.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), SourceError> {
        if self.rest.is_empty() {
            let read = self.rows(chunk)?;
            self.rest.extend_from_slice(chunk.get(read..).unwrap_or_default());
        } else {
            let mut whole = std::mem::take(&mut self.rest);
            whole.extend_from_slice(chunk);
            let read = self.rows(&whole)?;
            whole.drain(..read);
            self.rest = whole;
        }
        Ok(())
    }

    /// Reads all whole rows; gives how many bytes they took.
    fn rows(&mut self, bytes: &[u8]) -> Result<usize, SourceError> {
        let mut at = 0;
        if !self.begun {
            let Some(after) = header(bytes).map_err(|()| self.broken())? else { return Ok(0) };
            self.begun = true;
            at = after;
        }
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.row(rest)? {
                Row::Cut => return Ok(at),
                Row::Trailer => {
                    self.ended = true;
                    return Ok(bytes.len());
                }
                Row::Whole(length) => {
                    self.add(rest)?;
                    at += length;
                }
            }
        }
    }

    /// Finds the fields of the row at the beginning of `bytes`.
    fn row(&mut self, bytes: &[u8]) -> Result<Row, SourceError> {
        let Some((count, _)) = bytes.split_first_chunk::<2>() else { return Ok(Row::Cut) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Row::Trailer);
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err(self.broken());
        }
        self.fields.clear();
        let mut at = 2;
        for _ in 0..count {
            let Some((length, _)) = bytes.get(at..).and_then(<[u8]>::split_first_chunk::<4>) else {
                return Ok(Row::Cut);
            };
            let length = i32::from_be_bytes(*length);
            at += 4;
            match usize::try_from(length) {
                Ok(length) => {
                    self.fields.push(Some((at, at + length)));
                    at += length;
                }
                Err(_) => self.fields.push(None),
            }
        }
        Ok(if at <= bytes.len() { Row::Whole(at) } else { Row::Cut })
    }

    /// Adds the row whose fields were found.
    fn add(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        self.rows += 1;
        let (fields, scratch) = (&self.fields, &mut self.scratch);
        let each = self.builders.iter_mut().zip(fields).zip(self.columns);
        for ((builder, field), column) in each {
            let Some((start, end)) = *field else {
                builder.null();
                continue;
            };
            let value = bytes.get(start..end).unwrap_or_default();
            self.bytes += value.len() + 4;
            builder.push(value, scratch).map_err(|why| SourceError::Value {
                table: self.table.to_owned(),
                column: column.name.clone(),
                declared: column.declared.text.clone(),
                row: self.rows,
                found: format!("{} bytes", value.len()),
                why: match why {
                    Why::Length => "its length is not the type's",
                    Why::Format => "its binary form is not known",
                    Why::Utf8 => "it is not UTF-8",
                },
            })?;
        }
        self.held += 1;
        Ok(())
    }

    pub(super) fn full(&self) -> bool {
        self.held >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// What was collected; begins anew.
    pub(super) fn batch(&mut self) -> Result<RecordBatch, SourceError> {
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.held));
        (self.held, self.bytes) = (0, 0);
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?)
    }

    /// Whether the server said that this is all.
    pub(super) fn check_end(&self) -> Result<(), SourceError> {
        if self.ended && self.rest.is_empty() { Ok(()) } else { Err(self.broken()) }
    }

    fn broken(&self) -> SourceError {
        SourceError::Query {
            what: format!("`{}`", self.table.escape_debug()),
            message: "the server's rows are not in COPY's binary format".to_owned(),
        }
    }
}

/// Where the rows begin; `None` when the header is not all there yet.
fn header(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let known = bytes.get(..SIGNATURE.len()).unwrap_or(bytes);
    if !SIGNATURE.starts_with(known) {
        return Err(());
    }
    // Flags, of which none is in use, and the length of an extension.
    let fixed = SIGNATURE.len() + 8;
    let Some((extension, _)) = bytes.get(fixed - 4..).and_then(<[u8]>::split_first_chunk::<4>)
    else {
        return Ok(None);
    };
    let extension = usize::try_from(i32::from_be_bytes(*extension)).map_err(|_| ())?;
    Ok((bytes.len() >= fixed + extension).then_some(fixed + extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::source::DeclaredType;
    use datafusion::arrow::array::AsArray as _;
    use datafusion::arrow::datatypes::Int32Type;

    fn column(name: &str, export: ExportType) -> Column {
        Column { name: name.into(), declared: DeclaredType::parse("x"), export, wire: None }
    }

    fn stream() -> Vec<u8> {
        let mut bytes = [SIGNATURE, &[0; 8]].concat();
        for (number, text) in [(Some(7_i32), Some("é")), (None, None), (Some(-1), Some(""))] {
            bytes.extend(2_i16.to_be_bytes());
            for value in
                [number.map(|n| n.to_be_bytes().to_vec()), text.map(|t| t.as_bytes().to_vec())]
            {
                let length = value.as_ref().map_or(-1, |value| i32::try_from(value.len()).unwrap());
                bytes.extend(length.to_be_bytes());
                bytes.extend(value.unwrap_or_default());
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    #[test]
    fn rows_are_found_wherever_the_messages_are_cut() {
        let columns = [column("n", ExportType::Int32), column("t", ExportType::Text)];
        let bytes = stream();
        for cut in 0..bytes.len() {
            let mut decoder = Decoder::new("t", &columns);
            let (first, second) = bytes.split_at(cut);
            decoder.push(first).unwrap();
            assert!(decoder.check_end().is_err(), "{cut}");
            decoder.push(second).unwrap();
            decoder.check_end().unwrap();
            let batch = decoder.batch().unwrap();
            assert_eq!(batch.num_rows(), 3);
            assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), 7);
            assert_eq!(batch.column(0).null_count(), 1);
            assert_eq!(batch.column(1).as_string::<i32>().value(0), "é");
            assert!(batch.column(1).is_null(1) && !batch.column(1).is_null(2));
        }
    }

    #[test]
    fn what_is_not_utf8_is_named() {
        let columns = [column("n", ExportType::Int32), column("t", ExportType::Text)];
        let mut bytes = stream();
        let end = bytes.iter().position(|byte| *byte == 0xc3).unwrap();
        bytes[end] = 0xff;
        let error = Decoder::new("t", &columns).push(&bytes).unwrap_err().to_string();
        assert_eq!(error, "row 1 of `t` has 2 bytes in `t`, which is no `x`: it is not UTF-8");
    }
}
