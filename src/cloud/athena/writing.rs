//! CREATE TABLE AS, INSERT INTO and UNLOAD.

use super::QueryRequest;
use super::ddl_tables::{location, parquet_descriptor, partition};
use super::engine::Engine;
use super::error::QueryError;
use super::parse_write::{CreateTableAs, Insert, Settings, Unload};
use super::sink::{Column, Sink, Target, Written, compression};
use super::table::{check_serde, s3_url};
use super::types::HiveType;
use crate::cloud::catalog::{self, Table, TableInput};
use crate::cloud::storage::StoreError;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::logical_expr::LogicalPlan;
use datafusion::parquet::basic::Compression;
use futures::StreamExt as _;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine {
    /// Writes a query's rows to an empty place and makes a table of them
    /// (<https://docs.aws.amazon.com/athena/latest/ug/ctas-considerations-limitations.html>).
    pub(super) async fn create_table_as(
        &self,
        mut create: CreateTableAs,
        request: &QueryRequest,
    ) -> Result<Written, QueryError> {
        let (database, name) = self.resolve(&create.name);
        self.database(&database)?;
        match self.catalog.table(&self.caller, &database, &name) {
            Err(StoreError::EntityNotFound(_)) => {}
            Ok(_) if create.if_not_exists => return Ok(Written::default()),
            Ok(_) => {
                return Err(QueryError::data(
                    "TABLE_ALREADY_EXISTS",
                    format!("Destination table 'awsdatacatalog.{database}.{name}' already exists"),
                ));
            }
            Err(error) => return Err(QueryError::catalog(&error)),
        }
        let properties = Properties::of_table(&mut create.settings)?;
        let to = ctas_location(properties.location.as_deref(), request)?;
        let (plan, columns) = self.named(*create.query, &self.database).await?;
        let (columns, keys) = split(columns, &properties.partitioned_by)?;
        self.check_empty(&to, &format!("'{database}.{name}'"))?;
        let target = Target {
            columns: columns.clone(),
            keys: keys.clone(),
            location: to.clone(),
            known: BTreeMap::new(),
            compression: properties.compression,
            encryption: request.encryption.clone(),
            id: request.query_execution_id.clone(),
        };
        let sink = Sink::new(self, target)?;
        let written = if create.data {
            let all: Vec<usize> = (0..columns.len() + keys.len()).collect();
            let sources: Vec<_> = all.into_iter().map(Some).collect();
            self.pour(&plan, sink, &sources).await?
        } else {
            Written::default()
        };
        let input = TableInput {
            name: name.clone(),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            partition_keys: hive_columns(&keys),
            storage_descriptor: Some(parquet_descriptor(hive_columns(&columns), to)),
            parameters: [
                ("EXTERNAL".to_owned(), "TRUE".to_owned()),
                ("has_encrypted_data".to_owned(), "false".to_owned()),
            ]
            .into(),
            ..TableInput::default()
        };
        let table = Table {
            definition: input.clone(),
            database_name: database.clone(),
            ..Table::default()
        };
        self.catalog
            .create_table(&self.caller, &database, input)
            .map_err(|error| QueryError::catalog(&error))?;
        self.register(&table, &written.partitions)?;
        Ok(written)
    }

    /// Adds files to a table.
    pub(super) async fn insert(
        &self,
        insert: Insert,
        request: &QueryRequest,
    ) -> Result<Written, QueryError> {
        let table = self.changeable(&insert.name)?;
        let name = format!("{}.{}", table.database_name, table.definition.name);
        let descriptor = table.definition.storage_descriptor.clone().unwrap_or_default();
        check_serde(&name, &descriptor)?;
        if !descriptor.bucket_columns.is_empty() || descriptor.number_of_buckets > 0 {
            let message = "INSERT INTO is not supported on bucketed tables";
            return Err(QueryError::data("NOT_SUPPORTED", message));
        }
        let columns = typed(&name, &descriptor.columns)?;
        let keys = typed(&name, &table.definition.partition_keys)?;
        let all: Vec<Column> = columns.iter().chain(&keys).cloned().collect();
        let (plan, _) = self.plan(*insert.query, &self.database, 0).await?;
        let sources = match_columns(&all, &insert.columns, &plan)?;
        let known = if keys.is_empty() {
            BTreeMap::new()
        } else {
            let partitions = self
                .catalog
                .partitions(&self.caller, &table.database_name, &table.definition.name)
                .map_err(|error| QueryError::catalog(&error))?;
            let place = |partition: catalog::Partition| {
                let own = partition.definition.storage_descriptor?.location?;
                Some((partition.definition.values, own))
            };
            partitions.into_iter().filter_map(place).collect()
        };
        let target = Target {
            columns,
            keys,
            location: location(&table)?,
            known: known.clone(),
            compression: compression(
                table.definition.parameters.get("parquet.compression").map(String::as_str),
            )?,
            encryption: request.encryption.clone(),
            id: request.query_execution_id.clone(),
        };
        let written = self.pour(&plan, Sink::new(self, target)?, &sources).await?;
        let new = written.partitions.iter().filter(|(values, _)| !known.contains_key(*values));
        self.register(&table, &new.map(|(v, l)| (v.clone(), l.clone())).collect())?;
        Ok(written)
    }

    /// Writes a query's rows to an empty place.
    pub(super) async fn unload(
        &self,
        mut unload: Unload,
        request: &QueryRequest,
    ) -> Result<Written, QueryError> {
        let properties = Properties::of_unload(&mut unload.settings)?;
        let to = folder(&unload.to)?;
        let (plan, columns) = self.named(*unload.query, &self.database).await?;
        let count = columns.len();
        let (columns, keys) = split(columns, &properties.partitioned_by)?;
        self.check_empty(&to, "UNLOAD")?;
        let target = Target {
            columns,
            keys,
            location: to,
            known: BTreeMap::new(),
            compression: properties.compression,
            encryption: request.encryption.clone(),
            id: request.query_execution_id.clone(),
        };
        let sources: Vec<_> = (0..count).map(Some).collect();
        self.pour(&plan, Sink::new(self, target)?, &sources).await
    }

    /// Runs a plan into a sink; `sources` are the plan's columns in the sink's order, `None` for one
    /// that is NULL throughout.
    async fn pour(
        &self,
        plan: &LogicalPlan,
        mut sink: Sink<'_>,
        sources: &[Option<usize>],
    ) -> Result<Written, QueryError> {
        let kinds = sink.kinds();
        let mut stream = self.stream(plan).await?;
        while let Some(batch) = stream.next().await {
            sink.write(&arranged(&batch?, sources, &kinds)?)?;
            self.check_cutoff()?;
        }
        self.check_cutoff()?;
        sink.finish()
    }

    fn register(
        &self,
        table: &Table,
        partitions: &BTreeMap<Vec<String>, String>,
    ) -> Result<(), QueryError> {
        if partitions.is_empty() {
            return Ok(());
        }
        let inputs = partitions
            .iter()
            .map(|(values, location)| partition(table, values.clone(), location.clone()))
            .collect();
        let (database, name) = (&table.database_name, &table.definition.name);
        self.catalog
            .create_partitions(&self.caller, database, name, inputs)
            .map(drop)
            .map_err(|error| QueryError::catalog(&error))
    }

    /// Nothing is overwritten.
    fn check_empty(&self, location: &str, what: &str) -> Result<(), QueryError> {
        let (bucket, prefix) = s3_url(location).unwrap_or_default();
        let objects = self
            .objects
            .list(&self.caller, bucket, prefix)
            .map_err(|error| QueryError::object(&error, location))?;
        if objects.is_empty() {
            return Ok(());
        }
        Err(QueryError::data(
            "HIVE_PATH_ALREADY_EXISTS",
            format!("Target directory for table {what} already exists: {location}"),
        ))
    }
}

