//! Waiting that takes no time: a run's sleep moves the cloud's clock.

use crate::aws::{BoxFuture, Clock};
use crate::cloud::VirtualClock;
use jiff::Timestamp;
use std::time::Duration;

/// The cloud's virtual time, as a run's clock.
#[derive(Debug, Clone)]
pub struct RehearsalClock(pub VirtualClock);

impl Clock for RehearsalClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(duration);
        // Whatever else is ready gets its turn, as it would during a real wait.
        Box::pin(tokio::task::yield_now())
    }
}
