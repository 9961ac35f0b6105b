//! What an account already has of a pipeline, for `generate --adopt-account`.
//!
//! Only reads: `s3:ListBucket` (HeadBucket), `s3:GetBucketPolicy`, `s3:GetLifecycleConfiguration`,
//! `kms:DescribeKey`, `iam:GetRole`, `iam:GetRolePolicy`, `iam:GetPolicy`, `iam:ListAttachedRolePolicies`,
//! `glue:GetDatabase`, `glue:GetTable`, `glue:GetCrawler`, `athena:GetWorkGroup`.

use super::{AwsError, Clients, failed};
use crate::pipeline::{CatalogMode, Held, Pipeline, Principal, PrincipalKind};

/// What is there, of what Terraform would make.
///
/// # Errors
/// When a call fails for another reason than that there is no such thing, a missing right included:
/// what cannot be looked at cannot be said to be missing.
pub async fn read(clients: &Clients, pipeline: &Pipeline) -> Result<Vec<Held>, Box<AwsError>> {
    let mut held = Vec::new();
    if !pipeline.existing.bucket {
        bucket(clients, &pipeline.lake.bucket, &mut held).await?;
        bucket(clients, &pipeline.log_bucket(), &mut held).await?;
    }
    if let Some(alias) = pipeline.key_alias() {
        key(clients, &alias, &mut held).await?;
    }
    for principal in pipeline.principals() {
        if pipeline.existing_role(principal.kind).is_none() {
            role(clients, pipeline, &principal, &mut held).await?;
        }
    }
    catalog(clients, pipeline, &mut held).await?;
    Ok(held)
}

/// The answer, unless there is no such thing.
fn there<T>(answer: Result<T, AwsError>) -> Result<Option<T>, Box<AwsError>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(Box::new(error)),
    }
}

async fn bucket(clients: &Clients, name: &str, held: &mut Vec<Held>) -> Result<(), Box<AwsError>> {
    let answer = clients.s3.head_bucket().bucket(name).send().await;
    if there(answer.map_err(failed("s3", "HeadBucket", name)))?.is_none() {
        return Ok(());
    }
    held.push(Held::new("aws_s3_bucket", name).with("bucket", name));
    // The settings that hold what somebody wrote: importing them shows in the plan what would change.
    let policy = clients.s3.get_bucket_policy().bucket(name).send().await;
    if there(policy.map_err(failed("s3", "GetBucketPolicy", name)))?.is_some() {
        held.push(Held::new("aws_s3_bucket_policy", name).with("bucket", name));
    }
    let rules = clients.s3.get_bucket_lifecycle_configuration().bucket(name).send().await;
    let rules = rules.map_err(failed("s3", "GetBucketLifecycleConfiguration", name));
    if there(rules)?.is_some() {
        held.push(Held::new("aws_s3_bucket_lifecycle_configuration", name).with("bucket", name));
    }
    Ok(())
}

async fn key(clients: &Clients, alias: &str, held: &mut Vec<Held>) -> Result<(), Box<AwsError>> {
    let answer = clients.kms.describe_key().key_id(alias).send().await;
    let Some(answer) = there(answer.map_err(failed("kms", "DescribeKey", alias)))? else {
        return Ok(());
    };
    if let Some(id) = answer.key_metadata().map(|key| key.key_id().to_owned()) {
        held.push(Held::new("aws_kms_alias", alias).with("name", alias).with("target_key_id", &id));
        held.push(Held::new("aws_kms_key", &id).with("key_id", &id));
    }
    Ok(())
}

