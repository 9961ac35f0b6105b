//! What a run has done, on disk, or in the lake's bucket, before and after every step.
//!
//! A journal is one JSON file, replaced as a whole: written beside it, flushed to the disk, renamed over
//! it, and the folder flushed. Whenever the process dies, either the old or the new journal is there.
//! What verification found is large and written once, so it has a file of its own.

mod bucket;
mod exports;
mod folder;

use super::error::RunError;
use super::options::RunOptions;
use super::report::{Outcome, RunReport, StepRecord};
use super::way_back::{TableBefore, ViewBefore};
use crate::aws::{Clients, Lease};
use crate::pipeline::{JournalPlace, Pipeline, Step, TableRef};
use crate::verify::{StagedColumn, Verification};
use bucket::Bucket;
pub(super) use bucket::lost;
pub use exports::KnownExports;
pub(super) use exports::{Target, Verdict};
use exports::{admission, verdict};
use folder::{details_path, failed, load, lock, state_path, store};
pub use folder::{list, read};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of the journal's form.
const VERSION: u32 = 1;

/// The state of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    /// The version of this form.
    version: u32,
    /// The version of snaplake that wrote it.
    snaplake: String,
    /// The snapshot that is being made, noted before it is asked for.
    pub(super) planned_snapshot: Option<String>,
    /// The export that is being started, noted before it is asked for.
    pub(super) planned_export: Option<String>,
    /// The export in the lake that is to be published instead of a new one: a rollback.
    #[serde(default)]
    pub(super) kept_export: Option<String>,
    /// The only tables that a rollback moves; empty means all.
    #[serde(default)]
    pub(super) only_tables: Vec<String>,
    /// Whether the run ends with verification.
    #[serde(default)]
    pub(super) only_verify: bool,
    /// What the last verification of the export came to.
    #[serde(default)]
    pub(super) verdict: Option<Verdict>,
    /// What the checks of its data last came to; one that went live has passed.
    #[serde(default)]
    pub(super) admission: Option<Verdict>,
    /// Whether it is known, from the run that awaited a kept export, what RDS warned of.
    #[serde(default)]
    pub(super) warning_known: bool,
    /// The database whose tables the run moves, noted before the first one moves.
    #[serde(default)]
    pub(super) target: Option<Target>,
    /// Whether the run came to its end.
    pub(super) finished: bool,
    /// What the run did.
    pub(super) report: RunReport,
}

/// What verification found, and what is to be published.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Details {
    version: u32,
    /// What was checked.
    pub(super) verification: Option<Verification>,
    /// What is to be published.
    pub(super) plan: Vec<PlannedTable>,
    /// In history mode: the partition that the export is.
    #[serde(default)]
    pub(super) partition: Option<String>,
    /// What the live tables were before this run moved them, noted before it did.
    #[serde(default)]
    pub(super) tables_before: Vec<TableBefore>,
    /// What the live views were before this run replaced them, likewise.
    #[serde(default)]
    pub(super) views_before: Vec<ViewBefore>,
}

/// A table that is registered in staging and is to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlannedTable {
    /// The source database.
    pub(super) database: String,
    /// The source schema.
    pub(super) schema: String,
    /// The source table.
    pub(super) name: String,
    /// The table's name in the live database.
    pub(super) table: String,
    /// The table's name in the staging database.
    pub(super) staged: String,
    /// Where its files are.
    pub(super) location: String,
    /// Its columns.
    pub(super) columns: Vec<StagedColumn>,
    /// The types that its columns have in the source database, as far as the manifest tells.
    #[serde(default)]
    pub(super) originals: BTreeMap<String, String>,
}

impl PlannedTable {
    /// The table in the source database.
    pub(super) fn source(&self) -> TableRef {
        TableRef {
            database: self.database.clone(),
            schema: self.schema.clone(),
            name: self.name.clone(),
        }
    }
}

