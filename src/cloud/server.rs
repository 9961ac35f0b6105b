//! One HTTP server for every service: whose request it is, who sent it, and which service answers.

use super::caller::Caller;
use super::error::ApiError;
use super::faults::{self, Before, Broken};
use super::identity::Credential;
use super::protocol::query::Form;
use super::protocol::{Answer, json, query};
use super::s3::{self, S3};
use super::sigv4::{self, Claim, SignatureError};
use super::state::State;
use super::{admin, athena_api, glue, iam, kms, rds, sns, sts};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The most that a request to a service other than S3 may carry. AWS's own limits lie below.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The form in which a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// Query, with the namespace of its XML.
    Query(&'static str),
    /// JSON 1.1, with the prefix of `X-Amz-Target`.
    Json(&'static str),
}

/// The services beside S3 by the names of their credential scopes; protocol, namespace and target
/// prefix are those of their service models.
const SERVICES: [(&str, Protocol); 7] = [
    ("rds", Protocol::Query("http://rds.amazonaws.com/doc/2014-10-31/")),
    ("sts", Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/")),
    ("sns", Protocol::Query("http://sns.amazonaws.com/doc/2010-03-31/")),
    ("iam", Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/")),
    ("glue", Protocol::Json("AWSGlue.")),
    ("athena", Protocol::Json("AmazonAthena.")),
    ("kms", Protocol::Json("TrentService.")),
];

/// Accepts connections until told to stop, then lets those under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    mut stopped: watch::Receiver<bool>,
) {
    let s3 = S3::new(Arc::clone(&state));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, say: the next may succeed.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    continue;
                }
            },
            _ = stopped.changed() => break,
        };
        let (state, s3) = (Arc::clone(&state), s3.clone());
        let service = service_fn(move |request| {
            let (state, s3) = (Arc::clone(&state), s3.clone());
            async move { respond(&state, &s3, request, peer).await }
        });
        let mut stopped = stopped.clone();
        connections.spawn(async move {
            let mut connection = std::pin::pin!(
                http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
            );
            let served = tokio::select! {
                served = connection.as_mut() => served,
                _ = stopped.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection broke");
            }
        });
        // Those that have ended are forgotten.
        while connections.try_join_next().is_some() {}
    }
    // A client that keeps its connection open must not keep the cloud alive.
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), all).await;
}

async fn respond(
    state: &Arc<State>,
    s3: &S3,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response<s3s::Body>, Broken> {
    if state.admin && request.uri().path().starts_with(admin::PREFIX) {
        return Ok(admin::respond(state, request).await.map(into_body));
    }
    let Some(service) = service_of(&request) else {
        let effects = state.faults.strike("s3", s3::operation(&request));
        let response = match state.faults.before(state, &effects).await {
            Ok(()) => {
                let mut request = request;
                request.extensions_mut().extend(
                    faults::lag(&effects)
                        .map(|lag| {
                            let mut extensions = hyper::http::Extensions::new();
                            extensions.insert(lag);
                            extensions
                        })
                        .unwrap_or_default(),
                );
                s3.respond(request, peer).await
            }
            Err(Before::Cut(broken)) => return Err(broken),
            Err(Before::Throttle) => s3::slow_down(),
            Err(Before::Fail(error)) => s3::fail(&error),
        };
        return faults::after(&effects, response).await;
    };
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let protocol =
        SERVICES.iter().find(|(name, _)| *name == service).map(|(_, protocol)| *protocol);
    let Some(protocol) = protocol else {
        let error = ApiError::with_status(
            501,
            "NotImplemented",
            format!("the rehearsal does not serve `{}`", service.escape_debug()),
        );
        // In the form that the client most likely speaks.
        let answer = if parts.headers.contains_key("x-amz-target") {
            json::failure(&request_id, &error)
        } else {
            query::failure(&request_id, "https://docs.aws.amazon.com/", &error)
        };
        return Ok(answer.map(into_body));
    };
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        let message = "the request is too large, or broke off";
        let error = ApiError::with_status(413, "RequestEntityTooLarge", message);
        return Ok(failure(protocol, &request_id, &error).map(into_body));
    };
    let body = body.to_bytes();
    let effects = state.faults.strike(&service, &operation(&parts, &body, protocol));
    let answer = match state.faults.before(state, &effects).await {
        Ok(()) => answer(state, &parts, &body, protocol, &service, peer, &request_id).await,
        Err(Before::Cut(broken)) => return Err(broken),
        Err(Before::Throttle) => {
            let (code, message) = match protocol {
                Protocol::Query(_) => ("Throttling", "Rate exceeded"),
                Protocol::Json(_) => ("ThrottlingException", "Rate exceeded"),
            };
            failure(protocol, &request_id, &ApiError::new(code, message))
        }
        Err(Before::Fail(error)) => failure(protocol, &request_id, &error),
    };
    faults::after(&effects, answer.map(into_body)).await
}

/// The name of the operation that a request asks for; empty when it names none.
fn operation(parts: &Parts, body: &[u8], protocol: Protocol) -> String {
    match protocol {
        Protocol::Query(_) => Form::parse(body).get("Action").unwrap_or_default().to_owned(),
        Protocol::Json(prefix) => parts
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok())
            .and_then(|target| target.strip_prefix(prefix))
            .unwrap_or_default()
            .to_owned(),
    }
}

fn into_body(body: http_body_util::Full<Bytes>) -> s3s::Body {
    s3s::Body::http_body(body)
}

