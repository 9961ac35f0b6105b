//! What the journals of a pipeline tell of its exports: which are unfit to go live, what RDS warned of, and
//! where they went live.

use super::super::error::{FailureKind, RunError};
use super::super::report::Outcome;
use super::{Journals, State};
use crate::pipeline::{Pipeline, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a verification of an export, or the configuration's checks of its data, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Verdict {
    /// Whether the export may go live.
    pub(in crate::run) fit: bool,
    /// When that was.
    pub(in crate::run) at: Timestamp,
}

/// What the verification of a run's export came to; none when none has come to its end.
pub(super) fn verdict(state: &State) -> Option<Verdict> {
    // Journals of earlier versions tell it by how the run ended only.
    state.verdict.or_else(|| {
        let report = &state.report;
        let kind = report.failure.as_ref().map(|failure| failure.kind);
        let passed = report
            .steps
            .iter()
            .any(|record| record.step == Step::Verify && record.outcome == Outcome::Done);
        let fit = match kind {
            Some(FailureKind::Verification) => false,
            _ if passed && state.only_tables.is_empty() => true,
            _ => return None,
        };
        Some(Verdict { fit, at: report.ended })
    })
}

/// What the configuration's checks of a run's export came to; none when none has come to its end.
pub(super) fn admission(state: &State) -> Option<Verdict> {
    state.admission.or_else(|| {
        let report = &state.report;
        let refused = report.failure.as_ref().is_some_and(|it| it.kind == FailureKind::Checks);
        refused.then_some(Verdict { fit: false, at: report.ended })
    })
}

/// Notes what an export came to, unless something later is known.
fn judge(verdicts: &mut BTreeMap<String, Verdict>, id: &str, found: Option<Verdict>) {
    if let Some(found) = found
        && verdicts.get(id).is_none_or(|before| before.at <= found.at)
    {
        verdicts.insert(id.to_owned(), found);
    }
}

/// A database that runs point tables of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::run) struct Target {
    /// Its name.
    database: String,
    /// What each export is a partition by, in history mode.
    partition: Option<String>,
    /// The folder of all exports that they point into: an `s3://` address with a slash at its end.
    root: String,
}

impl Target {
    /// Where a pipeline, as it is configured, publishes.
    pub(in crate::run) fn of(pipeline: &Pipeline) -> Self {
        Self {
            database: pipeline.catalog.database.clone(),
            partition: pipeline.partition().map(str::to_owned),
            root: pipeline.exports_root(),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.database)?;
        if self.partition.is_some() { f.write_str(" in history mode") } else { Ok(()) }
    }
}

/// What the journals tell of a pipeline's exports, by their identifiers.
#[derive(Debug, Clone, Default)]
pub struct KnownExports {
    verdicts: BTreeMap<String, Verdict>,
    admissions: BTreeMap<String, Verdict>,
    warnings: BTreeMap<String, Option<String>>,
    targets: BTreeMap<String, BTreeSet<Target>>,
    doomed: BTreeSet<String>,
}

impl KnownExports {
    fn of(mut states: Vec<State>) -> Self {
        // The later one is right: RDS is asked for an export that is adopted once more.
        states.sort_by_key(|state| state.report.ended);
        let mut known = Self::default();
        for state in states {
            known.doomed.extend(state.report.pruned.iter().map(|pruned| pruned.id.clone()));
            let Some(export) = &state.report.export else { continue };
            let id = &export.id;
            judge(&mut known.verdicts, id, verdict(&state));
            judge(&mut known.admissions, id, admission(&state));
            // Of an export that was kept in the lake the run itself asked nobody.
            if state.kept_export.is_none() && export.status == "COMPLETE" {
                known.warnings.insert(id.clone(), export.warning.clone());
            }
            if let Some(target) = state.target {
                known.targets.entry(id.clone()).or_default().insert(target);
            }
        }
        known
    }

    /// Whether an export failed its last verification.
    #[must_use]
    pub fn is_unfit(&self, id: &str) -> bool {
        self.verdicts.get(id).is_some_and(|verdict| !verdict.fit)
    }

