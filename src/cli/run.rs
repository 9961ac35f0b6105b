//! `snaplake run`: the whole pipeline on AWS.

use super::outputs::Files;
use super::project::Project;
use super::session::{Session, aws_error};
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::printable::line;
use crate::run::{self, Event, Outcome as StepOutcome, RunOptions};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `snaplake run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Continue a run that was interrupted, killed or failed; `snaplake runs` names it
    #[arg(long, value_name = "RUN", conflicts_with_all = ["dry_run", "cancel_export"])]
    resume: Option<String>,
    /// With journals in the bucket: take the lock from a process that you know to be dead
    #[arg(long, conflicts_with_all = ["dry_run", "cancel_export"])]
    take_over: bool,
    /// Show what would be called, on what and as whom; call nothing
    #[arg(long, conflicts_with_all = ["cancel_export", "junit", "report"])]
    dry_run: bool,
    /// With `--dry-run`: the snapshot's size, `100 GiB` or `2 TB`, to say what the run costs
    #[arg(long, value_name = "SIZE", requires = "dry_run", value_parser = super::cost::size)]
    size: Option<u64>,
    /// Cancel an export that is still running, and do nothing else
    #[arg(long, value_name = "EXPORT", conflicts_with_all = ["junit", "report"])]
    cancel_export: Option<String>,
    /// Write the report as a page to this file, with earlier runs drawn beside it
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    files: Files,
}

pub(super) fn run(args: &RunArgs, global: &Global, printer: &Printer) -> Outcome {
    if args.dry_run {
        no_junit("--dry-run", global.output)?;
        let project = Project::load(global)?;
        let pipeline = project.pipeline()?;
        let prices = super::cost::prices(&project, &pipeline, None)?;
        let total =
            args.size.map(|size| super::cost::run_total(&project, &pipeline, size, &prices));
        printer.out(super::plan::plan(&pipeline, &prices, total, global.output)?)?;
        return Ok(Exit::Done);
    }
    if let Some(export) = &args.cancel_export {
        no_junit("--cancel-export", global.output)?;
        let session = Session::open(global)?;
        let status = session
            .wait(run::cancel_export(&session.clients, export))
            .map_err(|error| aws_error(&error))?;
        printer.out(match global.output {
            OutputFormat::Json => {
                format!("{:#}\n", json!({ "version": 1, "export": export, "status": status }))
            }
            _ => format!("{}: {}\n", line(export), line(&status)),
        })?;
        return Ok(Exit::Done);
    }
    let session = Session::open_to_tell(global)?;
    let options = RunOptions {
        journal: session.journal.clone(),
        resume: args.resume.clone(),
        take_over: args.take_over,
        ..RunOptions::default()
    };
    session.run(options, &args.files, args.report.as_deref(), global, printer)
}

/// JUnit shows what a run has checked, and here nothing runs.
fn no_junit(option: &str, output: OutputFormat) -> Result<(), Failure> {
    if output == OutputFormat::Junit {
        return Err(Failure::input(miette::miette!(
            help = "use text or json",
            "`run {option}` checks nothing that JUnit could show"
        )));
    }
    Ok(())
}

/// Progress on stderr: a spinner on a terminal, and a line for every step that ended.
pub(super) struct Progress<'a> {
    bar: ProgressBar,
    printer: &'a Printer,
}

impl<'a> Progress<'a> {
    pub(super) fn new(printer: &'a Printer) -> Self {
        let bar = ProgressBar::new_spinner();
        if printer.progress() {
            bar.set_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bar, printer }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, line: &str) {
        self.bar.suspend(|| self.printer.note(line));
    }
}

impl run::Progress for Progress<'_> {
    fn event(&self, event: &Event<'_>) {
        let message = match event {
            Event::Started { run_id } => return self.line(&format!("run {run_id}")),
            Event::StepEnded { record } => {
                let mark = match record.outcome {
                    StepOutcome::Done => "done",
                    StepOutcome::Skipped => "skipped",
                    StepOutcome::Failed => "FAILED",
                    StepOutcome::Interrupted => "interrupted",
                    StepOutcome::Running => "running",
                };
                let time = record.ended.unwrap_or(record.started).strftime("%H:%M:%S");
                let detail = line(&record.detail);
                return self.line(&format!("{time} {}: {mark}: {detail}", record.step.id()));
            }
            Event::Warning { message } => {
                return self.line(&format!("warning: {}", line(message)));
            }
            Event::StepStarted { step } => step.title().to_owned(),
            Event::Export { percent, gigabytes, elapsed, remaining } => {
                let mut text =
                    format!("exporting: {percent} %, {gigabytes} GB read, {}", short(*elapsed));
                if let Some(remaining) = remaining {
                    let _ = write!(text, ", about {} left", short(*remaining));
                }
                text
            }
            Event::Waiting { what, elapsed } => {
                format!("waiting for {}, {}", line(what), short(*elapsed))
            }
            Event::TableVerified { table, done, total } => {
                format!("verified {} ({done} of {total})", line(&table.table))
            }
            Event::TablePublished { table, done, total } => {
                format!("published {} ({done} of {total})", line(table))
            }
        };
        self.bar.set_message(message);
    }
}

fn short(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match minutes {
        0 => format!("{} s", duration.as_secs()),
        1..=59 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
