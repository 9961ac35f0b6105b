//! A rehearsal: the run of `run/` against the cloud of `cloud/`, which know nothing of each other.
//!
//! The cloud holds what `terraform apply` would have made, under the policies on disk. The run is the
//! one that AWS would see: the same code, the same SDK clients, another endpoint, the runner's
//! credentials. What a rehearsal adds is what only it can know: the source database, to compare the
//! export with, and every decision that was made on a request.

mod clock;
mod drills;
mod error;
pub mod fingerprint;
mod policies;
pub mod sample;
mod setting;
mod source_checks;
mod usage;
mod webhook;

pub use error::RehearseError;

use crate::aws::{Clients, Settings, StaticCredentials, Webhook};
use crate::cloud::source::{Engine, Source, SourceAddress, SourceError, SourceUrl};
use crate::cloud::{Cloud, CloudHandle, CloudOptions, VirtualClock};
use crate::pipeline::{CatalogMode, Pipeline, PrincipalKind};
use crate::report::{Fact, Kind, Problem, Report, Status};
use crate::run::{self, Progress, RunError, RunOptions, RunReport};
use clock::RehearsalClock;
use policies::FileOnDisk;
use source_checks::SourceChecks;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use webhook::Recorder;

/// How to rehearse.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the policy files.
    pub policies: PathBuf,
    /// The source, instead of the configuration's: `sqlite:FILE`, `postgres://…` or `mysql://…`.
    pub source: Option<SourceAddress>,
    /// Where a relative path in the configuration's source starts.
    pub folder: PathBuf,
    /// Whether the rights that a smooth run never uses are drilled as well.
    pub drills: bool,
    /// Where the cloud keeps its objects, to look at afterwards; a folder that goes away without.
    pub keep: Option<PathBuf>,
}

/// Rehearses the pipeline.
///
/// # Errors
/// When the rehearsal cannot be made. What it finds, denials and failed checks included, is in the
/// report.
pub async fn rehearse(
    pipeline: &Pipeline,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, RehearseError> {
    let files = policies::load(pipeline, &options.policies)?;
    let source = source(pipeline, options).await?;
    let folder = tempfile::Builder::new()
        .prefix("snaplake-rehearsal-")
        .tempdir()
        .map_err(RehearseError::Folder)?;
    let objects = options.keep.clone().unwrap_or_else(|| folder.path().join("cloud"));
    let mut cloud_options = CloudOptions::new(&pipeline.account, &pipeline.region, &objects);
    pipeline.partition.clone_into(&mut cloud_options.partition);
    let cloud = Cloud::start(cloud_options).await?;
    if pipeline.catalog.mode == CatalogMode::History {
        early_in_the_day(pipeline, &cloud.clock());
    }
    // The export, its drills and the checks all read the database of one moment.
    cloud.seed().hold_source(source.url.clone(), Arc::clone(&source.open));
    setting::set(&cloud, pipeline, &files, &source.url)?;
    let stage = Stage {
        clock: RehearsalClock(cloud.clock()),
        runner: clients(&cloud, pipeline, PrincipalKind::Runner).await?,
        journal: folder.path().join("runs"),
        source,
        slack: pipeline.notify.slack.as_ref().map(|_| Arc::default()),
        cloud,
    };
    let run = stage.run(pipeline, progress).await?;
    let mut report = Report::of_run(&run, Kind::Rehearsal);
    if options.drills && run.succeeded() {
        drills::drill(&stage, pipeline, &run, &mut report).await?;
    }
    messages(&mut report, &stage);
    report.warnings.extend(stage.source.open.notes());
    judge(&mut report, pipeline, &files, &stage.cloud, options.drills);
    stage.cloud.shutdown().await;
    Ok(report)
}

/// Lets the time be six in the morning where a snapshot's date is taken, so that the drills' exports are
/// of one day or of two as they mean to be, whenever it is that somebody rehearses.
fn early_in_the_day(pipeline: &Pipeline, clock: &VirtualClock) {
    let zone = crate::config::time_zone(&pipeline.catalog.time_zone);
    let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
    let now = clock.now().to_zoned(zone);
    let six = now.tomorrow().and_then(|day| day.with().hour(6).minute(0).build());
    if let Ok(six) = six {
        clock.advance(Duration::try_from(six.duration_since(&now)).unwrap_or_default());
    }
}

/// What people would have been told. Nothing left this machine.
fn messages(report: &mut Report, stage: &Stage) {
    let slack = stage.slack.iter().flat_map(|slack| slack.bodies());
    let slack = slack.map(|body| ("to Slack, not sent", body));
    let topic = stage.cloud.messages().into_iter();
    let topic = topic.map(|message| ("to the topic, not sent", message.message));
    report
        .facts
        .extend(slack.chain(topic).map(|(name, value)| Fact { name: name.to_owned(), value }));
}

/// What a run on the cloud needs.
struct Stage {
    cloud: CloudHandle,
    clock: RehearsalClock,
    runner: Clients,
    journal: PathBuf,
    source: StageSource,
    /// Where Slack's messages go: only when the configuration names a webhook.
    slack: Option<Arc<Recorder>>,
}

/// The database that stands for the production's.
#[derive(Debug, Clone)]
struct StageSource {
    /// Where it is.
    url: SourceAddress,
    /// It, at the moment when the rehearsal began.
    open: Arc<Source>,
    /// The file, when it is one.
    file: Option<PathBuf>,
}

impl Stage {
    fn source_url(&self) -> &SourceAddress {
        &self.source.url
    }

    fn options(&self) -> RunOptions {
        let checks = SourceChecks { source: self.source.clone(), clients: self.runner.clone() };
        RunOptions {
            journal: self.journal.clone(),
            checks: Some(Arc::new(checks)),
            webhook: self.slack.clone().map(|slack| slack as Arc<dyn Webhook>),
            ..RunOptions::default()
        }
    }

    async fn run(
        &self,
        pipeline: &Pipeline,
        progress: &dyn Progress,
    ) -> Result<RunReport, RehearseError> {
        let began = self.clock.0.now();
        let run = run::run(pipeline, &self.runner, &self.clock, self.options(), progress).await;
        match run {
            // A journal that may not be kept is a finding of the rehearsal, not its own failure.
            Err(RunError::Bucket(error)) if error.is_denied() => {
                Ok(RunReport::refused(pipeline, *error, began))
            }
            other => Ok(other?),
        }
    }
}

/// The database that stands for the production database, after a look whether it can.
async fn source(pipeline: &Pipeline, options: &Options) -> Result<StageSource, RehearseError> {
    let (url, base) = match (&options.source, &pipeline.rehearsal) {
        (Some(url), _) => (url.reveal(), Path::new(".")),
        (None, Some(source)) => (source.url.as_str(), options.folder.as_path()),
        (None, None) => return Err(RehearseError::NoSource),
    };
    let (url, file) = match SourceUrl::parse(url)? {
        SourceUrl::Sqlite(path) => {
            let path = base.join(path);
            (SourceAddress::from(format!("sqlite:{}", path.display())), Some(path))
        }
        SourceUrl::PostgreSql(url) | SourceUrl::MySql(url) => (url, None),
    };
    let engine = pipeline.source.engine.as_str();
    let engine =
        Engine::parse(engine).ok_or_else(|| RehearseError::UnknownEngine(engine.to_owned()))?;
    let (database, tables) = (pipeline.source.database.clone(), pipeline.source.tables.clone());
    let address = url.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let source = Source::open(address.reveal(), engine, &database)?;
        source.tables()?;
        for table in &tables {
            source.table(&table.schema, &table.name)?;
        }
        Ok::<_, SourceError>(source)
    });
    let open = match opened.await {
        Ok(open) => Arc::new(open?),
        Err(panicked) => return Err(RehearseError::Folder(std::io::Error::other(panicked))),
    };
    Ok(StageSource { url, open, file })
}

