//! The operations of S3 (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>).

use super::front::Sender;
use super::store::Store;
use super::{listing, multipart, settings};
use crate::cloud::caller::Caller;
use crate::cloud::state::State;
use crate::cloud::storage::{
    Encryption, ObjectInfo, ObjectStore as _, PutCondition, PutOptions, StoreError,
};
use futures::StreamExt as _;
use hyper::http::Extensions;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, GetBucketEncryptionInput, GetBucketEncryptionOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketTaggingInput,
    GetBucketTaggingOutput, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
    ServerSideEncryption, StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

/// S3's operations.
pub(super) struct Api {
    pub(super) store: Store,
}

impl Api {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { store: Store(state) }
    }
}

/// The caller of an operation.
pub(super) fn sender(extensions: &Extensions, operation: &str) -> S3Result<Caller> {
    let Sender(caller) = extensions
        .get::<Sender>()
        .ok_or_else(|| S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"))?;
    Ok(Caller { call: operation.into(), ..caller.clone() })
}

/// As S3 says it (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
#[expect(clippy::needless_pass_by_value, reason = "it goes into `map_err`")]
pub(super) fn refused(error: StoreError) -> S3Error {
    let code = match &error {
        StoreError::AccessDenied(_) => S3ErrorCode::AccessDenied,
        StoreError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
        StoreError::NoSuchKey(_) => S3ErrorCode::NoSuchKey,
        StoreError::Precondition => S3ErrorCode::PreconditionFailed,
        StoreError::Kms { code, .. } => S3ErrorCode::Custom((*code).into()),
        StoreError::Disk(_) => S3ErrorCode::InternalError,
        _ => S3ErrorCode::InvalidArgument,
    };
    let message = match &error {
        StoreError::NoSuchBucket(_) => "The specified bucket does not exist".to_owned(),
        StoreError::NoSuchKey(_) => "The specified key does not exist.".to_owned(),
        // Keys may hold what is no character of XML, in which errors travel.
        _ => error.to_string().replace(|character: char| character.is_control(), "\u{fffd}"),
    };
    let custom = matches!(code, S3ErrorCode::Custom(_));
    let mut refused = S3Error::with_message(code, message);
    if custom {
        refused.set_status_code(hyper::StatusCode::BAD_REQUEST);
    }
    refused
}

/// The encryption that a client's headers ask for.
pub(super) fn asked(
    algorithm: Option<&ServerSideEncryption>,
    key: Option<&str>,
    bucket_key: Option<bool>,
    default_key: &str,
) -> S3Result<Option<Encryption>> {
    match algorithm.map(ServerSideEncryption::as_str) {
        None => Ok(None),
        Some(ServerSideEncryption::AES256) => Ok(Some(Encryption::S3)),
        Some(ServerSideEncryption::AWS_KMS) => Ok(Some(Encryption::Kms {
            key: key.unwrap_or(default_key).to_owned(),
            bucket_key: bucket_key.unwrap_or(false),
        })),
        Some(other) => Err(S3Error::with_message(
            S3ErrorCode::NotImplemented,
            format!("the rehearsal does not know the encryption `{}`", other.escape_debug()),
        )),
    }
}

/// Algorithm, key and bucket key, as the headers of answers say.
pub(super) fn shown(
    encryption: &Encryption,
) -> (Option<ServerSideEncryption>, Option<String>, Option<bool>) {
    match encryption {
        Encryption::S3 => {
            (Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)), None, None)
        }
        Encryption::Kms { key, bucket_key } => (
            Some(ServerSideEncryption::from_static(ServerSideEncryption::AWS_KMS)),
            Some(key.clone()),
            bucket_key.then_some(true),
        ),
    }
}

/// Writes a body into a new file of the scratch folder.
pub(super) async fn save(store: &Store, body: Option<StreamingBlob>) -> S3Result<PathBuf> {
    let path = store.new_scratch();
    let written = async {
        let mut file = tokio::fs::File::create(&path).await?;
        if let Some(mut body) = body {
            while let Some(chunk) = body.next().await {
                file.write_all(&chunk.map_err(std::io::Error::other)?).await?;
            }
        }
        file.flush().await
    };
    match written.await {
        Ok(()) => Ok(path),
        Err(error) => {
            // What is left of it goes with the scratch folder.
            let _ = tokio::fs::remove_file(&path).await;
            Err(S3Error::with_message(S3ErrorCode::IncompleteBody, error.to_string()))
        }
    }
}

/// A part of a file as a body.
async fn stream(path: &Path, range: std::ops::Range<u64>) -> std::io::Result<StreamingBlob> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(range.start)).await?;
    let left = range.end.saturating_sub(range.start);
    let chunks = futures::stream::unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut chunk = vec![0; usize::try_from(left.min(256 * 1024)).unwrap_or(0)];
        match file.read(&mut chunk).await {
            Ok(0) => {
                Some((Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)), (file, 0)))
            }
            Ok(read) => {
                chunk.truncate(read);
                let left = left.saturating_sub(read as u64);
                Some((Ok(bytes::Bytes::from(chunk)), (file, left)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    });
    Ok(StreamingBlob::wrap(chunks))
}

fn internal(error: std::io::Error) -> S3Error {
    refused(StoreError::Disk(error))
}

