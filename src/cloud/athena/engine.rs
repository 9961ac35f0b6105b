//! From a statement to a plan, and from a plan to rows.

use super::ColumnInfo;
use super::dialect::{self, Headings};
use super::error::QueryError;
use super::parse::{self, Name};
use super::table::ParquetTable;
use super::types::HiveType;
use super::{CATALOG, results, views};
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{CatalogStore, Table};
use crate::cloud::storage::{ObjectStore, StoreError};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::catalog::{
    CatalogProvider as _, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider as _, TableProvider,
};
use datafusion::common::{SchemaError, TableReference};
use datafusion::config::Dialect;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::{SessionState, SessionStateBuilder, SessionStateDefaults};
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Volatility, create_udf,
};
use datafusion::object_store::memory::InMemory;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::{Query, Statement as Ast};
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

/// The store that the engine believes the files to be in.
pub(super) const STORE: &str = "rehearsal://lake/";

/// How deep views may lie over views.
const MAX_VIEWS: usize = 32;

/// One query's way to the catalog and to S3.
pub(super) struct Engine {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) catalog: Arc<dyn CatalogStore>,
    pub(super) caller: Caller,
    pub(super) database: String,
    cutoff: Option<u64>,
    scanned: Arc<AtomicU64>,
}

pub(super) type Table2D = (Vec<ColumnInfo>, Vec<Vec<Option<String>>>);

impl Engine {
    pub(super) fn new(
        objects: Arc<dyn ObjectStore>,
        catalog: Arc<dyn CatalogStore>,
        caller: Caller,
        database: String,
        cutoff: Option<u64>,
    ) -> Self {
        Self { objects, catalog, caller, database, cutoff, scanned: Arc::default() }
    }

    /// Bytes read from the files' columns so far.
    pub(super) fn scanned(&self) -> u64 {
        self.scanned.load(Ordering::Relaxed)
    }

    /// Athena looks at the database `default` for every query
    /// (<https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html>,
    /// "default database and catalog"); that it exists is not demanded.
    pub(super) fn check_default(&self) -> Result<(), QueryError> {
        match self.catalog.database(&self.caller, "default") {
            Err(error @ StoreError::AccessDenied(_)) => Err(QueryError::catalog(&error)),
            _ => Ok(()),
        }
    }

    /// Runs a query.
    pub(super) async fn run(&self, query: Query) -> Result<Table2D, QueryError> {
        let (plan, headings) = self.plan(query, &self.database, 0).await?;
        let mut columns = results::columns(plan.schema().as_arrow())?;
        headings.apply(&mut columns);
        let mut stream = self.stream(&plan).await?;
        let mut rows = Vec::new();
        while let Some(batch) = stream.next().await {
            rows.extend(results::rows(&batch?)?);
            self.check_cutoff()?;
        }
        self.check_cutoff()?;
        Ok((columns, rows))
    }

    /// A plan's batches.
    pub(super) async fn stream(
        &self,
        plan: &LogicalPlan,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let state = session(&self.database)?;
        let plan = state.create_physical_plan(plan).await?;
        Ok(execute_stream(plan, state.task_ctx())?)
    }

    /// Fails when more was read than the workgroup allows.
    pub(super) fn check_cutoff(&self) -> Result<(), QueryError> {
        match self.cutoff {
            Some(cutoff) if self.scanned() > cutoff => Err(QueryError::cutoff()),
            _ => Ok(()),
        }
    }

    /// The plan, for people.
    pub(super) async fn explain(&self, query: Query) -> Result<Table2D, QueryError> {
        let (plan, _) = self.plan(query, &self.database, 0).await?;
        let columns = vec![ColumnInfo::new("Query Plan", &HiveType::String)];
        let lines = plan.display_indent().to_string();
        Ok((columns, lines.lines().map(|line| vec![Some(line.to_owned())]).collect()))
    }

    /// The columns that a view over this query has.
    pub(super) async fn view_columns(
        &self,
        query: Query,
        database: &str,
    ) -> Result<Vec<(String, HiveType)>, QueryError> {
        Ok(self.named(query, database).await?.1)
    }

