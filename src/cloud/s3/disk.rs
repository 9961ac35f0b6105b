//! Buckets on disk: an object is a file, with its metadata in a file beside it.
//!
//! A key becomes a path whose parts are escaped, so that no key leaves the folder: `..` is
//! `%2E%2E`, and only what is surely harmless stands for itself. Folders end in `%`, since the keys
//! `a` and `a/b` may both exist.

use super::super::identity::Document;
use super::super::seed::{BucketSeed, SeedError};
use super::super::storage::{Encryption, ObjectInfo};
use crate::iam::NamedPolicy;
use jiff::Timestamp;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every bucket, by name.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, Bucket>,
}

/// A bucket: its settings, and what is in it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) policy: Option<Document>,
    pub(crate) encryption: Encryption,
    pub(crate) created: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
    /// The account that owns it, where it is not the cloud's.
    pub(crate) account: Option<String>,
    folder: PathBuf,
    objects: BTreeMap<String, Arc<ObjectInfo>>,
    pub(crate) uploads: BTreeMap<String, Upload>,
}

/// A multipart upload under way.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) options: super::super::storage::PutOptions,
    /// Part number → file, size, entity tag, time.
    pub(crate) parts: BTreeMap<i32, (PathBuf, u64, String, Timestamp)>,
}

/// Makes the cloud's folder, and empties its scratch.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("objects"))?;
    let scratch = scratch(folder);
    match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(scratch)
}

/// Where files are before they become objects.
pub(crate) fn scratch(folder: &Path) -> PathBuf {
    folder.join("scratch")
}

impl Buckets {
    /// Adds a bucket; what lies in its folder from an earlier time is in it.
    pub(crate) fn add(
        &mut self,
        seed: &BucketSeed,
        root: &Path,
        now: Timestamp,
    ) -> Result<(), SeedError> {
        if !is_bucket_name(&seed.name) {
            return Err(SeedError::Name { name: seed.name.clone(), service: "S3" });
        }
        let folder = root.join("objects").join(&seed.name);
        fs::create_dir_all(&folder)?;
        let mut objects = BTreeMap::new();
        load(&folder, &mut objects)?;
        let bucket = Bucket {
            policy: seed.policy.as_ref().map(Document::read).transpose()?,
            encryption: seed.encryption.clone().unwrap_or(Encryption::S3),
            created: now,
            tags: seed.tags.clone(),
            account: None,
            folder,
            objects,
            uploads: BTreeMap::new(),
        };
        self.buckets.insert(seed.name.clone(), bucket);
        Ok(())
    }

    /// A bucket.
    pub(crate) fn get(&self, name: &str) -> Option<&Bucket> {
        self.buckets.get(name)
    }

    /// A bucket, to change it.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Bucket> {
        self.buckets.get_mut(name)
    }

    /// The buckets in order of name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Bucket)> {
        self.buckets.iter().map(|(name, bucket)| (name.as_str(), bucket))
    }

    /// The account that owns a bucket, where it is not the cloud's.
    pub(crate) fn owner(&self, name: &str) -> Option<String> {
        self.buckets.get(name)?.account.clone()
    }

    /// The bucket's policy.
    pub(crate) fn policy(&self, name: &str) -> Option<NamedPolicy> {
        self.buckets.get(name)?.policy.as_ref().map(|policy| policy.named.clone())
    }
}

impl Bucket {
    /// What is known of an object, and its file.
    pub(crate) fn object(&self, key: &str) -> Option<(Arc<ObjectInfo>, PathBuf)> {
        let info = self.objects.get(key)?;
        Some((Arc::clone(info), self.folder.join(path_of(key))))
    }

    /// The objects whose keys begin with `prefix` and come after `after`, in order.
    pub(crate) fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<ObjectInfo>> {
        use std::ops::Bound;
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_owned()),
            _ => Bound::Included(prefix.to_owned()),
        };
        self.objects
            .range((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(_, info)| info)
    }

    /// Moves a file of the scratch folder to its place: the object changes in one step.
    pub(crate) fn keep(&mut self, info: ObjectInfo, file: &Path) -> io::Result<Arc<ObjectInfo>> {
        let place = self.folder.join(path_of(&info.key));
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let beside = file.with_extension("metadata");
        fs::write(&beside, serde_json::to_vec(&info)?)?;
        fs::rename(file, &place)?;
        fs::rename(&beside, metadata_of(&place))?;
        let info = Arc::new(info);
        self.objects.insert(info.key.clone(), Arc::clone(&info));
        Ok(info)
    }

    /// Deletes an object; one that does not exist is no error.
    pub(crate) fn delete(&mut self, key: &str) -> io::Result<()> {
        if self.objects.remove(key).is_some() {
            let place = self.folder.join(path_of(key));
            fs::remove_file(metadata_of(&place))?;
            fs::remove_file(&place)?;
        }
        Ok(())
    }
}

