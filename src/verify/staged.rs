//! A table that is about to go live, and checks of it that somebody else adds.

use super::report::Check;
use crate::aws::{Athena, BoxFuture, QueryError};
use crate::pipeline::TableRef;
use serde::{Deserialize, Serialize};

/// A table in the staging database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedTable {
    /// The table in the source database.
    pub source: TableRef,
    /// The staging database.
    pub database: String,
    /// The table's name in it.
    pub table: String,
    /// Where its files are: an `s3://` address with a slash at its end.
    pub location: String,
    /// Rows, as the Parquet footers count them.
    pub rows: u64,
    /// The columns.
    pub columns: Vec<StagedColumn>,
}

/// A column of a staged table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedColumn {
    /// Its name in the catalog.
    pub name: String,
    /// Its Hive type: `bigint`, `decimal(10,2)`.
    pub hive_type: String,
}

/// Checks that somebody else adds to the run's own, before anything goes live.
pub trait ExtraChecks: Send + Sync {
    /// Checks one staged table; may query it. A failed check fails the run like any other.
    ///
    /// # Errors
    /// When a query fails, which counts as a failed check of the table.
    fn check<'a>(
        &'a self,
        table: &'a StagedTable,
        athena: &'a Athena<'a>,
    ) -> BoxFuture<'a, Result<Vec<Check>, QueryError>>;
}
