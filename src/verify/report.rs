//! What the checks found.

use crate::pipeline::TableRef;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was checked of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Checks of the export as a whole.
    pub export: Vec<Check>,
    /// The tables, by their names in the catalog.
    pub tables: Vec<TableVerification>,
}

/// What was checked of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVerification {
    /// The table in the source database: `schema.table`.
    pub source: String,
    /// Its name in the catalog.
    pub table: String,
    /// Rows, as the Parquet footers count them; none where they could not all be read.
    pub rows: Option<u64>,
    /// Bytes of Parquet.
    pub bytes: u64,
    /// Parquet files.
    pub files: u64,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The check's stable identifier, such as `athena-count`; a check of one column has the column's
    /// name behind a colon: `column-values:price`.
    pub id: String,
    /// What is compared, for people.
    pub title: String,
    /// How it ended.
    pub status: CheckStatus,
    /// What should have been found.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do, or why the two could not be compared; empty when there is nothing to say.
    pub help: String,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Both sides agree.
    Passed,
    /// They do not: the export must not go live.
    Failed,
    /// Nothing is wrong, but somebody should know.
    Warning,
    /// There is nothing to compare with; `help` says why.
    NotComparable,
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warning => "warning",
            Self::NotComparable => "not comparable",
        })
    }
}

impl Check {
    /// A check that compares two values by their equality.
    #[must_use]
    pub fn equal(
        id: impl Into<String>,
        title: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: &str,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        if expected == found {
            Self::passed(id, title, expected)
        } else {
            Self::failed(id, title, expected, found, help)
        }
    }

    /// A check whose both sides are `value`.
    #[must_use]
    pub fn passed(
        id: impl Into<String>,
        title: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let value = value.into();
        Self::new(id, title, CheckStatus::Passed, value.clone(), value, "")
    }

    /// A check whose sides differ.
    #[must_use]
    pub fn failed(
        id: impl Into<String>,
        title: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(id, title, CheckStatus::Failed, expected, found, help)
    }

    /// A check of any status.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        status: CheckStatus,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            status,
            expected: expected.into(),
            found: found.into(),
            help: help.into(),
        }
    }

    /// Whether the check failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.status == CheckStatus::Failed
    }
}

impl TableVerification {
    /// A table of which nothing is known yet.
    #[must_use]
    pub fn new(source: &TableRef, table: &str) -> Self {
        Self {
            source: source.to_string(),
            table: table.to_owned(),
            rows: None,
            bytes: 0,
            files: 0,
            checks: Vec::new(),
        }
    }

    /// Whether no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.checks.iter().any(Check::is_failed)
    }
}

impl Verification {
    /// Whether no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The failed checks, each with its table; those of the export as a whole have none.
    pub fn failures(&self) -> impl Iterator<Item = (Option<&TableVerification>, &Check)> {
        let export = self.export.iter().map(|check| (None, check));
        let tables = self
            .tables
            .iter()
            .flat_map(|table| table.checks.iter().map(move |check| (Some(table), check)));
        export.chain(tables).filter(|(_, check)| check.is_failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_check_fails_the_verification_and_is_named() {
        let source =
            TableRef { database: "shop".into(), schema: "public".into(), name: "a".into() };
        let mut table = TableVerification::new(&source, "a");
        table.checks.push(Check::equal("athena-count", "rows", "3", "3", "look"));
        let mut all = Verification { export: Vec::new(), tables: vec![table] };
        assert!(all.passed());
        all.tables[0].checks.push(Check::equal("athena-count", "rows", "3", "2", "look"));
        assert!(!all.passed());
        let (table, check) = all.failures().next().unwrap();
        assert_eq!(table.unwrap().table, "a");
        assert_eq!((check.expected.as_str(), check.found.as_str()), ("3", "2"));
    }
}
