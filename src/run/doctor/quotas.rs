//! Quotas in use, and who governs the catalog: as far as cheap calls tell.

use super::super::catalog;
use super::super::steps::verify::CONCURRENCY as QUERIES_OF_A_RUN;
use crate::aws::{AwsError, Clients, failed, try_in_parallel};
use crate::pipeline::{LakeFormation, Pipeline};
use crate::verify::{Check, CheckStatus};
use aws_sdk_athena::types::{QueryExecution, QueryExecutionState, StatementType};
use aws_sdk_glue::types::Table;
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

/// Active DDL queries of an account that has asked for no more, running and queued ones together
/// (<https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>).
const ACTIVE_DDL: usize = 20;

/// Active DML queries, likewise: by Region, says the page above, and names the one with the figures
/// (<https://docs.aws.amazon.com/general/latest/gr/athena.html>; these are as third parties read it in April
/// 2026, the smallest of them being for every Region that is not named).
fn active_dml(region: &str) -> usize {
    match region {
        "us-east-1" => 200,
        "us-east-2" | "us-west-2" | "eu-west-1" | "eu-central-1" | "ap-northeast-1" => 150,
        "ap-south-1" | "ap-northeast-2" | "ap-southeast-1" | "ap-southeast-2" | "eu-west-2" => 100,
        _ => 20,
    }
}

/// Workgroups that are asked, and queries of each: the newest. A call takes no more.
const WORKGROUPS: usize = 50;
const QUERIES: i32 = 50;

/// Queries that are under way in the account.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Active {
    workgroups: usize,
    dml: usize,
    ddl: usize,
}

/// Whether Athena would take the queries of a run.
pub(super) async fn queries(clients: &Clients) -> Check {
    let (id, title) = ("query-quota", "Athena would take the queries of a run");
    match active_queries(clients).await {
        Ok(active) => of_queries(active, active_dml(&clients.region)),
        Err(error) if error.is_denied() => Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            "room for more queries",
            error.to_string(),
            "the runner may ask about its own queries only; a run that finds the quota used up waits. \
             To see it takes athena:ListWorkGroups, athena:ListQueryExecutions and \
             athena:BatchGetQueryExecution: run `snaplake doctor` once as somebody who may",
        ),
        Err(error) => Check::failed(id, title, "an answer", error.to_string(), error.help()),
    }
}

fn of_queries(active: Active, most_dml: usize) -> Check {
    let (id, title) = ("query-quota", "Athena would take the queries of a run");
    let Active { workgroups, dml, ddl } = active;
    let found = format!("{dml} DML and {ddl} DDL queries under way in {workgroups} workgroups");
    if dml + QUERIES_OF_A_RUN <= most_dml && ddl < ACTIVE_DDL {
        return Check::passed(id, title, found);
    }
    Check::new(
        id,
        title,
        CheckStatus::Warning,
        format!(
            "room for {QUERIES_OF_A_RUN} more of {most_dml} DML, and less than {ACTIVE_DDL} DDL"
        ),
        found,
        "unless the quota was increased, a run waits for its turn and takes longer; ask for a higher \
         quota of active queries in the Service Quotas console, or run at another time",
    )
}

/// Counts queries that are queued or run, among the newest of every workgroup.
async fn active_queries(clients: &Clients) -> Result<Active, AwsError> {
    let mut pages = clients.athena.list_work_groups().into_paginator().send();
    let mut workgroups = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("athena", "ListWorkGroups", ""))?;
        let named = page.work_groups.unwrap_or_default().into_iter();
        workgroups.extend(named.filter_map(|workgroup| workgroup.name));
    }
    workgroups.truncate(WORKGROUPS);
    let mut active = Active { workgroups: workgroups.len(), ..Active::default() };
    let executions = try_in_parallel(4, workgroups, |name| Box::pin(newest(clients, name))).await?;
    for execution in executions.into_iter().flatten() {
        let state = execution.status().and_then(|status| status.state());
        if !matches!(state, Some(QueryExecutionState::Queued | QueryExecutionState::Running)) {
            continue;
        }
        match execution.statement_type() {
            Some(StatementType::Ddl) => active.ddl += 1,
            _ => active.dml += 1,
        }
    }
    Ok(active)
}