/// An open journal. While it is open, no other process can run the same pipeline from this folder, or
/// with journals in the same bucket.
#[derive(Debug)]
pub(super) struct Journal {
    place: Place,
    pub(super) state: State,
    pub(super) details: Details,
}

/// Where a journal is.
#[derive(Debug)]
enum Place {
    /// In a folder, with the file that is held for its lock, which ends with the process.
    Folder(PathBuf, #[expect(dead_code, reason = "held for its lock")] File),
    /// In the lake's bucket.
    Bucket(Box<Bucket>),
}

/// Where the journals of a pipeline are, as its configuration says.
#[derive(Debug, Clone, Copy)]
pub struct Journals<'a> {
    /// The folder, when they are on this machine.
    pub folder: &'a Path,
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// The clients, for those in the bucket.
    pub clients: &'a Clients,
}

impl Journals<'_> {
    fn bucket(&self) -> Option<Bucket> {
        (self.pipeline.journal == JournalPlace::Bucket)
            .then(|| Bucket::new(self.clients, self.pipeline))
    }

    /// The runs of the pipeline, newest first. What is no journal is left out.
    ///
    /// # Errors
    /// When the folder is there and cannot be read, or a call fails.
    pub async fn list(&self) -> Result<Vec<RunSummary>, RunError> {
        Ok(self.states().await?.into_iter().map(summary).collect())
    }

    async fn states(&self) -> Result<Vec<State>, RunError> {
        match self.bucket() {
            Some(bucket) => bucket.states().await,
            None => folder::states(self.folder),
        }
    }

    /// The report of one run, as far as it came.
    ///
    /// # Errors
    /// When there is no such run, or its journal cannot be read.
    pub async fn read(&self, run_id: &str) -> Result<RunReport, RunError> {
        let Some(mut bucket) = self.bucket() else { return read(self.folder, run_id) };
        let state =
            if is_id(run_id) { bucket.load::<State>(&state_name(run_id)).await? } else { None };
        let Some(state) = state else { return Err(missing(&bucket, run_id).await) };
        let mut report = state.report;
        report.verification = bucket
            .load::<Details>(&details_name(run_id))
            .await?
            .and_then(|details| details.verification);
        Ok(report)
    }

    /// Begins a journal.
    pub(super) async fn begin(
        &self,
        run_id: String,
        now: Timestamp,
        options: &RunOptions,
    ) -> Result<Journal, RunError> {
        let name = &self.pipeline.name;
        let Some(mut bucket) = self.bucket() else {
            return Journal::begin(self.folder, name, run_id, now);
        };
        bucket.lock(name, &run_id, options.lease, options.take_over).await?;
        let mut journal = Journal {
            place: Place::Bucket(Box::new(bucket)),
            state: State::new(name, run_id, now),
            details: Details { version: VERSION, ..Details::default() },
        };
        if let Err(error) = journal.save().await {
            journal.close().await;
            return Err(error);
        }
        Ok(journal)
    }

    /// Opens the journal of a run that did not come to its end.
    pub(super) async fn resume(
        &self,
        run_id: &str,
        options: &RunOptions,
    ) -> Result<Journal, RunError> {
        let name = &self.pipeline.name;
        let Some(mut bucket) = self.bucket() else {
            return Journal::resume(self.folder, name, run_id);
        };
        // Looked at before the lock is taken, so that a run that cannot be resumed takes nobody's.
        let found = if is_id(run_id) { bucket.load(&state_name(run_id)).await? } else { None };
        let Some(state) = found else { return Err(missing(&bucket, run_id).await) };
        checked(state, &bucket.place(), name, run_id, &Details::default())?;
        bucket.lock(name, run_id, options.lease, options.take_over).await?;
        let lease = bucket.lease.clone();
        let opened = Self::open(bucket, name, run_id).await;
        if let (Err(_), Some(lease)) = (&opened, lease) {
            lease.release().await;
        }
        opened
    }

    /// Opens a journal in the bucket under the lock that was taken.
    async fn open(mut bucket: Bucket, name: &str, run_id: &str) -> Result<Journal, RunError> {
        // Whoever held the lock until now may have gone on meanwhile.
        let Some(state) = bucket.load::<State>(&state_name(run_id)).await? else {
            return Err(missing(&bucket, run_id).await);
        };
        let path = bucket.place();
        let details = bucket.load::<Details>(&details_name(run_id)).await?.unwrap_or_default();
        let state = checked(state, &path, name, run_id, &details)?;
        let mut journal = Journal { place: Place::Bucket(Box::new(bucket)), state, details };
        // From here on whoever held the lock before can write nothing more.
        journal.save().await?;
        Ok(journal)
    }
}

