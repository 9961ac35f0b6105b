//! What would keep a run from working, found without changing anything.

mod permissions;
pub(super) mod quotas;

use super::catalog::{self, PIPELINE};
use super::context::StepError;
use super::steps::{preflight, prune, snapshot};
use crate::aws::{AwsError, Clients, failed};
use crate::pipeline::{CatalogMode, Pipeline};
use crate::verify::{Check, CheckStatus};

/// Looks at everything that a run needs, with the rights of a run. Reads only; a failed check would
/// keep a run from working.
pub async fn doctor(pipeline: &Pipeline, clients: &Clients) -> Vec<Check> {
    let identity = preflight::identity(pipeline, clients).await;
    let known = identity.is_ok();
    let mut checks =
        vec![check("identity", "the credentials are of the pipeline's account", identity)];
    if !known {
        // Without credentials every other answer would be the same.
        return checks;
    }
    checks.push(Check::equal(
        "region",
        "the clients use the pipeline's region",
        pipeline.region.as_str(),
        clients.region.as_str(),
        "leave out `--region` and AWS_REGION, or change `region` in snaplake.toml",
    ));
    checks.push(check(
        "workgroup",
        "the workgroup is there and enabled",
        preflight::workgroup(pipeline, clients).await,
    ));
    for (id, database) in [
        ("live-database", pipeline.catalog.database.clone()),
        ("staging-database", pipeline.staging_database()),
    ] {
        let found = preflight::database_exists(clients, &database).await;
        checks.push(check(id, &format!("the Glue database `{database}` is there"), found));
    }
    checks.push(check(
        "bucket",
        "the bucket is in the region of the database",
        preflight::bucket(pipeline, clients).await,
    ));
    checks.push(check("key", "the key is enabled", preflight::key(pipeline, clients).await));
    checks.push(snapshot_check(pipeline, clients).await);
    if pipeline.catalog.mode == CatalogMode::Crawler {
        let name = pipeline.crawler_name();
        checks.push(check("crawler", "the crawler is there", crawler(clients, &name).await));
    }
    checks.push(check(
        "staging-tables",
        "the staging database holds nothing that is in the way",
        preflight::staging_is_free(pipeline, clients).await,
    ));
    checks.push(live_check(pipeline, clients).await);
    let exports = prune::exports(pipeline, clients).await.map_err(StepError::from);
    checks.push(check(
        "lake",
        "the exports in the lake can be listed",
        exports.map(|exports| format!("{} exports", exports.len())),
    ));
    checks.push(quotas::exports(clients).await);
    checks.push(quotas::queries(clients).await);
    checks.push(quotas::lake_formation(pipeline, clients).await);
    checks.extend(permissions::checks(pipeline, clients).await);
    checks
}

async fn snapshot_check(pipeline: &Pipeline, clients: &Clients) -> Check {
    let found = snapshot::existing(pipeline, clients).await.map(|found| match found {
        None => "each run makes one".to_owned(),
        Some(found) => {
            let created = found.created.map_or_else(
                || "not made yet".to_owned(),
                |created| created.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            );
            let size = found.allocated_gib.unwrap_or_default();
            format!("{} ({}, {created}, {size} GiB)", found.id, found.status)
        }
    });
    check("snapshot", "there is a snapshot to export", found)
}

async fn crawler(clients: &Clients, name: &str) -> Result<String, StepError> {
    let answer = clients.glue.get_crawler().name(name).send().await;
    let crawler = answer.map_err(failed("glue", "GetCrawler", name))?.crawler;
    let state = crawler.and_then(|crawler| crawler.state);
    let state = state.as_ref().map_or("in an unknown state", |state| state.as_str());
    Ok(format!("{name}, {}", state.to_lowercase()))
}

/// Tables that a run would refuse to take over are only known once it is known what is exported; views
/// with the names of tables are known now.
async fn live_check(pipeline: &Pipeline, clients: &Clients) -> Check {
    let title = "the live database holds nothing that is in the way";
    let database = &pipeline.catalog.database;
    let present: Result<_, AwsError> = catalog::tables(clients, database).await;
    let present = match present {
        Ok(present) => present,
        Err(error) => return check("live-tables", title, Err(error.into())),
    };
    for view in &pipeline.views {
        if present.get(&view.name).is_some_and(|table| !catalog::is_view(table)) {
            return Check::failed(
                "live-tables",
                title,
                "no table with a view's name",
                format!("`{database}.{}` is a table", view.name),
                "rename the view in snaplake.toml",
            );
        }
    }
    let strangers: Vec<&str> = present
        .values()
        .filter(|table| {
            !catalog::is_view(table)
                && catalog::parameter(table, PIPELINE) != Some(pipeline.name.as_str())
        })
        .map(aws_sdk_glue::types::Table::name)
        .collect();
    if strangers.is_empty() {
        return Check::passed("live-tables", title, format!("{} tables and views", present.len()));
    }
    Check::new(
        "live-tables",
        title,
        CheckStatus::Warning,
        "tables of this pipeline only",
        strangers.join(", ").escape_debug().to_string(),
        format!(
            "a run refuses to take these over when it exports tables of the same names; set their \
             parameter `{PIPELINE}` to `{}` to hand them over",
            pipeline.name
        ),
    )
}

fn check(id: &str, title: &str, found: Result<String, StepError>) -> Check {
    match found.map_err(StepError::told) {
        Ok(found) => Check::passed(id, title, found),
        Err((_, message, help)) => Check::failed(id, title, "yes", message, help),
    }
}