/// What S3 does about `If-Match` and its like.
fn precondition(
    info: &ObjectInfo,
    if_match: Option<&s3s::dto::ETagCondition>,
    if_none_match: Option<&s3s::dto::ETagCondition>,
) -> S3Result<()> {
    let is = |condition: &s3s::dto::ETagCondition| {
        condition.is_any() || condition.as_etag().is_some_and(|etag| etag.value() == info.etag)
    };
    if if_match.is_some_and(|condition| !is(condition)) {
        return Err(S3Error::with_message(
            S3ErrorCode::PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold",
        ));
    }
    if if_none_match.is_some_and(is) {
        return Err(S3Error::new(S3ErrorCode::NotModified));
    }
    Ok(())
}

pub(super) fn when(time: jiff::Timestamp) -> s3s::dto::Timestamp {
    SystemTime::from(time).into()
}

#[async_trait::async_trait]
impl S3 for Api {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let caller = sender(&request.extensions, "GetObject")?;
        let input = request.input;
        let (info, path) =
            self.store.find_readable(&caller, &input.bucket, &input.key).map_err(refused)?;
        precondition(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (range, content_range) = match &input.range {
            None => (0..info.size, None),
            Some(range) => {
                let range = range.check(info.size)?;
                let shown =
                    format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), info.size);
                (range, Some(shown))
            }
        };
        let length = range.end.saturating_sub(range.start);
        let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&info.encryption);
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(stream(&path, range).await.map_err(internal)?),
            bucket_key_enabled,
            content_length: i64::try_from(length).ok(),
            content_range,
            content_type: input.response_content_type.or_else(|| Some(content_type(&info))),
            e_tag: Some(ETag::Strong(info.etag.clone())),
            last_modified: Some(when(info.last_modified)),
            metadata: metadata(&info),
            server_side_encryption,
            ssekms_key_id,
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let caller = sender(&request.extensions, "HeadObject")?;
        let input = request.input;
        let info = self.store.head(&caller, &input.bucket, &input.key).map_err(refused)?;
        precondition(&info, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&info.encryption);
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            bucket_key_enabled,
            content_length: i64::try_from(info.size).ok(),
            content_type: Some(content_type(&info)),
            e_tag: Some(ETag::Strong(info.etag.clone())),
            last_modified: Some(when(info.last_modified)),
            metadata: metadata(&info),
            server_side_encryption,
            ssekms_key_id,
            ..HeadObjectOutput::default()
        }))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let caller = sender(&request.extensions, "PutObject")?;
        let input = request.input;
        let encryption = asked(
            input.server_side_encryption.as_ref(),
            input.ssekms_key_id.as_deref(),
            input.bucket_key_enabled,
            "alias/aws/s3",
        )?;
        let condition = match (&input.if_none_match, &input.if_match) {
            (Some(none), _) if none.is_any() => Some(PutCondition::Absent),
            (None, Some(matches)) => {
                matches.as_etag().map(|etag| PutCondition::Matches(etag.value().to_owned()))
            }
            _ => None,
        };
        let file = save(&self.store, input.body).await?;
        let options = PutOptions {
            content_type: input.content_type,
            encryption,
            condition,
            metadata: input.metadata.into_iter().flatten().collect::<BTreeMap<_, _>>(),
        };
        let body = crate::cloud::storage::Body::File(file);
        let info =
            self.store.put(&caller, &input.bucket, &input.key, body, options).map_err(refused)?;
        let (server_side_encryption, ssekms_key_id, bucket_key_enabled) = shown(&info.encryption);
        Ok(S3Response::new(PutObjectOutput {
            bucket_key_enabled,
            e_tag: Some(ETag::Strong(info.etag)),
            server_side_encryption,
            ssekms_key_id,
            ..PutObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let caller = sender(&request.extensions, "DeleteObject")?;
        let input = request.input;
        self.store.delete(&caller, &input.bucket, &input.key).map_err(refused)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let caller = sender(&request.extensions, "DeleteObjects")?;
        let input = request.input;
        self.store.exists(&input.bucket).map_err(refused)?;
        if input.delete.objects.len() > 1000 {
            return Err(S3Error::new(S3ErrorCode::MalformedXML));
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match self.store.delete(&caller, &input.bucket, &object.key) {
                Ok(()) => deleted
                    .push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
                Err(error) => {
                    let error = refused(error);
                    errors.push(s3s::dto::Error {
                        code: Some(error.code().as_str().to_owned()),
                        key: Some(object.key),
                        message: error.message().map(str::to_owned),
                        ..s3s::dto::Error::default()
                    });
                }
            }
        }
        let quiet = input.delete.quiet.unwrap_or(false);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        listing::version_2(&self.store, &request)
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        listing::version_1(&self.store, &request)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::create(&self.store, request)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        multipart::upload(&self.store, request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        multipart::complete(&self.store, request)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        multipart::abort(&self.store, &request)
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        multipart::list(&self.store, &request)
    }

    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        settings::list_buckets(&self.store, &request)
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        settings::head_bucket(&self.store, &request)
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        settings::location(&self.store, &request)
    }

    async fn get_bucket_encryption(
        &self,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        settings::encryption(&self.store, &request)
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        settings::versioning(&self.store, &request)
    }

    async fn get_bucket_policy(
        &self,
        request: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        settings::policy(&self.store, &request)
    }

    async fn get_bucket_tagging(
        &self,
        request: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        settings::tagging(&self.store, &request)
    }
}

fn content_type(info: &ObjectInfo) -> String {
    // S3's default (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
    info.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned())
}

fn metadata(info: &ObjectInfo) -> Option<s3s::dto::Metadata> {
    (!info.metadata.is_empty()).then(|| info.metadata.clone().into_iter().collect())
}
