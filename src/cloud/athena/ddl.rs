//! Statements that define, and statements that tell what is defined.

use super::ColumnInfo;
use super::engine::{Engine, Table2D};
use super::error::QueryError;
use super::parse::{Name, Statement};
use super::show;
use super::types::HiveType;
use super::views;
use crate::cloud::catalog::UpdateOptions;
use crate::cloud::storage::StoreError;

impl Engine {
    /// Runs a statement that is no query.
    pub(super) async fn define(&self, statement: Statement) -> Result<Table2D, QueryError> {
        match statement {
            Statement::CreateView { name, replace, sql, query } => {
                let (database, view) = self.resolve(&name);
                self.database(&database)?;
                let columns = self.view_columns(*query, &self.database).await?;
                let input = views::encode(&view, &sql, &self.database, &columns)?;
                match self.catalog.table(&self.caller, &database, &view) {
                    Err(StoreError::EntityNotFound(_)) => self
                        .catalog
                        .create_table(&self.caller, &database, input)
                        .map_err(|error| QueryError::catalog(&error))?,
                    Ok(table) if !views::is_view(&table) => {
                        let message = format!("Table already exists: '{database}.{view}'");
                        return Err(QueryError::data("TABLE_ALREADY_EXISTS", message));
                    }
                    Ok(_) if !replace => {
                        let message = format!("View already exists: '{database}.{view}'");
                        return Err(QueryError::data("ALREADY_EXISTS", message));
                    }
                    Ok(_) => self
                        .catalog
                        .update_table(&self.caller, &database, input, UpdateOptions::default())
                        .map_err(|error| QueryError::catalog(&error))?,
                    Err(error) => return Err(QueryError::catalog(&error)),
                }
                Ok(nothing())
            }
            Statement::DropView { name, if_exists } => self.drop_entry(&name, if_exists, true),
            Statement::DropTable { name, if_exists } => self.drop_entry(&name, if_exists, false),
            Statement::ShowDatabases { pattern } => {
                let databases = self
                    .catalog
                    .databases(&self.caller)
                    .map_err(|error| QueryError::catalog(&error))?;
                let names = databases.into_iter().map(|database| database.name);
                Ok(names_table("database_name", names, pattern.as_deref()))
            }
            Statement::ShowTables { database, pattern, views } => {
                let database = database.unwrap_or_else(|| self.database.clone());
                self.database(&database)?;
                let tables = self
                    .catalog
                    .tables(&self.caller, &database, None)
                    .map_err(|error| QueryError::catalog(&error))?;
                let names = tables
                    .into_iter()
                    .filter(|table| !views || views::is_view(table))
                    .map(|table| table.definition.name);
                Ok(names_table("tab_name", names, pattern.as_deref()))
            }
            Statement::ShowColumns(name) => {
                let (database, table) = self.resolve(&name);
                let entry = self.entry(&database, &table)?;
                let columns = entry.definition.storage_descriptor.map(|sd| sd.columns);
                let keys = entry.definition.partition_keys;
                let names = columns.unwrap_or_default().into_iter().chain(keys).map(|c| c.name);
                Ok(names_table("field", names, None))
            }
            Statement::Describe(name) => self.describe(&name),
            Statement::ShowCreateTable(name) => {
                let (database, table) = self.resolve(&name);
                let text = show::create_table(&self.entry(&database, &table)?)?;
                Ok(names_table("createtab_stmt", text.lines().map(str::to_owned), None))
            }
            Statement::ShowProperties(name, property) => {
                let (database, table) = self.resolve(&name);
                Ok(show::properties(&self.entry(&database, &table)?, property.as_deref()))
            }
            Statement::ShowPartitions(name) => {
                let (database, table) = self.resolve(&name);
                let keys = self.entry(&database, &table)?.definition.partition_keys;
                let partitions = self
                    .catalog
                    .partitions(&self.caller, &database, &table)
                    .map_err(|error| QueryError::catalog(&error))?;
                let names = partitions.into_iter().map(|partition| {
                    let pairs = keys.iter().zip(&partition.definition.values);
                    let pairs = pairs.map(|(key, value)| format!("{}={value}", key.name));
                    pairs.collect::<Vec<_>>().join("/")
                });
                Ok(names_table("partition", names, None))
            }
            Statement::ShowCreateView(name) => {
                let (database, view) = self.resolve(&name);
                let definition = views::decode(&self.entry(&database, &view)?)?;
                let text = format!("CREATE VIEW {database}.{view} AS\n{}", definition.original_sql);
                Ok(names_table("Create View", text.lines().map(str::to_owned), None))
            }
            other => self.change(other),
        }
    }

