//! Why a query fails, told as Athena tells it.

use crate::cloud::storage::StoreError;
use datafusion::error::DataFusionError;
use std::fmt;

/// A failed query: its `StateChangeReason` and what `AthenaError` says of it
/// (<https://docs.aws.amazon.com/athena/latest/APIReference/API_AthenaError.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The message, which begins with Trino's name of the error.
    pub message: String,
    /// 1 the system's fault, 2 the user's, 3 another.
    pub category: i32,
    /// The kind of failure within its category
    /// (<https://docs.aws.amazon.com/athena/latest/ug/error-reference.html>); none where it is not Athena's.
    pub error_type: Option<i32>,
    /// Whether Athena cancelled the query, rather than that it failed.
    pub cancelled: bool,
}

/// How messages begin that Athena itself would not give: what the rehearsal's engine cannot run.
pub const REHEARSAL_CANNOT: &str = "REHEARSAL_CANNOT_RUN";

impl QueryError {
    fn user(name: &str, message: impl fmt::Display, error_type: i32) -> Self {
        Self::plain(format!("{name}: {message}"), 2, Some(error_type))
    }

    fn plain(message: String, category: i32, error_type: Option<i32>) -> Self {
        Self { message, category, error_type, cancelled: false }
    }

    /// The text is no SQL.
    pub(super) fn syntax(message: impl fmt::Display) -> Self {
        Self::user("SYNTAX_ERROR", message, 1002)
    }

    /// Operators or functions on types they do not take.
    pub(super) fn types(message: impl fmt::Display) -> Self {
        Self::user("TYPE_MISMATCH", message, 1003)
    }

    /// Names that mean nothing.
    pub(super) fn not_found(name: &str, message: impl fmt::Display) -> Self {
        Self::user(name, message, 1006)
    }

    /// Files that are not as the catalog says.
    pub(super) fn bad_data(message: impl fmt::Display) -> Self {
        Self::user("HIVE_BAD_DATA", message, 1304)
    }

    /// A definition in the catalog that is of no use.
    pub(super) fn metadata(message: impl fmt::Display) -> Self {
        Self::user("HIVE_INVALID_METADATA", message, 1301)
    }

    /// Data that no conversion or computation takes.
    pub(super) fn data(name: &str, message: impl fmt::Display) -> Self {
        Self::user(name, message, 1100)
    }

    /// More was read than the workgroup allows, for which Athena cancels a query
    /// (<https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html>).
    pub(super) fn cutoff() -> Self {
        let message = "Bytes scanned limit was exceeded".to_owned();
        Self { cancelled: true, ..Self::plain(message, 2, None) }
    }

    /// Athena would run it, or might; the rehearsal's engine cannot.
    pub(super) fn rehearsal(what: impl fmt::Display) -> Self {
        let message = format!(
            "{what} is beyond the rehearsal's SQL engine; Athena may run it, the rehearsal cannot say"
        );
        Self::plain(format!("{REHEARSAL_CANNOT}: {message}"), 3, None)
    }

    /// Whether the query failed for what the rehearsal lacks, not for what is wrong with it.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.message.starts_with(REHEARSAL_CANNOT)
    }

    /// An access on `what`, an S3 URL, that did not succeed.
    pub(super) fn object(error: &StoreError, what: &str) -> Self {
        match error {
            StoreError::AccessDenied(message) => Self::plain(
                format!("PERMISSION_DENIED: Permission denied on S3 path: {what}. {message}"),
                2,
                Some(1401),
            ),
            StoreError::NoSuchBucket(_) | StoreError::NoSuchKey(_) => {
                Self::user("HIVE_FILESYSTEM_ERROR", format!("{what}: {error}"), 1302)
            }
            // With S3's answer behind it, as
            // <https://repost.aws/knowledge-center/hive-cannot-open-split-503-athena> shows another.
            StoreError::Kms { code, message } => Self::user(
                "HIVE_CANNOT_OPEN_SPLIT",
                format!(
                    "Error opening Hive split {what}: {message} (Service: Amazon S3; Status Code: \
                     400; Error Code: {code})"
                ),
                1303,
            ),
            other => Self::user("HIVE_CANNOT_OPEN_SPLIT", format!("{what}: {other}"), 1303),
        }
    }

    /// An access to the catalog that did not succeed.
    pub(super) fn catalog(error: &StoreError) -> Self {
        match error {
            StoreError::AccessDenied(message) => Self::plain(
                format!("Insufficient permissions to execute the query. {message}"),
                2,
                Some(1400),
            ),
            other => Self::metadata(other),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for QueryError {}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> Self {
        Self::External(Box::new(error))
    }
}

/// What the engine says while it plans or runs a query that passed our own checks.
impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = source {
            if let Some(own) = inner.downcast_ref::<Self>() {
                return own.clone();
            }
            source = match inner.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(boxed)) => Some(boxed.as_ref()),
                _ => inner.source(),
            };
        }
        let text = error.strip_backtrace();
        match error.find_root() {
            DataFusionError::NotImplemented(what) => Self::rehearsal(what),
            DataFusionError::SQL(..) => Self::syntax(text),
            DataFusionError::SchemaError(inner, _) => Self::not_found("COLUMN_NOT_FOUND", inner),
            DataFusionError::Plan(what) => Self::syntax(what),
            DataFusionError::ParquetError(inner) => Self::bad_data(inner),
            DataFusionError::ArrowError(inner, _) => arrow(inner),
            // The engine's regular expressions lack what Java's have.
            DataFusionError::Execution(what) if what.contains("egular expression") => {
                Self::rehearsal(format!("a regular expression ({what})"))
            }
            DataFusionError::Execution(what) => Self::data("GENERIC_USER_ERROR", what),
            _ => Self::plain(format!("GENERIC_INTERNAL_ERROR: {text}"), 1, Some(200)),
        }
    }
}

fn arrow(error: &datafusion::arrow::error::ArrowError) -> QueryError {
    use datafusion::arrow::error::ArrowError;
    match error {
        ArrowError::DivideByZero => QueryError::data("DIVISION_BY_ZERO", "Division by zero"),
        ArrowError::CastError(what) => QueryError::data("INVALID_CAST_ARGUMENT", what),
        ArrowError::ArithmeticOverflow(what) => {
            QueryError::data("NUMERIC_VALUE_OUT_OF_RANGE", what)
        }
        ArrowError::InvalidArgumentError(what) if what.contains("to store in a Decimal") => {
            QueryError::data("INVALID_CAST_ARGUMENT", format!("Cannot cast to decimal: {what}"))
        }
        ArrowError::ParquetError(what) => QueryError::bad_data(what),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<QueryError>() {
            Some(own) => own.clone(),
            None => QueryError::bad_data(inner),
        },
        other => QueryError::data("GENERIC_USER_ERROR", other),
    }
}
