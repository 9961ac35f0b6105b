//! What a run did, as a report.

use super::{CheckRow, Fact, Kind, Problem, Report, Status, StepRow, TableRow, VERSION, ViewRow};
use crate::run::{Outcome, RunReport, StepRecord, ViewReport};
use crate::verify::{Check, CheckStatus, TableVerification};

impl Report {
    /// The report of a run, without what only a rehearsal knows.
    #[must_use]
    pub fn of_run(run: &RunReport, kind: Kind) -> Self {
        let verification = run.verification.clone().unwrap_or_default();
        let verified = verification.passed();
        let mut problems = Vec::new();
        if let Some(failure) = &run.failure {
            problems.push(Problem {
                kind: failure.kind.id().to_owned(),
                message: failure.message.clone(),
                help: failure.help.clone(),
            });
        }
        Self {
            version: VERSION,
            snaplake: env!("CARGO_PKG_VERSION").to_owned(),
            kind,
            pipeline: run.pipeline.clone(),
            result: if run.succeeded() && verified { Status::Passed } else { Status::Failed },
            started: run.started,
            ended: run.ended,
            facts: facts(run),
            steps: run.steps.iter().map(|record| step(record, run)).collect(),
            checks: verification.export.iter().map(check).collect(),
            tables: verification.tables.iter().map(table).collect(),
            views: run.views.iter().map(view).collect(),
            principals: Vec::new(),
            denials: Vec::new(),
            problems,
            warnings: run.warnings.clone(),
        }
    }
}

fn facts(run: &RunReport) -> Vec<Fact> {
    let mut facts = vec![("run", run.run_id.clone())];
    facts.extend(run.principal.iter().map(|arn| ("principal", arn.clone())));
    if let Some(snapshot) = &run.snapshot {
        facts.push(("snapshot", snapshot.arn.clone()));
        facts.extend(snapshot.created.map(|time| ("snapshot made", time.to_string())));
    }
    if let Some(export) = &run.export {
        facts.push(("export", export.id.clone()));
        facts.push(("location", export.location.clone()));
        facts.push(("status", export.status.clone()));
        facts.extend(export.warning.iter().map(|warning| ("warning of RDS", warning.clone())));
    }
    facts.into_iter().map(|(name, value)| Fact { name: name.to_owned(), value }).collect()
}

fn step(record: &StepRecord, run: &RunReport) -> StepRow {
    StepRow {
        id: record.step.id().to_owned(),
        title: record.step.title().to_owned(),
        status: match record.outcome {
            Outcome::Done => Status::Passed,
            Outcome::Skipped => Status::Skipped,
            Outcome::Running | Outcome::Failed | Outcome::Interrupted => Status::Failed,
        },
        started: record.started,
        ended: record.ended.unwrap_or(run.ended),
        detail: record.detail.clone(),
    }
}

fn table(table: &TableVerification) -> TableRow {
    TableRow {
        name: table.table.clone(),
        source: table.source.clone(),
        rows: table.rows,
        bytes: Some(table.bytes),
        files: Some(table.files),
        status: if table.passed() { Status::Passed } else { Status::Failed },
        checks: table.checks.iter().map(check).collect(),
    }
}

fn check(check: &Check) -> CheckRow {
    CheckRow {
        id: check.id.clone(),
        title: check.title.clone(),
        status: match check.status {
            CheckStatus::Passed => Status::Passed,
            CheckStatus::Failed => Status::Failed,
            CheckStatus::Warning | CheckStatus::NotComparable => Status::Skipped,
        },
        expected: check.expected.clone(),
        found: check.found.clone(),
        help: check.help.clone(),
    }
}

fn view(view: &ViewReport) -> ViewRow {
    let status = match (&view.problem, view.live) {
        (Some(_), _) => Status::Failed,
        (None, true) => Status::Passed,
        (None, false) => Status::Skipped,
    };
    ViewRow {
        name: view.view.clone(),
        status,
        rows: view.rows,
        message: view.problem.clone().unwrap_or_default(),
    }
}