async fn newest(clients: &Clients, workgroup: String) -> Result<Vec<QueryExecution>, AwsError> {
    let listed = clients
        .athena
        .list_query_executions()
        .work_group(&workgroup)
        .max_results(QUERIES)
        .send()
        .await
        .map_err(failed("athena", "ListQueryExecutions", workgroup.as_str()))?;
    let ids = listed.query_execution_ids.unwrap_or_default();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = clients
        .athena
        .batch_get_query_execution()
        .set_query_execution_ids(Some(ids))
        .send()
        .await
        .map_err(failed("athena", "BatchGetQueryExecution", workgroup.as_str()))?;
    Ok(found.query_executions.unwrap_or_default())
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
    match catalog::tables(clients, name).await {
        Ok(tables) => {
            let registered =
                tables.values().filter(|table| table.is_registered_with_lake_formation);
            let registered = registered.map(Table::name).collect::<Vec<_>>();
            governed(name, by_iam, &registered, pipeline.lake_formation.as_ref())
        }
        Err(error) => Check::new(
            id,
            title,
            CheckStatus::NotComparable,
            "tables that can be listed",
            error.to_string(),
            error.help(),
        ),
    }
}

/// What Lake Formation has to say, by what Glue tells. `Super` for the group of whoever IAM allows is what leaves
/// the decision to IAM alone, on what exists and, by default, on what is new
/// (<https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html>).
fn governed(
    name: &str,
    by_iam: bool,
    registered: &[&str],
    granted: Option<&LakeFormation>,
) -> Check {
    if let Some(settings) = granted {
        return granted_there(by_iam, registered, settings);
    }
    let (id, title) = ("lake-formation", "IAM alone decides who reads the tables");
    let found = match (by_iam, registered) {
        (true, []) => {
            let found = "as Glue tells; Lake Formation itself was not asked";
            return Check::passed(id, title, found);
        }
        (false, _) => {
            format!("new tables of `{}` are governed by Lake Formation", name.escape_debug())
        }
        (true, tables) => format!("registered: {}", tables.join(", ").escape_debug()),
    };
    Check::new(
        id,
        title,
        CheckStatus::Warning,
        "IAM_ALLOWED_PRINCIPALS on the database, no registered location",
        found,
        "set `enabled = true` under `[lake_formation]` and generate anew, which grants the roles there what \
         they need, or give IAM_ALLOWED_PRINCIPALS the permission Super on the database and its tables",
    )
}

/// The same where the configuration says that Lake Formation governs, and what. The default is taken away as
/// <https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html> says.
fn granted_there(by_iam: bool, registered: &[&str], settings: &LakeFormation) -> Check {
    let (id, title) = ("lake-formation", "Lake Formation decides as `[lake_formation]` says");
    let (expected, found, help) = if !registered.is_empty() && !settings.registered() {
        (
            "tables whose files IAM alone guards",
            format!("registered: {}", registered.join(", ").escape_debug()),
            "set `location` under `[lake_formation]`, generate and apply: queries of registered tables \
             need lakeformation:GetDataAccess",
        )
    } else if by_iam {
        (
            "no IAM_ALLOWED_PRINCIPALS among the defaults of new tables",
            "IAM_ALLOWED_PRINCIPALS has every right on new tables".to_owned(),
            "Lake Formation's grants limit nobody until the default is taken away in its settings",
        )
    } else {
        let found = "as Glue tells; the grants themselves were not asked for";
        return Check::passed(id, title, found);
    };
    Check::new(id, title, CheckStatus::Warning, expected, found, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Registration;

    #[test]
    fn a_quota_that_is_nearly_used_up_is_noted() {
        let status = |dml, ddl| of_queries(Active { workgroups: 3, dml, ddl }, 150).status;
        assert_eq!(status(0, 0), CheckStatus::Passed);
        assert_eq!(status(142, 19), CheckStatus::Passed);
        assert_eq!(status(143, 0), CheckStatus::Warning);
        assert_eq!(status(0, 20), CheckStatus::Warning);
        let noted = of_queries(Active { workgroups: 3, dml: 150, ddl: 0 }, 150);
        assert!(
            noted.found.contains("150 DML") && noted.help.contains("Service Quotas"),
            "{noted:?}"
        );
    }

    #[test]
    fn what_lake_formation_governs_is_named() {
        assert_eq!(governed("shop", true, &[], None).status, CheckStatus::Passed);
        let with = |location| LakeFormation { location };
        let (none, already) = (with(Registration::No), with(Registration::Already));
        let status = |by_iam, tables: &[&str], settings| {
            governed("shop", by_iam, tables, Some(settings)).status
        };
        assert_eq!(status(false, &["orders"], &already), CheckStatus::Passed);
        assert_eq!(status(false, &[], &none), CheckStatus::Passed);
        assert_eq!(status(false, &["orders"], &none), CheckStatus::Warning);
        assert_eq!(status(true, &["orders"], &already), CheckStatus::Warning);
        let new_tables = governed("shop", false, &[], None);
        assert_eq!(new_tables.status, CheckStatus::Warning);
        assert!(new_tables.found.contains("`shop`"), "{new_tables:?}");
        let registered = governed("shop", true, &["orders", "customers"], None);
        assert_eq!(registered.found, "registered: orders, customers");
        assert!(registered.help.contains("`[lake_formation]`"), "{registered:?}");
    }
}
