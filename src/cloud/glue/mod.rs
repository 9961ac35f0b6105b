//! AWS Glue: the Data Catalog and crawlers.

mod api;
mod crawl;
mod crawlers;
mod partitions;
mod store;

pub(super) use api::call;
pub(crate) use crawl::Crawler;

use super::catalog::{Database, Partition, Table, TableInput};
use super::seed::{CrawlerSeed, SeedError};
use super::state::Settings;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The catalog and the crawlers.
#[derive(Debug, Default)]
pub(crate) struct Glue {
    databases: BTreeMap<String, Shelf>,
    crawlers: BTreeMap<String, Crawler>,
}

/// A database with what is in it.
#[derive(Debug, Default)]
struct Shelf {
    database: Database,
    tables: BTreeMap<String, Entry>,
}

/// A table with its former versions, oldest first, and its partitions by their values.
#[derive(Debug, Default)]
struct Entry {
    table: Table,
    versions: Vec<Table>,
    partitions: BTreeMap<Vec<String>, Partition>,
}

impl Glue {
    /// Adds a database unless it is there.
    pub(crate) fn add_database(
        &mut self,
        name: &str,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        if !is_name(name) {
            return Err(SeedError::Name { name: name.to_owned(), service: "Glue" });
        }
        let name = name.to_lowercase();
        self.databases.entry(name.clone()).or_insert_with(|| Shelf {
            database: Database {
                name,
                create_time: Some(now),
                catalog_id: Some(settings.account.clone()),
                ..Database::default()
            },
            tables: BTreeMap::new(),
        });
        Ok(())
    }

    /// Adds a table to a database that is there, unless it has one of that name.
    pub(crate) fn add_table(
        &mut self,
        database: &str,
        definition: TableInput,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        if !is_name(&definition.name) {
            return Err(SeedError::Name { name: definition.name, service: "Glue" });
        }
        let (database, name) = (database.to_lowercase(), definition.name.to_lowercase());
        let found = self.databases.get_mut(&database);
        let into = found.ok_or_else(|| SeedError::Unknown(database.clone()))?;
        let table = Table {
            definition: TableInput { name: name.clone(), ..definition },
            database_name: database,
            create_time: Some(now),
            update_time: Some(now),
            catalog_id: Some(settings.account.clone()),
            version_id: Some("0".to_owned()),
            ..Table::default()
        };
        into.tables.entry(name).or_insert_with(|| Entry { table, ..Entry::default() });
        Ok(())
    }

    /// Adds or replaces a crawler.
    pub(crate) fn add_crawler(
        &mut self,
        seed: &CrawlerSeed,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        if !is_name(&seed.name) {
            return Err(SeedError::Name { name: seed.name.clone(), service: "Glue" });
        }
        self.crawlers.insert(seed.name.clone(), Crawler::from_seed(seed, now));
        Ok(())
    }
}

/// Names are 1 to 255 characters of Glue's single-line pattern
/// (`NameString` of the service model).
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= 255
        && name.chars().all(|character| character == '\t' || !character.is_control())
}
