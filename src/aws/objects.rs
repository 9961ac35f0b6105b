//! Listing and reading objects.

use super::clients::Clients;
use super::error::{AwsError, ErrorKind, chain, failed};
use aws_sdk_s3::primitives::AggregatedBytes;

/// How often an object is read whose body breaks off: as often as the SDK makes a call.
const READS: u32 = 3;

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// The size, in bytes.
    pub size: u64,
}

/// What must hold for an object to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// There is no such object.
    Absent,
    /// The object has this entity tag.
    Is(&'a str),
}

/// Objects and folders under a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects, by key.
    pub objects: Vec<ObjectInfo>,
    /// With a delimiter: the folders, each with its slash at the end.
    pub folders: Vec<String>,
}

impl Clients {
    /// Lists what is under a prefix, all of it; with `folders`, only one level.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        folders: bool,
    ) -> Result<Listing, AwsError> {
        let mut listing = Listing::default();
        let mut pages = self
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_delimiter(folders.then(|| "/".to_owned()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("s3", "ListObjectsV2", address(bucket, prefix)))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key else { continue };
                let size = object.size.and_then(|size| u64::try_from(size).ok());
                listing.objects.push(ObjectInfo { key, size: size.unwrap_or_default() });
            }
            let folders = page.common_prefixes.unwrap_or_default().into_iter();
            listing.folders.extend(folders.filter_map(|folder| folder.prefix));
        }
        Ok(listing)
    }

    /// Whether there is an object whose key begins with `prefix`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn any(&self, bucket: &str, prefix: &str) -> Result<bool, AwsError> {
        self.s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .max_keys(1)
            .send()
            .await
            .map(|page| page.contents.is_some_and(|objects| !objects.is_empty()))
            .map_err(failed("s3", "ListObjectsV2", address(bucket, prefix)))
    }

    /// Reads an object, or of a `range` (first byte, last byte) that much.
    ///
    /// # Errors
    /// When the call fails, or the connection breaks while the object is read.
    pub async fn read(
        &self,
        bucket: &str,
        key: &str,
        range: Option<(u64, u64)>,
    ) -> Result<AggregatedBytes, AwsError> {
        self.fetch(bucket, key, range).await.map(|(body, _)| body)
    }

    /// Reads an object, and its entity tag. A call that was answered is no business of the SDK's retries
    /// any more, so a body that breaks off is read anew here.
    async fn fetch(
        &self,
        bucket: &str,
        key: &str,
        range: Option<(u64, u64)>,
    ) -> Result<(AggregatedBytes, String), AwsError> {
        let resource = address(bucket, key);
        let mut left = READS;
        loop {
            let object = self
                .s3
                .get_object()
                .bucket(bucket)
                .key(key)
                .set_range(range.map(|(first, last)| format!("bytes={first}-{last}")))
                .send()
                .await
                .map_err(failed("s3", "GetObject", resource.as_str()))?;
            left -= 1;
            match object.body.collect().await {
                Ok(body) => return Ok((body, object.e_tag.unwrap_or_default())),
                Err(error) if left > 0 => {
                    tracing::debug!(%error, resource, "an object broke off; reading it anew");
                }
                Err(error) => {
                    return Err(AwsError {
                        service: "s3".to_owned(),
                        operation: "GetObject".to_owned(),
                        resource: Some(resource),
                        kind: ErrorKind::Network,
                        code: None,
                        message: chain(&error),
                        request_id: None,
                    });
                }
            }
        }
    }

    /// Reads an object and its entity tag; none when there is no such object.
    ///
    /// # Errors
    /// When the call fails, or the connection breaks while the object is read.
    pub async fn get(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(Vec<u8>, String)>, AwsError> {
        match self.fetch(bucket, key, None).await {
            Ok((body, etag)) => Ok(Some((body.to_vec(), etag))),
            Err(error) if error.has_code("NoSuchKey") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an object, if the condition holds; gives its entity tag.
    ///
    /// # Errors
    /// Of the kind `Conflict` when the condition does not hold; when the call fails otherwise.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        condition: Condition<'_>,
    ) -> Result<String, AwsError> {
        let call = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .body(body.into());
        let call = match condition {
            Condition::Absent => call.if_none_match("*"),
            Condition::Is(etag) => call.if_match(etag),
        };
        let answer = call.send().await;
        answer.map(|answer| answer.e_tag.unwrap_or_default()).map_err(failed(
            "s3",
            "PutObject",
            address(bucket, key),
        ))
    }

    /// Deletes objects, a thousand a call.
    ///
    /// # Errors
    /// When a call fails, or S3 refuses one of the objects: the first refusal.
    pub async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), AwsError> {
        use aws_sdk_s3::types::{Delete, ObjectIdentifier};
        for keys in keys.chunks(1000) {
            let objects =
                keys.iter().filter_map(|key| ObjectIdentifier::builder().key(key).build().ok());
            let resource = address(bucket, keys.first().map_or("", String::as_str));
            let delete = Delete::builder().set_objects(Some(objects.collect())).quiet(true).build();
            let Ok(delete) = delete else { continue };
            let answer = self
                .s3
                .delete_objects()
                .bucket(bucket)
                .delete(delete)
                .send()
                .await
                .map_err(failed("s3", "DeleteObjects", resource))?;
            if let Some(refusal) = answer.errors.and_then(|errors| errors.into_iter().next()) {
                let kind = match refusal.code.as_deref() {
                    Some("AccessDenied") => ErrorKind::Denied,
                    _ => ErrorKind::Service,
                };
                return Err(AwsError {
                    service: "s3".to_owned(),
                    operation: "DeleteObjects".to_owned(),
                    resource: refusal.key.map(|key| address(bucket, &key)),
                    kind,
                    code: refusal.code,
                    message: refusal.message.unwrap_or_default(),
                    request_id: None,
                });
            }
        }
        Ok(())
    }
}

fn address(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}
