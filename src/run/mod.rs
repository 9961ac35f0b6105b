//! The one-shot run: steps, journal, resume, publish, rollback, progress.
//!
//! [`run`] takes a pipeline through its steps. It knows AWS only through [`crate::aws`], and time only
//! through a [`crate::aws::Clock`], so that it cannot tell a rehearsal from the real thing.

mod catalog;
mod context;
mod doctor;
mod drive;
mod error;
mod journal;
mod left;
mod notify;
mod options;
mod partitions;
mod report;
mod staging;
mod status;
mod steps;
mod typed;
mod way_back;

pub use crate::verify::{ExtraChecks, StagedColumn, StagedTable};
pub use doctor::doctor;
pub use drive::{run, steps};
pub use error::{Failure, FailureKind, RunError};
pub use journal::{Journals, KnownExports, RunSummary, list, read};
pub use notify::notify_drill;
pub use options::{Event, NoProgress, Progress, RunOptions};
pub use report::{
    Action, ExportInfo, Outcome, PrunedExport, PublishedTable, RunReport, SnapshotInfo, StepRecord,
    ViewReport,
};
pub use status::{KeptExport, LiveTable, Status, cancel_export, snapshot_size, status, would_move};
pub use steps::crawl::stop_crawler;
pub use steps::prune::prune;