/// Clients with the credentials of one of the pipeline's principals.
async fn clients(
    cloud: &CloudHandle,
    pipeline: &Pipeline,
    kind: PrincipalKind,
) -> Result<Clients, RehearseError> {
    let credentials = cloud.seed().credentials_for(&pipeline.role_arn(kind), "rehearsal")?;
    let settings = Settings {
        profile: None,
        region: Some(pipeline.region.clone()),
        endpoint_url: Some(cloud.endpoint()),
        no_proxy: true,
        credentials: Some(StaticCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
        }),
        // A call may wait for an export of a large database, which is made on this machine.
        answer_within: Some(Duration::from_hours(24)),
    };
    Ok(Clients::connect(settings).await?)
}

/// Adds what the access log says: denials fail the rehearsal, and so do grants that nothing used,
/// for a policy that allows more than the pipeline needs is as wrong as one that allows less.
fn judge(
    report: &mut Report,
    pipeline: &Pipeline,
    files: &[FileOnDisk],
    cloud: &CloudHandle,
    drilled: bool,
) {
    let log = cloud.log();
    let step = report.steps.iter().rev().find(|step| step.status == Status::Failed);
    let step = step.map_or("", |step| step.id.as_str()).to_owned();
    report.denials = usage::denials(pipeline, &log, &step);
    report.principals = usage::principals(pipeline, files, &log);
    if !report.denials.is_empty() {
        report.result = Status::Failed;
    }
    if drilled && report.result == Status::Passed {
        let unused: usize = report.principals.iter().map(|row| row.unused().count()).sum();
        if unused > 0 {
            report.result = Status::Failed;
            report.problems.push(Problem {
                kind: "unused-grants".to_owned(),
                message: format!("{unused} granted actions were never used"),
                help: "take them out of the policies, or write the policies anew with \
                       `snaplake generate`"
                    .to_owned(),
            });
        }
    }
    if let Some(boundary) = &pipeline.iam.permissions_boundary {
        report.warnings.push(format!(
            "the permissions boundary `{boundary}` is not on this machine and was not enforced; \
             `snaplake iam check --live` evaluates it"
        ));
    }
}