async fn missing(bucket: &Bucket, run_id: &str) -> RunError {
    let known = bucket.states().await.unwrap_or_default();
    RunError::NoSuchRun {
        run_id: run_id.to_owned(),
        folder: bucket.place(),
        known: known.into_iter().map(|run| run.report.run_id).collect(),
    }
}

impl State {
    fn new(pipeline: &str, run_id: String, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            snaplake: env!("CARGO_PKG_VERSION").to_owned(),
            planned_snapshot: None,
            planned_export: None,
            kept_export: None,
            only_tables: Vec::new(),
            only_verify: false,
            verdict: None,
            admission: None,
            warning_known: false,
            target: None,
            finished: false,
            report: RunReport::new(pipeline, run_id, now),
        }
    }
}

/// The state of a run that can be resumed, fit to go on with.
fn checked(
    mut state: State,
    path: &Path,
    pipeline: &str,
    run_id: &str,
    details: &Details,
) -> Result<State, RunError> {
    check_version(path, state.version)?;
    if state.report.pipeline != pipeline {
        return Err(RunError::OtherPipeline {
            run_id: run_id.to_owned(),
            theirs: state.report.pipeline,
            ours: pipeline.to_owned(),
        });
    }
    if state.finished {
        return Err(RunError::Finished { run_id: run_id.to_owned() });
    }
    state.verdict = verdict(&state);
    state.admission = admission(&state);
    state.report.failure = None;
    state.report.verification.clone_from(&details.verification);
    Ok(state)
}

impl Journal {
    /// Begins a journal.
    pub(super) fn begin(
        folder: &Path,
        pipeline: &str,
        run_id: String,
        now: Timestamp,
    ) -> Result<Self, RunError> {
        std::fs::create_dir_all(folder).map_err(failed("make the folder of journals", folder))?;
        let lock = lock(folder, pipeline, &run_id)?;
        let journal = Self {
            place: Place::Folder(folder.to_owned(), lock),
            state: State::new(pipeline, run_id, now),
            details: Details { version: VERSION, ..Details::default() },
        };
        journal.save_in(folder)?;
        Ok(journal)
    }

    /// Opens the journal of a run that did not come to its end.
    pub(super) fn resume(folder: &Path, pipeline: &str, run_id: &str) -> Result<Self, RunError> {
        let path = state_path(folder, run_id);
        let known = || list(folder).map(|runs| runs.into_iter().map(|run| run.run_id).collect());
        if !is_id(run_id) || !path.exists() {
            return Err(RunError::NoSuchRun {
                run_id: run_id.to_owned(),
                folder: folder.to_owned(),
                known: known().unwrap_or_default(),
            });
        }
        let lock = lock(folder, pipeline, run_id)?;
        let state: State = load(&path)?;
        let details_path = details_path(folder, run_id);
        check_version(&path, state.version)?;
        let details = if details_path.exists() { load(&details_path)? } else { Details::default() };
        let state = checked(state, &path, pipeline, run_id, &details)?;
        Ok(Self { place: Place::Folder(folder.to_owned(), lock), state, details })
    }

