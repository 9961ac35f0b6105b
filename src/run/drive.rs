//! The steps, one after the other.

use super::context::{Context, Done, StepError, StepResult, new_id};
use super::error::{Failure, FailureKind, RunError};
use super::journal::{Journal, Journals};
use super::notify;
use super::options::{Event, Progress, RunOptions};
use super::report::{Outcome, RunReport};
use super::steps::{
    checks, clean_up, crawl, export, preflight, prune, publish, register, snapshot, verify, views,
};
use crate::aws::{Clients, Clock};
use crate::pipeline::{CatalogMode, Moment, Pipeline, Step};
use std::time::Duration;

/// Takes `pipeline` through its steps. A run that was interrupted or killed is continued by naming it in
/// `options.resume`: steps that are done are not repeated, and no second export is started.
///
/// # Errors
/// When the journal cannot be read or written. Whatever else goes wrong is in the report's
/// [`failure`](RunReport::failure).
pub async fn run(
    pipeline: &Pipeline,
    clients: &Clients,
    clock: &dyn Clock,
    options: RunOptions,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let now = clock.now();
    let journals = Journals { folder: &options.journal, pipeline, clients };
    // Boxed, as the steps are, so that the future of a whole run stays small.
    let journal = match &options.resume {
        Some(run_id) => Box::pin(journals.resume(run_id, &options)).await?,
        None => Box::pin(journals.begin(new_id(now), now, &options)).await?,
    };
    let lease = journal.lease();
    let context = Context {
        pipeline,
        clients,
        clock,
        options: &options,
        progress,
        journal,
        key_arn: pipeline.key_arn(),
        inspection: None,
    };
    let ended = Box::pin(go(context)).await;
    if let (Err(error), Some(lease)) = (&ended, lease)
        && !matches!(error, RunError::Leased { .. })
    {
        // Nothing more is done under it. Whatever keeps the journal from being written may keep this, too.
        let released = tokio::time::timeout(RELEASE, lease.release()).await;
        tracing::debug!(in_time = released.is_ok(), "the lock was given back");
    }
    ended
}

/// How long a run that cannot write its journal tries to give its lock back, which else ends by itself.
const RELEASE: Duration = Duration::from_secs(10);

/// Goes through the steps.
async fn go(mut context: Context<'_>) -> Result<RunReport, RunError> {
    let (pipeline, options) = (context.pipeline, context.options);
    let journal = &mut context.journal;
    if options.resume.is_none() && options.export.is_some() {
        journal.state.kept_export.clone_from(&options.export);
        journal.state.only_tables.clone_from(&options.tables);
        journal.state.only_verify = options.only_verify;
        Box::pin(journal.save()).await?;
    }
    let run_id = &context.journal.state.report.run_id;
    context.progress.event(&Event::Started { run_id });
    Box::pin(notify::tell(&mut context, Moment::Start)).await;
    for step in steps(pipeline) {
        // Checks may read views, so these are tried where there are checks.
        let publishes = matches!(step, Step::Publish | Step::Views | Step::Prune)
            || step == Step::StageViews && pipeline.checks.is_empty();
        if publishes && context.journal.state.only_verify {
            continue;
        }
        if skip(&context.journal, step) {
            continue;
        }
        if let Some(failure) = Box::pin(take(&mut context, step)).await? {
            let told = failure.kind != FailureKind::Interrupted;
            context.journal.state.report.failure = Some(failure);
            if told {
                Box::pin(notify::tell(&mut context, Moment::Failure)).await;
            }
            Box::pin(context.journal.save()).await?;
            Box::pin(context.journal.close()).await;
            return Ok(context.journal.state.report);
        }
    }
    Box::pin(notify::tell(&mut context, Moment::Success)).await;
    context.journal.state.finished = true;
    Box::pin(context.journal.save()).await?;
    Box::pin(context.journal.close()).await;
    Ok(context.journal.state.report)
}

/// The steps of a run, in order.
#[must_use]
pub fn steps(pipeline: &Pipeline) -> Vec<Step> {
    let register = match pipeline.catalog.mode {
        CatalogMode::Direct | CatalogMode::History => Step::Register,
        CatalogMode::Crawler => Step::Crawl,
    };
    let mut steps = vec![
        Step::Preflight,
        Step::Snapshot,
        Step::Export,
        Step::Await,
        register,
        Step::Verify,
        Step::StageViews,
        Step::Checks,
        Step::Publish,
        Step::Views,
        Step::CleanUp,
        Step::Prune,
    ];
    if pipeline.checks.is_empty() {
        steps.retain(|step| *step != Step::Checks);
    }
    steps
}

