//! Listing objects, both versions
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).

use super::api::{refused, sender, when};
use super::store::Store;
use crate::cloud::faults::Lag;
use crate::cloud::storage::{ObjectInfo, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// What is listed.
struct Query<'a> {
    bucket: &'a str,
    prefix: &'a str,
    delimiter: Option<&'a str>,
    /// Only what comes after this key or common prefix.
    after: Option<String>,
    max: usize,
    /// Whether keys travel URL-encoded.
    encode: bool,
}

/// What was found, in order.
#[derive(Default)]
struct Found {
    objects: Vec<Arc<ObjectInfo>>,
    prefixes: Vec<String>,
    /// The last key or common prefix, when there is more.
    more: Option<String>,
}

fn query<'a>(
    bucket: &'a str,
    prefix: Option<&'a String>,
    delimiter: Option<&'a String>,
    max: Option<i32>,
    encoding: Option<&EncodingType>,
) -> S3Result<Query<'a>> {
    let max = usize::try_from(max.unwrap_or(1000)).map_err(|_| {
        S3Error::with_message(S3ErrorCode::InvalidArgument, "max-keys must not be negative")
    })?;
    Ok(Query {
        bucket,
        prefix: prefix.map_or("", String::as_str),
        delimiter: delimiter.map(String::as_str).filter(|delimiter| !delimiter.is_empty()),
        after: None,
        max: max.min(1000),
        encode: encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL),
    })
}

fn find(store: &Store, query: &Query<'_>, lag: Option<Duration>) -> Result<Found, StoreError> {
    let seen = store.seen(lag);
    let buckets = store.0.buckets();
    let bucket = buckets
        .get(query.bucket)
        .ok_or_else(|| StoreError::NoSuchBucket(query.bucket.to_owned()))?;
    let mut found = Found::default();
    let mut last = None;
    let told = bucket.list(query.prefix, query.after.as_deref()).filter(|info| seen(info));
    for info in told {
        let below = info.key.get(query.prefix.len()..).unwrap_or_default();
        let common = query.delimiter.and_then(|delimiter| {
            let end = below.find(delimiter)? + delimiter.len();
            Some(format!("{}{}", query.prefix, below.get(..end)?))
        });
        match common {
            // Keys below a common prefix that was told, here or on an earlier page.
            Some(common)
                if found.prefixes.last() == Some(&common)
                    || query.after.as_deref().is_some_and(|after| after == common) => {}
            Some(common) => {
                if found.objects.len() + found.prefixes.len() == query.max {
                    found.more = last;
                    break;
                }
                last = Some(common.clone());
                found.prefixes.push(common);
            }
            None => {
                if found.objects.len() + found.prefixes.len() == query.max {
                    found.more = last;
                    break;
                }
                last = Some(info.key.clone());
                found.objects.push(Arc::clone(info));
            }
        }
    }
    Ok(found)
}

/// Authorizes and lists.
fn list(
    store: &Store,
    extensions: &hyper::http::Extensions,
    operation: &str,
    query: &Query<'_>,
    prefix_given: bool,
) -> S3Result<Found> {
    let caller = sender(extensions, operation)?;
    store.exists(query.bucket).map_err(refused)?;
    let mut ask = store.bucket_ask("s3:ListBucket", query.bucket);
    // Keys of the context are there when the request carries the parameter
    // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>).
    if prefix_given {
        ask = ask.with("s3:prefix", query.prefix);
    }
    ask = ask.with_optional("s3:delimiter", query.delimiter);
    ask = ask.with("s3:max-keys", query.max.to_string());
    store.0.authorize(&caller, &ask).map_err(|denied| refused(denied.into()))?;
    if query.max == 0 {
        return Ok(Found::default());
    }
    let lag = extensions.get::<Lag>().map(|lag| lag.0);
    find(store, query, lag).map_err(refused)
}

impl Query<'_> {
    fn text(&self, text: &str) -> String {
        if !self.encode {
            return text.to_owned();
        }
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    }

    fn contents(&self, found: &Found) -> Option<Vec<Object>> {
        let objects = found
            .objects
            .iter()
            .map(|info| Object {
                key: Some(self.text(&info.key)),
                size: i64::try_from(info.size).ok(),
                e_tag: Some(ETag::Strong(info.etag.clone())),
                last_modified: Some(when(info.last_modified)),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Object::default()
            })
            .collect::<Vec<_>>();
        (!objects.is_empty()).then_some(objects)
    }

    fn prefixes(&self, found: &Found) -> Option<Vec<CommonPrefix>> {
        let prefixes = found
            .prefixes
            .iter()
            .map(|prefix| CommonPrefix { prefix: Some(self.text(prefix)) })
            .collect::<Vec<_>>();
        (!prefixes.is_empty()).then_some(prefixes)
    }

    fn encoding(&self) -> Option<EncodingType> {
        self.encode.then(|| EncodingType::from_static(EncodingType::URL))
    }
}

pub(super) fn version_2(
    store: &Store,
    request: &S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = &request.input;
    let mut query = query(
        &input.bucket,
        input.prefix.as_ref(),
        input.delimiter.as_ref(),
        input.max_keys,
        input.encoding_type.as_ref(),
    )?;
    query.after = match &input.continuation_token {
        None => input.start_after.clone(),
        Some(token) => Some(
            URL_SAFE_NO_PAD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .and_then(|text| text.strip_prefix("after:").map(str::to_owned))
                .ok_or_else(|| {
                    S3Error::with_message(
                        S3ErrorCode::InvalidArgument,
                        "The continuation token provided is incorrect",
                    )
                })?,
        ),
    };
    let found = list(store, &request.extensions, "ListObjectsV2", &query, input.prefix.is_some())?;
    let count = found.objects.len() + found.prefixes.len();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(query.text(query.prefix)),
        delimiter: query.delimiter.map(|delimiter| query.text(delimiter)),
        max_keys: i32::try_from(query.max).ok(),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token.clone(),
        is_truncated: Some(found.more.is_some()),
        next_continuation_token: found
            .more
            .as_ref()
            .map(|more| URL_SAFE_NO_PAD.encode(format!("after:{more}"))),
        contents: query.contents(&found),
        common_prefixes: query.prefixes(&found),
        encoding_type: query.encoding(),
        start_after: input.start_after.as_deref().map(|after| query.text(after)),
        ..ListObjectsV2Output::default()
    }))
}

pub(super) fn version_1(
    store: &Store,
    request: &S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = &request.input;
    let mut query = query(
        &input.bucket,
        input.prefix.as_ref(),
        input.delimiter.as_ref(),
        input.max_keys,
        input.encoding_type.as_ref(),
    )?;
    query.after = input.marker.clone().filter(|marker| !marker.is_empty());
    let found = list(store, &request.extensions, "ListObjects", &query, input.prefix.is_some())?;
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(query.text(query.prefix)),
        marker: Some(query.text(input.marker.as_deref().unwrap_or_default())),
        delimiter: query.delimiter.map(|delimiter| query.text(delimiter)),
        max_keys: i32::try_from(query.max).ok(),
        is_truncated: Some(found.more.is_some()),
        // Only told with a delimiter; without, the last key is the next marker.
        next_marker: found
            .more
            .as_deref()
            .filter(|_| query.delimiter.is_some())
            .map(|more| query.text(more)),
        contents: query.contents(&found),
        common_prefixes: query.prefixes(&found),
        encoding_type: query.encoding(),
        ..ListObjectsOutput::default()
    }))
}
