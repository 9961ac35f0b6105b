//! The forms of a report: text, JSON or JUnit on stdout, and files beside.

use super::cost;
use super::project::Project;
use super::{Failure, OutputFormat, Printer};
use crate::pipeline::Pipeline;
use crate::report::{self, HistoryRow, Report};
use crate::run::{Journals, RunReport};
use std::path::{Path, PathBuf};

/// Files to write a report to.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Files {
    /// Write the report as JUnit XML to this file, for a build server
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}

/// Prints a report as `--output` says.
pub(super) fn print(
    report: &Report,
    output: OutputFormat,
    printer: &Printer,
) -> Result<(), Failure> {
    match output {
        OutputFormat::Json => printer.out(
            report::json(report)
                .map_err(|error| Failure::environment(miette::miette!("{error}")))?,
        ),
        OutputFormat::Junit => printer.out(report::report_junit(report)),
        _ => printer.out(report::text(report, printer.color())),
    }
}

/// Writes the JUnit file, if one is asked for.
pub(super) fn write(report: &Report, files: &Files) -> Result<(), Failure> {
    match &files.junit {
        Some(file) => super::files::write(file, report::report_junit(report).as_bytes()),
        None => Ok(()),
    }
}

/// Writes a run's page, with the runs before it drawn beside it.
pub(super) fn write_page(
    report: &Report,
    project: &Project,
    pipeline: &Pipeline,
    runs: &[RunReport],
    page: &Path,
) -> Result<(), Failure> {
    let prices = cost::prices(project, pipeline, None)?;
    let history: Vec<HistoryRow> =
        runs.iter().map(|run| HistoryRow::of(run, cost::of_run(pipeline, run, &prices))).collect();
    let html = report::html_with_history(report, &history)
        .map_err(|error| Failure::environment(miette::miette!("{error}")))?;
    super::files::write(page, html.as_bytes())
}

/// The runs of a pipeline, oldest first, as far as they can be read.
pub(super) async fn history(journals: &Journals<'_>) -> Vec<RunReport> {
    let listed = journals.list().await.unwrap_or_default().into_iter();
    let listed = listed.filter(|run| run.pipeline == journals.pipeline.name).take(report::RUNS);
    let mut runs = Vec::new();
    for run in listed {
        runs.extend(journals.read(&run.run_id).await.ok());
    }
    runs.reverse();
    runs
}