    /// Whether the configuration's checks refused an export's data when they last ran, and it has not gone
    /// live as a whole since.
    #[must_use]
    pub fn is_refused(&self, id: &str) -> bool {
        self.admissions.get(id).is_some_and(|verdict| !verdict.fit)
    }

    /// Whether a run has begun to delete an export.
    pub(in crate::run) fn is_doomed(&self, id: &str) -> bool {
        self.doomed.contains(id)
    }

    /// Whether a run has heard from RDS that an export is complete, and what it warns of.
    pub(in crate::run) fn was_awaited(&self, id: &str) -> bool {
        self.warnings.contains_key(id)
    }

    /// What RDS warned of then.
    pub(in crate::run) fn warning(&self, id: &str) -> Option<&str> {
        self.warnings.get(id)?.as_deref()
    }

    /// The databases other than `here` that exports of the same folder went live in.
    pub(in crate::run) fn elsewhere(&self, here: &Target) -> BTreeSet<&Target> {
        let all = self.targets.values().flatten();
        all.filter(|target| *target != here && target.root == here.root).collect()
    }

    /// Whether an export is known to have gone live in `here` and nowhere else.
    pub(in crate::run) fn was_live_only_in(&self, id: &str, here: &Target) -> bool {
        self.targets.get(id).is_some_and(|targets| targets.len() == 1 && targets.contains(here))
    }
}

