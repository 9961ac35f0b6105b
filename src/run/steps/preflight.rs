//! Looks before acting: identity, workgroup, databases, bucket, key.

use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use crate::aws::failed;
use crate::pipeline::{KeyChoice, PrincipalKind};
use aws_sdk_athena::types::WorkGroupState;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let principal = identity(context).await?;
    workgroup(context).await?;
    for database in [context.pipeline.catalog.database.clone(), context.pipeline.staging_database()]
    {
        database_exists(context, &database).await?;
    }
    bucket(context).await?;
    key(context).await?;
    Ok(Done::Did(format!("as {principal}")))
}

async fn identity(context: &mut Context<'_>) -> Result<String, StepError> {
    let identity = context.clients.sts.get_caller_identity().send().await.map_err(failed(
        "sts",
        "GetCallerIdentity",
        "",
    ))?;
    let arn = identity.arn.unwrap_or_default();
    context.journal.state.report.principal = Some(arn.clone());
    let account = identity.account.unwrap_or_default();
    let expected = &context.pipeline.account;
    if account != *expected {
        return Err(setup(
            format!(
                "the credentials are of account `{}`, the pipeline is of account `{expected}`",
                account.escape_debug()
            ),
            format!(
                "take the role `{}`, or choose another `--profile`",
                context.pipeline.role_arn(PrincipalKind::Runner)
            ),
        ));
    }
    Ok(arn)
}

async fn workgroup(context: &Context<'_>) -> Result<(), StepError> {
    let name = context.pipeline.athena.workgroup.as_str();
    let answer =
        context.clients.athena.get_work_group().work_group(name).send().await.map_err(failed(
            "athena",
            "GetWorkGroup",
            name,
        ))?;
    let disabled = answer
        .work_group
        .is_some_and(|workgroup| workgroup.state == Some(WorkGroupState::Disabled));
    if disabled {
        return Err(setup(
            format!("the workgroup `{}` is disabled", name.escape_debug()),
            "enable it, or name another one in `[athena] workgroup`",
        ));
    }
    Ok(())
}

async fn database_exists(context: &Context<'_>, name: &str) -> Result<(), StepError> {
    let answer = context.clients.glue.get_database().name(name).send().await;
    match answer.map_err(failed("glue", "GetDatabase", name)) {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Err(setup(
            format!("there is no Glue database `{}`", name.escape_debug()),
            "`terraform apply` in the generated module makes it",
        )),
        Err(error) => Err(error.into()),
    }
}

async fn bucket(context: &Context<'_>) -> Result<(), StepError> {
    let bucket = context.pipeline.lake.bucket.as_str();
    let answer = context.clients.s3.get_bucket_location().bucket(bucket).send().await;
    let answer = match answer.map_err(failed("s3", "GetBucketLocation", bucket)) {
        Ok(answer) => answer,
        Err(error) if error.is_not_found() => {
            return Err(setup(
                format!("there is no bucket `{}`", bucket.escape_debug()),
                "`terraform apply` in the generated module makes it",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    // Two old regions answer otherwise than by their name:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    let region = match answer
        .location_constraint
        .as_ref()
        .map(aws_sdk_s3::types::BucketLocationConstraint::as_str)
    {
        None | Some("") => "us-east-1",
        Some("EU") => "eu-west-1",
        Some(region) => region,
    };
    if region != context.pipeline.region {
        return Err(setup(
            format!(
                "the bucket `{}` is in {}, the database in {}",
                bucket.escape_debug(),
                region.escape_debug(),
                context.pipeline.region
            ),
            "RDS exports only to a bucket in its own region; name another bucket in `[lake]`",
        ));
    }
    Ok(())
}

async fn key(context: &mut Context<'_>) -> Result<(), StepError> {
    let asked = match &context.pipeline.lake.key {
        KeyChoice::Existing(arn) => arn.clone(),
        KeyChoice::Create => context.pipeline.key_alias().unwrap_or_default(),
    };
    let answer = context.clients.kms.describe_key().key_id(&asked).send().await;
    let metadata = match answer.map_err(failed("kms", "DescribeKey", asked.as_str())) {
        Ok(answer) => answer.key_metadata,
        Err(error) if error.is_not_found() => {
            return Err(setup(
                format!("there is no key `{}`", asked.escape_debug()),
                "`terraform apply` in the generated module makes it, or name one in `[lake] key`",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(metadata) = metadata {
        if !metadata.enabled {
            let state = metadata.key_state.as_ref().map_or("disabled", |state| state.as_str());
            return Err(setup(
                format!("the key `{}` is {}", asked.escape_debug(), state.escape_debug()),
                "exports are encrypted with it; enable it or cancel its deletion",
            ));
        }
        context.key_arn = metadata.arn.unwrap_or(asked);
    }
    Ok(())
}

fn setup(message: impl Into<String>, help: impl Into<String>) -> StepError {
    StepError::found(FailureKind::Setup, message, help)
}