/// Whether a resumed run can leave a step out. Looking before acting is always done anew, and until the
/// tables are live, so is filling the staging database: another run may have emptied it.
fn skip(journal: &Journal, step: Step) -> bool {
    let again = match step {
        Step::Preflight => true,
        Step::Register | Step::Crawl | Step::StageViews => !journal.is_done(Step::Publish),
        _ => false,
    };
    !again && journal.is_done(step)
}

/// Takes one step; gives why it failed, if it did.
async fn take(context: &mut Context<'_>, step: Step) -> Result<Option<Failure>, RunError> {
    context.journal.begin_step(step, context.clock.now()).await?;
    context.progress.event(&Event::StepStarted { step });
    let result = match context.options.stop.check() {
        Ok(()) => Box::pin(kept(context, step)).await,
        Err(interrupted) => Err(interrupted.into()),
    };
    let (outcome, detail, failure) = match result {
        Ok(Done::Did(detail)) => (Outcome::Done, detail, None),
        Ok(Done::Nothing(detail)) => (Outcome::Skipped, detail, None),
        Err(error) => {
            let outcome = match error {
                StepError::Interrupted => Outcome::Interrupted,
                _ => Outcome::Failed,
            };
            let failure = context.failure(step, error)?;
            (outcome, failure.message.clone(), Some(failure))
        }
    };
    if failure.is_some() {
        // In one write with the step's end, so that no death can part them.
        context.journal.state.report.failure.clone_from(&failure);
    }
    let record = context.journal.end_step(step, outcome, detail, context.clock.now()).await?;
    context.progress.event(&Event::StepEnded { record: &record });
    Ok(failure)
}

/// Works on a step while its lock is renewed; a lock that is lost ends the work at once.
async fn kept(context: &mut Context<'_>, step: Step) -> StepResult {
    let lease = context.journal.lease();
    let pipeline = context.pipeline.name.as_str();
    let work = Box::pin(work(context, step));
    let Some(lease) = lease else { return work.await };
    tokio::select! {
        result = work => result,
        lost = lease.keep() => Err(super::journal::lost(pipeline, lost).into()),
    }
}

async fn work(context: &mut Context<'_>, step: Step) -> StepResult {
    let kept = context.journal.state.kept_export.clone();
    match (step, kept) {
        (Step::Preflight, _) => preflight::run(context).await,
        (Step::Snapshot | Step::Await, Some(_)) => {
            Ok(Done::Nothing("the export is kept in the lake".to_owned()))
        }
        (Step::Export, Some(id)) => export::take(context, &id).await,
        (Step::Snapshot, None) => snapshot::run(context).await,
        (Step::Export, None) => export::start(context).await,
        (Step::Await, None) => export::wait(context).await,
        (Step::Register, _) => register::run(context).await,
        (Step::Crawl, _) => crawl::run(context).await,
        (Step::Verify, _) => verify::run(context).await,
        (Step::StageViews | Step::Views, _)
            if !context.journal.state.only_tables.is_empty()
                && context.pipeline.typed_views.is_none() =>
        {
            Ok(Done::Nothing("only some tables are rolled back".to_owned()))
        }
        (Step::StageViews, _) => views::stage(context).await,
        (Step::Checks, Some(_)) if !context.journal.state.only_verify => {
            Ok(Done::Nothing("a rollback goes where a person sends it".to_owned()))
        }
        (Step::Checks, _) => checks::run(context).await,
        (Step::Publish, _) => publish::run(context).await,
        (Step::Views, _) => views::publish(context).await,
        (Step::CleanUp, _) => clean_up::run(context).await,
        (Step::Prune, Some(_)) => Ok(Done::Nothing("a rollback deletes nothing".to_owned())),
        (Step::Prune, None) => prune::run(context).await,
        (other, _) => Ok(Done::Nothing(format!("{other} is no step of a run"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send<T: Send>(value: T) -> T {
        value
    }

    /// A rehearsal runs beside a server, on the same threads.
    #[test]
    fn a_run_can_be_sent_between_threads() {
        let make = |pipeline, clients, clock, progress| {
            send(run(pipeline, clients, clock, RunOptions::default(), progress))
        };
        let _: fn(_, _, &'static dyn Clock, &'static dyn Progress) -> _ = make;
    }
}
