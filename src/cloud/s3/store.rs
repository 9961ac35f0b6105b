//! Objects under a caller: the S3 actions and the KMS accesses of each operation
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>).

use super::disk::scratch;
use crate::cloud::authorize::{Ask, Denied};
use crate::cloud::caller::Caller;
use crate::cloud::faults::Effect;
use crate::cloud::kms::{KeyError, KeyUse};
use crate::cloud::state::State;
use crate::cloud::storage::{
    Body, Encryption, ObjectInfo, ObjectStore, PutCondition, PutOptions, StoreError,
};
use bytes::Bytes;
use jiff::SignedDuration;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The objects of the cloud, as its services see them.
#[derive(Debug, Clone)]
pub(crate) struct Store(pub(crate) Arc<State>);

impl From<Denied> for StoreError {
    fn from(denied: Denied) -> Self {
        Self::AccessDenied(denied.message)
    }
}

impl From<KeyError> for StoreError {
    fn from(error: KeyError) -> Self {
        let (code, message) = match error {
            KeyError::Denied(denied) => return denied.into(),
            KeyError::NotFound(message) => ("KMS.NotFoundException", message),
            KeyError::Disabled(message) => ("KMS.DisabledException", message),
            KeyError::State(message) => ("KMS.KMSInvalidStateException", message),
        };
        Self::Kms { code, message }
    }
}

impl Store {
    /// The account that owns a bucket.
    fn owner(&self, bucket: &str) -> String {
        self.0.buckets().owner(bucket).unwrap_or_else(|| self.0.settings.account.clone())
    }

    /// A request about a bucket.
    pub(crate) fn bucket_ask(&self, action: &'static str, bucket: &str) -> Ask {
        Ask::new(action, self.0.settings.s3_arn(bucket))
            .in_bucket(bucket)
            .with("s3:ResourceAccount", self.owner(bucket))
    }

    /// A request about an object.
    pub(crate) fn object_ask(&self, action: &'static str, bucket: &str, key: &str) -> Ask {
        Ask::new(action, self.0.settings.s3_arn(&format!("{bucket}/{key}")))
            .in_bucket(bucket)
            .with("s3:ResourceAccount", self.owner(bucket))
    }

    /// Fails when the bucket does not exist.
    pub(crate) fn exists(&self, bucket: &str) -> Result<(), StoreError> {
        match self.0.buckets().get(bucket) {
            Some(_) => Ok(()),
            None => Err(StoreError::NoSuchBucket(bucket.to_owned())),
        }
    }

    /// What S3 asks of KMS for an object, on the caller's behalf. With a bucket key the encryption
    /// context is the bucket's ARN, else the object's.
    pub(crate) fn use_key(
        &self,
        caller: &Caller,
        action: &'static str,
        bucket: &str,
        key: &str,
        encryption: &Encryption,
    ) -> Result<(), StoreError> {
        let Encryption::Kms { key: kms_key, bucket_key } = encryption else { return Ok(()) };
        let settings = &self.0.settings;
        let arn = if *bucket_key {
            settings.s3_arn(bucket)
        } else {
            settings.s3_arn(&format!("{bucket}/{key}"))
        };
        let usage = KeyUse {
            via: Some(format!("s3.{}.amazonaws.com", settings.region)),
            encryption_context: vec![("aws:s3:arn".to_owned(), arn)],
            enabled: true,
            ..KeyUse::default()
        };
        self.0.use_key(&caller.through("s3.amazonaws.com"), action, kms_key, &usage)?;
        Ok(())
    }

    /// The object, or why there is none: without `s3:ListBucket` nobody learns that it is missing
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
    fn find(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
    ) -> Result<(Arc<ObjectInfo>, PathBuf), StoreError> {
        self.exists(bucket)?;
        self.touched(caller, "s3:GetObject");
        self.0.authorize(caller, &self.object_ask("s3:GetObject", bucket, key))?;
        let found = self.0.buckets().get(bucket).and_then(|bucket| bucket.object(key));
        if let Some(found) = found {
            return Ok(found);
        }
        self.0.authorize(caller, &self.bucket_ask("s3:ListBucket", bucket))?;
        Err(StoreError::NoSuchKey(key.to_owned()))
    }

    /// As `open`, with the path of the file.
    pub(crate) fn find_readable(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
    ) -> Result<(Arc<ObjectInfo>, PathBuf), StoreError> {
        let (info, path) = self.find(caller, bucket, key)?;
        self.use_key(caller, "kms:Decrypt", bucket, key, &info.encryption)?;
        Ok((info, path))
    }

