//! Server access logs: S3 writes them by itself, as its own service principal, some time after the
//! requests that they tell of.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>

use super::Store;
use crate::cloud::caller::Caller;
use crate::cloud::service_access::S3_LOGS;
use crate::cloud::state::State;
use crate::cloud::storage::{ObjectStore as _, PutOptions, StoreError};
use std::fmt::Write as _;
use std::sync::Arc;

/// Writes what was asked of `bucket` so far to `target`, under `prefix`, as one log object. Who may not
/// write is told; on AWS the log would be lost without a word.
pub(crate) fn deliver(
    state: &Arc<State>,
    bucket: &str,
    target: &str,
    prefix: &str,
) -> Result<(), StoreError> {
    let settings = &state.settings;
    let arn = format!("arn:{}:s3:::{bucket}", settings.partition);
    let mut caller = Caller::new(S3_LOGS, "access log delivery");
    caller.service = Some(S3_LOGS.into());
    caller.context = [
        ("aws:SourceArn".to_owned(), arn.clone()),
        ("aws:SourceAccount".to_owned(), settings.account.clone()),
    ]
    .into();
    let mut text = String::new();
    let requests = state.log.entries();
    for access in requests.iter().filter(|access| access.resource.starts_with(&arn)) {
        // A line's first fields; the others are of the network, of which there is none here.
        let status = if access.allowed { "200" } else { "403" };
        let (time, who) = (access.time, &access.principal);
        let _ = writeln!(text, "- {bucket} [{time}] - {who} - {} - \"-\" {status}", access.call);
    }
    let key = format!("{prefix}{}-rehearsal", state.clock.now().strftime("%Y-%m-%d-%H-%M-%S"));
    Store(Arc::clone(state)).put(&caller, target, &key, text.into(), PutOptions::default())?;
    Ok(())
}
