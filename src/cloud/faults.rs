//! Faults on request: what AWS does on a bad day, at the call that is named.

use super::error::ApiError;
use super::kms::KeyState;
use super::state::State;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A fault: which calls it meets, and what it does to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service, such as `rds`; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation, such as `DescribeExportTasks`; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How many such calls pass before it strikes.
    #[serde(default)]
    pub after: u32,
    /// How many times it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub effect: Effect,
}

fn once() -> u32 {
    1
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// The call is throttled, as its service says it.
    Throttle,
    /// The call fails with this status and code; nothing is done.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: String,
    },
    /// The answer comes so much later, in real time.
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// The connection breaks before anything is done.
    Cut,
    /// Everything is done, and the connection breaks before the answer.
    LostResponse,
    /// The answer breaks off in its middle.
    CutResponse,
    /// A KMS key is disabled before the call is answered.
    DisableKey {
        /// Id, ARN or alias.
        key: String,
    },
    /// A role is deleted before the call is answered.
    DeleteRole {
        /// The role's ARN.
        arn: String,
    },
    /// The export that this call starts fails.
    ExportFails {
        /// Its `FailureCause`.
        cause: String,
    },
    /// The export that this call starts is COMPLETE, and one of its Parquet objects is not there.
    MissingPart,
    /// The export that this call starts is COMPLETE, and the footer of one of its Parquet objects is
    /// damaged.
    CorruptFooter,
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Mutex<Vec<Fault>>,
    /// What has struck a call and waits for the export that it starts.
    exports: Mutex<Vec<Effect>>,
}

impl Faults {
    /// Adds faults.
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Forgets what is still to come.
    pub(crate) fn clear(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is still to come.
    pub(crate) fn pending(&self) -> Vec<Fault> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is to happen to the export that starts now.
    pub(crate) fn take_for_export(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.exports.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The effects on a call that arrives. Counts it.
    pub(crate) fn strike(&self, service: &str, operation: &str) -> Vec<Effect> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut effects = Vec::new();
        for fault in pending.iter_mut() {
            let met = |wanted: &Option<String>, met: &str| {
                wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(met))
            };
            if !met(&fault.service, service) || !met(&fault.operation, operation) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                effects.push(fault.effect.clone());
            }
        }
        pending.retain(|fault| fault.times > 0);
        effects
    }

    /// What happens before a call is answered.
    ///
    /// # Errors
    /// [`Before`] when it is not answered, or not as it would be.
    pub(crate) async fn before(&self, state: &State, effects: &[Effect]) -> Result<(), Before> {
        for effect in effects {
            match effect {
                Effect::Delay { millis } => {
                    tokio::time::sleep(Duration::from_millis(*millis)).await;
                }
                Effect::Cut => return Err(Before::Cut(Broken)),
                Effect::Throttle => return Err(Before::Throttle),
                Effect::Error { status, code } => {
                    let message = "this fault was asked for";
                    let error = ApiError::with_status(*status, code.as_str(), message);
                    return Err(Before::Fail(error));
                }
                Effect::DisableKey { key } => {
                    if let Some(key) = state.keys_mut().find_mut(key, &state.settings) {
                        key.state = KeyState::Disabled;
                    }
                }
                Effect::DeleteRole { arn } => {
                    state.identities_mut().remove_role(arn);
                }
                Effect::ExportFails { .. } | Effect::MissingPart | Effect::CorruptFooter => {
                    let mut exports = self.exports.lock().unwrap_or_else(PoisonError::into_inner);
                    exports.push(effect.clone());
                }
                Effect::LostResponse | Effect::CutResponse => {}
            }
        }
        Ok(())
    }
}

/// A connection that is to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this break was asked for")]
pub(crate) struct Broken;

/// Why a call is not answered as it would be.
#[derive(Debug)]
pub(crate) enum Before {
    /// The connection breaks.
    Cut(Broken),
    /// It is throttled.
    Throttle,
    /// It fails.
    Fail(ApiError),
}

/// What happens to an answer.
///
/// # Errors
/// [`Broken`] when it never arrives.
pub(crate) async fn after(
    effects: &[Effect],
    response: Response<s3s::Body>,
) -> Result<Response<s3s::Body>, Broken> {
    if effects.contains(&Effect::LostResponse) {
        return Err(Broken);
    }
    if !effects.contains(&Effect::CutResponse) {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map_err(|_| Broken)?.to_bytes();
    // The length that is told is the whole's; what comes is half of it.
    parts.headers.insert(hyper::header::CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    let frames = futures::stream::iter([Ok(Frame::data(half)), Err(std::io::Error::other(Broken))]);
    Ok(Response::from_parts(parts, s3s::Body::http_body(StreamBody::new(frames))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_when_it_should_and_no_more() {
        let faults = Faults::default();
        let fault: Vec<Fault> = serde_json::from_str(
            r#"[{"service": "rds", "operation": "DescribeExportTasks", "after": 1, "times": 2, "effect": "throttle"},
                {"effect": {"error": {"status": 503, "code": "SlowDown"}}}]"#,
        )
        .unwrap();
        faults.add(fault);
        let slow = Effect::Error { status: 503, code: "SlowDown".to_owned() };
        assert_eq!(faults.strike("s3", "GetObject"), [slow]);
        let met = (0..4).map(|_| faults.strike("rds", "DescribeExportTasks").len());
        assert_eq!(met.collect::<Vec<_>>(), [0, 1, 1, 0]);
        assert!(faults.pending().is_empty());
        assert!(serde_json::from_str::<Fault>(r#"{"effect": "explode"}"#).is_err());
    }
}
