//! A store and a catalog in memory for the tests of the data services: no policies, but a list of
//! what is denied.

use super::caller::Caller;
use super::catalog::{
    CatalogStore, Database, DatabaseInput, Partition, PartitionInput, Table, TableInput,
    UpdateOptions,
};
use super::storage::{Body, Encryption, ObjectInfo, ObjectStore, PutOptions, StoreError};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;

/// Both stores at once. Actions in `denied` are refused.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) objects: Mutex<BTreeMap<(String, String), (Bytes, Encryption)>>,
    pub(crate) databases: Mutex<BTreeMap<String, BTreeMap<String, Table>>>,
    pub(crate) partitions: Mutex<BTreeMap<(String, String), Vec<Partition>>>,
    pub(crate) denied: Mutex<Vec<String>>,
    pub(crate) log: Mutex<Vec<String>>,
    scratch: tempfile::TempDir,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            objects: Mutex::default(),
            databases: Mutex::default(),
            partitions: Mutex::default(),
            denied: Mutex::default(),
            log: Mutex::default(),
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn deny(&self, action: &str) {
        self.denied.lock().unwrap().push(action.to_owned());
    }

    fn allow(&self, action: &str, resource: &str) -> Result<(), StoreError> {
        self.log.lock().unwrap().push(format!("{action} {resource}"));
        if self.denied.lock().unwrap().iter().any(|denied| denied == action) {
            return Err(StoreError::AccessDenied(format!(
                "not authorized to perform: {action} on {resource}"
            )));
        }
        Ok(())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().map(|(_, key)| key.clone()).collect()
    }

    pub(crate) fn content(&self, key: &str) -> Bytes {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|((_, k), _)| k == key).unwrap().1.0.clone()
    }

    fn info(key: &str, body: &Bytes, encryption: &Encryption) -> ObjectInfo {
        ObjectInfo {
            key: key.to_owned(),
            size: body.len() as u64,
            etag: "0".to_owned(),
            last_modified: Timestamp::UNIX_EPOCH,
            content_type: None,
            encryption: encryption.clone(),
            metadata: BTreeMap::new(),
        }
    }
}

pub(crate) fn caller() -> Caller {
    Caller::new("arn:aws:sts::111122223333:assumed-role/tester/s", "Test")
}

impl ObjectStore for Memory {
    fn head(&self, _: &Caller, bucket: &str, key: &str) -> Result<ObjectInfo, StoreError> {
        self.allow("s3:GetObject", key)?;
        let objects = self.objects.lock().unwrap();
        let (body, encryption) = objects
            .get(&(bucket.to_owned(), key.to_owned()))
            .ok_or_else(|| StoreError::NoSuchKey(key.to_owned()))?;
        Ok(Self::info(key, body, encryption))
    }

    fn get(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Bytes, StoreError> {
        let info = self.head(caller, bucket, key)?;
        let body = self.content(key);
        let range = range.unwrap_or(0..info.size);
        let end = range.end.min(info.size);
        let at = |place: u64| usize::try_from(place).unwrap();
        Ok(body.slice(at(range.start.min(end))..at(end)))
    }

    fn open(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
    ) -> Result<(ObjectInfo, File), StoreError> {
        let info = self.head(caller, bucket, key)?;
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.content(key))?;
        file.rewind()?;
        Ok((info, file))
    }

    fn put(
        &self,
        _: &Caller,
        bucket: &str,
        key: &str,
        body: Body,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        self.allow("s3:PutObject", key)?;
        let body = match body {
            Body::Bytes(bytes) => bytes,
            Body::File(path) => {
                let mut bytes = Vec::new();
                File::open(&path)?.read_to_end(&mut bytes)?;
                std::fs::remove_file(path)?;
                bytes.into()
            }
        };
        let encryption = options.encryption.unwrap_or(Encryption::S3);
        let info = Self::info(key, &body, &encryption);
        let mut objects = self.objects.lock().unwrap();
        objects.insert((bucket.to_owned(), key.to_owned()), (body, encryption));
        Ok(info)
    }

    fn list(&self, _: &Caller, bucket: &str, prefix: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        self.allow("s3:ListBucket", prefix)?;
        let objects = self.objects.lock().unwrap();
        let listed = objects
            .iter()
            .filter(|((b, key), _)| b == bucket && key.starts_with(prefix))
            .map(|((_, key), (body, encryption))| Self::info(key, body, encryption));
        Ok(listed.collect())
    }

    fn delete(&self, _: &Caller, bucket: &str, key: &str) -> Result<(), StoreError> {
        self.allow("s3:DeleteObject", key)?;
        self.objects.lock().unwrap().remove(&(bucket.to_owned(), key.to_owned()));
        Ok(())
    }

    fn bucket_location(&self, _: &Caller, bucket: &str) -> Result<String, StoreError> {
        self.allow("s3:GetBucketLocation", bucket)?;
        Ok("us-east-1".to_owned())
    }

    fn scratch(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }
}

impl CatalogStore for Memory {
    fn database(&self, _: &Caller, name: &str) -> Result<Database, StoreError> {
        self.allow("glue:GetDatabase", name)?;
        if self.databases.lock().unwrap().contains_key(name) {
            Ok(Database { name: name.to_owned(), ..Database::default() })
        } else {
            Err(StoreError::EntityNotFound(format!("Database {name} not found.")))
        }
    }

