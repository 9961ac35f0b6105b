//! Starts the export or adopts one that is there, and waits for its end.

use super::super::context::{Context, Done, StepError, StepResult, is_ours, new_id};
use super::super::error::FailureKind;
use super::super::options::Event;
use super::super::report::ExportInfo;
use super::snapshot::timestamp;
use crate::aws::{AwsError, ErrorKind, Poll, between, failed};
use crate::pipeline::{Pipeline, PrincipalKind, Step};
use crate::printable::line;
use aws_sdk_rds::types::ExportTask;
use jiff::Timestamp;
use std::time::Duration;

/// How often in a row RDS may leave the question for an export without an answer, beyond the SDK's own
/// retries.
const PATIENCE: u32 = 5;

/// Runs the step that starts or adopts.
pub(in crate::run) async fn start(context: &mut Context<'_>) -> StepResult {
    let snapshot = snapshot_arn(context)?;
    if let Some(planned) = context.journal.state.planned_export.clone() {
        if let Some(task) = find(context, &snapshot, &planned).await? {
            if !has_failed(&task) {
                let before = context.journal.state.report.export.as_ref();
                let adopted = before.is_some_and(|export| export.id == planned && export.adopted);
                note(context, &task, adopted);
                return Ok(Done::Did(format!("{planned}, which this run had chosen before")));
            }
            context.warn(format!("export `{planned}` had ended as {}", status(&task)));
            context.journal.state.planned_export = None;
        }
    } else if let Some(task) = adoptable(context, &snapshot).await? {
        let id = task.export_task_identifier.clone().unwrap_or_default();
        context.journal.state.planned_export = Some(id.clone());
        note(context, &task, true);
        return Ok(Done::Did(format!("{id}, which was there: {}", status(&task).to_lowercase())));
    }
    let id = if let Some(id) = context.journal.state.planned_export.clone() {
        id
    } else {
        let id = format!("{}-{}", context.pipeline.name, new_id(context.clock.now()));
        // Noted before it is asked for: whenever this process dies, the export can be found again.
        context.journal.state.planned_export = Some(id.clone());
        context.journal.save().await?;
        id
    };
    let task = match in_turn(context, &snapshot, &id).await? {
        Ok(task) => task,
        Err(error) if error.kind == ErrorKind::Conflict => {
            find(context, &snapshot, &id).await?.ok_or(error)?
        }
        Err(error) => return Err(explain(error)),
    };
    note(context, &task, false);
    Ok(Done::Did(id))
}

/// Asks for the export, and waits for its turn while the account has as many under way as it may.
async fn in_turn(
    context: &Context<'_>,
    snapshot: &str,
    id: &str,
) -> Result<Result<ExportTask, AwsError>, StepError> {
    let since = context.clock.now();
    loop {
        match ask_for(context, snapshot, id).await {
            Err(error) if error.code.as_deref().is_some_and(is_quota) => {
                context.wait("one of the account's exports to end", since, Poll::LONG).await?;
            }
            answer => return Ok(answer),
        }
    }
}

/// Whether RDS says that an account has as many exports under way as it may. The service model names no
/// such error, so it is known by what its code has to say.
fn is_quota(code: &str) -> bool {
    code.contains("LimitReached") || code.contains("LimitExceeded") || code.contains("Quota")
}

/// Takes an export that is already in the lake, for a rollback.
pub(in crate::run) async fn take(context: &mut Context<'_>, id: &str) -> StepResult {
    let pipeline = context.pipeline;
    let prefix = pipeline.export_prefix(id);
    let named = if context.journal.state.only_verify {
        // Any export under the prefix can be looked at, whoever made it.
        !id.is_empty() && !id.contains('/')
    } else {
        is_ours(&pipeline.name, id)
    };
    if !named || !context.clients.any(&pipeline.lake.bucket, &prefix).await? {
        return Err(StepError::found(
            FailureKind::Setup,
            format!("there is no export `{}` in the lake", line(id)),
            "`snaplake status` lists the exports that are kept",
        ));
    }
    let known = context.journals().known_exports().await?;
    context.journal.state.planned_export = Some(id.to_owned());
    context.journal.state.warning_known = known.was_awaited(id);
    context.journal.state.report.export = Some(ExportInfo {
        id: id.to_owned(),
        location: pipeline.export_location(id),
        adopted: true,
        status: "COMPLETE".to_owned(),
        percent: 100,
        extracted_gb: 0,
        started: None,
        ended: None,
        warning: known.warning(id).map(str::to_owned),
    });
    Ok(Done::Did(format!("{id}, which is kept in the lake")))
}

