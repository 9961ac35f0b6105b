//! Quotas in use, and who governs the catalog: as far as cheap calls tell.

use crate::aws::{AwsError, Clients, failed};
use crate::pipeline::Pipeline;
use crate::verify::{Check, CheckStatus};
use aws_sdk_rds::types::Filter;

/// Exports at a time in an account
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Exporting.html>).
pub(in crate::run) const EXPORTS: usize = 5;

/// Exports that are under way in the account, whatever of.
///
/// # Errors
/// When the call fails: the runner may only ask about its own snapshots.
pub(in crate::run) async fn exports_under_way(clients: &Clients) -> Result<Vec<String>, AwsError> {
    let states = ["starting", "in_progress", "canceling"].map(str::to_owned);
    let filter = Filter::builder().name("status").set_values(Some(states.into())).build();
    let mut pages = clients.rds.describe_export_tasks().filters(filter).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("rds", "DescribeExportTasks", ""))?;
        let tasks = page.export_tasks.unwrap_or_default().into_iter();
        found.extend(tasks.filter_map(|task| task.export_task_identifier));
    }
    Ok(found)
}

/// Whether RDS would take one more export.
pub(super) async fn exports(clients: &Clients) -> Check {
    let (id, title) = ("export-quota", "RDS would take one more export");
    match exports_under_way(clients).await {
        Ok(tasks) if tasks.len() < EXPORTS => {
            Check::passed(id, title, format!("{} of {EXPORTS} under way", tasks.len()))
        }
        Ok(tasks) => Check::new(
            id,
            title,
            CheckStatus::Warning,
            format!("fewer than {EXPORTS} under way"),
            format!("{} of {EXPORTS}: {}", tasks.len(), tasks.join(", ").escape_debug()),
            "a run waits until one of them has ended",
        ),
        Err(error) if error.is_denied() => Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            format!("fewer than {EXPORTS} under way"),
            error.to_string(),
            "the runner may ask about its own snapshots only; a run that finds the quota used up \
             waits",
        ),
        Err(error) => Check::failed(id, title, "an answer", error.to_string(), error.help()),
    }
}

/// Whether Lake Formation governs the live database, as far as Glue tells: new tables of a database that
/// it does not govern are open to whoever IAM allows
/// (<https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html>).
pub(super) async fn lake_formation(pipeline: &Pipeline, clients: &Clients) -> Check {
    let (id, title) = ("lake-formation", "IAM alone decides who reads the tables");
    let name = &pipeline.catalog.database;
    let answer = clients.glue.get_database().name(name).send().await;
    let database = match answer.map_err(failed("glue", "GetDatabase", name.as_str())) {
        Ok(answer) => answer.database,
        Err(error) => {
            return Check::new(
                id,
                title,
                CheckStatus::NotComparable,
                "a database",
                error.to_string(),
                "see the check of the database",
            );
        }
    };
    let open = database.as_ref().and_then(|it| it.create_table_default_permissions.as_ref());
    let by_iam = open.is_none_or(|permissions| {
        permissions.iter().any(|permission| {
            permission
                .principal
                .as_ref()
                .and_then(|principal| principal.data_lake_principal_identifier.as_deref())
                == Some("IAM_ALLOWED_PRINCIPALS")
        })
    });
    let mut pages = clients.glue.get_tables().database_name(name).into_paginator().send();
    let mut registered = Vec::new();
    while let Some(page) = pages.next().await {
        let Ok(page) = page else { break };
        registered.extend(
            page.table_list
                .unwrap_or_default()
                .into_iter()
                .filter(|table| table.is_registered_with_lake_formation)
                .map(|table| table.name),
        );
    }
    let found = match (by_iam, registered.as_slice()) {
        (true, []) => {
            let found = "as Glue tells; Lake Formation itself was not asked";
            return Check::passed(id, title, found);
        }
        (false, _) => format!("new tables of `{name}` are governed by Lake Formation"),
        (true, tables) => format!("registered: {}", tables.join(", ").escape_debug()),
    };
    Check::new(
        id,
        title,
        CheckStatus::Warning,
        "IAM_ALLOWED_PRINCIPALS on the database, no registered location",
        found,
        "grant the runner and the analysts in Lake Formation as well, with lakeformation:GetDataAccess \
         in their policies, or give IAM_ALLOWED_PRINCIPALS the database and its tables; snaplake's \
         policies do neither",
    )
}
