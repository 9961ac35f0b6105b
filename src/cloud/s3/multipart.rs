//! Multipart uploads
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>): needs `s3:PutObject` in
//! every step, and of KMS `GenerateDataKey` and `Decrypt`.

use super::api::{asked, refused, save, sender, shown, when};
use super::disk::Upload;
use super::store::{Store, new_etag};
use crate::cloud::caller::Caller;
use crate::cloud::storage::{Encryption, PutOptions, StoreError};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ListPartsInput, ListPartsOutput, Part, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// The least size of a part that is not the last.
const MIN_PART: u64 = 5 * 1024 * 1024;

fn no_upload() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
         been aborted or completed.",
    )
}

fn find(store: &Store, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
    store
        .0
        .buckets()
        .get(bucket)
        .and_then(|bucket| bucket.uploads.get(id))
        .filter(|upload| upload.key == key)
        .cloned()
        .ok_or_else(no_upload)
}

fn allowed(
    store: &Store,
    caller: &Caller,
    action: &'static str,
    bucket: &str,
    key: &str,
) -> S3Result<()> {
    store.exists(bucket).map_err(refused)?;
    store
        .0
        .authorize(caller, &store.object_ask(action, bucket, key))
        .map_err(|denied| refused(denied.into()))
}

fn encryption(store: &Store, bucket: &str, upload: &Upload) -> S3Result<Encryption> {
    store.settle_encryption(bucket, upload.options.encryption.as_ref()).map_err(refused)
}

pub(super) fn create(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let caller = sender(&request.extensions, "CreateMultipartUpload")?;
    let input = request.input;
    let asked = asked(
        input.server_side_encryption.as_ref(),
        input.ssekms_key_id.as_deref(),
        input.bucket_key_enabled,
        "alias/aws/s3",
    )?;
    store.exists(&input.bucket).map_err(refused)?;
    store
        .0
        .authorize(&caller, &store.put_ask(&input.bucket, &input.key, asked.as_ref()))
        .map_err(|denied| refused(denied.into()))?;
    let encryption = store.settle_encryption(&input.bucket, asked.as_ref()).map_err(refused)?;
    store
        .use_key(&caller, "kms:GenerateDataKey", &input.bucket, &input.key, &encryption)
        .map_err(refused)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload {
        key: input.key.clone(),
        options: PutOptions {
            content_type: input.content_type,
            encryption: asked,
            metadata: input.metadata.into_iter().flatten().collect(),
            condition: None,
        },
        parts: BTreeMap::new(),
    };
    if let Some(bucket) = store.0.buckets_mut().get_mut(&input.bucket) {
        bucket.uploads.insert(id.clone(), upload);
    }
    let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&encryption);
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        server_side_encryption,
        ssekms_key_id,
        bucket_key_enabled,
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload(
    store: &Store,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let caller = sender(&request.extensions, "UploadPart")?;
    let input = request.input;
    allowed(store, &caller, "s3:PutObject", &input.bucket, &input.key)?;
    let upload = find(store, &input.bucket, &input.key, &input.upload_id)?;
    if !(1..=10_000).contains(&input.part_number) {
        return Err(S3Error::with_message(
            S3ErrorCode::InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive",
        ));
    }
    let encryption = encryption(store, &input.bucket, &upload)?;
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        store.use_key(&caller, action, &input.bucket, &input.key, &encryption).map_err(refused)?;
    }
    let file = save(store, input.body).await?;
    let size = std::fs::metadata(&file).map_err(|error| refused(error.into()))?.len();
    let etag = new_etag();
    let now = store.0.clock.now();
    let mut buckets = store.0.buckets_mut();
    let upload = buckets
        .get_mut(&input.bucket)
        .and_then(|bucket| bucket.uploads.get_mut(&input.upload_id))
        .ok_or_else(no_upload)?;
    let replaced = upload.parts.insert(input.part_number, (file, size, etag.clone(), now));
    if let Some((file, ..)) = replaced {
        // What is left of it goes with the scratch folder.
        let _ = std::fs::remove_file(file);
    }
    let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&encryption);
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        server_side_encryption,
        ssekms_key_id,
        bucket_key_enabled,
        ..UploadPartOutput::default()
    }))
}

