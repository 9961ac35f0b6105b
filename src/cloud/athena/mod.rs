//! Athena: Trino's SQL over the catalog's tables, run by DataFusion.
//!
//! Everything that a query touches, in the catalog and in S3, is touched as its caller, so that a
//! missing right shows. What Trino would answer otherwise than this engine is rewritten; what cannot
//! be is refused with a message that begins with [`REHEARSAL_CANNOT`], never answered wrongly.

mod ddl;
mod ddl_tables;
mod dialect;
mod engine;
mod error;
mod parameters;
mod parse;
mod parse_write;
mod reader;
mod results;
mod show;
mod sink;
mod table;
pub mod types;
pub mod views;
mod writing;

pub use error::{QueryError, REHEARSAL_CANNOT};
pub use table::{PARQUET_SERDE, s3_url};

use self::engine::Engine;
use self::parse::Statement;
use self::types::HiveType;
use super::caller::Caller;
use super::catalog::CatalogStore;
use super::storage::{Body, Encryption, ObjectStore, PutOptions};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// The name of the catalog that stands for Glue.
pub const CATALOG: &str = "awsdatacatalog";

/// The longest text of a query, in bytes
/// (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>).
pub const MAX_QUERY_BYTES: usize = 262_144;

/// A query to run.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    /// The text.
    pub sql: String,
    /// The database in which names without one are looked up; `default` when empty.
    pub database: String,
    /// The catalog; [`CATALOG`] when empty, whatever its case.
    pub catalog: String,
    /// The values of `?`, as text of SQL.
    pub parameters: Vec<String>,
    /// The execution's identifier, which names the result.
    pub query_execution_id: String,
    /// An `s3://` URL under which the result is written; none is written when it is empty.
    pub output_location: String,
    /// How the result is encrypted; the bucket's default when `None`.
    pub encryption: Option<Encryption>,
    /// The workgroup's limit of bytes scanned.
    pub bytes_cutoff: Option<u64>,
    /// Whether the workgroup's settings override the client's, so that no statement names a location.
    pub enforced: bool,
    /// When the query was submitted.
    pub submitted: Timestamp,
}

/// What a query came to.
#[derive(Debug, Clone)]
pub struct QueryOutcome {
    /// The result's columns; empty for statements without a result.
    pub columns: Vec<ColumnInfo>,
    /// The rows, without the header that GetQueryResults puts first.
    pub rows: Vec<Vec<Option<String>>>,
    /// Bytes of the files' columns that were read.
    pub bytes_scanned: u64,
    /// Rows written, for statements that write.
    pub update_count: Option<u64>,
    /// The result's full `s3://` URL, when one was written.
    pub output: Option<String>,
    /// The full `s3://` URL of the list of the files that were written, for statements that write.
    pub manifest: Option<String>,
}

/// A column of a result (<https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ColumnInfo {
    /// `hive`
    pub catalog_name: String,
    /// Empty, as Athena leaves it.
    pub schema_name: String,
    /// Empty, as Athena leaves it.
    pub table_name: String,
    /// The name.
    pub name: String,
    /// The name again.
    pub label: String,
    /// The type's name, without its parameters.
    pub r#type: String,
    /// Digits of a number; characters of a text; digits after a timestamp's seconds.
    pub precision: i32,
    /// A decimal's digits after the point.
    pub scale: i32,
    /// `UNKNOWN`
    pub nullable: String,
    /// Whether it is text.
    pub case_sensitive: bool,
}