    fn databases(&self, _: &Caller) -> Result<Vec<Database>, StoreError> {
        self.allow("glue:GetDatabases", "*")?;
        let databases = self.databases.lock().unwrap();
        let named = |name: &String| Database { name: name.clone(), ..Database::default() };
        Ok(databases.keys().map(named).collect())
    }

    fn create_database(&self, _: &Caller, input: DatabaseInput) -> Result<(), StoreError> {
        self.allow("glue:CreateDatabase", &input.name)?;
        self.databases.lock().unwrap().insert(input.name, BTreeMap::new());
        Ok(())
    }

    fn delete_database(&self, _: &Caller, name: &str) -> Result<(), StoreError> {
        self.allow("glue:DeleteDatabase", name)?;
        self.databases.lock().unwrap().remove(name);
        Ok(())
    }

    fn table(&self, _: &Caller, database: &str, name: &str) -> Result<Table, StoreError> {
        self.allow("glue:GetTable", name)?;
        let databases = self.databases.lock().unwrap();
        let table = databases.get(database).and_then(|tables| tables.get(name)).cloned();
        table.ok_or_else(|| StoreError::EntityNotFound(format!("Table {name} not found.")))
    }

    fn tables(
        &self,
        _: &Caller,
        database: &str,
        _: Option<&str>,
    ) -> Result<Vec<Table>, StoreError> {
        self.allow("glue:GetTables", database)?;
        let databases = self.databases.lock().unwrap();
        let tables = databases.get(database);
        let tables = tables.ok_or_else(|| StoreError::EntityNotFound(database.to_owned()))?;
        Ok(tables.values().cloned().collect())
    }

    fn create_table(
        &self,
        _: &Caller,
        database: &str,
        input: TableInput,
    ) -> Result<(), StoreError> {
        self.allow("glue:CreateTable", &input.name)?;
        let mut databases = self.databases.lock().unwrap();
        let tables = databases
            .get_mut(database)
            .ok_or_else(|| StoreError::EntityNotFound(database.to_owned()))?;
        if tables.contains_key(&input.name) {
            return Err(StoreError::AlreadyExists("Table already exists.".to_owned()));
        }
        let table = Table {
            database_name: database.to_owned(),
            version_id: Some("0".to_owned()),
            definition: input,
            ..Table::default()
        };
        tables.insert(table.definition.name.clone(), table);
        Ok(())
    }

    fn update_table(
        &self,
        _: &Caller,
        database: &str,
        input: TableInput,
        _: UpdateOptions,
    ) -> Result<(), StoreError> {
        self.allow("glue:UpdateTable", &input.name)?;
        let mut databases = self.databases.lock().unwrap();
        let table = databases.get_mut(database).and_then(|tables| tables.get_mut(&input.name));
        let table = table.ok_or_else(|| StoreError::EntityNotFound(input.name.clone()))?;
        let version: u32 = table.version_id.as_deref().unwrap_or("0").parse().unwrap();
        table.definition = input;
        table.version_id = Some((version + 1).to_string());
        Ok(())
    }

    fn delete_table(&self, _: &Caller, database: &str, name: &str) -> Result<(), StoreError> {
        self.allow("glue:DeleteTable", name)?;
        let mut databases = self.databases.lock().unwrap();
        let removed = databases.get_mut(database).and_then(|tables| tables.remove(name));
        removed.map(drop).ok_or_else(|| StoreError::EntityNotFound(name.to_owned()))
    }

    fn partitions(
        &self,
        _: &Caller,
        database: &str,
        table: &str,
    ) -> Result<Vec<Partition>, StoreError> {
        self.allow("glue:GetPartitions", table)?;
        let partitions = self.partitions.lock().unwrap();
        Ok(partitions.get(&(database.to_owned(), table.to_owned())).cloned().unwrap_or_default())
    }

    fn create_partitions(
        &self,
        _: &Caller,
        database: &str,
        table: &str,
        new: Vec<PartitionInput>,
    ) -> Result<Vec<Vec<String>>, StoreError> {
        self.allow("glue:BatchCreatePartition", table)?;
        let mut partitions = self.partitions.lock().unwrap();
        let held = partitions.entry((database.to_owned(), table.to_owned())).or_default();
        let mut existing = Vec::new();
        for definition in new {
            if held.iter().any(|p| p.definition.values == definition.values) {
                existing.push(definition.values);
            } else {
                held.push(Partition { definition, ..Partition::default() });
            }
        }
        Ok(existing)
    }

    fn update_partition(
        &self,
        _: &Caller,
        database: &str,
        table: &str,
        values: &[String],
        partition: PartitionInput,
    ) -> Result<(), StoreError> {
        self.allow("glue:UpdatePartition", table)?;
        let mut partitions = self.partitions.lock().unwrap();
        let held = partitions.entry((database.to_owned(), table.to_owned())).or_default();
        let found = held.iter_mut().find(|p| p.definition.values == values);
        let found = found.ok_or_else(|| StoreError::EntityNotFound(values.join("/")))?;
        found.definition = partition;
        Ok(())
    }

    fn delete_partitions(
        &self,
        _: &Caller,
        database: &str,
        table: &str,
        values: &[Vec<String>],
    ) -> Result<Vec<Vec<String>>, StoreError> {
        self.allow("glue:BatchDeletePartition", table)?;
        let mut partitions = self.partitions.lock().unwrap();
        let held = partitions.entry((database.to_owned(), table.to_owned())).or_default();
        held.retain(|partition| !values.contains(&partition.definition.values));
        Ok(vec![])
    }
}