pub(super) fn complete(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let caller = sender(&request.extensions, "CompleteMultipartUpload")?;
    let input = request.input;
    allowed(store, &caller, "s3:PutObject", &input.bucket, &input.key)?;
    let upload = find(store, &input.bucket, &input.key, &input.upload_id)?;
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if listed.is_empty() {
        return Err(S3Error::new(S3ErrorCode::MalformedXML));
    }
    let mut files = Vec::new();
    let mut former = 0;
    for part in &listed {
        let number = part.part_number.unwrap_or_default();
        if number <= former {
            return Err(S3Error::with_message(
                S3ErrorCode::InvalidPartOrder,
                "The list of parts was not in ascending order.",
            ));
        }
        former = number;
        let kept = upload.parts.get(&number).filter(|(_, _, etag, _)| {
            part.e_tag.as_ref().is_none_or(|wanted| wanted.value() == etag)
        });
        let (file, size, ..) = kept.ok_or_else(|| {
            S3Error::with_message(
                S3ErrorCode::InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been \
                 uploaded, or the specified entity tag may not match the part's entity tag.",
            )
        })?;
        files.push((file.clone(), *size));
    }
    let too_small = files.iter().rev().skip(1).any(|(_, size)| *size < MIN_PART);
    if too_small {
        return Err(S3Error::with_message(
            S3ErrorCode::EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size",
        ));
    }
    let encryption = encryption(store, &input.bucket, &upload)?;
    store
        .use_key(&caller, "kms:Decrypt", &input.bucket, &input.key, &encryption)
        .map_err(refused)?;
    let whole = store.new_scratch();
    let joined = (|| -> io::Result<()> {
        let mut target = File::create(&whole)?;
        for (file, _) in &files {
            io::copy(&mut File::open(file)?, &mut target)?;
        }
        Ok(())
    })();
    joined.map_err(|error| refused(StoreError::Disk(error)))?;
    let etag = format!("{}-{}", new_etag(), files.len());
    let info = store
        .keep(&input.bucket, &input.key, &whole, encryption.clone(), &upload.options, etag)
        .map_err(refused)?;
    forget(store, &input.bucket, &input.upload_id);
    let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&encryption);
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        e_tag: Some(ETag::Strong(info.etag)),
        server_side_encryption,
        ssekms_key_id,
        bucket_key_enabled,
        ..CompleteMultipartUploadOutput::default()
    }))
}

/// Drops an upload and its parts.
fn forget(store: &Store, bucket: &str, id: &str) {
    let upload = store.0.buckets_mut().get_mut(bucket).and_then(|bucket| bucket.uploads.remove(id));
    for (file, ..) in upload.into_iter().flat_map(|upload| upload.parts.into_values()) {
        // What is left of it goes with the scratch folder.
        let _ = std::fs::remove_file(file);
    }
}

pub(super) fn abort(
    store: &Store,
    request: &S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let caller = sender(&request.extensions, "AbortMultipartUpload")?;
    let input = &request.input;
    allowed(store, &caller, "s3:AbortMultipartUpload", &input.bucket, &input.key)?;
    find(store, &input.bucket, &input.key, &input.upload_id)?;
    forget(store, &input.bucket, &input.upload_id);
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

pub(super) fn list(
    store: &Store,
    request: &S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let caller = sender(&request.extensions, "ListParts")?;
    let input = &request.input;
    allowed(store, &caller, "s3:ListMultipartUploadParts", &input.bucket, &input.key)?;
    let upload = find(store, &input.bucket, &input.key, &input.upload_id)?;
    let parts = upload
        .parts
        .iter()
        .map(|(number, (_, size, etag, time))| Part {
            part_number: Some(*number),
            size: i64::try_from(*size).ok(),
            e_tag: Some(ETag::Strong(etag.clone())),
            last_modified: Some(when(*time)),
            ..Part::default()
        })
        .collect();
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        parts: Some(parts),
        is_truncated: Some(false),
        ..ListPartsOutput::default()
    }))
}