    /// The encryption of a new object: as asked, else the bucket's default. A key's alias or id
    /// becomes its ARN.
    pub(crate) fn settle_encryption(
        &self,
        bucket: &str,
        asked: Option<&Encryption>,
    ) -> Result<Encryption, StoreError> {
        let default = match self.0.buckets().get(bucket) {
            Some(bucket) => bucket.encryption.clone(),
            None => return Err(StoreError::NoSuchBucket(bucket.to_owned())),
        };
        Ok(match asked {
            None => default,
            Some(Encryption::S3) => Encryption::S3,
            Some(Encryption::Kms { key, bucket_key }) => {
                let keys = self.0.keys();
                let arn = keys
                    .find(key, &self.0.settings)
                    .map_or_else(|| key.clone(), |key| key.arn.clone());
                Encryption::Kms { key: arn, bucket_key: *bucket_key }
            }
        })
    }

    /// The request for writing an object, with what the client said of its encryption
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>).
    pub(crate) fn put_ask(&self, bucket: &str, key: &str, asked: Option<&Encryption>) -> Ask {
        let ask = self.object_ask("s3:PutObject", bucket, key);
        match asked {
            None => ask,
            Some(Encryption::S3) => ask.with("s3:x-amz-server-side-encryption", "AES256"),
            Some(Encryption::Kms { key, .. }) => ask
                .with("s3:x-amz-server-side-encryption", "aws:kms")
                .with("s3:x-amz-server-side-encryption-aws-kms-key-id", key.as_str()),
        }
    }

    /// Makes an object of a file in the scratch folder, once everything is authorized.
    pub(crate) fn keep(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
        encryption: Encryption,
        options: &PutOptions,
        etag: String,
    ) -> Result<ObjectInfo, StoreError> {
        let info = ObjectInfo {
            key: key.to_owned(),
            size: fs::metadata(file)?.len(),
            etag,
            last_modified: self.0.clock.now(),
            content_type: options.content_type.clone(),
            encryption,
            metadata: options.metadata.clone(),
        };
        let mut buckets = self.0.buckets_mut();
        let bucket =
            buckets.get_mut(bucket).ok_or_else(|| StoreError::NoSuchBucket(bucket.to_owned()))?;
        let there = bucket.object(key);
        match (&options.condition, there) {
            (Some(PutCondition::Matches(_)), None) => {
                return Err(StoreError::NoSuchKey(key.to_owned()));
            }
            (Some(PutCondition::Matches(etag)), Some((there, _))) if *etag == there.etag => {}
            (Some(PutCondition::Absent), None) | (None, _) => {}
            (Some(_), Some(_)) => {
                // What is left of it goes with the scratch folder.
                let _ = fs::remove_file(file);
                return Err(StoreError::Precondition);
            }
        }
        let info = bucket.keep(info, file)?;
        Ok((*info).clone())
    }
}

/// Opaque, and another one at every write; AWS promises no more of an encrypted object's.
pub(crate) fn new_etag() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

impl ObjectStore for Store {
    fn head(&self, caller: &Caller, bucket: &str, key: &str) -> Result<ObjectInfo, StoreError> {
        self.find_readable(caller, bucket, key).map(|(info, _)| (*info).clone())
    }

