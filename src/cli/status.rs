//! `snaplake status` and `snaplake runs`: what is live, and what happened.

use super::project::Project;
use super::session::{Session, aws_error, journal_folder, run_error};
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::pipeline::JournalPlace;
use crate::printable::line;
use crate::run::{self, KeptExport, RunSummary, Status};
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Arguments of `snaplake status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {}

/// Arguments of `snaplake runs`.
#[derive(Debug, clap::Args)]
pub struct RunsArgs {}

pub(super) fn status(_args: &StatusArgs, global: &Global, printer: &Printer) -> Outcome {
    let session = Session::open(global)?;
    let mut status = session
        .wait(run::status(&session.pipeline, &session.clients))
        .map_err(|error| aws_error(&error))?;
    match session.wait(session.journals().known_exports()) {
        Ok(known) => status.judge(&known),
        // Whoever looks may have no right to the journals.
        Err(error) => {
            printer
                .note(format!("which exports failed verification or checks is not known: {error}"));
        }
    }
    if global.output == OutputFormat::Json {
        print(
            printer,
            &json!({"version": 1, "pipeline": session.pipeline.name, "status": status}),
        )?;
    } else {
        printer.out(status_text(&status))?;
    }
    Ok(Exit::Done)
}

pub(super) fn runs(_args: &RunsArgs, global: &Global, printer: &Printer) -> Outcome {
    let project = Project::load(global)?;
    // Several pipelines share the folder; the bucket's are of one.
    let pipelines = project.pipelines()?;
    let in_bucket = matches!(pipelines.as_slice(), [only] if only.journal == JournalPlace::Bucket);
    let runs = if in_bucket {
        let session = Session::open(global)?;
        session.wait(session.journals().list())
    } else {
        run::list(&journal_folder(&project))
    };
    let runs = runs.map_err(|error| run_error(&error))?;
    if global.output == OutputFormat::Json {
        print(printer, &json!({"version": 1, "runs": runs}))?;
    } else {
        printer.out(runs_text(&runs))?;
    }
    Ok(Exit::Done)
}

fn print(printer: &Printer, value: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::environment(miette::miette!("{error}")))?;
    printer.out(text + "\n")
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table
}

fn shown(text: Option<&str>) -> String {
    line(text.unwrap_or("-"))
}

fn status_text(status: &Status) -> String {
    let mut tables = table(["TABLE", "EXPORT", "MOVED AT", "RUN"]);
    for row in &status.tables {
        tables.add_row([
            line(&row.table),
            shown(row.export.as_deref()),
            shown(row.moved_at.as_deref()),
            shown(row.run.as_deref()),
        ]);
    }
    let mut exports = table(["EXPORT", "STATE", "LIVE TABLES"]);
    for row in &status.exports {
        exports.add_row([row.id.clone(), state_of(row).to_owned(), row.tables.to_string()]);
    }
    let mut text = format!("database {}\n\n{tables}\n\n{exports}\n", status.database);
    for (what, names) in [("views", &status.views), ("not of this pipeline", &status.strangers)] {
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|name| line(name)).collect();
            let _ = writeln!(text, "\n{what}: {}", names.join(", "));
        }
    }
    text
}

fn state_of(export: &KeptExport) -> &'static str {
    match export {
        KeptExport { complete: false, .. } => "incomplete",
        KeptExport { unfit: true, .. } => "failed verification",
        KeptExport { refused: true, .. } => "failed checks",
        _ => "complete",
    }
}

fn runs_text(runs: &[RunSummary]) -> String {
    if runs.is_empty() {
        return "no run was begun from this folder\n".to_owned();
    }
    let mut rows = table(["RUN", "PIPELINE", "STATE", "STEP", "EXPORT"]);
    for run in runs {
        let state = match (&run.failure, run.finished) {
            (_, true) => "finished",
            (Some(_), false) => "failed",
            (None, false) => "unfinished",
        };
        rows.add_row([
            run.run_id.clone(),
            line(&run.pipeline),
            state.to_owned(),
            run.step.clone(),
            shown(run.export.as_deref()),
        ]);
    }
    let mut text = format!("{rows}\n");
    if let Some(failure) = runs.first().and_then(|run| run.failure.as_ref()) {
        let _ = writeln!(text, "\nthe last one: {}", line(failure));
    }
    text
}