    /// A query's plan, and its columns, each of which has a name of its own.
    pub(super) async fn named(
        &self,
        query: Query,
        database: &str,
    ) -> Result<(LogicalPlan, Vec<(String, HiveType)>), QueryError> {
        let (plan, _) = self.plan(query, database, 0).await?;
        let mut columns: Vec<(String, HiveType)> = Vec::new();
        for (position, field) in plan.schema().fields().iter().enumerate() {
            let name = field.name().to_lowercase();
            if dialect::is_nameless(&name) {
                return Err(QueryError::syntax(format!(
                    "Column name not specified at position {}",
                    position + 1
                )));
            }
            if columns.iter().any(|(other, _)| *other == name) {
                let message = format!("Column name '{name}' specified more than once");
                return Err(QueryError::syntax(message));
            }
            if *field.data_type() == DataType::Null {
                return Err(QueryError::types(format!("Column type is unknown: {name}")));
            }
            let kind = HiveType::from_arrow(field.data_type()).ok_or_else(|| {
                QueryError::rehearsal(format!("a column of type {}", field.data_type()))
            })?;
            columns.push((name, kind));
        }
        Ok((plan, columns))
    }

    /// Plans a query whose names without a database are `database`'s.
    pub(super) fn plan<'a>(
        &'a self,
        query: Query,
        database: &'a str,
        depth: usize,
    ) -> BoxFuture<'a, Result<(LogicalPlan, Headings), QueryError>> {
        async move {
            if depth > MAX_VIEWS {
                return Err(QueryError::data("INVALID_VIEW", "views lie too deep, or in a circle"));
            }
            let mut query = Box::new(query);
            let headings = dialect::translate(&mut query)?;
            let statement = EngineStatement::Statement(Box::new(Ast::Query(query)));
            let state = session(database)?;
            let catalog = Arc::new(MemoryCatalogProvider::new());
            let mut schemas: BTreeMap<String, Arc<MemorySchemaProvider>> = BTreeMap::new();
            for reference in state.resolve_table_references(&statement)? {
                let name = resolved(&reference, database)?;
                let schema = schemas.entry(name.0.clone()).or_default().clone();
                if !schema.table_exist(&name.1) {
                    let provider = self.provider(&name.0, &name.1, depth).await?;
                    schema.register_table(name.1, provider)?;
                }
            }
            for (name, schema) in schemas {
                catalog.register_schema(&name, schema)?;
            }
            state.catalog_list().register_catalog(CATALOG.to_owned(), catalog);
            let plan = state.statement_to_plan(statement).await.map_err(planning)?;
            Ok((plan, headings))
        }
        .boxed()
    }

    /// The catalog's entry of a table or view.
    pub(super) fn entry(&self, database: &str, table: &str) -> Result<Table, QueryError> {
        self.database(database)?;
        match self.catalog.table(&self.caller, database, table) {
            Err(StoreError::EntityNotFound(_)) => Err(QueryError::not_found(
                "TABLE_NOT_FOUND",
                format!("Table '{CATALOG}.{database}.{table}' does not exist"),
            )),
            found => found.map_err(|error| QueryError::catalog(&error)),
        }
    }

    /// Fails when the database does not exist.
    pub(super) fn database(&self, database: &str) -> Result<(), QueryError> {
        match self.catalog.database(&self.caller, database) {
            Err(StoreError::EntityNotFound(_)) => Err(QueryError::not_found(
                "SCHEMA_NOT_FOUND",
                format!("Schema '{database}' does not exist"),
            )),
            found => found.map(drop).map_err(|error| QueryError::catalog(&error)),
        }
    }

    /// The database and table that a name means.
    pub(super) fn resolve(&self, name: &Name) -> (String, String) {
        (name.database.clone().unwrap_or_else(|| self.database.clone()), name.table.clone())
    }

    async fn provider(
        &self,
        database: &str,
        name: &str,
        depth: usize,
    ) -> Result<Arc<dyn TableProvider>, QueryError> {
        let table = self.entry(database, name)?;
        if views::is_view(&table) {
            return self.view(&table, depth).await;
        }
        // Asked for every table: Athena's page lists the right for any SELECT.
        let partitions = self
            .catalog
            .partitions(&self.caller, database, name)
            .map_err(|error| QueryError::catalog(&error))?;
        let (objects, caller) = (self.objects.clone(), self.caller.clone());
        let provider =
            ParquetTable::new(&table, &partitions, objects, caller, self.scanned.clone())?;
        if !provider.has_timestamps() {
            return Ok(Arc::new(provider));
        }
        let schema = provider.schema();
        let columns: Vec<Expr> = schema
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                DataType::Timestamp(TimeUnit::Microsecond, None) => {
                    TO_MILLIS.call(vec![column(field.name())]).alias(field.name())
                }
                _ => column(field.name()),
            })
            .collect();
        let scan = LogicalPlanBuilder::scan(name, provider_as_source(Arc::new(provider)), None)?;
        Ok(Arc::new(ViewTable::new(scan.project(columns)?.build()?, None)))
    }

    /// A view's query, its columns as they were stored.
    async fn view(
        &self,
        table: &Table,
        depth: usize,
    ) -> Result<Arc<dyn TableProvider>, QueryError> {
        let definition = views::decode(table)?;
        let stale = |why: String| {
            let name = format!("{CATALOG}.{}.{}", table.database_name, table.definition.name);
            let message = format!("View '{name}' is stale or in invalid state: {why}");
            QueryError::data("VIEW_IS_STALE", message)
        };
        let query = parse::parse_query(&definition.original_sql)?;
        let (plan, _) = self.plan(*query, &definition.schema, depth + 1).await?;
        let fields = plan.schema().fields().clone();
        if fields.len() != definition.columns.len() {
            return Err(stale(format!(
                "stored view column count ({}) does not match column count derived from the view \
                 query analysis ({})",
                definition.columns.len(),
                fields.len()
            )));
        }
        let stored = table.definition.storage_descriptor.as_ref().map(|sd| sd.columns.as_slice());
        let mut columns = Vec::new();
        for (position, (field, stored_column)) in fields.iter().zip(&definition.columns).enumerate()
        {
            let kind = stored
                .and_then(|columns| columns.get(position))
                .and_then(|column| HiveType::parse(column.r#type.as_deref()?))
                .ok_or_else(|| stale(format!("column {position} has no type")))?;
            let found = HiveType::from_arrow(field.data_type());
            if found.as_ref().is_none_or(|found| !widens(found, &kind)) {
                return Err(stale(format!(
                    "column [{}] of type {} projected from query view at position {position} cannot \
                     be coerced to column [{}] of type {} stored in view definition",
                    field.name(),
                    found.map_or_else(|| "unknown".to_owned(), |found| found.trino()),
                    stored_column.name,
                    stored_column.kind
                )));
            }
            let qualified = plan.schema().columns().get(position).cloned();
            let column = Expr::Column(qualified.ok_or_else(|| stale("it has no columns".into()))?);
            let column = if *field.data_type() == kind.arrow() {
                column
            } else {
                datafusion::logical_expr::cast(column, kind.arrow())
            };
            columns.push(column.alias(&stored_column.name));
        }
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok(Arc::new(ViewTable::new(plan, Some(definition.original_sql))))
    }
}

/// Whether a view's column may have become this type since it was stored.
fn widens(found: &HiveType, stored: &HiveType) -> bool {
    use HiveType as H;
    let rank = |kind: &HiveType| match kind {
        H::TinyInt => Some(1),
        H::SmallInt => Some(2),
        H::Int => Some(3),
        H::BigInt => Some(4),
        H::Float => Some(5),
        H::Double => Some(6),
        _ => None,
    };
    match (found, stored) {
        (H::Decimal(p, s), H::Decimal(wider, scale)) => {
            scale >= s && i16::from(*wider) - i16::from(*scale) >= i16::from(*p) - i16::from(*s)
        }
        (H::String | H::Varchar(_) | H::Char(_), H::String | H::Varchar(_) | H::Char(_)) => true,
        _ => found == stored || rank(found).zip(rank(stored)).is_some_and(|(a, b)| a <= b),
    }
}

fn column(name: &str) -> Expr {
    Expr::Column(datafusion::common::Column::new_unqualified(name))
}

fn resolved(reference: &TableReference, database: &str) -> Result<(String, String), QueryError> {
    match reference.catalog() {
        Some(other) if other != CATALOG => {
            let message = format!("Catalog '{}' does not exist", other.escape_debug());
            Err(QueryError::not_found("CATALOG_NOT_FOUND", message))
        }
        _ if reference.schema() == Some("information_schema") => {
            Err(QueryError::rehearsal("information_schema"))
        }
        _ => {
            let schema = reference.schema().unwrap_or(database);
            Ok((schema.to_owned(), reference.table().to_owned()))
        }
    }
}

/// Errors of the engine's planner in Athena's words.
fn planning(error: DataFusionError) -> QueryError {
    match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, .. } => QueryError::not_found(
                "COLUMN_NOT_FOUND",
                format!("Column '{}' cannot be resolved", field.flat_name().replace('"', "")),
            ),
            SchemaError::AmbiguousReference { field } => QueryError::not_found(
                "AMBIGUOUS_NAME",
                format!("Column '{}' is ambiguous", field.name),
            ),
            _ => error.into(),
        },
        _ => error.into(),
    }
}

