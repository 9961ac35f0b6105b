//! Objects, as the services inside the cloud read and write them: authorized, then kept as files.

use super::caller::Caller;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// Buckets and objects. Every call is authorized under its [`Caller`], S3 action by S3 action and
/// with the KMS accesses that S3 makes for it, and logged.
///
/// Calls block on the local disk: from async code use `tokio::task::spawn_blocking` when the object
/// is large.
pub trait ObjectStore: std::fmt::Debug + Send + Sync {
    /// What is known of an object without its content. Needs `s3:GetObject`; as in S3 a missing
    /// object is [`StoreError::AccessDenied`] without `s3:ListBucket`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn head(&self, caller: &Caller, bucket: &str, key: &str) -> Result<ObjectInfo, StoreError>;

    /// The content, or the part of it in `range` (bytes, end exclusive, cut at the object's end).
    /// Needs `s3:GetObject`, and `kms:Decrypt` when the object is encrypted under a KMS key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Bytes, StoreError>;

    /// As [`ObjectStore::get`] for large objects: authorized once, then read at leisure.
    ///
    /// # Errors
    /// [`StoreError`].
    fn open(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
    ) -> Result<(ObjectInfo, File), StoreError>;

    /// Creates or replaces an object. Needs `s3:PutObject`, and `kms:GenerateDataKey` when it is
    /// encrypted under a KMS key (as asked, or by the bucket's default).
    ///
    /// # Errors
    /// [`StoreError`].
    fn put(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        body: Body,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError>;

    /// Every object whose key begins with `prefix`, in order of the keys' UTF-8 bytes. Needs
    /// `s3:ListBucket` with `s3:prefix`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list(
        &self,
        caller: &Caller,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ObjectInfo>, StoreError>;

    /// Deletes an object; a missing one is no error. Needs `s3:DeleteObject`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(&self, caller: &Caller, bucket: &str, key: &str) -> Result<(), StoreError>;

    /// The region of the bucket. Needs `s3:GetBucketLocation`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn bucket_location(&self, caller: &Caller, bucket: &str) -> Result<String, StoreError>;

    /// A folder on the same disk for files that become objects by [`Body::File`]. Emptied when the
    /// cloud ends.
    fn scratch(&self) -> PathBuf;
}

/// What an object is made of.
#[derive(Debug)]
pub enum Body {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file in [`ObjectStore::scratch`], which is moved, not copied.
    File(PathBuf),
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}

/// What can be said of an object when it is written.
#[derive(Debug, Clone, Default)]
pub struct PutOptions {
    /// The `Content-Type`; S3's default when `None`.
    pub content_type: Option<String>,
    /// The encryption asked for; the bucket's default when `None`.
    pub encryption: Option<Encryption>,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// What must hold of the object that is there.
    pub condition: Option<PutCondition>,
}

/// What must hold for an object to be written
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutCondition {
    /// `If-None-Match: *`: there is none.
    Absent,
    /// `If-Match`: it has this entity tag.
    Matches(String),
}

/// How an object is encrypted at rest. The rehearsal keeps plain files: what it checks is the right
/// to use the key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Encryption {
    /// SSE-S3, `AES256`.
    S3,
    /// SSE-KMS, `aws:kms`, under the key with this ARN; whether a bucket key is used.
    Kms {
        /// The key's ARN (never an alias).
        key: String,
        /// Whether S3 uses a bucket key, so that the encryption context is the bucket's ARN.
        bucket_key: bool,
    },
}

/// What is known of an object without its content.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: String,
    /// When it was written, in virtual time.
    pub last_modified: Timestamp,
    /// The `Content-Type`.
    pub content_type: Option<String>,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

/// Why an access to objects or to the catalog did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A policy does not allow it; the message reads like AWS's.
    #[error("{0}")]
    AccessDenied(String),
    /// The bucket does not exist.
    #[error("the bucket `{}` does not exist", .0.escape_debug())]
    NoSuchBucket(String),
    /// The object does not exist.
    #[error("the object `{}` does not exist", .0.escape_debug())]
    NoSuchKey(String),
    /// What a conditional write asks for does not hold.
    #[error("At least one of the pre-conditions you specified did not hold")]
    Precondition,
    /// The KMS key is missing, disabled or about to be deleted.
    #[error("{message}")]
    Kms {
        /// S3's code for it: KMS's own with `KMS.` before it. Two of them are on
        /// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Troubleshooting.html>.
        code: &'static str,
        /// What KMS says.
        message: String,
    },
    /// A database, table, partition or version does not exist. The text is Glue's message.
    #[error("{0}")]
    EntityNotFound(String),
    /// A database, table or partition exists already. The text is Glue's message.
    #[error("{0}")]
    AlreadyExists(String),
    /// The table is at another version than the caller read.
    #[error("{0}")]
    VersionMismatch(String),
    /// The input is not what the service accepts. The text is the service's message.
    #[error("{0}")]
    InvalidInput(String),
    /// The cloud's own folder cannot be read or written.
    #[error("cannot use the rehearsal's folder: {0}")]
    Disk(#[from] std::io::Error),
}