/// Reads the metadata of every object under a folder.
fn load(folder: &Path, objects: &mut BTreeMap<String, Arc<ObjectInfo>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            load(&path, objects)?;
        } else if path.to_string_lossy().ends_with("%m") {
            let info: ObjectInfo = serde_json::from_slice(&fs::read(&path)?)?;
            objects.insert(info.key.clone(), Arc::new(info));
        }
    }
    Ok(())
}

/// The path of a key's file below its bucket's folder.
fn path_of(key: &str) -> PathBuf {
    let mut path = PathBuf::new();
    let mut parts = key.split('/').peekable();
    while let Some(part) = parts.next() {
        let mut name = escape(part);
        if parts.peek().is_some() {
            name.push('%');
        }
        path.push(name);
    }
    path
}

/// The file of an object's metadata. No key's own file is called so.
fn metadata_of(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push("%m");
    PathBuf::from(name)
}

/// A part of a key as a file's name: never empty, never `.` or `..`, at most 200 bytes.
fn escape(part: &str) -> String {
    let mut name = String::with_capacity(part.len());
    let dots = !part.is_empty() && part.bytes().all(|byte| byte == b'.');
    for byte in part.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'=' | b'+' | b',' | b'@')
            || (byte == b'.' && !dots);
        if plain {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.is_empty() {
        name.push_str("%e");
    }
    if name.len() > 200 {
        let hash = sha2::Sha256::digest(part.as_bytes());
        name.truncate(100);
        name.push_str("%h");
        for byte in hash {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name
}

/// The rules for general purpose buckets' names
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })
        && edge(name.as_bytes().first())
        && edge(name.as_bytes().last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Component;

    #[test]
    fn no_key_leaves_its_folder_and_no_two_keys_meet() {
        let long = "x".repeat(1000);
        let other = format!("{}y", "x".repeat(999));
        let keys = [
            "a",
            "a/b",
            "a/",
            "/a",
            "//a",
            "..",
            "../../etc/passwd",
            ".",
            "a/../b",
            "a/./b",
            "a%",
            "a%m",
            "a%2Fb",
            "%e",
            "",
            "日本/表",
            "a\\b",
            "a\0b",
            "C:\\x",
            "A",
            &long,
            &other,
            "con",
            "a%25",
            "a b",
            "*",
        ];
        let mut paths = BTreeSet::new();
        for key in keys {
            let path = path_of(key);
            assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{key:?}");
            assert!(path.components().all(|part| part.as_os_str().len() <= 201), "{key:?}");
            assert!(!path.to_string_lossy().ends_with("%m"), "{key:?}");
            assert!(paths.insert(path), "{key:?}");
        }
    }

    #[test]
    fn objects_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path()).unwrap();
        let seed = BucketSeed {
            name: "lake-bucket".to_owned(),
            policy: None,
            encryption: None,
            tags: BTreeMap::new(),
        };
        let now = Timestamp::now();
        let mut buckets = Buckets::default();
        buckets.add(&seed, folder.path(), now).unwrap();
        let info = |key: &str| ObjectInfo {
            key: key.to_owned(),
            size: 2,
            etag: "e".to_owned(),
            last_modified: now,
            content_type: None,
            encryption: Encryption::S3,
            metadata: BTreeMap::new(),
        };
        let bucket = buckets.get_mut("lake-bucket").unwrap();
        for key in ["a", "a/b", "../c"] {
            let file = scratch(folder.path()).join("upload");
            fs::write(&file, "hi").unwrap();
            bucket.keep(info(key), &file).unwrap();
        }
        bucket.delete("a").unwrap();
        let mut again = Buckets::default();
        again.add(&seed, folder.path(), now).unwrap();
        let bucket = again.get("lake-bucket").unwrap();
        let keys = bucket.list("", None).map(|info| info.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys, ["../c", "a/b"]);
        let (_, file) = bucket.object("../c").unwrap();
        assert!(file.starts_with(folder.path()) && fs::read(file).unwrap() == b"hi");
    }

    #[test]
    fn bucket_names() {
        for good in ["abc", "my-lake.2026", "0ab"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in ["ab", "Abc", "-abc", "abc-", "a..b", "1.2.3.4", "a_b", &"a".repeat(64), "../x"]
        {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }
}