/// What `WITH (…)` asks for.
struct Properties {
    location: Option<String>,
    partitioned_by: Vec<String>,
    compression: Compression,
}

impl Properties {
    /// <https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html#ctas-table-properties>
    fn of_table(settings: &mut Settings) -> Result<Self, QueryError> {
        if let Some(kind) = settings.take("table_type")?
            && !kind.eq_ignore_ascii_case("hive")
        {
            return Err(QueryError::rehearsal(format!("a table of type {}", kind.escape_debug())));
        }
        if let Some(external) = settings.take("is_external")?
            && external != "true"
        {
            return Err(QueryError::rehearsal("a table that is not external"));
        }
        if !settings.take_list("bucketed_by")?.is_empty()
            || settings.take("bucket_count")?.is_some()
        {
            return Err(QueryError::rehearsal("a bucketed table"));
        }
        parquet(settings.take("format")?.as_deref().unwrap_or("PARQUET"))?;
        let location = settings.take("external_location")?;
        Self::common(settings, location, &["write_compression", "parquet_compression"])
    }

    /// <https://docs.aws.amazon.com/athena/latest/ug/unload.html>
    fn of_unload(settings: &mut Settings) -> Result<Self, QueryError> {
        let format = settings.take("format")?.ok_or_else(|| {
            QueryError::data("INVALID_TABLE_PROPERTY", "UNLOAD needs the property 'format'")
        })?;
        parquet(&format)?;
        Self::common(settings, None, &["compression"])
    }

