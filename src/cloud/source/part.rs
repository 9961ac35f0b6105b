//! Tables as a source has them, and the parts in which they are read.

use super::DeclaredType;
use crate::cloud::export::type_map::ExportType;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use std::sync::Arc;

/// A table of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The schema; in MySQL's family the database's name.
    pub schema: String,
    /// The table's name, as the source has it.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Why RDS does not export it, when it does not.
    pub skipped: Option<&'static str>,
    /// How it is read.
    pub(super) parts: Vec<Part>,
}

/// A column of a source's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, as the source has it.
    pub name: String,
    /// The type it was declared with.
    pub declared: DeclaredType,
    /// What it becomes in Parquet.
    pub export: ExportType,
    /// How PostgreSQL is asked for it.
    pub(super) wire: Option<Arc<super::postgres::Wire>>,
}

impl Table {
    /// A table of which nothing but its name matters.
    #[cfg(test)]
    pub(in crate::cloud) fn named(schema: &str, name: &str) -> Self {
        Self { schema: schema.to_owned(), name: name.to_owned(), ..Self::default() }
    }

    /// The Arrow schema of the batches that a source gives for these columns.
    #[must_use]
    pub fn arrow(columns: &[Column]) -> SchemaRef {
        let columns: Vec<_> = columns.iter().map(|c| (c.name.as_str(), c.export)).collect();
        Self::arrow_of(&columns)
    }

    /// The same of names and types.
    pub(in crate::cloud) fn arrow_of(columns: &[(&str, ExportType)]) -> SchemaRef {
        let fields = columns.iter().map(|(name, export)| Field::new(*name, export.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Whether its rows are in partitions.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        // An ordinary table is read without those that inherit from it.
        self.parts.first().is_some_and(|part| match &part.slice {
            Slice::Whole | Slice::Keys { .. } => false,
            Slice::Pages { relation, .. } => !relation.starts_with("ONLY "),
        })
    }

    /// The parts that together are the table. They can be read at the same time.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        if self.parts.is_empty() {
            return vec![Part { batch: 1, slice: Slice::Whole }];
        }
        self.parts.clone()
    }
}

/// A part of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// RDS's batch index, from 1: each partition of a partitioned table has its own
    /// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.FileNames.html>).
    pub batch: usize,
    pub(super) slice: Slice,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slice {
    /// Every row.
    Whole,
    /// Rows of a table of MySQL's family, by the first column of its primary key.
    Keys {
        /// The column.
        column: String,
        /// The greatest key that is before them; none when they are the first.
        after: Option<i128>,
        /// Their greatest key; none when they are the last.
        until: Option<i128>,
    },
    /// Rows of a PostgreSQL table, named as SQL does, between two of its pages.
    Pages {
        /// The table or partition.
        relation: String,
        /// The first page.
        from: u64,
        /// The page after the last; none when it goes to the end, however far that is by now.
        to: Option<u64>,
    },
}
