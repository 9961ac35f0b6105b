//! AWS JSON 1.1 (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>).

use super::{Answer, answer};
use crate::cloud::error::ApiError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The operation's input: an empty body counts as an empty structure.
///
/// # Errors
/// `SerializationException` when the body is no JSON object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(Value::Object(members)),
        _ => Err(ApiError::new(
            "SerializationException",
            "Start of structure or map found where not expected.",
        )),
    }
}

/// The operation's input as its type.
///
/// # Errors
/// `ValidationException`-like errors under `code` when a member is missing or of another type.
pub(crate) fn typed<T: DeserializeOwned>(input: Value, code: &'static str) -> Result<T, ApiError> {
    serde_json::from_value(input).map_err(|error| ApiError::new(code, error.to_string()))
}

/// A success.
pub(crate) fn success(request_id: &str, output: &Value) -> Answer {
    answer(200, CONTENT_TYPE, request_id, output.to_string())
}

/// An error. The message is under both spellings, since services and clients disagree on it.
pub(crate) fn failure(request_id: &str, error: &ApiError) -> Answer {
    let mut body =
        json!({"__type": error.code, "message": error.message, "Message": error.message});
    if let Value::Object(members) = &mut body {
        for (name, value) in &error.members {
            members.insert((*name).to_owned(), Value::from(value.as_str()));
        }
    }
    answer(error.status, CONTENT_TYPE, request_id, body.to_string())
}
