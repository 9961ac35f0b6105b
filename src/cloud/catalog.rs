//! The Glue Data Catalog, as the services inside the cloud read and write it, and its types with the
//! names and the JSON form of Glue's service model
//! (<https://docs.aws.amazon.com/glue/latest/webapi/API_Table.html>).

use super::caller::Caller;
use super::storage::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Databases, tables and partitions. Every call is authorized under its [`Caller`] on the catalog,
/// the database and the table, and logged.
///
/// Names are folded to lower case, as Glue does. Writes set what Glue sets: times, creator, version.
pub trait CatalogStore: std::fmt::Debug + Send + Sync {
    /// `glue:GetDatabase`.
    ///
    /// # Errors
    /// [`StoreError::EntityNotFound`], [`StoreError::AccessDenied`].
    fn database(&self, caller: &Caller, name: &str) -> Result<Database, StoreError>;

    /// `glue:GetDatabases`; in order of name.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`].
    fn databases(&self, caller: &Caller) -> Result<Vec<Database>, StoreError>;

    /// `glue:CreateDatabase`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create_database(&self, caller: &Caller, input: DatabaseInput) -> Result<(), StoreError>;

    /// `glue:DeleteDatabase`, with all its tables.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete_database(&self, caller: &Caller, name: &str) -> Result<(), StoreError>;

    /// `glue:GetTable`.
    ///
    /// # Errors
    /// [`StoreError::EntityNotFound`], [`StoreError::AccessDenied`].
    fn table(&self, caller: &Caller, database: &str, name: &str) -> Result<Table, StoreError>;

    /// `glue:GetTables`; in order of name. `expression` is a regular expression on the name.
    ///
    /// # Errors
    /// [`StoreError::EntityNotFound`] for the database, [`StoreError::AccessDenied`].
    fn tables(
        &self,
        caller: &Caller,
        database: &str,
        expression: Option<&str>,
    ) -> Result<Vec<Table>, StoreError>;

    /// `glue:CreateTable`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create_table(
        &self,
        caller: &Caller,
        database: &str,
        input: TableInput,
    ) -> Result<(), StoreError>;

    /// `glue:UpdateTable`: replaces the table's definition and keeps the former as a version,
    /// unless told to skip the archive. With `expected_version` fails when the table is at another.
    ///
    /// # Errors
    /// [`StoreError`].
    fn update_table(
        &self,
        caller: &Caller,
        database: &str,
        input: TableInput,
        options: UpdateOptions,
    ) -> Result<(), StoreError>;

    /// `glue:DeleteTable`, with its versions and partitions.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete_table(&self, caller: &Caller, database: &str, name: &str) -> Result<(), StoreError>;

    /// `glue:GetPartitions`; every partition, in order of values. The `Expression` of the API is
    /// applied by the API's handler.
    ///
    /// # Errors
    /// [`StoreError`].
    fn partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
    ) -> Result<Vec<Partition>, StoreError>;

    /// `glue:BatchCreatePartition`: creates what does not exist; returns the values of those that do.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create_partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        partitions: Vec<PartitionInput>,
    ) -> Result<Vec<Vec<String>>, StoreError>;

    /// `glue:UpdatePartition`: replaces the partition with these values.
    ///
    /// # Errors
    /// [`StoreError`].
    fn update_partition(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        values: &[String],
        partition: PartitionInput,
    ) -> Result<(), StoreError>;

    /// `glue:BatchDeletePartition`: deletes those that exist; returns the values of those that do not.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete_partitions(
        &self,
        caller: &Caller,
        database: &str,
        table: &str,
        values: &[Vec<String>],
    ) -> Result<Vec<Vec<String>>, StoreError>;
}

/// How a table is updated.
#[derive(Debug, Clone, Default)]
pub struct UpdateOptions {
    /// Keep no version of what is replaced.
    pub skip_archive: bool,
    /// Fail with [`StoreError::VersionMismatch`] when the table is at another version.
    pub expected_version: Option<String>,
}

