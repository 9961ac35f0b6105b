//! Glue crawlers: folders of Parquet files become tables of the catalog, under the crawler's role.
//!
//! Sources: <https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html> (what
//! becomes a table and what a partition),
//! <https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html> (policies, table level),
//! <https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html> (new folders only).

mod glob;
mod naming;
mod schema;
mod tree;

use self::schema::FolderSchema;
use self::tree::{Found, Settings};
use super::athena::s3_url;
use super::caller::Caller;
use super::catalog::{
    CatalogStore, Column, PartitionInput, SerDeInfo, StorageDescriptor, Table, TableInput,
    UpdateOptions,
};
use super::storage::{ObjectStore, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// What to crawl, and how.
#[derive(Debug, Clone, Default)]
pub struct CrawlRequest {
    /// The crawler's name.
    pub crawler_name: String,
    /// Folders to crawl.
    pub targets: Vec<S3Target>,
    /// The database that gets the tables.
    pub database: String,
    /// What the tables' names begin with.
    pub table_prefix: String,
    /// The crawler's `Configuration`, JSON; empty for none.
    pub configuration: String,
    /// What to do about changed schemas.
    pub update_behavior: UpdateBehavior,
    /// What to do about tables whose files are gone.
    pub delete_behavior: DeleteBehavior,
    /// Whether only folders are crawled that no earlier crawl has seen.
    pub new_folders_only: bool,
}

/// A folder to crawl.
#[derive(Debug, Clone, Default)]
pub struct S3Target {
    /// An `s3://` URL.
    pub path: String,
    /// Patterns, relative to the path, of what is left out.
    pub exclusions: Vec<String>,
    /// How many files of a leaf folder are read; all when `None`.
    pub sample_size: Option<usize>,
}

/// `SchemaChangePolicy.UpdateBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateBehavior {
    /// `LOG`: existing tables stay as they are.
    Log,
    /// `UPDATE_IN_DATABASE`
    #[default]
    UpdateInDatabase,
}

/// `SchemaChangePolicy.DeleteBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeleteBehavior {
    /// `LOG`
    Log,
    /// `DELETE_FROM_DATABASE`
    DeleteFromDatabase,
    /// `DEPRECATE_IN_DATABASE`
    #[default]
    DeprecateInDatabase,
}

/// What a crawl came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrawlOutcome {
    /// Tables created, in order of name.
    pub created: Vec<String>,
    /// Tables changed, in order of name.
    pub updated: Vec<String>,
    /// Tables deleted or deprecated, in order of name.
    pub deleted: Vec<String>,
    /// What the crawler writes to its log.
    pub log: Vec<String>,
}

/// Why a crawl failed; what it says is the crawl's `ErrorMessage`.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// A target is no `s3://` URL.
    #[error("the target `{}` is no path in S3", .0.escape_debug())]
    Target(String),
    /// The configuration is not what a crawler takes.
    #[error("the crawler's configuration is not valid: {0}")]
    Configuration(String),
    /// Files that the crawler cannot tell the form of.
    #[error("{0}")]
    File(String),
    /// The role may not, or something is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Crawls.