    fn common(
        settings: &mut Settings,
        location: Option<String>,
        compressions: &[&str],
    ) -> Result<Self, QueryError> {
        let mut name = None;
        for property in compressions {
            name = settings.take(property)?.or(name);
        }
        let compression = compression(name.as_deref())?;
        let partitioned_by = settings.take_list("partitioned_by")?;
        let partitioned_by = partitioned_by.iter().map(|key| key.to_lowercase()).collect();
        match settings.left() {
            None => Ok(Self { location, partitioned_by, compression }),
            Some(
                other @ ("field_delimiter"
                | "compression_level"
                | "orc_compression"
                | "partitioning"
                | "vacuum_min_snapshots_to_keep"
                | "vacuum_max_snapshot_age_seconds"
                | "optimize_rewrite_data_file_threshold"
                | "optimize_rewrite_delete_file_threshold"
                | "optimize_rewrite_max_data_file_size_bytes"
                | "optimize_rewrite_min_data_file_size_bytes"),
            ) => Err(QueryError::rehearsal(format!("the property {other}"))),
            Some(other) => Err(QueryError::data(
                "INVALID_TABLE_PROPERTY",
                format!("Table property '{}' does not exist", other.escape_debug()),
            )),
        }
    }
}

fn parquet(format: &str) -> Result<(), QueryError> {
    match format.to_uppercase().as_str() {
        "PARQUET" => Ok(()),
        other @ ("ORC" | "AVRO" | "JSON" | "TEXTFILE" | "ION") => {
            Err(QueryError::rehearsal(format!("writing {other}")))
        }
        other => Err(QueryError::data(
            "INVALID_TABLE_PROPERTY",
            format!("Unknown format: {}", other.escape_debug()),
        )),
    }
}

/// Where a table's files go: the page says where, case by case.
fn ctas_location(asked: Option<&str>, request: &QueryRequest) -> Result<String, QueryError> {
    let results = request.output_location.trim_end_matches('/');
    let id = &request.query_execution_id;
    match asked {
        Some(_) if request.enforced => Err(QueryError::data(
            "INVALID_TABLE_PROPERTY",
            "The Create Table As Select query failed because it was submitted with an \
             'external_location' property to an Athena Workgroup that enforces a centralized \
             output location for all queries. Please remove the 'external_location' property and \
             resubmit the query.",
        )),
        Some(location) => folder(location),
        None if request.enforced => folder(&format!("{results}/tables/{id}")),
        None => {
            let day = request.submitted.strftime("%Y/%m/%d");
            folder(&format!("{results}/Unsaved/{day}/tables/{id}"))
        }
    }
}

/// A location in S3, with a slash at its end.
fn folder(location: &str) -> Result<String, QueryError> {
    match s3_url(location) {
        Some((_, prefix)) if !prefix.trim_matches('/').is_empty() => {
            Ok(format!("{}/", location.trim_end_matches('/')))
        }
        _ => {
            Err(QueryError::metadata(format!("{} is not a folder in S3", location.escape_debug())))
        }
    }
}

/// The files' columns and the partitions', which are the last ones.
fn split(
    mut columns: Vec<Column>,
    by: &[String],
) -> Result<(Vec<Column>, Vec<Column>), QueryError> {
    if let Some(missing) = by.iter().find(|key| !columns.iter().any(|(name, _)| name == *key)) {
        return Err(QueryError::data(
            "INVALID_TABLE_PROPERTY",
            format!("Partition column '{}' not found in the query", missing.escape_debug()),
        ));
    }
    let keys = columns.split_off(columns.len().saturating_sub(by.len()));
    if !keys.iter().map(|(name, _)| name).eq(by) {
        return Err(QueryError::data(
            "HIVE_COLUMN_ORDER_MISMATCH",
            format!(
                "Partition keys must be the last columns in the table and in the same order as the \
                 table properties: [{}]",
                by.join(", ")
            ),
        ));
    }
    if columns.is_empty() {
        let message = "Table contains only partition columns";
        return Err(QueryError::data("INVALID_TABLE_PROPERTY", message));
    }
    Ok((columns, keys))
}

fn hive_columns(columns: &[Column]) -> Vec<catalog::Column> {
    let column = |(name, kind): &Column| catalog::Column {
        name: name.clone(),
        r#type: Some(kind.to_string()),
        ..catalog::Column::default()
    };
    columns.iter().map(column).collect()
}

