//! Looks before acting: identity, workgroup, databases, bucket, key.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::staging::{Ours, needed};
use super::publish::overtaken;
use crate::aws::{Clients, failed};
use crate::pipeline::{KeyChoice, Pipeline, PrincipalKind, Step, table_names};
use aws_sdk_athena::types::WorkGroupState;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let (pipeline, clients) = (context.pipeline, context.clients);
    let principal = identity(pipeline, clients).await?;
    context.journal.state.report.principal = Some(principal.clone());
    workgroup(pipeline, clients).await?;
    for database in [pipeline.catalog.database.clone(), pipeline.staging_database()] {
        database_exists(clients, &database).await?;
    }
    staging_is_free(pipeline, clients).await?;
    terraforms_tables(pipeline, clients).await?;
    if context.options.resume.is_some() && !context.journal.is_done(Step::Publish) {
        // Before an export is paid for, or waited for, that may not go live.
        let live = catalog::tables(clients, &pipeline.catalog.database).await?;
        overtaken::refuse(context, &live)?;
    }
    bucket(pipeline, clients).await?;
    context.key_arn = key(pipeline, clients).await?;
    Ok(Done::Did(format!("as {principal}")))
}

/// Who is calling: an ARN of the pipeline's account.
pub(in crate::run) async fn identity(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let identity = clients.sts.get_caller_identity().send().await.map_err(failed(
        "sts",
        "GetCallerIdentity",
        "",
    ))?;
    let arn = identity.arn.unwrap_or_default();
    let account = identity.account.unwrap_or_default();
    let expected = &pipeline.account;
    if account != *expected {
        return Err(setup(
            format!(
                "the credentials are of account `{}`, the pipeline is of account `{expected}`",
                account.escape_debug()
            ),
            format!(
                "take the role `{}`, or choose another `--profile`",
                pipeline.role_arn(PrincipalKind::Runner)
            ),
        ));
    }
    Ok(arn)
}

/// The staging database may have been there before the pipeline. What others have in it stays, and must not
/// bear a name that is needed, as far as the configuration tells the names.
pub(in crate::run) async fn staging_is_free(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let present = catalog::tables(clients, &pipeline.staging_database()).await?;
    let ours = Ours::among(pipeline, &[], &present);
    let tables = table_names(pipeline.source.engine.family(), &pipeline.source.tables);
    ours.refuse_others(&needed(pipeline, tables.into_values()), &present)?;
    let others = present.values().filter(|table| !ours.has(table)).count();
    Ok(match others {
        0 => "nothing of others".to_owned(),
        others => format!("{others} tables and views of others, which stay"),
    })
}

/// The tables that Terraform makes, where it does: a run may not make them, and has to know before it exports.
pub(in crate::run) async fn terraforms_tables(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let wanted = pipeline.terraform_tables();
    if wanted.is_empty() {
        return Ok("runs make the tables".to_owned());
    }
    let database = &pipeline.catalog.database;
    let there = catalog::tables(clients, database).await?;
    let missing: Vec<_> = wanted.iter().filter(|name| !there.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(format!("{} tables", wanted.len()));
    }
    let missing: Vec<String> =
        missing.into_iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    Err(setup(
        format!("Terraform has not made {} in `{database}` yet", missing.join(", ")),
        "`terraform apply` in the generated module makes what `[catalog] tables` leaves to Terraform",
    ))
}

/// The workgroup, which must be there and enabled.
pub(in crate::run) async fn workgroup(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let name = pipeline.athena.workgroup.as_str();
    let answer = clients.athena.get_work_group().work_group(name).send().await;
    let answer = match answer.map_err(failed("athena", "GetWorkGroup", name)) {
        Ok(answer) => answer,
        // Athena has one code for all that is wrong with a request.
        Err(error) if error.has_code("InvalidRequestException") => {
            return Err(setup(
                format!("there is no workgroup `{}`", name.escape_debug()),
                "`terraform apply` in the generated module makes it",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let disabled = answer
        .work_group
        .is_some_and(|workgroup| workgroup.state == Some(WorkGroupState::Disabled));
    if disabled {
        return Err(setup(
            format!("the workgroup `{}` is disabled", name.escape_debug()),
            "enable it, or name another one in `[athena] workgroup`",
        ));
    }
    Ok(name.to_owned())
}

/// A database of the catalog, which must be there.
pub(in crate::run) async fn database_exists(
    clients: &Clients,
    name: &str,
) -> Result<String, StepError> {
    let answer = clients.glue.get_database().name(name).send().await;
    match answer.map_err(failed("glue", "GetDatabase", name)) {
        Ok(_) => Ok(name.to_owned()),
        Err(error) if error.is_not_found() => Err(setup(
            format!("there is no Glue database `{}`", name.escape_debug()),
            "`terraform apply` in the generated module makes it",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The bucket, which must be in the pipeline's region.
pub(in crate::run) async fn bucket(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let bucket = pipeline.lake.bucket.as_str();
    let answer = clients.s3.get_bucket_location().bucket(bucket).send().await;
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
    if region != pipeline.region {
        return Err(setup(
            format!(
                "the bucket `{}` is in {}, the database in {}",
                bucket.escape_debug(),
                region.escape_debug(),
                pipeline.region
            ),
            "RDS exports only to a bucket in its own region; name another bucket in `[lake]`",
        ));
    }
    Ok(format!("{bucket} in {region}"))
}

/// The key's ARN; it must be enabled.
pub(in crate::run) async fn key(
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<String, StepError> {
    let asked = match &pipeline.lake.key {
        KeyChoice::Existing(arn) => arn.clone(),
        KeyChoice::Create => pipeline.key_alias().unwrap_or_default(),
    };
    let answer = clients.kms.describe_key().key_id(&asked).send().await;
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
    let Some(metadata) = metadata else { return Ok(asked) };
    if !metadata.enabled {
        let state = metadata.key_state.as_ref().map_or("disabled", |state| state.as_str());
        return Err(setup(
            format!("the key `{}` is {}", asked.escape_debug(), state.escape_debug()),
            "exports are encrypted with it; enable it or cancel its deletion",
        ));
    }
    Ok(metadata.arn.unwrap_or(asked))
}

fn setup(message: impl Into<String>, help: impl Into<String>) -> StepError {
    StepError::found(FailureKind::Setup, message, help)
}