async fn role(
    clients: &Clients,
    pipeline: &Pipeline,
    principal: &Principal,
    held: &mut Vec<Held>,
) -> Result<(), Box<AwsError>> {
    let name = principal.name.as_str();
    let managed = matches!(principal.kind, PrincipalKind::Runner | PrincipalKind::Analyst);
    let arn = format!(
        "arn:{}:iam::{}:policy{}{name}",
        pipeline.partition, pipeline.account, pipeline.iam.path
    );
    if managed {
        let answer = clients.iam.get_policy().policy_arn(&arn).send().await;
        if there(answer.map_err(failed("iam", "GetPolicy", arn.as_str())))?.is_some() {
            let path = &pipeline.iam.path;
            held.push(Held::new("aws_iam_policy", &arn).with("name", name).with("path", path));
        }
    }
    let answer = clients.iam.get_role().role_name(name).send().await;
    let Some(answer) = there(answer.map_err(failed("iam", "GetRole", name)))? else {
        return Ok(());
    };
    let path = answer.role().map(|role| role.path().to_owned()).unwrap_or_default();
    held.push(Held::new("aws_iam_role", name).with("name", name).with("path", &path));
    if managed {
        let listed = clients.iam.list_attached_role_policies().role_name(name);
        let mut pages = listed.into_paginator().items().send();
        while let Some(attached) = pages.next().await {
            let attached = attached
                .map_err(failed("iam", "ListAttachedRolePolicies", name))
                .map_err(Box::new)?;
            if attached.policy_arn() == Some(arn.as_str()) {
                held.push(
                    Held::new("aws_iam_role_policy_attachment", name)
                        .with("role", name)
                        .with("policy_arn", &arn),
                );
            }
        }
    } else {
        let answer = clients.iam.get_role_policy().role_name(name).policy_name(name).send().await;
        if there(answer.map_err(failed("iam", "GetRolePolicy", name)))?.is_some() {
            let id = format!("{name}:{name}");
            held.push(Held::new("aws_iam_role_policy", &id).with("role", name).with("name", name));
        }
    }
    Ok(())
}

async fn catalog(
    clients: &Clients,
    pipeline: &Pipeline,
    held: &mut Vec<Held>,
) -> Result<(), Box<AwsError>> {
    let databases = [
        (pipeline.existing.database, pipeline.catalog.database.clone()),
        (pipeline.existing.staging_database, pipeline.staging_database()),
    ];
    for (_, name) in databases.iter().filter(|(exists, _)| !exists) {
        let answer = clients.glue.get_database().name(name).send().await;
        if there(answer.map_err(failed("glue", "GetDatabase", name.as_str())))?.is_some() {
            let id = format!("{}:{name}", pipeline.account);
            held.push(Held::new("aws_glue_catalog_database", &id).with("name", name));
        }
    }
    let database = &pipeline.catalog.database;
    for name in pipeline.terraform_tables() {
        let answer = clients.glue.get_table().database_name(database).name(&name).send().await;
        let resource = format!("{database}.{name}");
        if there(answer.map_err(failed("glue", "GetTable", resource)))?.is_some() {
            let id = format!("{}:{database}:{name}", pipeline.account);
            let table = Held::new("aws_glue_catalog_table", &id);
            held.push(table.with("database_name", database).with("name", &name));
        }
    }
    if pipeline.catalog.mode == CatalogMode::Crawler {
        let name = pipeline.crawler_name();
        let answer = clients.glue.get_crawler().name(&name).send().await;
        if there(answer.map_err(failed("glue", "GetCrawler", name.as_str())))?.is_some() {
            held.push(Held::new("aws_glue_crawler", &name).with("name", &name));
        }
    }
    if !pipeline.existing.workgroup {
        let name = pipeline.athena.workgroup.as_str();
        let answer = clients.athena.get_work_group().work_group(name).send().await;
        match answer.map_err(failed("athena", "GetWorkGroup", name)) {
            Ok(_) => held.push(Held::new("aws_athena_workgroup", name).with("name", name)),
            // Athena has no error of its own for a workgroup that is not there.
            Err(error) if error.has_code("InvalidRequestException") || error.is_not_found() => {}
            Err(error) => return Err(Box::new(error)),
        }
    }
    Ok(())
}
