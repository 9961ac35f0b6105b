//! The rights that a smooth run never uses, drilled: publish again, roll back, prune, cancel, query as
//! an analyst. A right that nobody has ever used is one that nobody knows to work.

mod crawl_again;

use super::{RehearseError, Stage, clients, setting};
use crate::aws::sql::identifier;
use crate::aws::{Athena, Clients, Stop, Webhook, failed};
use crate::pipeline::{CatalogMode, Pipeline, PrincipalKind, Step, TableRef};
use crate::report::{Problem, Report, Status, StepRow};
use crate::run::{self, Event, NoProgress, Progress, RunOptions, RunReport};
use std::time::Duration;

/// Longer than an export that a table pointed at is kept for queries still reading it.
const PAST_READERS: Duration = Duration::from_hours(2);

const NEXT_DAY: Duration = Duration::from_hours(24);

/// Drills everything, one thing after the other, until one fails.
pub(super) async fn drill(
    stage: &Stage,
    pipeline: &Pipeline,
    first: &RunReport,
    report: &mut Report,
) -> Result<(), RehearseError> {
    let mut drills = Drills { stage, report };
    let small = smallest(pipeline, first);
    let Some(kept) = first.export.as_ref().map(|export| export.id.clone()) else { return Ok(()) };

    drills.look_around(pipeline).await;
    // The access logs of a bucket that exists already are its owner's.
    if !pipeline.existing.bucket {
        drills.access_logs(pipeline);
    }
    if pipeline.notify.sns_topic.is_some() || pipeline.notify.slack.is_some() {
        drills.notify(pipeline).await;
    }
    drills.analyst(pipeline).await?;
    if pipeline.catalog.mode == CatalogMode::Crawler {
        drills.crawl_again(pipeline).await;
    }
    setting::database(&stage.cloud, pipeline, stage.source_url(), 2)?;
    if !drills.publish_again(&small).await? {
        return Ok(());
    }
    if !drills.roll_back(&small, kept).await? {
        return Ok(());
    }
    // In history mode the next export is to be of another day, so that there is a partition to drop.
    let history = pipeline.catalog.mode == CatalogMode::History;
    stage.clock.0.advance(if history { NEXT_DAY } else { PAST_READERS });
    setting::database(&stage.cloud, pipeline, stage.source_url(), 1)?;
    if !drills.prune(&small).await? {
        return Ok(());
    }
    stage.clock.0.advance(PAST_READERS);
    setting::database(&stage.cloud, pipeline, stage.source_url(), 0)?;
    drills.cancel(&small).await
}

/// The pipeline with its smallest table alone, so that a drill moves little data.
fn smallest(pipeline: &Pipeline, run: &RunReport) -> Pipeline {
    let verified = run.verification.iter().flat_map(|verification| &verification.tables);
    let table = verified.min_by_key(|table| table.rows).map(|table| {
        let (schema, name) = table.source.split_once('.').unwrap_or(("", &table.source));
        TableRef {
            database: pipeline.source.database.clone(),
            schema: schema.to_owned(),
            name: name.to_owned(),
        }
    });
    let mut small = pipeline.clone();
    small.source.tables = table.into_iter().collect();
    // Views read other tables as well, which the small pipeline does not stage.
    small.views.clear();
    small.retention.exports = 1;
    // Nor are they checked: what is drilled are the rights of publishing.
    small.checks.queries.clear();
    small.checks.freshness.clear();
    small
}

struct Drills<'a> {
    stage: &'a Stage,
    report: &'a mut Report,
}