///
/// # Errors
/// [`CrawlError`]. Tables written until then stay.
pub fn crawl(
    request: &CrawlRequest,
    objects: &dyn ObjectStore,
    catalog: &dyn CatalogStore,
    caller: &Caller,
) -> Result<CrawlOutcome, CrawlError> {
    let settings = Settings::parse(&request.configuration)?;
    let mut outcome = CrawlOutcome::default();
    outcome
        .log
        .push(format!("BENCHMARK : Running Start Crawl for Crawler {}", request.crawler_name));
    catalog.database(caller, &request.database)?;
    let existing: BTreeMap<String, Table> = catalog
        .tables(caller, &request.database, None)?
        .into_iter()
        .map(|table| (table.definition.name.clone(), table))
        .collect();

    let mut seen = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for target in &request.targets {
        let (bucket, prefix) =
            s3_url(&target.path).ok_or_else(|| CrawlError::Target(target.path.clone()))?;
        let found =
            tree::tables(target, bucket, prefix, settings, objects, caller, &mut outcome.log)?;
        outcome.log.push(
            "BENCHMARK : Classification complete, writing results to database ".to_owned()
                + &request.database,
        );
        for table in found {
            let location = table.location(bucket);
            let name =
                naming::choose(&request.table_prefix, &table.root, &location, &existing, &taken);
            taken.insert(name.clone());
            seen.insert(name.clone());
            let write = Write { request, catalog, caller, bucket, name: &name, table: &table };
            if existing.contains_key(&name) {
                // As it is now: somebody may have changed it since the tables were listed.
                let held = catalog.table(caller, &request.database, &name)?;
                write.update(&held, &mut outcome)?;
            } else {
                write.create(&mut outcome)?;
            }
        }
    }
    for (name, table) in &existing {
        if !seen.contains(name) && gone(request, table) {
            forget(request, catalog, caller, table, &mut outcome)?;
        }
    }
    outcome.log.push("BENCHMARK : Finished writing to Catalog".to_owned());
    outcome.log.push(format!(
        "INFO : Run Summary For TABLE: ADD: {}, UPDATE: {}, DELETE: {}",
        outcome.created.len(),
        outcome.updated.len(),
        outcome.deleted.len()
    ));
    outcome.log.push("BENCHMARK : Crawler has finished running and is in state READY".to_owned());
    Ok(outcome)
}

/// Whether a table is this crawler's, under its targets, and was not found again.
fn gone(request: &CrawlRequest, table: &Table) -> bool {
    let own = table.definition.parameters.get("UPDATED_BY_CRAWLER");
    let location =
        table.definition.storage_descriptor.as_ref().and_then(|sd| sd.location.as_deref());
    own == Some(&request.crawler_name)
        && location.is_some_and(|location| {
            request.targets.iter().any(|target| {
                location.starts_with(&format!("{}/", target.path.trim_end_matches('/')))
            })
        })
}

fn forget(
    request: &CrawlRequest,
    catalog: &dyn CatalogStore,
    caller: &Caller,
    table: &Table,
    outcome: &mut CrawlOutcome,
) -> Result<(), CrawlError> {
    let name = table.definition.name.clone();
    let database = &request.database;
    match request.delete_behavior {
        DeleteBehavior::Log => {
            outcome
                .log
                .push(format!("INFO : Table {name} in database {database} has no files any more"));
            return Ok(());
        }
        DeleteBehavior::DeleteFromDatabase => {
            catalog.delete_table(caller, database, &name)?;
            outcome.log.push(format!("INFO : Deleted table {name} in database {database}"));
        }
        DeleteBehavior::DeprecateInDatabase => {
            let mut input = table.definition.clone();
            let mark = "DEPRECATED_BY_CRAWLER".to_owned();
            if input.parameters.insert(mark, request.crawler_name.clone()).is_none() {
                catalog.update_table(caller, database, input, UpdateOptions::default())?;
            }
            outcome.log.push(format!("INFO : Deprecated table {name} in database {database}"));
        }
    }
    outcome.deleted.push(name);
    Ok(())
}

/// One table on its way to the catalog.
struct Write<'a> {
    request: &'a CrawlRequest,
    catalog: &'a dyn CatalogStore,
    caller: &'a Caller,
    bucket: &'a str,
    name: &'a str,
    table: &'a Found,
}

