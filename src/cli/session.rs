//! What the commands that reach AWS share: clients, a runtime, Ctrl-C, and how a run ends.

use super::outputs::{self, Files};
use super::project::Project;
use super::{Exit, Failure, Global, Outcome, Printer};
use crate::aws::{AwsError, Clients, ErrorKind, Settings, Stop, SystemClock, Webhook};
use crate::pipeline::Pipeline;
use crate::report::{Kind, Report};
use crate::run::{self, Journals, RunError, RunOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A pipeline and what is needed to work on it.
pub(super) struct Session {
    pub(super) pipeline: Pipeline,
    pub(super) clients: Clients,
    /// The folder of the journals.
    pub(super) journal: PathBuf,
    /// Who is told over the web.
    webhook: Option<Arc<dyn Webhook>>,
    project: Project,
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
            no_proxy: false,
            credentials: None,
            answer_within: None,
        };
        let clients = runtime
            .block_on(Clients::connect(settings))
            .map_err(|error| Failure::input(miette::miette!(help = error.help(), "{error}")))?;
        let webhook = None;
        let journal = journal_folder(&project);
        Ok(Self { pipeline, clients, journal, webhook, project, runtime })
    }

    /// The same, for what may tell people: reads the secrets that the configuration names.
    pub(super) fn open_to_tell(global: &Global) -> Result<Self, Failure> {
        let project = Project::load(global)?;
        let webhook = super::notify::webhook(&project, &project.pipeline()?)?;
        Ok(Self { webhook, ..Self::open(global)? })
    }

    /// The journals of the pipeline's runs.
    pub(super) fn journals(&self) -> Journals<'_> {
        Journals { folder: &self.journal, pipeline: &self.pipeline, clients: &self.clients }
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs, with progress and Ctrl-C, and shows the report.
    pub(super) fn run(
        &self,
        mut options: RunOptions,
        files: &Files,
        page: Option<&Path>,
        global: &Global,
        printer: &Printer,
    ) -> Outcome {
        let progress = super::run::Progress::new(printer);
        let stop = options.stop.clone();
        options.webhook.clone_from(&self.webhook);
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
        let mut report = report.map_err(|error| run_error(&error))?;
        if let (Some(profile), Some(failure)) = (profile(global), &mut report.failure) {
            let named = format!("--profile {}", profile.escape_debug());
            failure.help = failure.help.replace("--profile NAME", &named);
        }
        let shown = Report::of_run(&report, Kind::Run);
        outputs::write(&shown, files)?;
        if let Some(page) = page {
            let runs = self.wait(outputs::history(&self.journals()));
            outputs::write_page(&shown, &self.project, &self.pipeline, &runs, page)?;
        }
        outputs::print(&shown, global.output, printer)?;
        Ok(report.failure.as_ref().map_or(Exit::Done, |failure| failure.kind.into()))
    }
}

/// The profile that the credentials come from, when one is named.
fn profile(global: &Global) -> Option<String> {
    let set = || std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    global.profile.clone().or_else(set)
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

/// Why a run could not begin.
pub(super) fn run_error(error: &RunError) -> Failure {
    let report = miette::miette!(help = error.help(), "{error}");
    match error {
        RunError::NoSuchRun { .. } | RunError::OtherPipeline { .. } | RunError::Finished { .. } => {
            Failure::input(report)
        }
        RunError::Journal { .. }
        | RunError::Corrupt { .. }
        | RunError::Bucket(_)
        | RunError::Leased { .. }
        | RunError::Locked { .. } => Failure::environment(report),
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