    /// Makes the state durable.
    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        // What verification found is in the other file.
        let verification = self.state.report.verification.take();
        let name = state_name(&self.state.report.run_id);
        let stored = match &mut self.place {
            Place::Folder(folder, _) => store(&folder.join(name), &self.state),
            Place::Bucket(bucket) => {
                let pipeline = self.state.report.pipeline.clone();
                bucket.store(&pipeline, &name, &self.state).await
            }
        };
        self.state.report.verification = verification;
        stored
    }

    fn save_in(&self, folder: &Path) -> Result<(), RunError> {
        store(&state_path(folder, &self.state.report.run_id), &self.state)
    }

    /// Makes what verification found durable.
    pub(super) async fn save_details(&mut self) -> Result<(), RunError> {
        self.details.version = VERSION;
        let name = details_name(&self.state.report.run_id);
        match &mut self.place {
            Place::Folder(folder, _) => store(&folder.join(name), &self.details),
            Place::Bucket(bucket) => {
                bucket.store(&self.state.report.pipeline, &name, &self.details).await
            }
        }
    }

    /// The lock in the bucket, to be renewed while the run works.
    pub(super) fn lease(&self) -> Option<Arc<Lease>> {
        match &self.place {
            Place::Folder(..) => None,
            Place::Bucket(bucket) => bucket.lease.clone(),
        }
    }

    /// Gives the lock back, so that the next run need not wait for it to end.
    pub(super) async fn close(&self) {
        if let Some(lease) = self.lease() {
            lease.release().await;
        }
    }

    /// Whether a step of this run has done its work.
    pub(super) fn is_done(&self, step: Step) -> bool {
        self.state
            .report
            .steps
            .iter()
            .any(|record| record.step == step && record.outcome == Outcome::Done)
    }

    /// Forgets that a step was done, because what it made is of no use any more.
    pub(super) fn undo(&mut self, step: Step) {
        self.state.report.steps.retain(|record| record.step != step);
    }

    /// Notes that a step begins. Its earlier, unfinished attempts are forgotten.
    pub(super) async fn begin_step(&mut self, step: Step, now: Timestamp) -> Result<(), RunError> {
        self.undo(step);
        self.state.report.steps.push(StepRecord {
            step,
            started: now,
            ended: None,
            outcome: Outcome::Running,
            detail: String::new(),
        });
        self.save().await
    }

    /// Notes how a step ended.
    pub(super) async fn end_step(
        &mut self,
        step: Step,
        outcome: Outcome,
        detail: String,
        now: Timestamp,
    ) -> Result<StepRecord, RunError> {
        let steps = &mut self.state.report.steps;
        let begun = steps.iter().position(|record| record.step == step);
        let started = begun.map_or(now, |at| steps.remove(at).started);
        let record = StepRecord { step, started, ended: Some(now), outcome, detail };
        steps.push(record.clone());
        self.state.report.ended = now;
        self.save().await?;
        Ok(record)
    }
}

/// A run, as its journal tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// The run's id.
    pub run_id: String,
    /// The pipeline.
    pub pipeline: String,
    /// When it began.
    pub started: Timestamp,
    /// When it last wrote its journal.
    pub ended: Timestamp,
    /// Whether it came to its end.
    pub finished: bool,
    /// The step that it came to.
    pub step: String,
    /// The export.
    pub export: Option<String>,
    /// Why it stopped.
    pub failure: Option<String>,
    /// Whether its export failed verification.
    pub unfit: bool,
    /// Whether it was a rollback of some tables only.
    pub partial: bool,
}

fn summary(state: State) -> RunSummary {
    RunSummary {
        unfit: verdict(&state).is_some_and(|verdict| !verdict.fit),
        partial: !state.only_tables.is_empty(),
        step: state
            .report
            .steps
            .last()
            .map_or_else(String::new, |record| record.step.id().to_owned()),
        export: state.report.export.map(|export| export.id).or(state.planned_export),
        run_id: state.report.run_id,
        pipeline: state.report.pipeline,
        started: state.report.started,
        ended: state.report.ended,
        finished: state.finished,
        failure: state.report.failure.map(|failure| failure.message),
    }
}

fn newest_first(states: &mut [State]) {
    let key = |state: &State| (state.report.started, state.report.run_id.clone());
    states.sort_by_key(|state| std::cmp::Reverse(key(state)));
}

