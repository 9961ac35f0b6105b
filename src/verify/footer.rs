//! What the Parquet footers of one table say together. Pure.

use super::kind::Kind;
use super::value::Range;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;

/// How much of a file's end is read at first, in bytes: enough for the footers of most files.
pub const TAIL_BYTES: u64 = 64 << 10;

/// What the footers of a table say together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Footers {
    /// Files whose footer was read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// The columns, in the order of the first file.
    pub columns: Vec<ColumnFooters>,
    /// Files that could not be read or that differ from the first: the key, and what is wrong.
    pub problems: Vec<(String, String)>,
}

/// What the footers say of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFooters {
    /// Its name in the files.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// NULLs in all files; none where a footer does not count them.
    pub nulls: Option<u64>,
    /// Its values in all files.
    pub range: Range,
}

impl ColumnFooters {
    /// Its name in the catalog, where names are lowercase.
    #[must_use]
    pub fn catalog_name(&self) -> String {
        self.name.to_lowercase()
    }
}

/// Reads the footer out of the end of a file.
///
/// # Errors
/// [`ParquetError::NeedMoreData`] with the number of bytes that are needed, or what is wrong.
pub fn parse(tail: &impl ChunkReader, file_size: u64) -> Result<ParquetMetaData, ParquetError> {
    let mut reader = ParquetMetaDataReader::new();
    reader.try_parse_sized(tail, file_size)?;
    reader.finish()
}

impl Footers {
    /// Takes in the footer of one more file.
    pub fn add(&mut self, key: &str, metadata: &ParquetMetaData) {
        let schema = metadata.file_metadata().schema_descr();
        let described: Vec<(String, Kind)> = schema
            .columns()
            .iter()
            .map(|column| (column.path().string(), Kind::of(column)))
            .collect();
        if self.files == 0 {
            self.columns = described
                .iter()
                .map(|(name, kind)| ColumnFooters {
                    name: name.clone(),
                    kind: kind.clone(),
                    nulls: Some(0),
                    range: Range::Empty,
                })
                .collect();
        }
        self.files += 1;
        self.rows += u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
        let same = self.columns.len() == described.len()
            && self
                .columns
                .iter()
                .zip(&described)
                .all(|(column, (name, kind))| column.name == *name && column.kind == *kind);
        if !same {
            let difference = first_difference(&self.columns, &described);
            self.problems.push((key.to_owned(), difference));
            return;
        }
        for group in metadata.row_groups() {
            for (column, chunk) in self.columns.iter_mut().zip(group.columns()) {
                let statistics = chunk.statistics();
                let nulls = if chunk.column_descr().max_def_level() == 0 {
                    Some(0)
                } else {
                    statistics.and_then(Statistics::null_count_opt)
                };
                column.nulls = column.nulls.zip(nulls).map(|(a, b)| a + b);
                let values = u64::try_from(chunk.num_values()).unwrap_or_default();
                let range = Range::of_chunk(&column.kind, values, statistics);
                let before = std::mem::replace(&mut column.range, Range::Empty);
                column.range = before.merge(range);
            }
        }
    }

    /// Notes a file that could not be read.
    pub fn unreadable(&mut self, key: &str, reason: impl Into<String>) {
        self.problems.push((key.to_owned(), reason.into()));
    }
}

fn first_difference(first: &[ColumnFooters], other: &[(String, Kind)]) -> String {
    for (column, (name, kind)) in first.iter().zip(other) {
        if column.name != *name {
            return format!(
                "it has column `{}` where the first file has `{}`",
                name.escape_debug(),
                column.name.escape_debug()
            );
        }
        if column.kind != *kind {
            return format!(
                "its column `{}` is {kind}, in the first file it is {}",
                name.escape_debug(),
                column.kind
            );
        }
    }
    format!("it has {} columns, the first file has {}", other.len(), first.len())
}
