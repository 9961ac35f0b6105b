//! The way into S3: who sends a request, before the `s3s` crate verifies its signature and reads it.

use super::api::Api;
use crate::cloud::caller::Caller;
use crate::cloud::error::ApiError;
use crate::cloud::identity::Credential;
use crate::cloud::server::caller;
use crate::cloud::sigv4::Claim;
use crate::cloud::state::State;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use jiff::Timestamp;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, s3_error};
use std::net::SocketAddr;
use std::sync::Arc;

/// Bodies up to so many bytes are read before anything is said of a request.
const SMALL: u64 = 1024 * 1024;

/// S3 for whatever connection.
#[derive(Clone)]
pub(crate) struct S3 {
    service: S3Service,
    state: Arc<State>,
}

/// Who sends the request, for the operation that it turns out to be.
#[derive(Debug, Clone)]
pub(super) struct Sender(pub(super) Caller);

impl S3 {
    pub(crate) fn new(state: Arc<State>) -> Self {
        let mut builder = S3ServiceBuilder::new(Api::new(Arc::clone(&state)));
        builder.set_auth(Keys(Arc::clone(&state)));
        builder.set_access(Everybody);
        Self { service: builder.build(), state }
    }

    /// Answers a request.
    pub(crate) async fn respond(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let sender = match self.sender(&parts, peer) {
            Ok(sender) => sender,
            Err((status, code, message)) => return refusal(status, code, message),
        };
        // What is small is read at once, so that a refusal does not leave it in the connection.
        let small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
        let body = if small {
            let Ok(body) = body.collect().await else {
                let message = "The request body terminated unexpectedly";
                return refusal(StatusCode::BAD_REQUEST, "IncompleteBody", message);
            };
            Body::from(body.to_bytes())
        } else {
            Body::from(body)
        };
        let mut request = Request::from_parts(parts, body);
        request.extensions_mut().insert(sender);
        // Operations whose bodies are XML.
        let reads_xml = matches!(operation(&request), "CompleteMultipartUpload" | "DeleteObjects");
        match self.service.call(request).await {
            Ok(response) if reads_xml && response.status().is_server_error() => {
                malformed(response).await
            }
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(?error, "S3 could not answer");
                refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalError",
                    "We encountered an internal error. Please try again.",
                )
            }
        }
    }

    /// The credentials behind a request and whether they are still good; the signature is verified
    /// later. The codes are those of
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    fn sender(
        &self,
        parts: &Parts,
        peer: SocketAddr,
    ) -> Result<Sender, (StatusCode, &'static str, &'static str)> {
        let Ok(claim) = Claim::read(parts) else {
            let nobody = Credential {
                secret: String::new(),
                token: None,
                principal: "anonymous".into(),
                session_policy: None,
                expires: None,
            };
            return Ok(Sender(caller(&nobody, "", parts, peer)));
        };
        let identities = self.state.identities();
        let credential = identities.credential(&claim.access_key).ok_or((
            StatusCode::FORBIDDEN,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ))?;
        let header =
            parts.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let query = crate::cloud::protocol::query::pairs(parts.uri.query().unwrap_or_default())
            .find(|(name, _)| name == "X-Amz-Security-Token")
            .map(|(_, token)| token.into_owned());
        if header.or(query.as_deref()) != credential.token.as_deref() {
            return Err((
                StatusCode::BAD_REQUEST,
                "InvalidToken",
                "The provided token is malformed or otherwise invalid.",
            ));
        }
        if credential.expires.is_some_and(|expires| expires < Timestamp::now()) {
            return Err((
                StatusCode::BAD_REQUEST,
                "ExpiredToken",
                "The provided token has expired.",
            ));
        }
        if claim.region != self.state.settings.region {
            return Err((
                StatusCode::BAD_REQUEST,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region is wrong.",
            ));
        }
        Ok(Sender(caller(credential, "", parts, peer)))
    }
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("S3").finish_non_exhaustive()
    }
}

/// S3's own way to throttle.
pub(crate) fn slow_down() -> Response<Body> {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.")
}

/// An error that was asked for.
pub(crate) fn fail(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    refusal(status, &error.code, &error.message)
}

/// The operation that a request asks for, as far as faults need to know: the common ones.
pub(crate) fn operation<B>(request: &Request<B>) -> &'static str {
    let query = request.uri().query().unwrap_or_default();
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let on_object = request
        .uri()
        .path()
        .trim_start_matches('/')
        .split_once('/')
        .is_some_and(|(_, key)| !key.is_empty());
    match (request.method().as_str(), on_object) {
        ("GET", true) if asks("uploadId") => "ListParts",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("HEAD", false) => "HeadBucket",
        ("PUT", true) if asks("partNumber") => "UploadPart",
        ("PUT", true) => "PutObject",
        ("DELETE", true) if asks("uploadId") => "AbortMultipartUpload",
        ("DELETE", true) => "DeleteObject",
        ("POST", true) if asks("uploads") => "CreateMultipartUpload",
        ("POST", true) => "CompleteMultipartUpload",
        ("POST", false) if asks("delete") => "DeleteObjects",
        ("GET", false) if asks("location") => "GetBucketLocation",
        ("GET", false) if asks("list-type") => "ListObjectsV2",
        ("GET", false) if request.uri().path() == "/" => "ListBuckets",
        ("GET", false) => "ListObjects",
        _ => "",
    }
}

/// The crate that reads requests has an internal error, without a message, for XML that is none:
/// S3's own word for it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
async fn malformed(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let text = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if text.windows(9).any(|window| window == b"<Message>") {
        return Response::from_parts(parts, Body::from(text));
    }
    let message = "The XML you provided was not well-formed or did not validate against our \
                   published schema";
    refusal(StatusCode::BAD_REQUEST, "MalformedXML", message)
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut xml = crate::cloud::protocol::xml::Xml::default();
    xml.nest("Error", |xml| {
        xml.text("Code", code);
        xml.text("Message", message);
    });
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", xml.into_string());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("application/xml"),
    );
    response
}

/// The secrets with which signatures are verified.
struct Keys(Arc<State>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.identities().credential(access_key) {
            Some(credential) => Ok(SecretKey::from(credential.secret.as_str())),
            None => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

/// Every operation authorizes itself, action by action; nobody is turned away before.
struct Everybody;

#[async_trait::async_trait]
impl S3Access for Everybody {
    async fn check(&self, _: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}
