//! Verifies one table: gathers Athena's answers and compares everything.

use super::compare;
use super::inspect::TableInspection;
use super::query::{Answer, queries};
use super::report::{Check, TableVerification};
use super::staged::{ExtraChecks, StagedColumn, StagedTable};
use crate::aws::{Athena, QueryError};

/// Verifies a table that is registered as `columns` in `database` at `location`; `columns` are absent
/// when the catalog does not have the table.
///
/// # Errors
/// When a call fails, the principal lacks a right, or somebody asks to stop. A query that fails for
/// another reason is a failed check.
pub async fn verify_table(
    inspection: &TableInspection,
    database: &str,
    registered: Option<(&str, &str, &[StagedColumn])>,
    athena: &Athena<'_>,
    extra: Option<&dyn ExtraChecks>,
) -> Result<TableVerification, QueryError> {
    let mut report = TableVerification::new(&inspection.source, &inspection.name);
    report.bytes = inspection.bytes();
    report.files = u64::try_from(inspection.files.len()).unwrap_or(u64::MAX);
    let footers = compare::footers(inspection);
    if !footers.is_failed() {
        report.rows = Some(inspection.footers.rows);
    }
    report.checks.extend(compare::manifest(inspection));
    report.checks.extend(compare::objects(inspection));
    report.checks.push(footers);
    report.checks.extend(compare::announced(inspection));
    if let Err(unreadable) = inspection.columns() {
        report.checks.push(Check::failed(
            "types",
            "Athena can read every column's type",
            "types that Athena knows",
            compare::list(&unreadable),
            "no snapshot export holds such columns; the files are not RDS's",
        ));
    }
    let Some((table, location, columns)) = registered else {
        report.checks.push(Check::failed(
            "catalog",
            "the catalog has the files' columns and types",
            format!("{} columns", inspection.footers.columns.len()),
            "no such table in the staging database",
            "the table could not be registered; the checks above say why",
        ));
        return Ok(report);
    };
    report.checks.push(compare::catalog(&inspection.footers, columns));
    let staged = StagedTable {
        source: inspection.source.clone(),
        database: database.to_owned(),
        table: table.to_owned(),
        location: location.to_owned(),
        rows: inspection.footers.rows,
        columns: columns.to_vec(),
    };
    match ask(&staged, athena).await {
        Ok((rows, answers)) => {
            report.checks.push(compare::count(&inspection.footers, rows));
            for (staged, answer) in columns.iter().zip(&answers) {
                let name = staged.name.to_lowercase();
                let column =
                    inspection.footers.columns.iter().find(|column| column.catalog_name() == name);
                if let Some(column) = column {
                    report.checks.push(compare::column(column, inspection.footers.rows, answer));
                }
            }
        }
        Err(error) => report.checks.push(failed_query(error)?),
    }
    if let Some(extra) = extra {
        match extra.check(&staged, athena).await {
            Ok(checks) => report.checks.extend(checks),
            Err(error) => report.checks.push(failed_query(error)?),
        }
    }
    Ok(report)
}

/// Asks Athena for the number of rows, and for what it reads of every column.
async fn ask(
    staged: &StagedTable,
    athena: &Athena<'_>,
) -> Result<(Option<u64>, Vec<Answer>), QueryError> {
    let mut rows = None;
    let mut answers = Vec::new();
    for query in queries(&staged.database, &staged.table, &staged.columns) {
        let result = athena.query(&staged.database, &query.sql).await?;
        let row = result.rows.first().map(Vec::as_slice).unwrap_or_default();
        let (counted, of_columns) = query.read(row);
        rows = counted;
        answers.extend(of_columns);
    }
    Ok((rows, answers))
}

/// What a failed query says of the table. Where it says nothing of it, it is an error of the run, which
/// leaves an export that may be in order fit to go live.
fn failed_query(error: QueryError) -> Result<Check, QueryError> {
    let of_the_table = match &error {
        // Athena does not take the statement, and so for its columns.
        QueryError::Aws(call) => {
            call.operation == "StartQueryExecution" && call.has_code("InvalidRequestException")
        }
        QueryError::Failed { .. } => !error.is_about_access(),
        QueryError::CutShort { .. } | QueryError::TooLong { .. } | QueryError::Interrupted(_) => {
            false
        }
    };
    if of_the_table { Ok(compare::unreadable(&error.to_string())) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_a_query_that_failed_on_the_table_makes_the_table_unfit() {
        let (id, database) = ("q".to_owned(), "lake".to_owned());
        let unfit = |error| failed_query(error).is_ok();
        let failed = |reason: &str| QueryError::Failed {
            id: "q".into(),
            database: "lake".into(),
            reason: reason.into(),
        };
        assert!(unfit(failed("HIVE_BAD_DATA: Not valid Parquet file")));
        assert!(!unfit(failed("PERMISSION_DENIED: Permission denied on S3 path: s3://lake/x")));
        let reason = "Query exhausted resources at this scale factor".to_owned();
        assert!(!unfit(QueryError::CutShort { id: id.clone(), database, reason }));
        assert!(!unfit(QueryError::TooLong { id, limit: Duration::from_mins(30) }));
    }
}
