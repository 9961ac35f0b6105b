//! The settings of buckets, reading only.

use super::api::{refused, sender, shown, when};
use super::store::Store;
use crate::cloud::authorize::Ask;
use hyper::http::Extensions;
use s3s::dto::{
    Bucket, BucketLocationConstraint, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, Tag,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

/// Authorizes reading a setting of a bucket that exists.
fn allowed(
    store: &Store,
    extensions: &Extensions,
    operation: &str,
    action: &'static str,
    bucket: &str,
) -> S3Result<()> {
    let caller = sender(extensions, operation)?;
    store.exists(bucket).map_err(refused)?;
    store
        .0
        .authorize(&caller, &store.bucket_ask(action, bucket))
        .map_err(|denied| refused(denied.into()))
}

pub(super) fn list_buckets(
    store: &Store,
    request: &S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let caller = sender(&request.extensions, "ListBuckets")?;
    let ask = Ask::new("s3:ListAllMyBuckets", "*");
    store.0.authorize(&caller, &ask).map_err(|denied| refused(denied.into()))?;
    let buckets = store
        .0
        .buckets()
        .iter()
        .map(|(name, bucket)| Bucket {
            name: Some(name.to_owned()),
            creation_date: Some(when(bucket.created)),
            bucket_region: Some(store.0.settings.region.clone()),
        })
        .collect();
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        ..ListBucketsOutput::default()
    }))
}

/// Needs `s3:ListBucket` (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
pub(super) fn head_bucket(
    store: &Store,
    request: &S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let bucket = &request.input.bucket;
    allowed(store, &request.extensions, "HeadBucket", "s3:ListBucket", bucket)?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(store.0.settings.region.clone()),
        ..HeadBucketOutput::default()
    }))
}

/// us-east-1 is told by leaving the constraint empty
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>).
pub(super) fn location(
    store: &Store,
    request: &S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let bucket = &request.input.bucket;
    allowed(store, &request.extensions, "GetBucketLocation", "s3:GetBucketLocation", bucket)?;
    let region = &store.0.settings.region;
    let location_constraint =
        (region != "us-east-1").then(|| BucketLocationConstraint::from(region.clone()));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
}

pub(super) fn encryption(
    store: &Store,
    request: &S3Request<GetBucketEncryptionInput>,
) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
    let name = &request.input.bucket;
    let action = "s3:GetEncryptionConfiguration";
    allowed(store, &request.extensions, "GetBucketEncryption", action, name)?;
    let encryption = store.settle_encryption(name, None).map_err(refused)?;
    let (algorithm, key, bucket_key) = shown(&encryption);
    let default = algorithm.map(|sse_algorithm| ServerSideEncryptionByDefault {
        sse_algorithm,
        kms_master_key_id: key,
    });
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: default,
        bucket_key_enabled: Some(bucket_key.unwrap_or(false)),
    };
    Ok(S3Response::new(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
            rules: vec![rule],
        }),
    }))
}

pub(super) fn versioning(
    store: &Store,
    request: &S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let bucket = &request.input.bucket;
    allowed(store, &request.extensions, "GetBucketVersioning", "s3:GetBucketVersioning", bucket)?;
    // Never enabled: an answer without a status
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>).
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}

pub(super) fn policy(
    store: &Store,
    request: &S3Request<GetBucketPolicyInput>,
) -> S3Result<S3Response<GetBucketPolicyOutput>> {
    let name = &request.input.bucket;
    allowed(store, &request.extensions, "GetBucketPolicy", "s3:GetBucketPolicy", name)?;
    let buckets = store.0.buckets();
    let policy = buckets.get(name).and_then(|bucket| bucket.policy.as_ref());
    match policy {
        Some(policy) => {
            Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy.text.to_string()) }))
        }
        None => Err(S3Error::with_message(
            S3ErrorCode::NoSuchBucketPolicy,
            "The bucket policy does not exist",
        )),
    }
}

pub(super) fn tagging(
    store: &Store,
    request: &S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let name = &request.input.bucket;
    allowed(store, &request.extensions, "GetBucketTagging", "s3:GetBucketTagging", name)?;
    let buckets = store.0.buckets();
    let tags = buckets.get(name).map(|bucket| &bucket.tags).filter(|tags| !tags.is_empty());
    let Some(tags) = tags else {
        return Err(S3Error::with_message(S3ErrorCode::NoSuchTagSet, "The TagSet does not exist"));
    };
    let tag_set = tags
        .iter()
        .map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) })
        .collect();
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set }))
}
