//! Statements of Hive that make and change tables, partitions and databases
//! (<https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html>).

use super::ddl::nothing;
use super::engine::{Engine, Table2D};
use super::error::QueryError;
use super::parse::{Name, PartitionSpec, Statement};
use super::table::{PARQUET_SERDE, s3_url};
use super::types::HiveType;
use super::views;
use crate::cloud::catalog::{
    Column, DatabaseInput, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput,
    UpdateOptions,
};
use crate::cloud::storage::StoreError;
use datafusion::sql::sqlparser::ast::{
    ColumnDef, CreateTable, FileFormat, HiveDistributionStyle, HiveIOFormat, HiveRowFormat,
    Statement as Ast,
};
use datafusion::sql::sqlparser::dialect::HiveDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::collections::BTreeSet;

impl Engine {
    /// Runs a statement that changes the catalog.
    pub(super) fn change(&self, statement: Statement) -> Result<Table2D, QueryError> {
        match statement {
            Statement::CreateTable(sql) => self.create_table(&sql),
            Statement::SetLocation { name, location } => {
                let table = self.changeable(&name)?;
                let mut input = table.definition;
                let descriptor = input.storage_descriptor.get_or_insert_default();
                descriptor.location = Some(checked(&location)?);
                let options = UpdateOptions::default();
                done(self.catalog.update_table(&self.caller, &table.database_name, input, options))
            }
            Statement::AddPartitions { name, if_not_exists, partitions } => {
                self.add_partitions(&name, if_not_exists, &partitions)
            }
            Statement::DropPartitions { name, if_exists, partitions } => {
                let table = self.changeable(&name)?;
                let values = partitions
                    .iter()
                    .map(|spec| values(&table, spec))
                    .collect::<Result<Vec<_>, _>>()?;
                let (database, name) = (&table.database_name, &table.definition.name);
                let missing = self
                    .catalog
                    .delete_partitions(&self.caller, database, name, &values)
                    .map_err(|error| QueryError::catalog(&error))?;
                if missing.is_empty() || if_exists {
                    Ok(nothing())
                } else {
                    Err(QueryError::not_found("PARTITION_NOT_FOUND", "Partition not found"))
                }
            }
            Statement::RepairTable(name) => self.repair(&name),
            Statement::SetProperties { name, properties } => {
                let table = self.changeable(&name)?;
                let mut input = table.definition;
                input.parameters.extend(properties);
                let options = UpdateOptions::default();
                done(self.catalog.update_table(&self.caller, &table.database_name, input, options))
            }
            // What the workgroup keeps was kept or forgotten when the statement arrived.
            Statement::Prepare { .. } | Statement::Deallocate { .. } => Ok(nothing()),
            Statement::CreateDatabase { name, if_not_exists } => {
                let input = DatabaseInput { name, ..DatabaseInput::default() };
                match self.catalog.create_database(&self.caller, input) {
                    Err(StoreError::AlreadyExists(_)) if if_not_exists => Ok(nothing()),
                    created => done(created),
                }
            }
            Statement::DropDatabase { name, if_exists, cascade } => {
                match self.catalog.database(&self.caller, &name) {
                    Err(StoreError::EntityNotFound(_)) if if_exists => return Ok(nothing()),
                    found => found.map_err(|error| QueryError::catalog(&error))?,
                };
                let tables = self
                    .catalog
                    .tables(&self.caller, &name, None)
                    .map_err(|error| QueryError::catalog(&error))?;
                if !tables.is_empty() && !cascade {
                    let message =
                        format!("Database {name} is not empty. One or more tables exist.");
                    return Err(QueryError::metadata(message));
                }
                done(self.catalog.delete_database(&self.caller, &name))
            }
            Statement::Refused(what) => Err(QueryError::rehearsal(what)),
            _ => Err(QueryError::rehearsal("this statement")),
        }
    }

    /// A table that is no view.
    pub(super) fn changeable(&self, name: &Name) -> Result<Table, QueryError> {
        let (database, table) = self.resolve(name);
        let mut entry = self.entry(&database, &table)?;
        if views::is_view(&entry) {
            let message = format!("'{database}.{table}' is a view");
            return Err(QueryError::data("INVALID_TABLE_PROPERTY", message));
        }
        entry.database_name = database;
        Ok(entry)
    }

