//! Faults on request: what AWS does on a bad day, at the call that is named.

use super::clock;
use super::error::ApiError;
use super::kms::KeyState;
use super::state::State;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A fault: which calls it meets, and what it does to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service, such as `rds`; any when `None`. For what a service does by itself it is the
    /// service's principal, such as `export.rds.amazonaws.com`, and the operation an IAM action on
    /// objects, such as `s3:PutObject`: then only what changes keys and roles strikes, and `list_lags`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation, such as `DescribeExportTasks`; any when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How many such calls pass before it strikes.
    #[serde(default)]
    pub after: u32,
    /// How many times it strikes. A rate lasts until it is forgotten.
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
    /// More calls than that within a second are throttled, as AWS's rates have it, in real time.
    Rate {
        /// Calls a second.
        per_second: u32,
    },
    /// Nothing is done, and no answer comes: the client has to give up.
    Timeout,
    /// The answer trickles for so long, in real time.
    SlowResponse {
        /// Milliseconds.
        millis: u64,
    },
    /// A list of objects does not tell those that were written within the last seconds of virtual
    /// time. Since 2020 real lists are consistent
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel>): this is
    /// for those who want to know what their tools do with other stores.
    ListLags {
        /// Seconds.
        seconds: u64,
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
    /// A KMS key is scheduled for deletion, in 30 days, before the call is answered.
    ScheduleKeyDeletion {
        /// Id, ARN or alias.
        key: String,
    },
    /// A role is deleted before the call is answered.
    DeleteRole {
        /// The role's ARN.
        arn: String,
    },
    /// A role's policies are deleted before the call is answered.
    DeleteRolePolicies {
        /// The role's ARN.
        arn: String,
    },
    /// The export that this call starts fails.
    ExportFails {
        /// Its `FailureCause`.
        cause: String,
    },
    /// The export that this call starts is COMPLETE, and has skipped these tables.
    SkipTables {
        /// `db.table`, `db.schema.table`, or the end of it.
        tables: Vec<String>,
    },
    /// The export that this call starts is COMPLETE, and one of its Parquet objects is not there.
    MissingPart,
    /// The export that this call starts is COMPLETE, and the footer of one of its Parquet objects is
    /// damaged.
    CorruptFooter,
}

/// A fault that is still to come.
#[derive(Debug)]
struct Pending {
    fault: Fault,
    /// For a rate, when the calls of the last second came.
    recent: VecDeque<Instant>,
}

impl Pending {
    /// Whether this call meets the fault, and it strikes. Counts the call.
    fn strikes(&mut self) -> Option<Effect> {
        let fault = &mut self.fault;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        if let Effect::Rate { per_second } = fault.effect {
            let now = Instant::now();
            while self.recent.front().is_some_and(|at| now.duration_since(*at) >= SECOND) {
                self.recent.pop_front();
            }
            if self.recent.len() >= usize::try_from(per_second).unwrap_or(usize::MAX) {
                return Some(Effect::Throttle);
            }
            self.recent.push_back(now);
            return None;
        }
        fault.times = fault.times.checked_sub(1)?;
        Some(fault.effect.clone())
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// How long a client may wait for an answer that does not come.
const FOREVER: Duration = Duration::from_mins(15);

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Mutex<Vec<Pending>>,
    /// What has struck a call and waits for the export that it starts.
    exports: Mutex<Vec<Effect>>,
}

impl Faults {
    /// Adds faults.
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().map(|fault| Pending { fault, recent: VecDeque::new() });
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Forgets what is still to come.
    pub(crate) fn clear(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is still to come.
    pub(crate) fn pending(&self) -> Vec<Fault> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.iter().map(|pending| pending.fault.clone()).collect()
    }

    /// What is to happen to the export that starts now.
    pub(crate) fn take_for_export(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.exports.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The effects on a call that arrives. Counts it.
    pub(crate) fn strike(&self, service: &str, operation: &str) -> Vec<Effect> {
        let met = |wanted: &Option<String>, met: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(met))
        };
        self.struck(|fault| met(&fault.service, service) && met(&fault.operation, operation))
    }

