//! The catalog under a caller. Each call is authorized on the resource and on everything above it
//! (<https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html>).

use super::{Entry, Glue, Shelf, is_name};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::catalog::{
    CatalogStore, Database, DatabaseInput, Partition, PartitionInput, Table, TableInput,
    UpdateOptions,
};
use crate::cloud::s3::Store;
use crate::cloud::state::State;
use crate::cloud::storage::StoreError;
use std::collections::BTreeMap;

impl State {
    /// Authorizes a Glue action on `catalog` and on the resources below it.
    pub(super) fn on_catalog(
        &self,
        caller: &Caller,
        action: &'static str,
        below: &[String],
    ) -> Result<(), StoreError> {
        let catalog = std::iter::once("catalog");
        for resource in catalog.chain(below.iter().map(String::as_str)) {
            self.authorize(caller, &Ask::new(action, self.settings.arn("glue", resource)))?;
        }
        Ok(())
    }

    fn on_database(
        &self,
        caller: &Caller,
        action: &'static str,
        database: &str,
    ) -> Result<(), StoreError> {
        self.on_catalog(caller, action, &[format!("database/{database}")])
    }

    pub(super) fn on_table(
        &self,
        caller: &Caller,
        action: &'static str,
        database: &str,
        table: &str,
    ) -> Result<(), StoreError> {
        let below = [format!("database/{database}"), format!("table/{database}/{table}")];
        self.on_catalog(caller, action, &below)
    }
}

impl Glue {
    pub(super) fn shelf(&self, database: &str) -> Result<&Shelf, StoreError> {
        self.databases.get(database).ok_or_else(|| no_database(database))
    }

    pub(super) fn shelf_mut(&mut self, database: &str) -> Result<&mut Shelf, StoreError> {
        self.databases.get_mut(database).ok_or_else(|| no_database(database))
    }

    pub(super) fn entry(&self, database: &str, table: &str) -> Result<&Entry, StoreError> {
        self.shelf(database)?.tables.get(table).ok_or_else(|| no_table(table))
    }

    pub(super) fn entry_mut(
        &mut self,
        database: &str,
        table: &str,
    ) -> Result<&mut Entry, StoreError> {
        self.shelf_mut(database)?.tables.get_mut(table).ok_or_else(|| no_table(table))
    }
}

fn no_database(name: &str) -> StoreError {
    StoreError::EntityNotFound(format!("Database {} not found.", name.escape_debug()))
}

fn no_table(name: &str) -> StoreError {
    StoreError::EntityNotFound(format!("Table {} not found.", name.escape_debug()))
}

fn checked(name: &str) -> Result<String, StoreError> {
    if is_name(name) {
        Ok(name.to_lowercase())
    } else {
        Err(StoreError::InvalidInput(format!("`{}` is not a valid name", name.escape_debug())))
    }
}

impl CatalogStore for Store {
    fn database(&self, caller: &Caller, name: &str) -> Result<Database, StoreError> {
        let name = checked(name)?;
        self.0.on_database(caller, "glue:GetDatabase", &name)?;
        Ok(self.0.glue().shelf(&name)?.database.clone())
    }

    fn databases(&self, caller: &Caller) -> Result<Vec<Database>, StoreError> {
        self.0.on_catalog(caller, "glue:GetDatabases", &["database/*".to_owned()])?;
        Ok(self.0.glue().databases.values().map(|shelf| shelf.database.clone()).collect())
    }

    fn create_database(&self, caller: &Caller, input: DatabaseInput) -> Result<(), StoreError> {
        let name = checked(&input.name)?;
        self.0.on_database(caller, "glue:CreateDatabase", &name)?;
        let mut glue = self.0.glue();
        if glue.databases.contains_key(&name) {
            return Err(StoreError::AlreadyExists("Database already exists.".to_owned()));
        }
        let database = Database {
            name: name.clone(),
            description: input.description,
            location_uri: input.location_uri,
            parameters: input.parameters,
            create_time: Some(self.0.clock.now()),
            create_table_default_permissions: input.create_table_default_permissions,
            catalog_id: Some(self.0.settings.account.clone()),
        };
        glue.databases.insert(name, Shelf { database, tables: BTreeMap::new() });
        Ok(())
    }

    /// A deletion needs rights on everything below, too.
    fn delete_database(&self, caller: &Caller, name: &str) -> Result<(), StoreError> {
        let name = checked(name)?;
        let below = [
            format!("database/{name}"),
            format!("table/{name}/*"),
            format!("userDefinedFunction/{name}/*"),
        ];
        self.0.on_catalog(caller, "glue:DeleteDatabase", &below)?;
        let mut glue = self.0.glue();
        glue.databases.remove(&name).map(drop).ok_or_else(|| no_database(&name))
    }

    fn table(&self, caller: &Caller, database: &str, name: &str) -> Result<Table, StoreError> {
        let (database, name) = (checked(database)?, checked(name)?);
        self.0.on_table(caller, "glue:GetTable", &database, &name)?;
        Ok(self.0.glue().entry(&database, &name)?.table.clone())
    }

    fn tables(
        &self,
        caller: &Caller,
        database: &str,
        expression: Option<&str>,
    ) -> Result<Vec<Table>, StoreError> {
        let database = checked(database)?;
        self.0.on_table(caller, "glue:GetTables", &database, "*")?;
        let glue = self.0.glue();
        let tables = glue.shelf(&database)?.tables.values().map(|entry| &entry.table);
        let Some(expression) = expression else { return Ok(tables.cloned().collect()) };
        let pattern = super::api::pattern(expression)?;
        Ok(tables.filter(|table| pattern(&table.definition.name)).cloned().collect())
    }