/// A database as it is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Database {
    /// Lower case.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The default location of its tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_uri: Option<String>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// When it was created.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Timestamp>,
    /// Lake Formation's default permissions, kept as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_table_default_permissions: Option<serde_json::Value>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog_id: Option<String>,
}

/// A database as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DatabaseInput {
    /// Folded to lower case.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The default location of its tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_uri: Option<String>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Lake Formation's default permissions, kept as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_table_default_permissions: Option<serde_json::Value>,
}

/// A table or view as it is read: its definition and what Glue adds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// The definition.
    #[serde(flatten)]
    pub definition: TableInput,
    /// Lower case.
    pub database_name: String,
    /// When it was created.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Timestamp>,
    /// When it was last updated.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub update_time: Option<Timestamp>,
    /// The ARN of whoever created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Always false here.
    #[serde(default)]
    pub is_registered_with_lake_formation: bool,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog_id: Option<String>,
    /// A number as text, from `0`, one more at each update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// A table or view as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableInput {
    /// Folded to lower case.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The owner's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was last read.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub last_access_time: Option<Timestamp>,
    /// When its statistics were last computed.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub last_analyzed_time: Option<Timestamp>,
    /// Days; no meaning here.
    #[serde(default)]
    pub retention: i64,
    /// Where and in what form the data lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_descriptor: Option<StorageDescriptor>,
    /// The columns by which the data are partitioned.
    #[serde(default)]
    pub partition_keys: Vec<Column>,
    /// Of a view: the encoded definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_original_text: Option<String>,
    /// Of a view: the expanded text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_expanded_text: Option<String>,
    /// `EXTERNAL_TABLE` or `VIRTUAL_VIEW`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_type: Option<String>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// Where and in what form the data of a table or partition lie.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StorageDescriptor {
    /// In order.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// An `s3://` URL, usually ending in `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The Hive input format's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_format: Option<String>,
    /// The Hive output format's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
    /// Whether the data are compressed.
    #[serde(default)]
    pub compressed: bool,
    /// `-1` or `0` when not bucketed.
    #[serde(default)]
    pub number_of_buckets: i64,
    /// How rows are decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serde_info: Option<SerDeInfo>,
    /// The columns of the buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bucket_columns: Vec<String>,
    /// The sort order, kept as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort_columns: Vec<serde_json::Value>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Skewed values, kept as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skewed_info: Option<serde_json::Value>,
    /// Whether data lie in subfolders.
    #[serde(default)]
    pub stored_as_sub_directories: bool,
}

/// How rows are decoded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SerDeInfo {
    /// A name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serialization_library: Option<String>,
    /// The class's settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Column {
    /// The name.
    pub name: String,
    /// The Hive type, such as `decimal(10,2)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// A partition as it is read: its definition and what Glue adds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Partition {
    /// The definition.
    #[serde(flatten)]
    pub definition: PartitionInput,
    /// The database's name.
    pub database_name: String,
    /// The table's name.
    pub table_name: String,
    /// When it was created.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<Timestamp>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog_id: Option<String>,
}

/// A partition as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PartitionInput {
    /// One value for each partition key, in order.
    #[serde(default)]
    pub values: Vec<String>,
    /// When it was last read.
    #[serde(default, with = "epoch", skip_serializing_if = "Option::is_none")]
    pub last_access_time: Option<Timestamp>,
    /// Where and in what form the data lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_descriptor: Option<StorageDescriptor>,
    /// Free properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// Timestamps as JSON 1.1 carries them: seconds since 1970 as a number.
pub(crate) mod epoch {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Seconds since 1970, to the millisecond.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit in 53 bits")]
    pub(crate) fn seconds(time: Timestamp) -> f64 {
        time.as_millisecond() as f64 / 1000.0
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_f64(seconds(*time)),
            None => serializer.serialize_none(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "jiff refuses what is out of range")]
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds
            .map(|seconds| Timestamp::from_millisecond((seconds * 1000.0).round() as i64))
            .transpose()
            .map_err(serde::de::Error::custom)
    }
}