impl Journals<'_> {
    /// What the journals tell of the pipeline's exports.
    ///
    /// # Errors
    /// When the folder is there and cannot be read, or a call fails.
    pub async fn known_exports(&self) -> Result<KnownExports, RunError> {
        let mut states = self.states().await?;
        states.retain(|state| state.report.pipeline == self.pipeline.name);
        Ok(KnownExports::of(states))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::error::Failure;
    use super::super::super::report::{ExportInfo, PrunedExport, StepRecord};
    use super::*;

    fn time(minute: u8) -> Timestamp {
        format!("2026-11-23T03:{minute:02}:00Z").parse().unwrap()
    }

    /// The journal of a run over export `id` that ended so many minutes past three.
    fn state(id: &str, minute: u8) -> State {
        let mut state = State::new("shop", format!("20261123-03{minute:02}00-abcd"), time(minute));
        state.report.export = Some(ExportInfo {
            id: id.into(),
            location: format!("s3://lake/exports/{id}/"),
            adopted: false,
            status: "COMPLETE".into(),
            percent: 100,
            extracted_gb: 1,
            started: None,
            ended: None,
            warning: None,
        });
        state
    }

    fn judged(id: &str, minute: u8, fit: bool) -> State {
        State { verdict: Some(Verdict { fit, at: time(minute) }), ..state(id, minute) }
    }

    fn target(database: &str, partition: Option<&str>) -> Target {
        let root = "s3://lake/exports/".into();
        Target { database: database.into(), partition: partition.map(str::to_owned), root }
    }

    #[test]
    fn the_last_verification_decides_whatever_became_of_its_run() {
        let mut resumed = judged("a", 1, false);
        // Resumed later, and ended before it verified again.
        resumed.report.ended = time(9);
        let known = KnownExports::of(vec![resumed.clone(), judged("b", 2, false)]);
        assert!(known.is_unfit("a") && known.is_unfit("b") && !known.is_unfit("c"));
        let known = KnownExports::of(vec![resumed, judged("a", 5, true)]);
        assert!(!known.is_unfit("a"));
    }

    #[test]
    fn journals_without_a_verdict_tell_it_by_how_they_ended() {
        let mut failed = state("a", 1);
        failed.report.failure =
            Some(Failure::new(Step::Verify, FailureKind::Verification, "bad", "look"));
        let mut passed = state("b", 1);
        passed.report.steps.push(StepRecord {
            step: Step::Verify,
            started: time(0),
            ended: Some(time(1)),
            outcome: Outcome::Done,
            detail: String::new(),
        });
        assert_eq!(verdict(&failed), Some(Verdict { fit: false, at: time(1) }));
        assert_eq!(verdict(&passed), Some(Verdict { fit: true, at: time(1) }));
        // Some of its tables tell nothing of the others.
        passed.only_tables.push("orders".into());
        assert_eq!(verdict(&passed), None);
        let text = serde_json::to_value(&failed).unwrap();
        let mut old = text.as_object().unwrap().clone();
        for field in ["verdict", "admission", "warning_known", "target"] {
            assert!(old.remove(field).is_some(), "{field}");
        }
        let old: State = serde_json::from_value(old.into()).unwrap();
        assert!(KnownExports::of(vec![old]).is_unfit("a"));
    }

    #[test]
    fn what_checks_refused_stays_refused_until_they_pass_or_it_goes_live() {
        let told = |id, minute, fit| State {
            admission: Some(Verdict { fit, at: time(minute) }),
            ..judged(id, minute, true)
        };
        let mut resumed = told("a", 1, false);
        // Resumed later, and ended before its data was checked again.
        resumed.report.ended = time(9);
        let mut old = judged("b", 1, true);
        old.report.failure = Some(Failure::new(Step::Checks, FailureKind::Checks, "bad", "look"));
        let known = KnownExports::of(vec![resumed.clone(), old, judged("c", 2, true)]);
        assert!(known.is_refused("a") && known.is_refused("b") && !known.is_refused("c"));
        // The files are as RDS wrote them: it is the data that was not wanted.
        assert!(!known.is_unfit("a") && !known.is_unfit("b"));
        let known = KnownExports::of(vec![resumed, told("a", 5, true)]);
        assert!(!known.is_refused("a"));
    }

    #[test]
    fn a_warning_is_known_from_whoever_asked_rds() {
        let mut asked = state("a", 1);
        asked.report.export.as_mut().unwrap().warning = Some("a table was skipped".into());
        let mut kept = state("a", 2);
        kept.kept_export = Some("a".into());
        let known = KnownExports::of(vec![asked, kept.clone()]);
        assert!(known.was_awaited("a"));
        assert_eq!(known.warning("a"), Some("a table was skipped"));
        assert!(!KnownExports::of(vec![kept]).was_awaited("a"));
        let known = KnownExports::of(vec![state("a", 1)]);
        assert!(known.was_awaited("a") && known.warning("a").is_none());
    }

    #[test]
    fn what_any_run_has_begun_to_delete_is_known() {
        let mut cut_off = state("b", 2);
        cut_off.report.export = None;
        cut_off.report.pruned.push(PrunedExport { id: "a".into(), objects: 9, bytes: 9 });
        let known = KnownExports::of(vec![cut_off, state("c", 3)]);
        assert!(known.is_doomed("a") && !known.is_doomed("b") && !known.is_doomed("c"));
    }

    #[test]
    fn what_went_live_elsewhere_is_told_apart() {
        let live = |id, minute, target| State { target: Some(target), ..state(id, minute) };
        let (here, before) = (target("shop", None), target("shop_old", None));
        let known = KnownExports::of(vec![
            live("a", 1, before.clone()),
            live("b", 2, before.clone()),
            live("b", 3, here.clone()),
            live("c", 4, here.clone()),
        ]);
        assert_eq!(known.elsewhere(&here), [&before].into());
        let only: Vec<bool> =
            ["a", "b", "c", "d"].iter().map(|id| known.was_live_only_in(id, &here)).collect();
        assert_eq!(only, [false, false, true, false]);
        // The same database holds every day of the past in one mode and one day in the other.
        let history = KnownExports::of(vec![live("a", 1, target("shop", Some("day")))]);
        assert_eq!(history.elsewhere(&here).len(), 1);
        // Exports of another folder are in nobody's way.
        let moved = Target { root: "s3://lake/new/".into(), ..here };
        assert!(known.elsewhere(&moved).is_empty());
    }
}
