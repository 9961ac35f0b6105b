//! What every step has at hand.

use super::error::{Failure, FailureKind, RunError};
use super::journal::{Journal, Journals};
use super::options::{Event, Progress, RunOptions};
use crate::aws::{Athena, AwsError, Clients, Clock, Interrupted, Poll, QueryError, Stop, between};
use crate::pipeline::{Pipeline, Step};
use crate::verify::{InspectError, Inspection};
use jiff::Timestamp;
use rand::RngExt as _;
use std::time::Duration;

/// What every step has at hand.
pub(super) struct Context<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) clients: &'a Clients,
    pub(super) clock: &'a dyn Clock,
    pub(super) options: &'a RunOptions,
    pub(super) progress: &'a dyn Progress,
    pub(super) journal: Journal,
    /// The key's ARN, as KMS tells it.
    pub(super) key_arn: String,
    /// What the export's objects say, once read in this process.
    pub(super) inspection: Option<Inspection>,
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum StepError {
    /// A call failed.
    Aws(Box<AwsError>),
    /// A query failed.
    Query(QueryError),
    /// Somebody asked to stop.
    Interrupted,
    /// The journal cannot be written: nothing more may be done.
    Journal(Box<RunError>),
    /// What was found does not allow going on.
    Found {
        /// What kind of failure it is.
        kind: FailureKind,
        /// What happened.
        message: String,
        /// What to do.
        help: String,
    },
}

impl StepError {
    pub(super) fn found(
        kind: FailureKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::Found { kind, message: message.into(), help: help.into() }
    }
}

impl StepError {
    /// What happened and what to do, outside a run.
    pub(super) fn told(self) -> (FailureKind, String, String) {
        match self {
            Self::Aws(error) => (FailureKind::Aws, error.to_string(), error.help()),
            Self::Found { kind, message, help } => (kind, message, help),
            Self::Query(error) => (FailureKind::Aws, error.to_string(), error.help()),
            Self::Interrupted => {
                (FailureKind::Interrupted, "interrupted".to_owned(), String::new())
            }
            Self::Journal(error) => (FailureKind::Setup, error.to_string(), error.help()),
        }
    }
}

impl From<AwsError> for StepError {
    fn from(error: AwsError) -> Self {
        Self::Aws(Box::new(error))
    }
}

impl From<Interrupted> for StepError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl From<RunError> for StepError {
    fn from(error: RunError) -> Self {
        Self::Journal(Box::new(error))
    }
}

impl From<QueryError> for StepError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Aws(error) => Self::Aws(error),
            QueryError::Interrupted(_) => Self::Interrupted,
            other => Self::Query(other),
        }
    }
}

impl From<InspectError> for StepError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Aws(error) => Self::Aws(Box::new(error)),
            InspectError::Interrupted(_) => Self::Interrupted,
        }
    }
}

/// What a step did.
#[derive(Debug)]
pub(super) enum Done {
    /// It did its work: what it found or made, in a few words.
    Did(String),
    /// There was nothing to do: why.
    Nothing(String),
}

pub(super) type StepResult = Result<Done, StepError>;