    /// A service touches objects by itself: what waits for that strikes. Gives how far a list lags.
    pub(crate) fn strike_access(
        &self,
        state: &State,
        service: &str,
        action: &str,
    ) -> Option<Duration> {
        let effects = self.struck(|fault| {
            fault.service.as_deref() == Some(service)
                && fault.operation.as_deref().is_none_or(|wanted| wanted == action)
        });
        let mut lag = None;
        for effect in effects {
            match effect {
                Effect::ListLags { seconds } => lag = Some(Duration::from_secs(seconds)),
                other => change(state, &other),
            }
        }
        lag
    }

    fn struck(&self, meets: impl Fn(&Fault) -> bool) -> Vec<Effect> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let effects = pending
            .iter_mut()
            .filter(|pending| meets(&pending.fault))
            .filter_map(Pending::strikes)
            .collect();
        pending.retain(|pending| pending.fault.times > 0);
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
                Effect::Timeout => {
                    tokio::time::sleep(FOREVER).await;
                    return Err(Before::Cut(Broken));
                }
                Effect::DisableKey { .. }
                | Effect::ScheduleKeyDeletion { .. }
                | Effect::DeleteRole { .. }
                | Effect::DeleteRolePolicies { .. } => change(state, effect),
                Effect::ExportFails { .. }
                | Effect::SkipTables { .. }
                | Effect::MissingPart
                | Effect::CorruptFooter => {
                    let mut exports = self.exports.lock().unwrap_or_else(PoisonError::into_inner);
                    exports.push(effect.clone());
                }
                Effect::LostResponse
                | Effect::CutResponse
                | Effect::SlowResponse { .. }
                | Effect::ListLags { .. }
                | Effect::Rate { .. } => {}
            }
        }
        Ok(())
    }
}

/// Changes what the cloud knows.
fn change(state: &State, effect: &Effect) {
    match effect {
        Effect::DisableKey { key } => turn(state, key, KeyState::Disabled),
        Effect::ScheduleKeyDeletion { key } => {
            let until = clock::after(state.clock.now(), Duration::from_hours(24 * 30));
            turn(state, key, KeyState::PendingDeletion { until });
        }
        Effect::DeleteRole { arn } => {
            state.identities_mut().remove_role(arn);
        }
        Effect::DeleteRolePolicies { arn } => state.identities_mut().remove_policies(arn),
        _ => {}
    }
}

fn turn(state: &State, key: &str, to: KeyState) {
    if let Some(key) = state.keys_mut().find_mut(key, &state.settings) {
        key.state = to;
    }
}

/// How far lists lag during this call.
pub(crate) fn lag(effects: &[Effect]) -> Option<Lag> {
    effects.iter().find_map(|effect| match effect {
        Effect::ListLags { seconds } => Some(Lag(Duration::from_secs(*seconds))),
        _ => None,
    })
}

/// How far lists lag: an extension of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lag(pub(crate) Duration);

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
    let slow = effects.iter().find_map(|effect| match effect {
        Effect::SlowResponse { millis } => Some(Duration::from_millis(*millis)),
        _ => None,
    });
    if let Some(slow) = slow {
        return trickle(response, slow).await;
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

/// An answer in pieces, with pauses between them.
async fn trickle(
    response: Response<s3s::Body>,
    over: Duration,
) -> Result<Response<s3s::Body>, Broken> {
    const PIECES: u32 = 10;
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map_err(|_| Broken)?.to_bytes();
    parts.headers.insert(hyper::header::CONTENT_LENGTH, whole.len().into());
    let size = whole.len().div_ceil(PIECES as usize).max(1);
    let pieces = futures::stream::unfold(whole, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(over / PIECES).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, std::io::Error>(Frame::data(piece)), rest))
    });
    Ok(Response::from_parts(parts, s3s::Body::http_body(StreamBody::new(Box::pin(pieces)))))
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
        let rate = r#"[{"service": "athena", "effect": {"rate": {"per_second": 2}}}]"#;
        faults.add(serde_json::from_str::<Vec<Fault>>(rate).unwrap());
        let met = (0..4).map(|_| faults.strike("athena", "StartQueryExecution"));
        let met: Vec<_> = met.collect();
        assert_eq!(met, [vec![], vec![], vec![Effect::Throttle], vec![Effect::Throttle]]);
        assert!(faults.strike("rds", "StartExportTask").is_empty());
        assert_eq!(faults.pending().len(), 1);
        faults.clear();
        assert!(serde_json::from_str::<Fault>(r#"{"effect": "explode"}"#).is_err());
    }
}