    fn create_table(&self, sql: &str) -> Result<Table2D, QueryError> {
        let mut statements = Parser::parse_sql(&HiveDialect {}, sql.trim().trim_end_matches(';'))
            .map_err(QueryError::syntax)?;
        let (Some(Ast::CreateTable(create)), true) = (statements.pop(), statements.is_empty())
        else {
            return Err(QueryError::syntax("CREATE EXTERNAL TABLE was expected"));
        };
        let parts: Vec<String> = create
            .name
            .to_string()
            .replace(['`', '"'], "")
            .split('.')
            .map(str::to_lowercase)
            .collect();
        let (database, name) = match parts.as_slice() {
            [name] => (self.database.clone(), name.clone()),
            [database, name] => (database.clone(), name.clone()),
            _ => return Err(QueryError::syntax("a table's name has at most two parts")),
        };
        let input = table_input(name, &create)?;
        self.database(&database)?;
        match self.catalog.create_table(&self.caller, &database, input) {
            Err(StoreError::AlreadyExists(_)) if create.if_not_exists => Ok(nothing()),
            Err(StoreError::AlreadyExists(message)) => {
                Err(QueryError::data("ALREADY_EXISTS", message))
            }
            created => done(created),
        }
    }

    fn add_partitions(
        &self,
        name: &Name,
        if_not_exists: bool,
        specs: &[PartitionSpec],
    ) -> Result<Table2D, QueryError> {
        let table = self.changeable(name)?;
        let partitions = specs
            .iter()
            .map(|spec| {
                let values = values(&table, spec)?;
                let location = match &spec.location {
                    Some(location) => checked(location)?,
                    None => default_location(&table, &values)?,
                };
                Ok(partition(&table, values, location))
            })
            .collect::<Result<Vec<_>, QueryError>>()?;
        let (database, name) = (&table.database_name, &table.definition.name);
        let existing = self
            .catalog
            .create_partitions(&self.caller, database, name, partitions)
            .map_err(|error| QueryError::catalog(&error))?;
        if existing.is_empty() || if_not_exists {
            Ok(nothing())
        } else {
            Err(QueryError::data("ALREADY_EXISTS", "Partition already exists."))
        }
    }

    /// Adds the partitions whose folders, named `key=value`, are in the table's location.
    fn repair(&self, name: &Name) -> Result<Table2D, QueryError> {
        let table = self.changeable(name)?;
        let location = location(&table)?;
        let (bucket, prefix) = s3_url(&location).unwrap_or_default();
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        let objects = self
            .objects
            .list(&self.caller, bucket, &prefix)
            .map_err(|error| QueryError::object(&error, &location))?;
        let keys = &table.definition.partition_keys;
        let mut found = BTreeSet::new();
        for object in objects {
            let below = object.key.strip_prefix(&prefix).unwrap_or_default();
            let folders: Vec<&str> = below.split('/').collect();
            let values: Option<Vec<String>> = keys
                .iter()
                .zip(&folders)
                .map(|(key, folder)| {
                    let (name, value) = folder.split_once('=')?;
                    name.eq_ignore_ascii_case(&key.name).then(|| value.to_owned())
                })
                .collect();
            // The last part is the file's name.
            if let Some(values) =
                values.filter(|v| v.len() == keys.len() && folders.len() > v.len())
            {
                found.insert(values);
            }
        }
        let partitions = found
            .into_iter()
            .map(|values| Ok(partition(&table, values.clone(), default_location(&table, &values)?)))
            .collect::<Result<Vec<_>, QueryError>>()?;
        let (database, name) = (&table.database_name, &table.definition.name);
        self.catalog
            .create_partitions(&self.caller, database, name, partitions)
            .map_err(|error| QueryError::catalog(&error))?;
        Ok(nothing())
    }
}

fn done(result: Result<(), StoreError>) -> Result<Table2D, QueryError> {
    result.map(|()| nothing()).map_err(|error| QueryError::catalog(&error))
}

fn checked(location: &str) -> Result<String, QueryError> {
    if s3_url(location).is_some() {
        Ok(location.to_owned())
    } else {
        let location = location.escape_debug();
        Err(QueryError::metadata(format!("{location} is not a location in S3")))
    }
}

pub(super) fn location(table: &Table) -> Result<String, QueryError> {
    let descriptor = table.definition.storage_descriptor.as_ref();
    let location = descriptor.and_then(|descriptor| descriptor.location.as_deref());
    checked(location.unwrap_or_default())
}

