//! What a caller hands to a run, and what it hears of it.

use super::report::StepRecord;
use crate::aws::{Stop, Webhook};
use crate::pipeline::Step;
use crate::verify::{ExtraChecks, TableVerification};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to run.
#[derive(Clone)]
pub struct RunOptions {
    /// The folder of the journals; `.snaplake/runs` by custom. Made when it is not there.
    pub journal: PathBuf,
    /// Continue this run instead of beginning one.
    pub resume: Option<String>,
    /// Publish this export, already in the lake, instead of making one: a rollback.
    pub export: Option<String>,
    /// With `export`: only these live tables; empty means all of the export's. The views stay as they
    /// are when only some tables are rolled back.
    pub tables: Vec<String>,
    /// With `export`: stop after verification, and change nothing that is live.
    pub only_verify: bool,
    /// Heard by every wait; asking it ends the run cleanly.
    pub stop: Stop,
    /// With journals in the bucket: how long their lock lasts without being renewed.
    pub lease: Duration,
    /// With journals in the bucket: take the lock whoever holds it.
    pub take_over: bool,
    /// Who is told over the web of the moments that `[notify]` names.
    pub webhook: Option<Arc<dyn Webhook>>,
    /// Checks of each staged table besides the run's own.
    pub checks: Option<Arc<dyn ExtraChecks>>,
}

/// How long a lock in the bucket lasts: longer than a machine that is busy is silent, shorter than somebody
/// waits for a run that died.
const LEASE: Duration = Duration::from_mins(5);

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            journal: PathBuf::new(),
            resume: None,
            export: None,
            tables: Vec::new(),
            only_verify: false,
            stop: Stop::default(),
            lease: LEASE,
            take_over: false,
            webhook: None,
            checks: None,
        }
    }
}

impl std::fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunOptions")
            .field("journal", &self.journal)
            .field("resume", &self.resume)
            .field("export", &self.export)
            .field("tables", &self.tables)
            .field("only_verify", &self.only_verify)
            .field("webhook", &self.webhook.is_some())
            .field("checks", &self.checks.is_some())
            .finish_non_exhaustive()
    }
}

/// Hears what a run does. Called often; must not block.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run has an id, and a journal that it can be resumed from.
    Started {
        /// The run's id.
        run_id: &'a str,
    },
    /// A step began.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step ended.
    StepEnded {
        /// How.
        record: &'a StepRecord,
    },
    /// The export goes on.
    Export {
        /// RDS's own figure, 0 to 100.
        percent: u32,
        /// What RDS has read so far, in gigabytes.
        gigabytes: u32,
        /// Time since RDS began.
        elapsed: Duration,
        /// What is likely left; none while that would be a guess.
        remaining: Option<Duration>,
    },
    /// Something else is waited for.
    Waiting {
        /// What for: `snapshot rds:shop-2026-11-23-03-00 to become available`.
        what: &'a str,
        /// Time since the wait began.
        elapsed: Duration,
    },
    /// A table was verified.
    TableVerified {
        /// What was found.
        table: &'a TableVerification,
        /// How many tables are done, this one included.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// A table went live, or was moved back.
    TablePublished {
        /// Its name.
        table: &'a str,
        /// How many tables are done, this one included.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// Something that a reader should know although nothing failed.
    Warning {
        /// What.
        message: &'a str,
    },
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn event(&self, _event: &Event<'_>) {}
}