/// A session of its own: nothing of one query is left to the next but the functions and rules, which
/// take long to put together.
fn session(database: &str) -> Result<SessionState, QueryError> {
    static BASE: LazyLock<Result<SessionState, QueryError>> = LazyLock::new(base);
    let base = BASE.as_ref().map_err(Clone::clone)?.clone();
    let config = base.config().clone().with_default_catalog_and_schema(CATALOG, database);
    let mut state = SessionStateBuilder::new_from_existing(base)
        .with_config(config)
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .build();
    // What `current_date` and `now()` are taken from.
    state.mark_start_execution();
    Ok(state)
}

/// What all sessions have in common.
fn base() -> Result<SessionState, QueryError> {
    // Answers from statistics would leave the data unread, and damage unseen.
    let rules = PhysicalOptimizer::new()
        .rules
        .into_iter()
        .filter(|rule| rule.name() != "aggregate_statistics")
        .collect();
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        .with_collect_statistics(false);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::Generic;
    // As Trino: https://trino.io/docs/current/language/types.html#decimal
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    // As Trino: https://trino.io/docs/current/sql/select.html#order-by-clause
    "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.enable_page_index = false;
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    let url = ObjectStoreUrl::parse(STORE)?;
    let planners = std::iter::once(Arc::new(dialect::Operators) as Arc<dyn ExprPlanner>)
        .chain(SessionStateDefaults::default_expr_planners())
        .collect();
    let mut state = SessionStateBuilder::new_with_default_features()
        .with_expr_planners(planners)
        .with_config(config)
        .with_physical_optimizer_rules(rules)
        .with_object_store(url.as_ref(), Arc::new(InMemory::new()))
        .build();
    dialect::register(&mut state)?;
    Ok(state)
}

/// Microseconds to milliseconds, half up, as Trino rounds what a file holds to `timestamp(3)`.
static TO_MILLIS: LazyLock<ScalarUDF> = LazyLock::new(|| {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
    create_udf(
        "timestamp_to_millis",
        vec![micros],
        millis.clone(),
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| {
            use datafusion::arrow::array::{AsArray as _, PrimitiveArray};
            use datafusion::arrow::datatypes::{
                TimestampMicrosecondType, TimestampMillisecondType,
            };
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let [array] = arrays.as_slice() else {
                return Err(DataFusionError::Internal("one argument".to_owned()));
            };
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            let rounded: PrimitiveArray<TimestampMillisecondType> =
                micros.unary(|value| value.saturating_add(500).div_euclid(1000));
            Ok(ColumnarValue::Array(cast(&rounded, &millis)?))
        }),
    )
});
