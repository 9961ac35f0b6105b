//! How the process ends.

use crate::run::FailureKind;
use std::process::ExitCode;

/// How a command that did its work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; the answer, if there was a question, is yes.
    Done,
    /// The answer is no: denied, drift, a check failed.
    No,
    /// The user's input is wrong.
    Input,
    /// AWS, the network or the disk failed.
    Environment,
    /// Interrupted by a signal.
    Interrupted,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Input => 2,
            Self::Environment => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// How the process ends after a run that failed so.
impl From<FailureKind> for Exit {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Verification | FailureKind::Checks | FailureKind::Conflict => Self::No,
            FailureKind::Setup | FailureKind::View => Self::Input,
            FailureKind::Aws => Self::Environment,
            FailureKind::Interrupted => Self::Interrupted,
        }
    }
}

/// Why a command could not do its work, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What to show, most important first; never empty.
    pub reports: Vec<miette::Report>,
}

impl Failure {
    /// The user's input is wrong.
    pub fn input(report: impl Into<miette::Report>) -> Self {
        Self { exit: Exit::Input, reports: vec![report.into()] }
    }

    /// AWS, the network or the disk failed.
    pub fn environment(report: impl Into<miette::Report>) -> Self {
        Self { exit: Exit::Environment, reports: vec![report.into()] }
    }

    /// The answer is no.
    pub fn no(report: impl Into<miette::Report>) -> Self {
        Self { exit: Exit::No, reports: vec![report.into()] }
    }
}

/// Shows what clap says of a command line and gives its exit code: help and version are no errors.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe while help is written is not worth a word.
    let _ = error.print();
    if error.use_stderr() { Exit::Input.into() } else { Exit::Done.into() }
}
