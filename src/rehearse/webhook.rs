//! A webhook that keeps what it gets: a rehearsal tells nobody.

use crate::aws::{BoxFuture, Webhook, WebhookError};
use std::sync::{Mutex, PoisonError};

/// What would have been posted, in order.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    /// What would have been posted so far.
    pub(super) fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Webhook for Recorder {
    fn post(&self, body: String) -> BoxFuture<'_, Result<(), WebhookError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        Box::pin(std::future::ready(Ok(())))
    }
}