    fn drop_entry(&self, name: &Name, if_exists: bool, view: bool) -> Result<Table2D, QueryError> {
        let (database, table) = self.resolve(name);
        let what = if view { "View" } else { "Table" };
        match self.catalog.table(&self.caller, &database, &table) {
            Err(StoreError::EntityNotFound(_)) if if_exists => return Ok(nothing()),
            Err(StoreError::EntityNotFound(_)) => {
                let message = format!("{what} '{database}.{table}' does not exist");
                return Err(QueryError::not_found("TABLE_NOT_FOUND", message));
            }
            Err(error) => return Err(QueryError::catalog(&error)),
            Ok(entry) if views::is_view(&entry) != view => {
                let message = format!("'{database}.{table}' is not a {}", what.to_lowercase());
                return Err(QueryError::data("INVALID_TABLE_PROPERTY", message));
            }
            Ok(_) => {}
        }
        self.catalog
            .delete_table(&self.caller, &database, &table)
            .map_err(|error| QueryError::catalog(&error))?;
        Ok(nothing())
    }

    fn describe(&self, name: &Name) -> Result<Table2D, QueryError> {
        let (database, table) = self.resolve(name);
        let entry = self.entry(&database, &table)?;
        let columns = entry.definition.storage_descriptor.map(|sd| sd.columns).unwrap_or_default();
        let text = |value: &str| Some(format!("{value:<20}"));
        let row = |column: &crate::cloud::catalog::Column| {
            vec![
                text(&column.name),
                text(column.r#type.as_deref().unwrap_or_default()),
                text(column.comment.as_deref().unwrap_or_default()),
            ]
        };
        let mut rows: Vec<_> =
            columns.iter().chain(&entry.definition.partition_keys).map(row).collect();
        if !entry.definition.partition_keys.is_empty() {
            let line = |text: &str| vec![Some(text.to_owned()), None, None];
            rows.push(line(""));
            rows.push(line("# Partition Information"));
            rows.extend(entry.definition.partition_keys.iter().map(row));
        }
        let head = ["col_name", "data_type", "comment"];
        Ok((head.map(|name| ColumnInfo::new(name, &HiveType::String)).to_vec(), rows))
    }
}

/// The result of a statement that has none.
pub(super) fn nothing() -> Table2D {
    (Vec::new(), Vec::new())
}

/// Names, one a row, that match a pattern of Hive's: `*` anything, `|` or
/// (<https://docs.aws.amazon.com/athena/latest/ug/show-tables.html>).
fn names_table(
    heading: &str,
    names: impl Iterator<Item = String>,
    pattern: Option<&str>,
) -> Table2D {
    let matches = |name: &String| {
        pattern.is_none_or(|pattern| {
            pattern.to_lowercase().split('|').any(|one| matches_stars(one, name))
        })
    };
    let rows = names.filter(matches).map(|name| vec![Some(name)]).collect();
    (vec![ColumnInfo::new(heading, &HiveType::String)], rows)
}

fn matches_stars(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(['*', '%']);
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut ended = !pattern.contains(['*', '%']);
    if ended {
        return rest.is_empty();
    }
    for part in parts {
        match rest.find(part) {
            Some(at) => {
                ended = part.is_empty() || rest.ends_with(part);
                rest = rest.get(at + part.len()..).unwrap_or_default();
            }
            None => return false,
        }
    }
    ended
}