impl Drills<'_> {
    /// S3 writes the access logs of the lake's bucket.
    fn access_logs(&mut self, pipeline: &Pipeline) {
        let began = self.stage.clock.0.now();
        let bucket = &pipeline.lake.bucket;
        let delivered = self.stage.cloud.deliver_access_logs(bucket, &pipeline.log_bucket(), "s3/");
        let failure = delivered.err().map(|error| error.to_string());
        self.row("access-logs", "deliver the bucket's access logs", began, failure.as_deref());
    }

    /// People are told of a failure, which a smooth run has not.
    async fn notify(&mut self, pipeline: &Pipeline) {
        let began = self.stage.clock.0.now();
        let slack = self.stage.slack.as_deref().map(|slack| slack as &dyn Webhook);
        let warnings = run::notify_drill(pipeline, &self.stage.runner, slack).await;
        let failure = warnings.into_iter().next();
        self.row("notify", "tell people of a failure", began, failure.as_deref());
    }

    /// The crawler meets tables that it made before.
    async fn crawl_again(&mut self, pipeline: &Pipeline) {
        let began = self.stage.clock.0.now();
        let failure = crawl_again::run(pipeline, &self.stage.runner, &self.stage.clock).await.err();
        self.row("crawl-again", "crawl tables that are there already", began, failure.as_deref());
    }

    /// A later export moves a live table: `UpdateTable` rather than `CreateTable`.
    async fn publish_again(&mut self, pipeline: &Pipeline) -> Result<bool, RehearseError> {
        let run = self.stage.run(pipeline, &NoProgress).await?;
        Ok(self.record("publish-again", "publish a later export of one table", &run))
    }

    /// The table goes back to the export before.
    async fn roll_back(
        &mut self,
        pipeline: &Pipeline,
        kept: String,
    ) -> Result<bool, RehearseError> {
        let options = RunOptions { export: Some(kept), ..self.stage.options() };
        let run = self.run(pipeline, options, &NoProgress).await?;
        Ok(self.record("roll-back", "roll the table back to the export before", &run))
    }

    /// An export that no table points at any more is deleted by the run after.
    async fn prune(&mut self, pipeline: &Pipeline) -> Result<bool, RehearseError> {
        let run = self.stage.run(pipeline, &NoProgress).await?;
        let mut passed = self.record("prune", "delete an export past retention", &run);
        if passed && run.pruned.is_empty() {
            self.problem("prune", "no export was deleted, although one is past retention");
            passed = false;
        }
        Ok(passed)
    }

    /// An export under way is left, then cancelled; a query likewise.
    async fn cancel(&mut self, pipeline: &Pipeline) -> Result<(), RehearseError> {
        let stop = Stop::default();
        let options = RunOptions { stop: stop.clone(), ..self.stage.options() };
        let run = self.run(pipeline, options, &StopAfter { step: Step::Export, stop }).await?;
        let Some(export) = run.export else {
            self.problem("cancel", "no export was under way");
            return Ok(());
        };
        let began = self.stage.clock.0.now();
        let clients = &self.stage.runner;
        let cancelled = run::cancel_export(clients, &export.id).await;
        let mut failure = cancelled.err().map(|error| error.to_string());
        if failure.is_none() && pipeline.catalog.mode == CatalogMode::Crawler {
            let stopped = run::stop_crawler(pipeline, clients).await;
            failure = stopped.err().map(|error| error.to_string());
        }
        if failure.is_none() {
            failure = self.stop_a_query(clients, pipeline).await.err();
        }
        self.row("cancel", "cancel an export and stop a query", began, failure.as_deref());
        Ok(())
    }

    async fn stop_a_query(&self, clients: &Clients, pipeline: &Pipeline) -> Result<(), String> {
        let workgroup = &pipeline.athena.workgroup;
        let athena = Athena::new(clients, &self.stage.clock, workgroup, Stop::default());
        let query = athena
            .start(&pipeline.catalog.database, "SELECT 1")
            .await
            .map_err(|error| error.to_string())?;
        athena.stop(&query).await.map_err(|error| error.to_string())
    }

    /// What `status` asks.
    async fn look_around(&mut self, pipeline: &Pipeline) {
        let began = self.stage.clock.0.now();
        let failure = run::status(pipeline, &self.stage.runner).await.err();
        let failure = failure.map(|error| error.to_string());
        self.row("look-around", "look at what is live", began, failure.as_deref());
    }

    /// An analyst reads every published table and view, and may do nothing else.
    async fn analyst(&mut self, pipeline: &Pipeline) -> Result<(), RehearseError> {
        let began = self.stage.clock.0.now();
        let analyst = clients(&self.stage.cloud, pipeline, PrincipalKind::Analyst).await?;
        let names: Vec<_> = self
            .report
            .tables
            .iter()
            .filter(|table| table.rows.is_some())
            .map(|table| table.name.clone())
            .chain(pipeline.views.iter().map(|view| view.name.clone()))
            .collect();
        let workgroup = &pipeline.athena.workgroup;
        let athena = Athena::new(&analyst, &self.stage.clock, workgroup, Stop::default());
        let mut failure = None;
        for name in names {
            let sql = format!("SELECT COUNT(*) FROM {}", identifier(&name));
            if let Err(error) = athena.query(&pipeline.catalog.database, &sql).await {
                failure = Some(format!("`{name}`: {error}"));
                break;
            }
        }
        if failure.is_none() {
            failure = self.stop_a_query(&analyst, pipeline).await.err();
        }
        if failure.is_none() {
            let asked = analyst.athena.get_work_group().work_group(workgroup).send().await;
            let asked = asked.map_err(failed("athena", "GetWorkGroup", workgroup.as_str()));
            failure = asked.err().map(|error| error.to_string());
        }
        self.row("query", "query every table and view as an analyst", began, failure.as_deref());
        Ok(())
    }

    async fn run(
        &self,
        pipeline: &Pipeline,
        options: RunOptions,
        progress: &dyn Progress,
    ) -> Result<RunReport, RehearseError> {
        let stage = self.stage;
        Ok(run::run(pipeline, &stage.runner, &stage.clock, options, progress).await?)
    }

    /// Adds a drill that was a run; gives whether it passed.
    fn record(&mut self, id: &str, title: &str, run: &RunReport) -> bool {
        let failure = run.failure.as_ref().map(|failure| failure.message.as_str());
        self.row(id, title, run.started, failure)
    }

    fn row(
        &mut self,
        id: &str,
        title: &str,
        started: jiff::Timestamp,
        failure: Option<&str>,
    ) -> bool {
        let ended = self.stage.clock.0.now();
        self.report.ended = ended;
        self.report.steps.push(StepRow {
            id: format!("drill-{id}"),
            title: title.to_owned(),
            status: if failure.is_none() { Status::Passed } else { Status::Failed },
            started,
            ended,
            detail: failure.unwrap_or_default().to_owned(),
        });
        if let Some(failure) = failure {
            self.problem(id, failure);
        }
        failure.is_none()
    }

    fn problem(&mut self, id: &str, message: &str) {
        self.report.result = Status::Failed;
        self.report.problems.push(Problem {
            kind: "drill".to_owned(),
            message: format!("drill `{id}`: {message}"),
            help: "the main run passed; this is what would fail on another day".to_owned(),
        });
    }
}

/// Asks the run to stop when a step has ended.
struct StopAfter {
    step: Step,
    stop: Stop,
}

impl Progress for StopAfter {
    fn event(&self, event: &Event<'_>) {
        if let Event::StepEnded { record } = event
            && record.step == self.step
        {
            self.stop.ask();
        }
    }
}