impl<'a> Context<'a> {
    pub(super) fn stop(&self) -> &'a Stop {
        &self.options.stop
    }

    /// The journals of the pipeline's runs, this one's among them.
    pub(super) fn journals(&self) -> Journals<'a> {
        Journals { folder: &self.options.journal, pipeline: self.pipeline, clients: self.clients }
    }

    /// Queries as the pipeline's workgroup does.
    pub(super) fn athena(&self) -> Athena<'a> {
        self.athena_until(self.options.stop.clone())
    }

    /// Queries that also end when `stop` is asked.
    pub(super) fn athena_until(&self, stop: Stop) -> Athena<'a> {
        Athena::new(self.clients, self.clock, &self.pipeline.athena.workgroup, stop)
    }

    /// Waits until it is time to ask again.
    pub(super) async fn wait(
        &self,
        what: &str,
        since: Timestamp,
        poll: Poll,
    ) -> Result<Duration, StepError> {
        let elapsed = between(since, self.clock.now());
        self.progress.event(&Event::Waiting { what, elapsed });
        poll.wait(self.clock, elapsed, self.stop()).await?;
        Ok(between(since, self.clock.now()))
    }

    /// Tells of something that a reader should know.
    pub(super) fn warn(&mut self, message: String) {
        self.progress.event(&Event::Warning { message: &message });
        if !self.journal.state.report.warnings.contains(&message) {
            self.journal.state.report.warnings.push(message);
        }
    }

    /// The export's identifier.
    pub(super) fn export_id(&self) -> Result<String, StepError> {
        self.journal.state.report.export.as_ref().map(|export| export.id.clone()).ok_or_else(|| {
            StepError::found(
                FailureKind::Setup,
                "the journal names no export",
                "begin a new run; it adopts an export that is already there",
            )
        })
    }

    /// What the export's objects say; read once.
    pub(super) async fn inspection(&mut self) -> Result<&Inspection, StepError> {
        if self.inspection.is_none() {
            let id = self.export_id()?;
            let stop = &self.options.stop;
            let only = &self.journal.state.only_tables;
            let read = crate::verify::inspect(self.clients, self.pipeline, &id, only, stop).await?;
            if let Some(missing) =
                only.iter().find(|name| !read.tables.iter().any(|table| table.name == **name))
            {
                return Err(StepError::found(
                    FailureKind::Setup,
                    format!("export `{id}` has no table `{}`", missing.escape_debug()),
                    "`snaplake status` lists the exports that are kept",
                ));
            }
            self.inspection = Some(read);
        }
        self.inspection.as_ref().ok_or(StepError::Interrupted)
    }

    /// Turns the end of a step into what the report says.
    pub(super) fn failure(&self, step: Step, error: StepError) -> Result<Failure, RunError> {
        let principal = self.journal.state.report.principal.as_deref();
        let mut failure = match error {
            StepError::Journal(error) => return Err(*error),
            StepError::Aws(call) => {
                let mut failure =
                    Failure::new(step, FailureKind::Aws, call.to_string(), call.help());
                failure.denial = call.denial();
                failure.call = Some(*call);
                failure
            }
            StepError::Query(error) => {
                let mut failure =
                    Failure::new(step, FailureKind::Aws, error.to_string(), error.help());
                failure.denial = error.denial();
                failure
            }
            StepError::Interrupted => Failure::new(
                step,
                FailureKind::Interrupted,
                format!("interrupted while it was to {}", step.title()),
                self.after_interruption(),
            ),
            StepError::Found { kind, message, help } => Failure::new(step, kind, message, help),
        };
        if failure.kind == FailureKind::Aws
            && failure.denial.is_none()
            && let Some(principal) = principal
        {
            failure.help = format!("{} (called as {principal})", failure.help);
        }
        Ok(failure)
    }

    /// What continues in AWS after an interruption, and how to go on.
    fn after_interruption(&self) -> String {
        let run_id = &self.journal.state.report.run_id;
        let export = self.journal.state.report.export.as_ref();
        let running = export.filter(|export| {
            matches!(export.status.as_str(), "STARTING" | "IN_PROGRESS") && !export.adopted
        });
        match running {
            Some(export) => format!(
                "export `{}` goes on in AWS; `snaplake run --resume {run_id}` continues the run, \
                 `snaplake run --cancel-export {}` cancels the export",
                export.id, export.id
            ),
            None => format!("`snaplake run --resume {run_id}` continues the run"),
        }
    }
}

/// An id that sorts by time: `20261123-030000-x7k2`.
pub(super) fn new_id(now: Timestamp) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    let random: String = (0..4)
        .filter_map(|_| LETTERS.get(rng.random_range(0..LETTERS.len())))
        .map(|byte| char::from(*byte))
        .collect();
    format!("{}-{random}", now.strftime("%Y%m%d-%H%M%S"))
}

/// Whether `id` is `<name>-<id as [`new_id`] makes them>`: something that a run of `name` made.
pub(super) fn is_ours(name: &str, id: &str) -> bool {
    let Some(rest) = id.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    let parts: Vec<&str> = rest.split('-').collect();
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(parts.as_slice(), [day, time, random]
        if digits(day, 8) && digits(time, 6) && random.len() == 4
            && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// The time in an id as [`new_id`] makes them, whatever stands before it. As text it sorts by time.
pub(super) fn time_of(id: &str) -> Option<&str> {
    const ID: usize = "20261123-030000-x7k2".len();
    const TIME: usize = "20261123-030000".len();
    id.get(id.len().checked_sub(ID)?..)?.get(..TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_runs_and_exports_is_compared_without_what_is_random() {
        assert_eq!(time_of("20261123-030405-zzzz"), Some("20261123-030405"));
        assert_eq!(time_of("shop-20261123-030405-aaaa"), time_of("20261123-030405-zzzz"));
        assert!(time_of("shop-20261124-030405-aaaa") > time_of("20261123-030405-zzzz"));
        assert_eq!(time_of("shop"), None);
        assert_eq!(time_of("日本語日本語日本語日本語"), None);
    }

    #[test]
    fn ids_are_recognized_and_others_are_not() {
        let now = "2026-11-23T03:04:05Z".parse().unwrap();
        let id = format!("shop-{}", new_id(now));
        assert!(id.starts_with("shop-20261123-030405-"), "{id}");
        assert!(is_ours("shop", &id));
        assert!(!is_ours("sho", &id));
        assert!(!is_ours("shop-x", &id));
        for other in ["shop", "shop-", "shop-2026-1-a", "shop-20261123-030405-ABCD", "shop-notes"] {
            assert!(!is_ours("shop", other), "{other}");
        }
        assert!(!is_ours("shop", "shop-eu-20261123-030405-abcd"));
    }
}