/// Runs the step that waits.
pub(in crate::run) async fn wait(context: &mut Context<'_>) -> StepResult {
    let snapshot = snapshot_arn(context)?;
    let id = context.export_id()?;
    let adopted = context.journal.state.report.export.as_ref().is_some_and(|export| export.adopted);
    let asked = context.clock.now();
    let mut patience = PATIENCE;
    loop {
        let task = match find(context, &snapshot, &id).await {
            Ok(task) => task,
            // An export of hours is not given up for a minute without answers.
            Err(error) if error.may_pass() && patience > 0 => {
                patience -= 1;
                tracing::warn!(%error, "asking again later");
                context.wait("an answer of RDS", asked, Poll::LONG).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        patience = PATIENCE;
        let Some(task) = task else {
            return Err(gone(context, &id, "RDS does not know it any more"));
        };
        let before = context.journal.state.report.export.clone();
        note(context, &task, adopted);
        let news = context.journal.state.report.export != before;
        let began = task.task_start_time.as_ref().and_then(timestamp).unwrap_or(asked);
        let elapsed = between(began, context.clock.now());
        match status(&task) {
            "COMPLETE" => {
                let size = task.total_extracted_data_in_gb.unwrap_or_default();
                let ended = task.task_end_time.as_ref().and_then(timestamp);
                let took = between(began, ended.unwrap_or_else(|| context.clock.now()));
                return Ok(Done::Did(format!("{size} GB in {}", minutes(took))));
            }
            "FAILED" | "CANCELED" => {
                let cause = task.failure_cause.as_deref().unwrap_or("RDS gave no cause");
                let message = format!("it ended as {}: {}", status(&task), line(cause));
                return Err(gone(context, &id, &message));
            }
            _ => {}
        }
        let percent = u32::try_from(task.percent_progress.unwrap_or_default()).unwrap_or_default();
        let gigabytes =
            u32::try_from(task.total_extracted_data_in_gb.unwrap_or_default()).unwrap_or_default();
        let remaining = estimate(elapsed, percent);
        context.progress.event(&Event::Export { percent, gigabytes, elapsed, remaining });
        if news {
            context.journal.save().await?;
        }
        Poll::LONG.wait(context.clock, elapsed, context.stop()).await?;
    }
}

/// An export that can never end well: the next attempt starts another one.
fn gone(context: &mut Context<'_>, id: &str, why: &str) -> StepError {
    context.journal.undo(Step::Export);
    context.journal.state.planned_export = None;
    let words = why.to_lowercase();
    let help = if ["kms", "s3", "role"].iter().any(|it| words.contains(it)) {
        "`snaplake doctor` tells whether the key can be used, and whether the export role is there and may \
         write; resuming the run starts another export"
    } else {
        "resuming the run starts another export"
    };
    StepError::found(FailureKind::Aws, format!("export `{}`: {why}", line(id)), help)
}

/// The likely rest, once RDS tells enough for more than a guess.
fn estimate(elapsed: Duration, percent: u32) -> Option<Duration> {
    if !(5..100).contains(&percent) {
        return None;
    }
    Some(elapsed.mul_f64(f64::from(100 - percent) / f64::from(percent)))
}

fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3600 {
        format!("{} min", seconds / 60)
    } else {
        format!("{} h {} min", seconds / 3600, seconds % 3600 / 60)
    }
}

fn snapshot_arn(context: &Context<'_>) -> Result<String, StepError> {
    let snapshot = context.journal.state.report.snapshot.as_ref();
    snapshot.map(|snapshot| snapshot.arn.clone()).ok_or_else(|| {
        StepError::found(FailureKind::Setup, "the journal names no snapshot", "begin a new run")
    })
}

fn status(task: &ExportTask) -> &str {
    task.status.as_deref().unwrap_or_default()
}

fn has_failed(task: &ExportTask) -> bool {
    matches!(status(task), "FAILED" | "CANCELED" | "CANCELING")
}

/// Notes what RDS says of the export.
fn note(context: &mut Context<'_>, task: &ExportTask, adopted: bool) {
    let time = |time: &Option<aws_smithy_types::DateTime>| -> Option<Timestamp> {
        time.as_ref().and_then(timestamp)
    };
    let id = task.export_task_identifier.clone().unwrap_or_default();
    context.journal.state.report.export = Some(ExportInfo {
        location: context.pipeline.export_location(&id),
        id,
        adopted,
        status: status(task).to_owned(),
        percent: u32::try_from(task.percent_progress.unwrap_or_default()).unwrap_or_default(),
        extracted_gb: u32::try_from(task.total_extracted_data_in_gb.unwrap_or_default())
            .unwrap_or_default(),
        started: time(&task.task_start_time),
        ended: time(&task.task_end_time),
        warning: task.warning_message.clone().filter(|warning| !warning.is_empty()),
    });
}

/// An export of this snapshot that a run of this pipeline made and that is running or usable: the
/// newest, and running ones before finished ones.
async fn adoptable(context: &Context<'_>, snapshot: &str) -> Result<Option<ExportTask>, StepError> {
    // An export that failed verification would only fail it again.
    let known = context.journals().known_exports().await?;
    let is_fit = |task: &ExportTask| {
        task.export_task_identifier.as_ref().is_some_and(|id| !known.is_unfit(id))
    };
    let mut candidates: Vec<ExportTask> = describe(context, snapshot, None)
        .await?
        .into_iter()
        .filter(|task| made_by(context.pipeline, &context.key_arn, task) && is_fit(task))
        .collect();
    candidates.sort_by_key(|task| {
        let id = task.export_task_identifier.clone().unwrap_or_default();
        std::cmp::Reverse((status(task) != "COMPLETE", id))
    });
    for task in candidates {
        if status(&task) != "COMPLETE" {
            return Ok(Some(task));
        }
        // A finished export may have been pruned since.
        let id = task.export_task_identifier.as_deref().unwrap_or_default();
        if is_there(context, id).await? {
            return Ok(Some(task));
        }
    }
    Ok(None)
}

/// Whether a finished export is in the lake, as its manifest tells, which is the first that pruning deletes.
async fn is_there(context: &Context<'_>, id: &str) -> Result<bool, AwsError> {
    let manifest = format!("{}export_info_", context.pipeline.export_prefix(id));
    context.clients.any(&context.pipeline.lake.bucket, &manifest).await
}

/// Refuses to go on with an export that was deleted since it ended, be it by another run that pruned. All
/// that was found of it is forgotten, so that a resumed run does not go on with what is no more.
pub(in crate::run) async fn still_there(context: &mut Context<'_>) -> Result<(), StepError> {
    let id = context.export_id()?;
    // What is only looked at may never have had a manifest, and then verification says so.
    if context.journal.state.only_verify || is_there(context, &id).await? {
        return Ok(());
    }
    for step in [
        Step::Export,
        Step::Await,
        Step::Register,
        Step::Crawl,
        Step::Verify,
        Step::StageViews,
        Step::Checks,
    ] {
        context.journal.undo(step);
    }
    context.journal.state.planned_export = None;
    context.journal.state.verdict = None;
    context.journal.state.admission = None;
    context.inspection = None;
    let details = &mut context.journal.details;
    details.plan.clear();
    details.partition = None;
    details.verification = None;
    context.journal.state.report.verification = None;
    context.journal.save_details().await?;
    let help = if context.journal.state.kept_export.is_some() {
        "`snaplake status` lists the exports that are kept"
    } else {
        "begin a new run; resuming this one exports its snapshot once more"
    };
    let message = format!(
        "export `{}` was deleted since it ended: its manifest is not in the lake any more",
        line(&id)
    );
    Err(StepError::found(FailureKind::Setup, message, help))
}

/// Whether a run of this pipeline, configured as it is now, made the export.
fn made_by(pipeline: &Pipeline, key_arn: &str, task: &ExportTask) -> bool {
    let mut wanted = pipeline.export_only();
    let mut exported = task.export_only.clone().unwrap_or_default();
    wanted.sort();
    exported.sort();
    let key = task.kms_key_id.as_deref().unwrap_or_default();
    is_ours(&pipeline.name, task.export_task_identifier.as_deref().unwrap_or_default())
        && matches!(status(task), "STARTING" | "IN_PROGRESS" | "COMPLETE")
        && task.s3_bucket.as_deref() == Some(pipeline.lake.bucket.as_str())
        && task.s3_prefix.as_deref().unwrap_or_default().trim_matches('/') == pipeline.lake.prefix
        && task.iam_role_arn.as_deref() == Some(pipeline.role_arn(PrincipalKind::Export).as_str())
        && (key == key_arn || key_arn.ends_with(&format!("key/{key}")))
        && wanted == exported
}

async fn find(
    context: &Context<'_>,
    snapshot: &str,
    id: &str,
) -> Result<Option<ExportTask>, AwsError> {
    Ok(describe(context, snapshot, Some(id)).await?.into_iter().next())
}

async fn describe(
    context: &Context<'_>,
    snapshot: &str,
    id: Option<&str>,
) -> Result<Vec<ExportTask>, AwsError> {
    let mut pages = context
        .clients
        .rds
        .describe_export_tasks()
        .source_arn(snapshot)
        .set_export_task_identifier(id.map(str::to_owned))
        .into_paginator()
        .send();
    let mut tasks = Vec::new();
    while let Some(page) = pages.next().await {
        match page.map_err(failed("rds", "DescribeExportTasks", id.unwrap_or(snapshot))) {
            Ok(page) => tasks.extend(page.export_tasks.unwrap_or_default()),
            Err(error) if error.is_not_found() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(tasks)
}

async fn ask_for(context: &Context<'_>, snapshot: &str, id: &str) -> Result<ExportTask, AwsError> {
    let pipeline = context.pipeline;
    let started = context
        .clients
        .rds
        .start_export_task()
        .export_task_identifier(id)
        .source_arn(snapshot)
        .s3_bucket_name(&pipeline.lake.bucket)
        .s3_prefix(&pipeline.lake.prefix)
        .iam_role_arn(pipeline.role_arn(PrincipalKind::Export))
        .kms_key_id(&context.key_arn)
        .set_export_only(Some(pipeline.export_only()))
        .send()
        .await
        .map_err(failed("rds", "StartExportTask", snapshot))?;
    Ok(ExportTask::builder()
        .export_task_identifier(id)
        .status(started.status.unwrap_or_else(|| "STARTING".to_owned()))
        .set_task_start_time(started.task_start_time)
        .build())
}

/// What the faults of StartExportTask mean here.
fn explain(error: AwsError) -> StepError {
    let help = match error.code.as_deref() {
        Some("IamRoleMissingPermissions") => {
            "RDS cannot write to the bucket under the export role; `snaplake iam check` tells which \
             right is missing"
        }
        Some("IamRoleNotFound") => "`terraform apply` makes the export role",
        Some("KMSKeyNotAccessible" | "KMSKeyNotAccessibleFault") => {
            "the key's policy must let the caller describe it and create grants, and the export \
             role use it; `snaplake iam check` tells which right is missing"
        }
        Some("InvalidExportOnly") => "look at `database` and `tables` in snaplake.toml",
        Some("InvalidExportSourceState") => {
            "another export of the snapshot is still running, or the snapshot is not available"
        }
        Some("InvalidS3BucketFault") => {
            "the bucket must be in the region of the snapshot, and its policy must not deny RDS"
        }
        _ => return error.into(),
    };
    StepError::found(FailureKind::Aws, error.to_string(), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_waits_for_figures() {
        let hour = Duration::from_hours(1);
        assert_eq!(estimate(hour, 0), None);
        assert_eq!(estimate(hour, 25), Some(hour * 3));
        assert_eq!(estimate(hour, 100), None);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(minutes(Duration::from_secs(59)), "59 s");
        assert_eq!(minutes(Duration::from_mins(10)), "10 min");
        assert_eq!(minutes(Duration::from_mins(121)), "2 h 1 min");
    }
}
