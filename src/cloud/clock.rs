//! Virtual time: hours of an export pass in the seconds that a rehearsal takes.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How virtual time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Only [`VirtualClock::advance`] moves it by more than real time does. The rehearsal, whose
    /// waits advance the clock.
    Driven,
    /// As `Driven`, and whoever polls something unfinished finds the clock moved to its next event,
    /// so that unmodified clients wait no longer than their own polling interval.
    Polled,
    /// Real time, multiplied. For watching an export.
    Speed(f64),
}

/// A clock that several parts share; clones show the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pace: Pace,
    begun: Instant,
    origin: Timestamp,
    /// How far the clock has been moved ahead of real time.
    ahead: Mutex<Duration>,
}

impl VirtualClock {
    /// A clock that shows the present and passes as `pace` says.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self::starting_at(Timestamp::now(), pace)
    }

    /// A clock that shows `origin` and passes as `pace` says.
    #[must_use]
    pub fn starting_at(origin: Timestamp, pace: Pace) -> Self {
        let inner = Inner { pace, begun: Instant::now(), origin, ahead: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let real = self.inner.begun.elapsed();
        let flown = match self.inner.pace {
            // A speed that overflows stands still at the end of time rather than failing.
            Pace::Speed(factor) => {
                Duration::try_from_secs_f64(real.as_secs_f64() * factor).unwrap_or(Duration::MAX)
            }
            Pace::Driven | Pace::Polled => real,
        };
        let ahead = *self.inner.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        after(self.inner.origin, flown.saturating_add(ahead))
    }

    /// Moves the clock forward; nobody waits.
    pub fn advance(&self, by: Duration) {
        let mut ahead = self.inner.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        *ahead = ahead.saturating_add(by);
    }

    /// Moves the clock forward to `time`; a time that has passed changes nothing.
    pub fn advance_to(&self, time: Timestamp) {
        let missing = time.duration_since(self.now());
        if let Ok(missing) = Duration::try_from(missing) {
            self.advance(missing);
        }
    }

    /// Somebody polls a thing whose next event is at `event`: with [`Pace::Polled`] the clock moves
    /// there.
    pub fn polled(&self, event: Timestamp) {
        if self.inner.pace == Pace::Polled {
            self.advance_to(event);
        }
    }
}

/// `duration` after `time`, or the end of time.
#[must_use]
pub fn after(time: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| time.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_free_and_shared() {
        let clock = VirtualClock::new(Pace::Driven);
        let other = clock.clone();
        let before = clock.now();
        clock.advance(Duration::from_hours(2));
        let passed = other.now().duration_since(before);
        assert!(passed >= SignedDuration::from_hours(2) && passed < SignedDuration::from_hours(3));
    }

    #[test]
    fn polling_moves_only_a_polled_clock_and_never_back() {
        let driven = VirtualClock::new(Pace::Driven);
        let event = after(driven.now(), Duration::from_hours(1));
        driven.polled(event);
        assert!(driven.now() < event);
        let polled = VirtualClock::new(Pace::Polled);
        polled.polled(event);
        assert!(polled.now() >= event);
        let later = polled.now();
        polled.polled(after(later, Duration::ZERO));
        assert!(polled.now() >= later);
    }
}