/// The service that a request is for; `None` is S3, which also takes what carries no signature.
fn service_of(request: &Request<Incoming>) -> Option<String> {
    let headers = request.headers();
    let scope = headers
        .get(hyper::header::AUTHORIZATION)
        .and_then(|header| header.to_str().ok())
        .and_then(|header| header.split("Credential=").nth(1))
        .and_then(|credential| credential.split(',').next())
        .and_then(|credential| credential.rsplit('/').nth(1));
    if let Some(service) = scope {
        return (service != "s3").then(|| service.to_owned());
    }
    // Unsigned: only to say in the right form that a signature is missing.
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some(target) = target {
        return SERVICES
            .iter()
            .find(|(_, protocol)| matches!(protocol, Protocol::Json(prefix) if target.starts_with(prefix)))
            .map(|(name, _)| (*name).to_owned());
    }
    let form = headers
        .get(hyper::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    (form && request.uri().path() == "/").then(|| "sts".to_owned())
}

async fn answer(
    state: &Arc<State>,
    parts: &Parts,
    body: &Bytes,
    protocol: Protocol,
    service: &str,
    peer: SocketAddr,
    request_id: &str,
) -> Answer {
    let credential = match authenticate(state, parts, body, protocol) {
        Ok(credential) => credential,
        Err(error) => return failure(protocol, request_id, &error),
    };
    match protocol {
        Protocol::Query(namespace) => {
            let form = Form::parse(body);
            let Some(action) = form.get("Action").map(str::to_owned) else {
                let error = ApiError::new("MissingAction", "The request is missing an action.");
                return failure(protocol, request_id, &error);
            };
            let caller = caller(&credential, &action, parts, peer);
            let state = Arc::clone(state);
            let result = match service {
                "rds" => rds::call(&state, &caller, &action, &form).await,
                "sts" => sts::call(&state, &caller, &action, &form),
                "sns" => sns::call(&state, &caller, &action, &form),
                _ => iam::call(&state, &caller, &action, &form),
            };
            match result {
                Ok(xml) => query::success(request_id, namespace, &action, &xml),
                Err(error) => failure(protocol, request_id, &error),
            }
        }
        Protocol::Json(prefix) => {
            let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
            let Some(operation) = target.and_then(|target| target.strip_prefix(prefix)) else {
                let error = ApiError::new("UnknownOperationException", "");
                return failure(protocol, request_id, &error);
            };
            let caller = caller(&credential, operation, parts, peer);
            let result = match json::parse(body) {
                Err(error) => Err(error),
                Ok(input) => match service {
                    "glue" => glue::call(state, &caller, operation, input).await,
                    "athena" => athena_api::call(state, &caller, operation, input).await,
                    _ => kms::call(state, &caller, operation, &input),
                },
            };
            match result {
                Ok(output) => json::success(request_id, &output),
                Err(error) => failure(protocol, request_id, &error),
            }
        }
    }
}

fn failure(protocol: Protocol, request_id: &str, error: &ApiError) -> Answer {
    tracing::debug!(request_id, %error, "refused");
    match protocol {
        Protocol::Query(namespace) => query::failure(request_id, namespace, error),
        Protocol::Json(_) => json::failure(request_id, error),
    }
}

/// Who sent a request. The codes are those of the services' common errors
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>).
fn authenticate(
    state: &State,
    parts: &Parts,
    body: &[u8],
    protocol: Protocol,
) -> Result<Credential, ApiError> {
    let query = matches!(protocol, Protocol::Query(_));
    let error = |query_code: &str, json_code: &str, message: String| {
        let (status, code) = if query { (403, query_code) } else { (400, json_code) };
        ApiError::with_status(status, code, message)
    };
    let refused = |refusal: &SignatureError| match refusal {
        SignatureError::Missing => error(
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            refusal.to_string(),
        ),
        SignatureError::Incomplete(_) => {
            error("IncompleteSignature", "IncompleteSignatureException", refusal.to_string())
        }
        _ => error("SignatureDoesNotMatch", "InvalidSignatureException", refusal.to_string()),
    };
    let claim = Claim::read(parts).map_err(|refusal| refused(&refusal))?;
    let invalid = || {
        error(
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.".to_owned(),
        )
    };
    let credential =
        state.identities().credential(&claim.access_key).cloned().ok_or_else(invalid)?;
    let token = parts.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
    if token != credential.token.as_deref() {
        return Err(invalid());
    }
    if credential.expires.is_some_and(|expires| expires < Timestamp::now()) {
        return Err(error(
            "ExpiredToken",
            "ExpiredTokenException",
            "The security token included in the request is expired".to_owned(),
        ));
    }
    sigv4::verify(parts, body, &claim, &credential.secret, token, SystemTime::now())
        .map_err(|refusal| refused(&refusal))?;
    // IAM is global and STS answers everywhere; the others only know their region.
    let regional = !matches!(claim.service.as_str(), "iam" | "sts");
    if regional && claim.region != state.settings.region {
        return Err(error(
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "Credential should be scoped to a valid region. ".to_owned(),
        ));
    }
    Ok(credential)
}

/// The caller of an operation.
pub(crate) fn caller(
    credential: &Credential,
    operation: &str,
    parts: &Parts,
    peer: SocketAddr,
) -> Caller {
    let mut context = vec![("aws:SourceIp".to_owned(), peer.ip().to_string())];
    let agent = parts.headers.get(hyper::header::USER_AGENT);
    if let Some(agent) = agent.and_then(|agent| agent.to_str().ok()) {
        context.push(("aws:UserAgent".to_owned(), agent.to_owned()));
    }
    Caller {
        principal: Arc::clone(&credential.principal),
        context: context.into(),
        session_policy: credential.session_policy.clone(),
        ..Caller::new("", operation)
    }
}
