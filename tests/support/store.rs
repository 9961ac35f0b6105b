//! A store of objects that is a folder.

use bytes::Bytes;
use jiff::Timestamp;
use snaplake::cloud::caller::Caller;
use snaplake::cloud::storage::{Body, Encryption, ObjectInfo, ObjectStore, PutOptions, StoreError};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// Keys as files, nothing authorized: what is under test is the export.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    fn info(&self, key: &str) -> Result<ObjectInfo, StoreError> {
        Ok(ObjectInfo {
            key: key.to_owned(),
            size: std::fs::metadata(self.0.join(key))?.len(),
            etag: String::new(),
            last_modified: Timestamp::UNIX_EPOCH,
            content_type: None,
            encryption: Encryption::S3,
            metadata: BTreeMap::new(),
        })
    }
}

impl ObjectStore for Folder {
    fn head(&self, _: &Caller, _: &str, key: &str) -> Result<ObjectInfo, StoreError> {
        self.info(key)
    }

    fn get(
        &self,
        _: &Caller,
        _: &str,
        key: &str,
        _: Option<Range<u64>>,
    ) -> Result<Bytes, StoreError> {
        Ok(std::fs::read(self.0.join(key))?.into())
    }

    fn open(&self, _: &Caller, _: &str, key: &str) -> Result<(ObjectInfo, File), StoreError> {
        Ok((self.info(key)?, File::open(self.0.join(key))?))
    }

    fn put(
        &self,
        _: &Caller,
        _: &str,
        key: &str,
        body: Body,
        _: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        let path = self.0.join(key);
        std::fs::create_dir_all(path.parent().unwrap())?;
        match body {
            Body::Bytes(bytes) => std::fs::write(&path, bytes)?,
            Body::File(file) => std::fs::rename(file, &path)?,
        }
        self.info(key)
    }

    fn list(&self, _: &Caller, _: &str, _: &str) -> Result<Vec<ObjectInfo>, StoreError> {
        Ok(vec![])
    }

    fn delete(&self, _: &Caller, _: &str, key: &str) -> Result<(), StoreError> {
        Ok(std::fs::remove_file(self.0.join(key))?)
    }

    fn bucket_location(&self, _: &Caller, _: &str) -> Result<String, StoreError> {
        Ok("eu-central-1".to_owned())
    }

    fn scratch(&self) -> PathBuf {
        self.0.clone()
    }
}