/// `<table's location>/key=value/…/`
pub(super) fn default_location(table: &Table, values: &[String]) -> Result<String, QueryError> {
    let location = location(table)?;
    let keys = table.definition.partition_keys.iter().zip(values);
    let folders = keys.map(|(key, value)| format!("{}={value}/", key.name));
    Ok(format!("{}/{}", location.trim_end_matches('/'), folders.collect::<String>()))
}

/// A partition's values in the order of the table's keys.
fn values(table: &Table, spec: &PartitionSpec) -> Result<Vec<String>, QueryError> {
    let keys = &table.definition.partition_keys;
    let value = |key: &Column| {
        let found = spec.values.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key.name));
        found.map(|(_, value)| value.clone())
    };
    let values: Option<Vec<String>> = keys.iter().map(value).collect();
    values.filter(|values| values.len() == spec.values.len() && !values.is_empty()).ok_or_else(
        || {
            let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
            QueryError::syntax(format!("a partition is given by its keys: {}", names.join(", ")))
        },
    )
}

pub(super) fn partition(table: &Table, values: Vec<String>, location: String) -> PartitionInput {
    let own = table.definition.storage_descriptor.clone().unwrap_or_default();
    let descriptor = StorageDescriptor { location: Some(location), ..own };
    PartitionInput { values, storage_descriptor: Some(descriptor), ..PartitionInput::default() }
}

/// The catalog's entry for CREATE EXTERNAL TABLE
/// (<https://docs.aws.amazon.com/athena/latest/ug/create-table.html>), of Parquet files.
fn table_input(name: String, create: &CreateTable) -> Result<TableInput, QueryError> {
    if !create.external || create.query.is_some() || create.like.is_some() {
        return Err(QueryError::rehearsal("a table that is not external"));
    }
    let formats = create.hive_formats.clone().unwrap_or_default();
    let parquet = match (&formats.storage, &formats.row_format) {
        (Some(HiveIOFormat::FileFormat { format: FileFormat::PARQUET }), None) => true,
        (storage, Some(HiveRowFormat::SERDE { class })) if class == PARQUET_SERDE => {
            !matches!(storage, Some(HiveIOFormat::FileFormat { format }) if *format != FileFormat::PARQUET)
        }
        _ => false,
    };
    if !parquet {
        return Err(QueryError::rehearsal("a table of anything but Parquet"));
    }
    let location = formats.location.as_deref().ok_or_else(|| {
        QueryError::syntax("LOCATION is missing: CREATE EXTERNAL TABLE needs one")
    })?;
    let keys = match &create.hive_distribution {
        HiveDistributionStyle::PARTITIONED { columns } => columns.as_slice(),
        HiveDistributionStyle::NONE => &[],
        HiveDistributionStyle::SKEWED { .. } => return Err(QueryError::rehearsal("SKEWED BY")),
    };
    let descriptor = parquet_descriptor(columns(&create.columns)?, checked(location)?);
    Ok(TableInput {
        name,
        table_type: Some("EXTERNAL_TABLE".to_owned()),
        partition_keys: columns(keys)?,
        storage_descriptor: Some(descriptor),
        parameters: [("EXTERNAL".to_owned(), "TRUE".to_owned())].into(),
        ..TableInput::default()
    })
}

/// How Parquet files with these columns lie in a location.
pub(super) fn parquet_descriptor(columns: Vec<Column>, location: String) -> StorageDescriptor {
    let class = |name: &str| Some(format!("org.apache.hadoop.hive.ql.io.parquet.{name}"));
    StorageDescriptor {
        columns,
        location: Some(location),
        input_format: class("MapredParquetInputFormat"),
        output_format: class("MapredParquetOutputFormat"),
        number_of_buckets: -1,
        serde_info: Some(SerDeInfo {
            serialization_library: Some(PARQUET_SERDE.to_owned()),
            parameters: [("serialization.format".to_owned(), "1".to_owned())].into(),
            ..SerDeInfo::default()
        }),
        ..StorageDescriptor::default()
    }
}

fn columns(definitions: &[ColumnDef]) -> Result<Vec<Column>, QueryError> {
    let column = |definition: &ColumnDef| {
        let text = definition.data_type.to_string();
        let kind = HiveType::parse(&text).ok_or_else(|| {
            QueryError::syntax(format!("no viable alternative at input '{}'", text.escape_debug()))
        })?;
        Ok(Column {
            name: definition.name.value.to_lowercase(),
            r#type: Some(kind.to_string()),
            ..Column::default()
        })
    };
    definitions.iter().map(column).collect()
}