/// Run ids are made of digits, lowercase letters and hyphens, so none can name another file; the lock in
/// the bucket is no run's.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text != "lock"
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-')
}

fn state_name(run_id: &str) -> String {
    format!("{run_id}.json")
}

fn details_name(run_id: &str) -> String {
    format!("{run_id}.tables.json")
}

fn check_version(path: &Path, version: u32) -> Result<(), RunError> {
    if version == VERSION {
        return Ok(());
    }
    let reason = format!("its version is {version}, this snaplake knows {VERSION}");
    Err(RunError::Corrupt { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    fn begin(folder: &Path, id: &str) -> Journal {
        Journal::begin(folder, "shop", id.into(), now()).unwrap()
    }

    #[tokio::test]
    async fn what_was_noted_is_there_after_a_death() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = begin(folder.path(), "20261123-030000-ab12");
        journal.begin_step(Step::Preflight, now()).await.unwrap();
        journal.end_step(Step::Preflight, Outcome::Done, "fine".into(), now()).await.unwrap();
        journal.state.planned_export = Some("shop-1".into());
        journal.begin_step(Step::Export, now()).await.unwrap();
        drop(journal);
        let journal = Journal::resume(folder.path(), "shop", "20261123-030000-ab12").unwrap();
        assert!(journal.is_done(Step::Preflight));
        assert!(!journal.is_done(Step::Export));
        assert_eq!(journal.state.planned_export.as_deref(), Some("shop-1"));
    }

    #[test]
    fn a_second_run_is_refused_by_name_while_the_first_lives() {
        let folder = tempfile::tempdir().unwrap();
        let first = begin(folder.path(), "1");
        let second = Journal::begin(folder.path(), "shop", "2".into(), now()).unwrap_err();
        assert!(second.to_string().contains("run 1 "), "{second}");
        assert!(Journal::begin(folder.path(), "other", "3".into(), now()).is_ok());
        drop(first);
        begin(folder.path(), "2");
    }

    #[test]
    fn a_broken_journal_is_said_to_be_broken() {
        let folder = tempfile::tempdir().unwrap();
        drop(begin(folder.path(), "1"));
        let path = folder.path().join("1.json");
        let text = std::fs::read_to_string(&path).unwrap();
        for broken in ["", "{", &text[..text.len() / 2], &text.replacen(": 1,", ": 9,", 1)] {
            std::fs::write(&path, broken).unwrap();
            let error = Journal::resume(folder.path(), "shop", "1").unwrap_err();
            assert!(matches!(error, RunError::Corrupt { .. }), "{error}");
        }
    }

    #[test]
    fn runs_that_are_not_there_are_not_resumed() {
        let folder = tempfile::tempdir().unwrap();
        drop(begin(folder.path(), "1"));
        for id in ["2", "../1", ""] {
            let error = Journal::resume(folder.path(), "shop", id).unwrap_err();
            assert!(
                matches!(&error, RunError::NoSuchRun { known, .. } if known == &["1"]),
                "{error}"
            );
        }
        assert!(matches!(
            Journal::resume(folder.path(), "other", "1").unwrap_err(),
            RunError::OtherPipeline { .. }
        ));
    }

    #[test]
    fn runs_are_listed_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        drop(begin(folder.path(), "1"));
        let later = now() + jiff::SignedDuration::from_secs(9);
        drop(Journal::begin(folder.path(), "shop", "2".into(), later).unwrap());
        std::fs::write(folder.path().join("3.json"), "{").unwrap();
        let ids: Vec<_> = list(folder.path()).unwrap().into_iter().map(|run| run.run_id).collect();
        assert_eq!(ids, ["2", "1"]);
        assert!(list(&folder.path().join("none")).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error = Journal::begin(Path::new("/proc/none"), "shop", "1".into(), now()).unwrap_err();
        assert!(error.to_string().contains("/proc/none"), "{error}");
    }
}