impl ColumnInfo {
    /// A column of this type.
    #[must_use]
    pub fn new(name: &str, kind: &HiveType) -> Self {
        let (r#type, precision, scale) = kind.column_info();
        Self {
            catalog_name: "hive".to_owned(),
            schema_name: String::new(),
            table_name: String::new(),
            name: name.to_owned(),
            label: name.to_owned(),
            r#type: r#type.to_owned(),
            precision,
            scale,
            nullable: "UNKNOWN".to_owned(),
            case_sensitive: matches!(r#type, "varchar" | "char"),
        }
    }
}

/// The kind of a statement
/// (<https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementKind {
    /// `DDL`, `DML` or `UTILITY`.
    pub statement_type: &'static str,
    /// Such as `SELECT` or `CREATE_VIEW`.
    pub substatement_type: &'static str,
}

/// The kind of a statement, from its text.
///
/// # Errors
/// `SYNTAX_ERROR` for what is no statement.
pub fn classify(sql: &str) -> Result<StatementKind, QueryError> {
    let (statement_type, substatement_type) = match parse::parse(sql)? {
        Statement::Query(_) => ("DML", "SELECT"),
        Statement::Explain(_) | Statement::Refused("EXPLAIN with options") => {
            ("UTILITY", "EXPLAIN")
        }
        Statement::CreateView { .. } => ("DDL", "CREATE_VIEW"),
        Statement::DropView { .. } => ("DDL", "DROP_VIEW"),
        Statement::DropTable { .. } => ("DDL", "DROP_TABLE"),
        Statement::ShowDatabases { .. } => ("UTILITY", "SHOW_DATABASES"),
        Statement::ShowTables { views: false, .. } => ("UTILITY", "SHOW_TABLES"),
        Statement::ShowTables { views: true, .. } => ("UTILITY", "SHOW_VIEWS"),
        Statement::ShowColumns(_) => ("UTILITY", "SHOW_COLUMNS"),
        Statement::ShowPartitions(_) => ("UTILITY", "SHOW_PARTITIONS"),
        Statement::ShowCreateView(_) => ("UTILITY", "SHOW_CREATE_VIEW"),
        Statement::Describe(_) => ("UTILITY", "DESCRIBE_TABLE"),
        Statement::CreateDatabase { .. } => ("DDL", "CREATE_DATABASE"),
        Statement::DropDatabase { .. } => ("DDL", "DROP_DATABASE"),
        Statement::CreateTable(_) => ("DDL", "CREATE_TABLE"),
        Statement::SetLocation { .. } => ("DDL", "ALTER_TABLE_SET_LOCATION"),
        Statement::AddPartitions { .. } => ("DDL", "ALTER_TABLE_ADD_PARTITION"),
        Statement::DropPartitions { .. } => ("DDL", "ALTER_TABLE_DROP_PARTITION"),
        Statement::RepairTable(_) => ("DDL", "MSCK_REPAIR_TABLE"),
        Statement::Insert(_) => ("DML", "INSERT"),
        Statement::Unload(_) => ("DML", "UNLOAD"),
        Statement::CreateTableAs(_) => ("DDL", "CREATE_TABLE_AS_SELECT"),
        Statement::ShowCreateTable(_) => ("UTILITY", "SHOW_CREATE_TABLE"),
        Statement::ShowProperties(..) => ("UTILITY", "SHOW_TBLPROPERTIES"),
        Statement::SetProperties { .. } => ("DDL", "ALTER_TABLE_SET_TBLPROPERTIES"),
        Statement::Prepare { .. } => ("UTILITY", "PREPARE"),
        Statement::Execute { .. } => ("DML", "EXECUTE"),
        Statement::Deallocate { .. } => ("UTILITY", "DEALLOCATE_PREPARE"),
        Statement::Refused(_) => ("DDL", "OTHER"),
    };
    Ok(StatementKind { statement_type, substatement_type })
}

/// What a statement does with the statements that a workgroup keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// Keeps this one under this name.
    Prepare(String, String),
    /// Runs the one of this name with these values.
    Execute(String, Vec<String>),
    /// Forgets the one of this name.
    Deallocate(String),
}

/// What a statement does with the statements that a workgroup keeps; `None` when it is another.
///
/// # Errors
/// `SYNTAX_ERROR` for what is no statement.
pub fn prepared(sql: &str) -> Result<Option<Prepared>, QueryError> {
    Ok(match parse::parse(sql)? {
        Statement::Prepare { name, sql } => Some(Prepared::Prepare(name, sql)),
        Statement::Execute { name, parameters } => Some(Prepared::Execute(name, parameters)),
        Statement::Deallocate { name } => Some(Prepared::Deallocate(name)),
        _ => None,
    })
}

