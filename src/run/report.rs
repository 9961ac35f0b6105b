//! What a run did.

use super::error::{Failure, FailureKind};
use crate::aws::AwsError;
use crate::pipeline::{Pipeline, Step};
use crate::verify::Verification;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a run did, whether it came to its end or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run's id, by which it can be resumed.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The ARN of whoever ran it; known once the preflight has asked.
    pub principal: Option<String>,
    /// When the run began.
    pub started: Timestamp,
    /// When it ended, or stopped.
    pub ended: Timestamp,
    /// The steps in the order in which they began. A resumed run has the steps of its earlier
    /// attempts that it did not have to repeat.
    pub steps: Vec<StepRecord>,
    /// The snapshot.
    pub snapshot: Option<SnapshotInfo>,
    /// The export.
    pub export: Option<ExportInfo>,
    /// What was checked.
    pub verification: Option<Verification>,
    /// The tables that went live.
    pub tables: Vec<PublishedTable>,
    /// The views.
    pub views: Vec<ViewReport>,
    /// The exports that were deleted.
    pub pruned: Vec<PrunedExport>,
    /// What a reader should know although nothing failed.
    pub warnings: Vec<String>,
    /// Why the run did not come to its end.
    pub failure: Option<Failure>,
}

impl RunReport {
    /// The report of a run that has done nothing yet.
    pub(super) fn new(pipeline: &str, run_id: String, now: Timestamp) -> Self {
        Self {
            run_id,
            pipeline: pipeline.to_owned(),
            principal: None,
            started: now,
            ended: now,
            steps: Vec::new(),
            snapshot: None,
            export: None,
            verification: None,
            tables: Vec::new(),
            views: Vec::new(),
            pruned: Vec::new(),
            warnings: Vec::new(),
            failure: None,
        }
    }

    /// The report of a run whose journal could not be begun, because a call was denied.
    #[must_use]
    pub fn refused(pipeline: &Pipeline, error: AwsError, now: Timestamp) -> Self {
        let step = Step::Preflight;
        let (message, help) = (error.to_string(), error.help());
        let mut failure = Failure::new(step, FailureKind::Aws, message.clone(), help);
        failure.denial = error.denial();
        failure.call = Some(error);
        let mut report = Self::new(&pipeline.name, String::new(), now);
        report.steps.push(StepRecord {
            step,
            started: now,
            ended: Some(now),
            outcome: Outcome::Failed,
            detail: message,
        });
        report.failure = Some(failure);
        report
    }

    /// Whether the run came to its end.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.failure.is_none()
    }
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which.
    #[serde(with = "step_id")]
    pub step: Step,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none while it runs, and for ever when the run was killed in it.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it found or made, in a few words.
    pub detail: String,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It runs, or the run was killed in it.
    Running,
    /// It did its work.
    Done,
    /// It failed.
    Failed,
    /// Somebody asked to stop.
    Interrupted,
    /// There was nothing to do.
    Skipped,
}

/// The snapshot that was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// Its ARN.
    pub arn: String,
    /// Its identifier.
    pub id: String,
    /// When it was made; none while RDS still makes it.
    pub created: Option<Timestamp>,
    /// The storage allocated for the database, in GiB.
    pub allocated_gib: Option<i32>,
    /// Whether this run made it.
    pub made: bool,
}

/// The export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportInfo {
    /// Its identifier.
    pub id: String,
    /// Where it is: an `s3://` address with a slash at its end.
    pub location: String,
    /// Whether the run found it rather than started it.
    pub adopted: bool,
    /// RDS's word for its state: `COMPLETE`.
    pub status: String,
    /// RDS's own figure, 0 to 100.
    pub percent: u32,
    /// What RDS read, in gigabytes.
    pub extracted_gb: u32,
    /// When RDS began.
    pub started: Option<Timestamp>,
    /// When RDS ended.
    pub ended: Option<Timestamp>,
    /// RDS's warning, as it wrote it.
    pub warning: Option<String>,
}

/// A table that went live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTable {
    /// Its name.
    pub table: String,
    /// The table in the source database.
    pub source: String,
    /// What was done.
    pub action: Action,
    /// Where it points.
    pub location: String,
    /// Where it pointed before.
    pub previous: Option<String>,
    /// Columns that the earlier table lacked; empty for a new table.
    pub new_columns: Vec<String>,
    /// Columns that only the earlier table had.
    pub dropped_columns: Vec<String>,
}

/// What was done to a live table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is new.
    Created,
    /// Its location was moved.
    Moved,
    /// It pointed there already.
    Unchanged,
    /// It was moved, and moved back because another table failed.
    MovedBack,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewReport {
    /// Its name.
    pub view: String,
    /// Rows that it gives.
    pub rows: Option<u64>,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether it is live.
    pub live: bool,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// An export that was deleted; of a run that ended within the deletion, one that it had begun to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedExport {
    /// Its identifier.
    pub id: String,
    /// Objects.
    pub objects: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A step is written as its id.
mod step_id {
    use crate::pipeline::Step;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(step: &Step, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(step.id())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Step, D::Error> {
        let id = String::deserialize(deserializer)?;
        Step::ALL.into_iter().find(|step| step.id() == id).ok_or_else(|| {
            serde::de::Error::custom(format!("there is no step `{}`", id.escape_debug()))
        })
    }
}