    fn get(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Bytes, StoreError> {
        let (info, path) = self.find_readable(caller, bucket, key)?;
        let range = range.unwrap_or(0..info.size);
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    fn open(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
    ) -> Result<(ObjectInfo, File), StoreError> {
        let (info, path) = self.find_readable(caller, bucket, key)?;
        Ok(((*info).clone(), File::open(path)?))
    }

    fn put(
        &self,
        caller: &Caller,
        bucket: &str,
        key: &str,
        body: Body,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        if key.is_empty() || key.len() > 1024 {
            return Err(StoreError::InvalidInput("Your key is too long".to_owned()));
        }
        self.exists(bucket)?;
        self.touched(caller, "s3:PutObject");
        self.0.authorize(caller, &self.put_ask(bucket, key, options.encryption.as_ref()))?;
        let encryption = self.settle_encryption(bucket, options.encryption.as_ref())?;
        self.use_key(caller, "kms:GenerateDataKey", bucket, key, &encryption)?;
        let file = match body {
            Body::Bytes(bytes) => {
                let file = self.new_scratch();
                fs::write(&file, bytes)?;
                file
            }
            Body::File(file) if file.starts_with(self.scratch()) => file,
            Body::File(file) => {
                return Err(StoreError::InvalidInput(format!(
                    "`{}` is not in the scratch folder",
                    file.display()
                )));
            }
        };
        self.keep(bucket, key, &file, encryption, &options, new_etag())
    }

    fn list(
        &self,
        caller: &Caller,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ObjectInfo>, StoreError> {
        self.exists(bucket)?;
        let lag = self.touched(caller, "s3:ListBucket");
        let ask = self.bucket_ask("s3:ListBucket", bucket).with("s3:prefix", prefix);
        self.0.authorize(caller, &ask)?;
        let seen = self.seen(lag);
        let buckets = self.0.buckets();
        let bucket =
            buckets.get(bucket).ok_or_else(|| StoreError::NoSuchBucket(bucket.to_owned()))?;
        let listed = bucket.list(prefix, None).filter(|info| seen(info));
        Ok(listed.map(|info| (**info).clone()).collect())
    }

    fn delete(&self, caller: &Caller, bucket: &str, key: &str) -> Result<(), StoreError> {
        self.exists(bucket)?;
        self.0.authorize(caller, &self.object_ask("s3:DeleteObject", bucket, key))?;
        if let Some(bucket) = self.0.buckets_mut().get_mut(bucket) {
            bucket.delete(key)?;
        }
        Ok(())
    }

    fn bucket_location(&self, caller: &Caller, bucket: &str) -> Result<String, StoreError> {
        self.exists(bucket)?;
        self.0.authorize(caller, &self.bucket_ask("s3:GetBucketLocation", bucket))?;
        Ok(self.0.settings.region.clone())
    }

    fn scratch(&self) -> PathBuf {
        scratch(&self.0.settings.folder)
    }
}

impl Store {
    /// Does to an object what a fault asks for.
    pub(crate) fn damage(&self, bucket: &str, key: &str, fault: &Effect) -> Result<(), StoreError> {
        let mut buckets = self.0.buckets_mut();
        let Some(bucket) = buckets.get_mut(bucket) else { return Ok(()) };
        match fault {
            Effect::MissingPart => bucket.delete(key)?,
            Effect::CorruptFooter => {
                if let Some((_, path)) = bucket.object(key) {
                    let mut bytes = fs::read(&path)?;
                    // The footer's metadata lie before its length and the magic number.
                    let inside = bytes.len().saturating_sub(8 + 16);
                    for byte in bytes.iter_mut().skip(inside).take(8) {
                        *byte ^= 0xff;
                    }
                    fs::write(path, bytes)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Removes an object on behalf of nobody.
    pub(crate) fn remove(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        match self.0.buckets_mut().get_mut(bucket) {
            Some(bucket) => Ok(bucket.delete(key)?),
            None => Ok(()),
        }
    }

    /// Writes every object anew whose key begins with `prefix`; `change` gives `None` for one that
    /// stays as it is.
    pub(crate) fn rewrite(
        &self,
        bucket: &str,
        prefix: &str,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let found: Vec<_> = {
            let buckets = self.0.buckets();
            let Some(bucket) = buckets.get(bucket) else { return Ok(()) };
            let keys = bucket.list(prefix, None);
            keys.filter_map(|info| bucket.object(&info.key)).collect()
        };
        for (info, path) in found {
            let Some(text) = change(&fs::read(path)?) else { continue };
            let file = self.new_scratch();
            fs::write(&file, text)?;
            let options = PutOptions {
                content_type: info.content_type.clone(),
                metadata: info.metadata.clone(),
                ..PutOptions::default()
            };
            self.keep(bucket, &info.key, &file, info.encryption.clone(), &options, new_etag())?;
        }
        Ok(())
    }

    /// Whether a list tells an object: those that were written within the lag are not told.
    pub(super) fn seen(&self, lag: Option<Duration>) -> impl Fn(&ObjectInfo) -> bool + use<> {
        let horizon = lag.and_then(|lag| {
            self.0.clock.now().checked_sub(SignedDuration::try_from(lag).ok()?).ok()
        });
        move |info| horizon.is_none_or(|horizon| info.last_modified < horizon)
    }

    /// A service touches objects: faults that wait for it strike.
    fn touched(&self, caller: &Caller, action: &str) -> Option<Duration> {
        let service = caller.service.as_deref()?;
        self.0.faults.strike_access(&self.0, service, action)
    }

    /// A new file's name in the scratch folder.
    pub(crate) fn new_scratch(&self) -> PathBuf {
        self.scratch().join(uuid::Uuid::new_v4().simple().to_string())
    }
}