/// Runs a statement and writes its result.
///
/// # Errors
/// [`QueryError`], as the execution's `StateChangeReason` and `AthenaError` have it.
pub async fn execute(
    request: &QueryRequest,
    objects: Arc<dyn ObjectStore>,
    catalog: Arc<dyn CatalogStore>,
    caller: &Caller,
) -> Result<QueryOutcome, QueryError> {
    let catalog_name = request.catalog.to_lowercase();
    if !matches!(catalog_name.as_str(), "" | CATALOG) {
        return Err(QueryError::not_found(
            "CATALOG_NOT_FOUND",
            format!("Catalog '{}' does not exist", catalog_name.escape_debug()),
        ));
    }
    let statement = match request.parameters.as_slice() {
        [] => parse::parse(&request.sql)?,
        values => parse::parse_with(&request.sql, values)?,
    };
    let database = match request.database.to_lowercase() {
        empty if empty.is_empty() => "default".to_owned(),
        database => database,
    };
    let output = Output::new(request, objects.as_ref(), caller)?;
    let engine =
        Engine::new(objects.clone(), catalog, caller.clone(), database, request.bytes_cutoff);
    engine.check_default()?;
    let is_query = matches!(statement, Statement::Query(_));
    let (columns, rows) = match statement {
        Statement::Query(query) => engine.run(*query).await?,
        Statement::Explain(query) => engine.explain(*query).await?,
        Statement::CreateTableAs(create) => {
            let written = engine.create_table_as(*create, request).await?;
            return written_outcome(&engine, output, &written);
        }
        Statement::Insert(insert) => {
            let written = engine.insert(*insert, request).await?;
            return written_outcome(&engine, output, &written);
        }
        Statement::Unload(unload) => {
            let written = engine.unload(*unload, request).await?;
            return written_outcome(&engine, output, &written);
        }
        other => engine.define(other).await?,
    };
    let output = output.map(|output| output.write(is_query, &columns, &rows)).transpose()?;
    let bytes_scanned = engine.scanned();
    Ok(QueryOutcome { columns, rows, bytes_scanned, update_count: None, output, manifest: None })
}

/// What a statement that writes comes to: how many rows, and the list of its files
/// (<https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html>).
fn written_outcome(
    engine: &Engine,
    output: Option<Output<'_>>,
    written: &sink::Written,
) -> Result<QueryOutcome, QueryError> {
    let columns = vec![ColumnInfo::new("rows", &HiveType::BigInt)];
    let manifest = output.map(|output| output.manifest(&columns, &written.files)).transpose()?;
    Ok(QueryOutcome {
        columns,
        rows: Vec::new(),
        bytes_scanned: engine.scanned(),
        update_count: Some(written.rows),
        output: None,
        manifest,
    })
}

/// Where a result is written to.
struct Output<'a> {
    request: &'a QueryRequest,
    objects: &'a dyn ObjectStore,
    caller: &'a Caller,
    bucket: String,
    prefix: String,
}

impl<'a> Output<'a> {
    /// Checks the location before anything is run, as Athena does.
    fn new(
        request: &'a QueryRequest,
        objects: &'a dyn ObjectStore,
        caller: &'a Caller,
    ) -> Result<Option<Self>, QueryError> {
        let location = request.output_location.as_str();
        if location.is_empty() {
            return Ok(None);
        }
        let (bucket, prefix) = s3_url(location).ok_or_else(|| {
            QueryError::metadata(format!(
                "outputLocation is not a valid S3 path: {}",
                location.escape_debug()
            ))
        })?;
        objects
            .bucket_location(caller, bucket)
            .map_err(|error| QueryError::object(&error, &format!("s3://{bucket}")))?;
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("{}/", prefix.trim_end_matches('/')),
        };
        Ok(Some(Self { request, objects, caller, bucket: bucket.to_owned(), prefix }))
    }

    fn write(
        &self,
        is_query: bool,
        columns: &[ColumnInfo],
        rows: &[Vec<Option<String>>],
    ) -> Result<String, QueryError> {
        let (extension, text) = if is_query {
            ("csv", results::csv(columns, rows))
        } else {
            let lines = rows.iter().map(|row| {
                let values: Vec<&str> = row.iter().map(|v| v.as_deref().unwrap_or("")).collect();
                values.join("\t") + "\n"
            });
            ("txt", lines.collect())
        };
        let key = format!("{}{}.{extension}", self.prefix, self.request.query_execution_id);
        self.put(&key, text)?;
        let metadata = serde_json::to_string(columns)
            .map_err(|error| QueryError::metadata(error.to_string()))?;
        self.put(&format!("{key}.metadata"), metadata)?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }

    /// Writes the list of the files that a statement has written.
    fn manifest(&self, columns: &[ColumnInfo], files: &[String]) -> Result<String, QueryError> {
        let id = &self.request.query_execution_id;
        let key = format!("{}{id}-manifest.csv", self.prefix);
        self.put(&key, files.join("\n") + "\n")?;
        let metadata = serde_json::to_string(columns)
            .map_err(|error| QueryError::metadata(error.to_string()))?;
        self.put(&format!("{}{id}.metadata", self.prefix), metadata)?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }

    fn put(&self, key: &str, text: String) -> Result<(), QueryError> {
        let options =
            PutOptions { encryption: self.request.encryption.clone(), ..PutOptions::default() };
        self.objects
            .put(self.caller, &self.bucket, key, Body::from(text), options)
            .map(drop)
            .map_err(|error| QueryError::object(&error, &format!("s3://{}/{key}", self.bucket)))
    }
}

#[cfg(test)]
mod tests;
