//! Why a run could not begin, or did not come to its end.

use crate::aws::{AwsError, Denial};
use crate::pipeline::Step;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Why a run could not begin or continue: nothing was done, or what was done could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A journal cannot be read or written.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Journal {
        /// What was tried: `write the journal`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A journal is no journal.
    #[error("`{}` is not a journal that can be resumed: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such run.
    #[error("there is no run `{}` in `{}`", run_id.escape_debug(), folder.display())]
    NoSuchRun {
        /// What was asked for.
        run_id: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The runs that are there, newest first.
        known: Vec<String>,
    },
    /// A run of another pipeline.
    #[error("run `{run_id}` is of pipeline `{theirs}`, not `{ours}`")]
    OtherPipeline {
        /// The run.
        run_id: String,
        /// Its pipeline.
        theirs: String,
        /// The pipeline of the configuration.
        ours: String,
    },
    /// The run has already come to its end.
    #[error("run `{run_id}` has come to its end; there is nothing to resume")]
    Finished {
        /// The run.
        run_id: String,
    },
    /// A journal in the bucket cannot be read or written.
    #[error("the journal in the bucket: {0}")]
    Bucket(Box<AwsError>),
    /// Another process runs the same pipeline, with journals in the same bucket.
    #[error("pipeline `{pipeline}` is being run by {}, whose lock ends at {ends} unless it is renewed", holder.escape_debug())]
    Leased {
        /// The pipeline.
        pipeline: String,
        /// Who holds the lock.
        holder: String,
        /// Until when.
        ends: String,
    },
    /// Another process runs the same pipeline from the same folder.
    #[error("pipeline `{pipeline}` is already being run by {holder}")]
    Locked {
        /// The pipeline.
        pipeline: String,
        /// Who holds the lock.
        holder: String,
    },
}

impl RunError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Journal { .. } => {
                "the journal must be durable before anything is changed; make room or make the \
                 folder writable, then try again"
                    .to_owned()
            }
            Self::Corrupt { .. } => {
                "begin a new run: it finds the export by itself when RDS still knows it, and \
                 nothing that is live depends on this file"
                    .to_owned()
            }
            Self::NoSuchRun { known, .. } if known.is_empty() => {
                "no run was begun from this folder".to_owned()
            }
            Self::NoSuchRun { known, .. } => {
                let known: Vec<_> = known.iter().take(5).map(|id| format!("`{id}`")).collect();
                format!("the latest runs are {}", known.join(", "))
            }
            Self::OtherPipeline { .. } => "give the `--config` that the run was begun with".into(),
            Self::Finished { .. } => "leave out `--resume` to begin a new run".into(),
            Self::Bucket(error) => error.help(),
            Self::Leased { .. } => {
                "wait until it ends; `run --take-over`, with `--resume` or without, takes the lock from \
                 a process that you know to be dead, and one that is not then stops by itself"
                    .into()
            }
            Self::Locked { .. } => {
                "wait until it ends; the lock goes away with the process, however it dies".into()
            }
        }
    }
}

/// Why a run did not come to its end. It can be resumed unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.message)]
pub struct Failure {
    /// The id of the step it happened in.
    pub step: String,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What happened, in one line.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The call that failed, when it was one.
    pub call: Option<AwsError>,
    /// Who was denied what, when that is why.
    pub denial: Option<Denial>,
}

/// What kind of failure ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// AWS, the network or the credentials failed.
    Aws,
    /// A check failed: the export is not fit to go live.
    Verification,
    /// What the configuration asks of an export's data or columns is not so: nothing goes live.
    Checks,
    /// What is in AWS is not what the configuration expects.
    Setup,
    /// A view does not work.
    View,
    /// Somebody else changed a live table meanwhile.
    Conflict,
    /// Somebody asked to stop.
    Interrupted,
}

impl FailureKind {
    /// The word for it in journals and reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Verification => "verification",
            Self::Checks => "checks",
            Self::Setup => "setup",
            Self::View => "view",
            Self::Conflict => "conflict",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Failure {
    /// A failure of `kind` in `step`.
    #[must_use]
    pub fn new(
        step: Step,
        kind: FailureKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            step: step.id().to_owned(),
            kind,
            message: message.into(),
            help: help.into(),
            call: None,
            denial: None,
        }
    }
}
