//! `/_snaplake/`: faults, the clock, the access log and the topics' messages, for those who rehearse by hand. No bucket can
//! be called so.

use super::error::ApiError;
use super::faults::Fault;
use super::protocol::{Answer, json};
use super::state::State;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Where all this lies.
pub(super) const PREFIX: &str = "/_snaplake/";

/// The most that a request may carry.
const MAX_BODY: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

/// Answers a request.
pub(super) async fn respond(state: &Arc<State>, request: Request<Incoming>) -> Answer {
    let request_id = uuid::Uuid::new_v4().to_string();
    match answer(state, request).await {
        Ok(output) => json::success(&request_id, &output),
        Err(error) => json::failure(&request_id, &error),
    }
}

async fn answer(state: &State, request: Request<Incoming>) -> Result<Value, ApiError> {
    // A page in a browser can send requests here, but not with this content type unasked.
    let json = request
        .headers()
        .get(hyper::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    if parts.method == Method::POST && !json {
        return Err(ApiError::with_status(415, "UnsupportedMediaType", "send application/json"));
    }
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|_| ApiError::with_status(413, "RequestEntityTooLarge", "too large"))?
        .to_bytes();
    let wrong = |error: serde_json::Error| ApiError::new("ValidationException", error.to_string());
    match (&parts.method, path) {
        (&Method::GET, "faults") => Ok(json!({"version": 1, "faults": state.faults.pending()})),
        (&Method::POST, "faults") => {
            let faults: Vec<Fault> = serde_json::from_slice(&body).map_err(wrong)?;
            state.faults.add(faults);
            Ok(json!({"version": 1, "faults": state.faults.pending()}))
        }
        (&Method::DELETE, "faults") => {
            state.faults.clear();
            Ok(json!({"version": 1, "faults": []}))
        }
        (&Method::GET, "accesses") => Ok(json!({"version": 1, "accesses": state.log.entries()})),
        (&Method::GET, "messages") => {
            Ok(json!({"version": 1, "messages": state.topics().messages()}))
        }
        (&Method::GET, "clock") => Ok(json!({"version": 1, "now": state.clock.now().to_string()})),
        (&Method::POST, "clock") => {
            let advance: Advance = serde_json::from_slice(&body).map_err(wrong)?;
            state.clock.advance(Duration::from_secs(advance.advance_seconds));
            Ok(json!({"version": 1, "now": state.clock.now().to_string()}))
        }
        _ => Err(ApiError::with_status(404, "NotFound", "there is nothing here")),
    }
}
