//! What the commands that reach AWS share: clients, a runtime, Ctrl-C, and how a run ends.

use super::project::Project;
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::aws::{AwsError, Clients, ErrorKind, Settings, Stop, SystemClock};
use crate::pipeline::Pipeline;
use crate::report::{self, Kind, Report};
use crate::run::{self, FailureKind, RunError, RunOptions, RunReport};
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// A pipeline and what is needed to work on it.
pub(super) struct Session {
    pub(super) pipeline: Pipeline,
    pub(super) clients: Clients,
    /// The folder of the journals.
    pub(super) journal: PathBuf,
    runtime: Runtime,
}

impl Session {
    /// Reads the configuration and makes the clients.
    pub(super) fn open(global: &Global) -> Result<Self, Failure> {
        let project = Project::load(global)?;
        let pipeline = project.pipeline()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(miette::miette!("cannot start: {error}")))?;
        let settings = Settings {
            profile: global.profile.clone(),
            region: Some(global.region.clone().unwrap_or_else(|| pipeline.region.clone())),
            endpoint_url: global.endpoint_url.clone(),
            credentials: None,
        };
        let clients = runtime
            .block_on(Clients::connect(settings))
            .map_err(|error| Failure::input(miette::miette!(help = error.help(), "{error}")))?;
        Ok(Self { pipeline, clients, journal: journal_folder(&project), runtime })
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs, with progress and Ctrl-C, and shows the report.
    pub(super) fn run(&self, options: RunOptions, global: &Global, printer: &Printer) -> Outcome {
        let progress = super::run::Progress::new(printer);
        let stop = options.stop.clone();
        let work = run::run(&self.pipeline, &self.clients, &SystemClock, options, &progress);
        let report = self.wait(async {
            tokio::select! {
                report = work => Some(report),
                () = twice_interrupted(&stop, printer) => None,
            }
        });
        progress.finish();
        let Some(report) = report else {
            printer.note("left at once; `snaplake runs` names the run, `--resume` continues it");
            return Ok(Exit::Interrupted);
        };
        let report = report.map_err(|error| run_error(&error))?;
        show(&report, global, printer)?;
        Ok(exit(&report))
    }
}

/// The folder of the journals of a project.
pub(super) fn journal_folder(project: &Project) -> PathBuf {
    project.folder.join(".snaplake").join("runs")
}

/// The first Ctrl-C asks the run to stop, the second one does not wait for that.
async fn twice_interrupted(stop: &Stop, printer: &Printer) {
    if tokio::signal::ctrl_c().await.is_err() {
        // No signals to be heard: the run goes on to its own end.
        return std::future::pending().await;
    }
    printer.note("stopping; press Ctrl-C once more to leave at once");
    stop.ask();
    let _ = tokio::signal::ctrl_c().await;
}

fn show(run: &RunReport, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let report = Report::of_run(run, Kind::Run);
    match global.output {
        OutputFormat::Json => {
            let text = report::json(&report)
                .map_err(|error| Failure::environment(miette::miette!("{error}")))?;
            printer.out(text)
        }
        _ => printer.out(report::text(&report, printer.color())),
    }
}

/// How the process ends after a run.
fn exit(report: &RunReport) -> Exit {
    match report.failure.as_ref().map(|failure| failure.kind) {
        None => Exit::Done,
        Some(FailureKind::Verification | FailureKind::Checks | FailureKind::Conflict) => Exit::No,
        Some(FailureKind::Setup | FailureKind::View) => Exit::Input,
        Some(FailureKind::Aws) => Exit::Environment,
        Some(FailureKind::Interrupted) => Exit::Interrupted,
    }
}

/// Why a run could not begin.
pub(super) fn run_error(error: &RunError) -> Failure {
    let report = miette::miette!(help = error.help(), "{error}");
    match error {
        RunError::NoSuchRun { .. } | RunError::OtherPipeline { .. } | RunError::Finished { .. } => {
            Failure::input(report)
        }
        RunError::Journal { .. } | RunError::Corrupt { .. } | RunError::Locked { .. } => {
            Failure::environment(report)
        }
    }
}

/// A call that failed, outside a run.
pub(super) fn aws_error(error: &AwsError) -> Failure {
    let report = miette::miette!(help = error.help(), "{error}");
    if error.kind == ErrorKind::NotFound {
        Failure::input(report)
    } else {
        Failure::environment(report)
    }
}