fn typed(table: &str, columns: &[catalog::Column]) -> Result<Vec<Column>, QueryError> {
    let column = |column: &catalog::Column| {
        let text = column.r#type.as_deref().unwrap_or("string");
        let kind = HiveType::parse(text).ok_or_else(|| {
            QueryError::metadata(format!("column {} of {table} has no known type", column.name))
        })?;
        Ok((column.name.to_lowercase(), kind))
    };
    columns.iter().map(column).collect()
}

/// For each of the table's columns the query's that goes there; `None` is NULL.
fn match_columns(
    all: &[Column],
    named: &[String],
    plan: &LogicalPlan,
) -> Result<Vec<Option<usize>>, QueryError> {
    for (at, name) in named.iter().enumerate() {
        if !all.iter().any(|(column, _)| column == name) {
            let message = format!("Insert column name does not exist in target table: {name}");
            return Err(QueryError::not_found("COLUMN_NOT_FOUND", message));
        }
        if named.iter().skip(at + 1).any(|other| other == name) {
            let message = format!("Insert column name is specified more than once: {name}");
            return Err(QueryError::data("DUPLICATE_COLUMN_NAME", message));
        }
    }
    let targets: Vec<&Column> = if named.is_empty() {
        all.iter().collect()
    } else {
        named.iter().filter_map(|name| all.iter().find(|(column, _)| column == name)).collect()
    };
    let fields = plan.schema().fields();
    let fits = fields.len() == targets.len();
    let mut refused = None;
    let matches = fits
        && fields.iter().zip(&targets).all(|(field, (name, kind))| {
            if let Some(fits) = insertable(field.data_type(), kind) {
                fits
            } else {
                refused = Some(format!("inserting into {name} of type {kind}"));
                true
            }
        });
    if !matches {
        let list = |kinds: Vec<String>| kinds.join(", ");
        return Err(QueryError::types(format!(
            "Insert query has mismatched column types: Table: [{}], Query: [{}]",
            list(targets.iter().map(|(_, kind)| kind.trino()).collect()),
            list(fields.iter().map(|field| shown(field.data_type())).collect()),
        )));
    }
    if let Some(what) = refused {
        return Err(QueryError::rehearsal(what));
    }
    let source = |(name, _): &Column| targets.iter().position(|(target, _)| target == name);
    Ok(all.iter().map(source).collect())
}

fn shown(kind: &DataType) -> String {
    match kind {
        DataType::Null => "unknown".to_owned(),
        kind => HiveType::from_arrow(kind).map_or_else(|| kind.to_string(), |kind| kind.trino()),
    }
}

/// Whether Trino takes this type for that without being told; `None` when the rehearsal cannot say
/// (<https://trino.io/docs/current/language/types.html>).
fn insertable(found: &DataType, wanted: &HiveType) -> Option<bool> {
    use HiveType as H;
    if *found == DataType::Null {
        return Some(true);
    }
    let found = H::from_arrow(found)?;
    let whole = |kind: &H| match kind {
        H::TinyInt => Some(3),
        H::SmallInt => Some(5),
        H::Int => Some(10),
        H::BigInt => Some(19),
        _ => None,
    };
    Some(match (&found, wanted) {
        (H::String, H::Varchar(_) | H::Char(_)) => return None,
        (H::Decimal(p, s), H::Decimal(wider, scale)) => {
            scale >= s && i16::from(*wider) - i16::from(*scale) >= i16::from(*p) - i16::from(*s)
        }
        (H::Decimal(..), H::Float | H::Double)
        | (H::Float, H::Double)
        | (H::Date, H::Timestamp) => true,
        (from, H::Float | H::Double) if whole(from).is_some() => true,
        (from, H::Decimal(p, s)) if let Some(digits) = whole(from) => {
            i16::from(*p) - i16::from(*s) >= digits
        }
        (from, to) => match (whole(from), whole(to)) {
            (Some(from), Some(to)) => from <= to,
            _ => from == to,
        },
    })
}

/// A batch's columns in the sink's order and types.
fn arranged(
    batch: &RecordBatch,
    sources: &[Option<usize>],
    kinds: &[Column],
) -> Result<RecordBatch, QueryError> {
    let rows = batch.num_rows();
    let arrays = sources
        .iter()
        .zip(kinds)
        .map(|(source, (_, kind))| match source.and_then(|at| batch.columns().get(at)) {
            Some(array) => cast(array, &kind.arrow())
                .map_err(|error| QueryError::data("INVALID_CAST_ARGUMENT", error)),
            None => Ok(new_null_array(&kind.arrow(), rows)),
        })
        .collect::<Result<Vec<ArrayRef>, QueryError>>()?;
    let fields = kinds.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, arrays, &options)
        .map_err(|error| QueryError::data("GENERIC_USER_ERROR", error))
}