    fn create_table(
        &self,
        caller: &Caller,
        database: &str,
        input: TableInput,
    ) -> Result<(), StoreError> {
        let (database, name) = (checked(database)?, checked(&input.name)?);
        self.0.on_table(caller, "glue:CreateTable", &database, &name)?;
        let now = self.0.clock.now();
        let table = Table {
            definition: TableInput { name: name.clone(), ..input },
            database_name: database.clone(),
            create_time: Some(now),
            update_time: Some(now),
            created_by: Some(caller.principal.to_string()),
            is_registered_with_lake_formation: false,
            catalog_id: Some(self.0.settings.account.clone()),
            version_id: Some("0".to_owned()),
        };
        let mut glue = self.0.glue();
        let kept = &mut glue.shelf_mut(&database)?.tables;
        if kept.contains_key(&name) {
            return Err(StoreError::AlreadyExists("Table already exists.".to_owned()));
        }
        kept.insert(name, Entry { table, ..Entry::default() });
        Ok(())
    }

    fn update_table(
        &self,
        caller: &Caller,
        database: &str,
        input: TableInput,
        options: UpdateOptions,
    ) -> Result<(), StoreError> {
        let (database, name) = (checked(database)?, checked(&input.name)?);
        self.0.on_table(caller, "glue:UpdateTable", &database, &name)?;
        let now = self.0.clock.now();
        let mut glue = self.0.glue();
        let entry = glue.entry_mut(&database, &name)?;
        let current = entry.table.version_id.clone().unwrap_or_default();
        if options.expected_version.is_some_and(|expected| expected != current) {
            return Err(StoreError::VersionMismatch(
                "Update table failed due to concurrent modifications.".to_owned(),
            ));
        }
        if !options.skip_archive {
            entry.versions.push(entry.table.clone());
        }
        let next = current.parse::<u64>().unwrap_or_default() + 1;
        entry.table.definition = TableInput { name, ..input };
        entry.table.update_time = Some(now);
        entry.table.version_id = Some(next.to_string());
        Ok(())
    }

    fn delete_table(&self, caller: &Caller, database: &str, name: &str) -> Result<(), StoreError> {
        let (database, name) = (checked(database)?, checked(name)?);
        self.0.on_table(caller, "glue:DeleteTable", &database, &name)?;
        let mut glue = self.0.glue();
        let tables = &mut glue.shelf_mut(&database)?.tables;
        tables.remove(&name).map(drop).ok_or_else(|| no_table(&name))
    }

    fn partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
    ) -> Result<Vec<Partition>, StoreError> {
        let (database, table) = (checked(database)?, checked(table)?);
        self.0.on_table(caller, "glue:GetPartitions", &database, &table)?;
        Ok(self.0.glue().entry(&database, &table)?.partitions.values().cloned().collect())
    }

    fn create_partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        partitions: Vec<PartitionInput>,
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let (database, table) = (checked(database)?, checked(table)?);
        self.0.on_table(caller, "glue:BatchCreatePartition", &database, &table)?;
        self.keep_partitions(&database, &table, partitions)
    }

    fn update_partition(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        values: &[String],
        partition: PartitionInput,
    ) -> Result<(), StoreError> {
        let (database, table) = (checked(database)?, checked(table)?);
        self.0.on_table(caller, "glue:UpdatePartition", &database, &table)?;
        self.replace_partition(&database, &table, values, partition)
    }

    fn delete_partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        values: &[Vec<String>],
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let (database, table) = (checked(database)?, checked(table)?);
        self.0.on_table(caller, "glue:BatchDeletePartition", &database, &table)?;
        let mut glue = self.0.glue();
        let partitions = &mut glue.entry_mut(&database, &table)?.partitions;
        Ok(values.iter().filter(|values| partitions.remove(*values).is_none()).cloned().collect())
    }
}

impl Store {
    /// Gives the partition with these values another definition.
    pub(super) fn replace_partition(
        &self,
        database: &str,
        table: &str,
        values: &[String],
        partition: PartitionInput,
    ) -> Result<(), StoreError> {
        let mut glue = self.0.glue();
        let partitions = &mut glue.entry_mut(database, table)?.partitions;
        let mut kept = partitions
            .remove(values)
            .ok_or_else(|| StoreError::EntityNotFound("Partition not found.".to_owned()))?;
        kept.definition = partition;
        partitions.insert(kept.definition.values.clone(), kept);
        Ok(())
    }

    /// Adds the partitions that do not exist; gives the values of those that do.
    pub(super) fn keep_partitions(
        &self,
        database: &str,
        table: &str,
        partitions: Vec<PartitionInput>,
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let now = self.0.clock.now();
        let account = self.0.settings.account.clone();
        let mut glue = self.0.glue();
        let entry = glue.entry_mut(database, table)?;
        let keys = entry.table.definition.partition_keys.len();
        if let Some(wrong) = partitions.iter().find(|partition| partition.values.len() != keys) {
            return Err(StoreError::InvalidInput(format!(
                "The number of partition keys do not match the number of partition values: {keys} \
                 keys, {} values",
                wrong.values.len()
            )));
        }
        let mut existing = Vec::new();
        for definition in partitions {
            if entry.partitions.contains_key(&definition.values) {
                existing.push(definition.values);
                continue;
            }
            let partition = Partition {
                database_name: database.to_owned(),
                table_name: table.to_owned(),
                creation_time: Some(now),
                catalog_id: Some(account.clone()),
                definition,
            };
            entry.partitions.insert(partition.definition.values.clone(), partition);
        }
        Ok(existing)
    }
}
