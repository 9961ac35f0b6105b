//! How often to ask whether something has happened, and how to stop asking.

use super::clock::Clock;
use futures::future::select_all;
use rand::RngExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often to ask. The wait grows with the time already spent, so that the moment between an
/// end in AWS and its notice stays a small share of the whole, and a long wait costs few calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poll {
    /// The shortest wait.
    pub floor: Duration,
    /// The longest wait.
    pub ceiling: Duration,
}

/// The share of the time already spent that the next wait may take.
const SHARE: f64 = 0.02;

impl Poll {
    /// For what takes minutes or hours: exports, snapshots, crawlers.
    pub const LONG: Self = Self { floor: Duration::from_secs(5), ceiling: Duration::from_mins(2) };
    /// For what takes seconds: queries.
    pub const SHORT: Self =
        Self { floor: Duration::from_millis(250), ceiling: Duration::from_secs(5) };

    /// The next wait after `elapsed`, spread by `jitter` (0 to 1) over its last fifth, so that runs
    /// that started together do not ask together.
    #[must_use]
    pub fn delay(self, elapsed: Duration, jitter: f64) -> Duration {
        let wanted = elapsed.mul_f64(SHARE).clamp(self.floor, self.ceiling);
        wanted.mul_f64(1.0 - 0.2 * jitter.clamp(0.0, 1.0))
    }

    /// Waits once, unless told to stop.
    ///
    /// # Errors
    /// [`Interrupted`] when `stop` was or is asked for meanwhile.
    pub async fn wait(
        self,
        clock: &dyn Clock,
        elapsed: Duration,
        stop: &Stop,
    ) -> Result<(), Interrupted> {
        let delay = self.delay(elapsed, rand::rng().random());
        tokio::select! {
            biased;
            () = stop.asked() => Err(Interrupted),
            () = clock.sleep(delay) => Ok(()),
        }
    }
}

/// The user or a signal asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// A request to stop, shared between whoever hears the signal and whoever works.
#[derive(Debug, Clone)]
pub struct Stop {
    own: Arc<watch::Sender<bool>>,
    /// Those that it was made within.
    above: Vec<Arc<watch::Sender<bool>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { own: Arc::new(watch::Sender::new(false)), above: Vec::new() }
    }
}

impl Stop {
    /// A request that is asked with this one, or alone: for work that stops when a part of it fails.
    #[must_use]
    pub fn within(&self) -> Self {
        Self { above: self.all().cloned().collect(), ..Self::default() }
    }

    /// Asks to stop.
    pub fn ask(&self) {
        self.own.send_replace(true);
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.all().any(|sender| *sender.borrow())
    }

    /// Resolves when somebody asks to stop; at once when somebody already did.
    pub async fn asked(&self) {
        // The senders live in `self`, so waiting cannot fail.
        let any = self.all().map(|sender| {
            let mut asked = sender.subscribe();
            Box::pin(async move { asked.wait_for(|asked| *asked).await.is_ok() })
        });
        select_all(any).await;
    }

    fn all(&self) -> impl Iterator<Item = &Arc<watch::Sender<bool>>> {
        std::iter::once(&self.own).chain(&self.above)
    }

    /// An error once somebody asked to stop.
    ///
    /// # Errors
    /// [`Interrupted`], exactly then.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_asked() { Err(Interrupted) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::SystemClock;

    #[test]
    fn a_wait_is_at_most_two_percent_of_the_time_spent_or_the_floor() {
        let poll = Poll::LONG;
        assert_eq!(poll.delay(Duration::ZERO, 0.0), Duration::from_secs(5));
        assert_eq!(poll.delay(Duration::from_secs(1000), 0.0), Duration::from_secs(20));
        assert_eq!(poll.delay(Duration::from_secs(1000), 1.0), Duration::from_secs(16));
        assert_eq!(poll.delay(Duration::from_secs(1_000_000), 0.0), Duration::from_mins(2));
    }

    /// Over virtual time: whenever something ends, it is noticed within 2 % of its length or 5 s, whichever
    /// is more, and with a number of calls that grows slowly. With the shortest waits, which a jitter of 1
    /// gives, eleven hours take 617 calls: 62 of 4 s until 2 % are more (250 s); 200 in which the time spent
    /// grows by 1.6 % each, until the longest wait is reached (6,000 s, and ln 24 / ln 1.016 = 200); 355 of
    /// 96 s. Without jitter it is 494.
    #[test]
    fn an_end_is_noticed_soon_whenever_it_comes() {
        for seconds in (1..600).chain((600..40_000).step_by(97)) {
            for jitter in [0.0, 0.5, 1.0] {
                let end = Duration::from_secs(seconds);
                let (mut elapsed, mut calls) = (Duration::ZERO, 0);
                while elapsed < end {
                    elapsed += Poll::LONG.delay(elapsed, jitter);
                    calls += 1;
                }
                let late = elapsed.checked_sub(end).unwrap();
                let bound = end.mul_f64(SHARE).max(Duration::from_secs(5));
                assert!(late <= bound, "{late:?} after {end:?}");
                assert!(calls <= 617, "{calls} calls for {end:?}");
                assert!(calls <= 231 || seconds > 3600, "{calls} calls for {end:?}");
                assert!(calls <= 494 || jitter > 0.0, "{calls} calls for {end:?}");
            }
        }
    }

    /// Queries end within seconds, and are asked for as often.
    #[test]
    fn the_end_of_a_query_is_noticed_within_a_quarter_of_a_second() {
        for millis in (100..120_000).step_by(37) {
            for jitter in [0.0, 1.0] {
                let end = Duration::from_millis(millis);
                let mut elapsed = Duration::ZERO;
                while elapsed < end {
                    elapsed += Poll::SHORT.delay(elapsed, jitter);
                }
                let late = elapsed.checked_sub(end).unwrap();
                assert!(late <= end.mul_f64(SHARE).max(Duration::from_millis(250)), "{late:?}");
            }
        }
    }

    #[tokio::test]
    async fn stopping_ends_a_wait_at_once() {
        let stop = Stop::default();
        let other = stop.clone();
        let waiting = tokio::spawn(async move {
            Poll::LONG.wait(&SystemClock, Duration::from_mins(100), &other).await
        });
        tokio::task::yield_now().await;
        stop.ask();
        assert_eq!(waiting.await.unwrap(), Err(Interrupted));
        assert_eq!(stop.check(), Err(Interrupted));
    }
}
