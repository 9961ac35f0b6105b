//! `snaplake rehearse`: the whole pipeline on this machine.

use super::outputs::{self, Files};
use super::project::Project;
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::cloud::source::SourceAddress;
use crate::pipeline::Pipeline;
use crate::rehearse::{Options, RehearseError};
use crate::report::{self, Report, Status};
use crate::run::FailureKind;
use std::path::{Path, PathBuf};

/// Arguments of `snaplake rehearse`.
#[derive(Debug, clap::Args)]
pub struct RehearseArgs {
    /// The database to read, instead of the configuration's: `sqlite:FILE`, `postgres://USER@HOST/DB`
    /// or `mysql://USER@HOST/DB`, with the password in PGPASSWORD or MYSQL_PWD
    #[arg(long, value_name = "URL")]
    source: Option<SourceAddress>,
    /// The folder of the policy files; by default the one that `generate` writes beside the configuration
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Where to write the report page; `report.html` beside the configuration by default
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Leave out the drills of what a smooth run never does: roll back, prune, cancel
    #[arg(long)]
    no_drills: bool,
    /// Keep the objects of the rehearsal's lake in this folder, to look at
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    files: Files,
}

pub(super) fn run(args: &RehearseArgs, global: &Global, printer: &Printer) -> Outcome {
    let project = Project::load(global)?;
    let pipeline = project.pipeline()?;
    let policies = args.policies.clone();
    let options = Options {
        policies: policies.unwrap_or_else(|| project.policies(&pipeline)),
        source: args.source.clone(),
        folder: project.folder.clone(),
        drills: !args.no_drills,
        keep: args.keep.clone(),
    };
    let page = args.report.clone().unwrap_or_else(|| project.folder.join("report.html"));
    rehearse(&pipeline, &options, &page, &args.files, global.output, printer)
}

/// Rehearses, writes the page and prints the report.
pub(super) fn rehearse(
    pipeline: &Pipeline,
    options: &Options,
    page: &Path,
    files: &Files,
    output: OutputFormat,
    printer: &Printer,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(miette::miette!("cannot start: {error}")))?;
    let progress = super::progress::Lines::new(printer);
    let report = runtime.block_on(async {
        tokio::select! {
            // First, so that the signal is heard before there is anything to leave behind.
            biased;
            // The cloud lives in this process and in a folder that goes away with it.
            () = asked_to_end() => None,
            report = crate::rehearse::rehearse(pipeline, options, &progress) => Some(report),
        }
    });
    progress.finish();
    let Some(report) = report else {
        printer.note("interrupted; nothing is left behind");
        return Ok(Exit::Interrupted);
    };
    let report = report.map_err(|error| failure(&error))?;
    write_page(&report, page)?;
    outputs::write(&report, files)?;
    outputs::print(&report, output, printer)?;
    printer.note(format_args!("report: {}", page.display()));
    // A view that does not work is the configuration's fault, not the pipeline's.
    let bad_view = report.problems.iter().any(|problem| problem.kind == FailureKind::View.id());
    Ok(match report.result {
        Status::Passed => Exit::Done,
        _ if bad_view => Exit::Input,
        _ => Exit::No,
    })
}

/// Ends when somebody presses Ctrl-C or a supervisor asks the process to end.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn write_page(report: &Report, page: &Path) -> Result<(), Failure> {
    let html =
        report::html(report).map_err(|error| Failure::environment(miette::miette!("{error}")))?;
    super::files::write(page, html.as_bytes())
}

fn failure(error: &RehearseError) -> Failure {
    let help = error.help();
    let input = error.is_input();
    let report = miette::miette!(help = help, "{error}");
    if input { Failure::input(report) } else { Failure::environment(report) }
}