impl Write<'_> {
    fn create(&self, outcome: &mut CrawlOutcome) -> Result<(), CrawlError> {
        let database = &self.request.database;
        self.catalog.create_table(self.caller, database, self.input())?;
        self.partitions(&[])?;
        outcome.log.push(format!("INFO : Created table {} in database {database}", self.name));
        outcome.created.push(self.name.to_owned());
        Ok(())
    }

    fn update(&self, held: &Table, outcome: &mut CrawlOutcome) -> Result<(), CrawlError> {
        let database = &self.request.database;
        let input = self.input();
        let columns = |input: &TableInput| {
            let sd = input.storage_descriptor.as_ref();
            (sd.map(|sd| sd.columns.clone()), input.partition_keys.clone())
        };
        let changed = columns(&held.definition) != columns(&input);
        let keeps =
            self.request.new_folders_only || self.request.update_behavior == UpdateBehavior::Log;
        if changed && keeps {
            outcome.log.push(format!(
                "INFO : Table {} in database {database} has another schema now; it is kept",
                self.name
            ));
        } else if changed || !keeps && held.definition.parameters != input.parameters {
            self.catalog.update_table(self.caller, database, input, UpdateOptions::default())?;
            outcome.log.push(format!("INFO : Updated table {} in database {database}", self.name));
            outcome.updated.push(self.name.to_owned());
        }
        if !held.definition.partition_keys.is_empty() {
            let known = self.catalog.partitions(self.caller, database, self.name)?;
            let known: Vec<Vec<String>> = known.into_iter().map(|p| p.definition.values).collect();
            self.partitions(&known)?;
            if changed && !keeps {
                for folder in self.table.folders.iter().filter(|f| known.contains(&f.values)) {
                    let input = self.partition(folder);
                    let values = &folder.values;
                    self.catalog.update_partition(
                        self.caller,
                        database,
                        self.name,
                        values,
                        input,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Creates the partitions that are not known yet.
    fn partitions(&self, known: &[Vec<String>]) -> Result<(), CrawlError> {
        let new: Vec<PartitionInput> = self
            .table
            .folders
            .iter()
            .filter(|folder| !folder.values.is_empty() && !known.contains(&folder.values))
            .map(|folder| self.partition(folder))
            .collect();
        let database = &self.request.database;
        // BatchCreatePartition takes 100 at a time.
        for chunk in new.chunks(100) {
            self.catalog.create_partitions(self.caller, database, self.name, chunk.to_vec())?;
        }
        Ok(())
    }

    fn partition(&self, folder: &tree::Folder) -> PartitionInput {
        let location = format!("s3://{}/{}", self.bucket, folder.path);
        let parameters = statistics(&folder.schema);
        PartitionInput {
            values: folder.values.clone(),
            storage_descriptor: Some(descriptor(&folder.schema, location, parameters.clone())),
            parameters,
            ..PartitionInput::default()
        }
    }

    fn input(&self) -> TableInput {
        let mut parameters = statistics(&self.table.schema);
        let own = [
            ("CrawlerSchemaDeserializerVersion", "1.0"),
            ("CrawlerSchemaSerializerVersion", "1.0"),
            ("UPDATED_BY_CRAWLER", self.request.crawler_name.as_str()),
        ];
        parameters.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let keys = self.table.keys.iter().map(|key| Column {
            name: key.clone(),
            r#type: Some("string".to_owned()),
            ..Column::default()
        });
        let location = self.table.location(self.bucket);
        TableInput {
            name: self.name.to_owned(),
            owner: Some("owner".to_owned()),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            partition_keys: keys.collect(),
            storage_descriptor: Some(descriptor(&self.table.schema, location, parameters.clone())),
            parameters,
            ..TableInput::default()
        }
    }
}

/// What a crawler notes of a table or partition.
fn statistics(schema: &FolderSchema) -> BTreeMap<String, String> {
    let average = schema.bytes.checked_div(schema.rows).unwrap_or_default();
    [
        ("classification", "parquet".to_owned()),
        ("compressionType", "none".to_owned()),
        ("typeOfData", "file".to_owned()),
        ("objectCount", schema.files.to_string()),
        ("recordCount", schema.rows.to_string()),
        ("sizeKey", schema.bytes.to_string()),
        ("averageRecordSize", average.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn descriptor(
    schema: &FolderSchema,
    location: String,
    parameters: BTreeMap<String, String>,
) -> StorageDescriptor {
    let columns = schema.columns.iter().map(|(name, kind)| Column {
        name: name.clone(),
        r#type: Some(kind.to_string()),
        ..Column::default()
    });
    let class = |name: &str| Some(format!("org.apache.hadoop.hive.ql.io.parquet.{name}"));
    StorageDescriptor {
        columns: columns.collect(),
        location: Some(location),
        input_format: class("MapredParquetInputFormat"),
        output_format: class("MapredParquetOutputFormat"),
        number_of_buckets: -1,
        serde_info: Some(SerDeInfo {
            serialization_library: Some(super::athena::PARQUET_SERDE.to_owned()),
            parameters: [("serialization.format".to_owned(), "1".to_owned())].into(),
            ..SerDeInfo::default()
        }),
        parameters,
        ..StorageDescriptor::default()
    }
}

#[cfg(test)]
mod tests;
