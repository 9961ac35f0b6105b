//! The forms in which requests arrive and answers leave: the query protocol with XML (RDS, STS, IAM)
//! and JSON 1.1 (Glue, Athena, KMS). S3's own form is the `s3s` crate's.

pub mod json;
pub(crate) mod page;
pub mod query;
pub mod xml;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;

/// An answer before it is sent.
pub type Answer = Response<Full<Bytes>>;

/// An answer with a status, a content type and the id by which AWS names a request.
pub(crate) fn answer(
    status: u16,
    content_type: &'static str,
    request_id: &str,
    body: String,
) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    // Statuses come from our own tables; one out of range would be our bug and shows as 500.
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    if let Ok(id) = hyper::header::HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
