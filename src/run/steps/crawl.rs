//! Has the crawler register the export's tables in the staging database.

use super::super::catalog;
use super::super::context::{Context, Done, StepError, StepResult};
use super::super::error::FailureKind;
use super::super::journal::PlannedTable;
use super::super::staging::Ours;
use super::{export, register};
use crate::aws::{AwsError, Clients, ErrorKind, Poll, failed};
use crate::pipeline::Pipeline;
use crate::printable::line;
use aws_sdk_glue::types::{
    Crawler, CrawlerState, CrawlerTargets, DeleteBehavior, LastCrawlStatus, RecrawlBehavior,
    RecrawlPolicy, S3Target, SchemaChangePolicy, Table, UpdateBehavior,
};
use serde_json::json;

/// Runs the step.
pub(in crate::run) async fn run(context: &mut Context<'_>) -> StepResult {
    let mut took = None;
    if context.journal.details.plan.is_empty() {
        took = Some(find(context).await?);
        context.journal.save_details().await?;
    } else {
        export::still_there(context).await?;
    }
    // The crawler names tables after their folders and makes partitions of the batches. In the staging
    // database, as in the live one, each table has its live name and no partitions.
    let (tables, _) = register::fill(context).await?;
    let database = context.pipeline.staging_database();
    Ok(Done::Did(match took {
        Some(took) => format!("{tables} tables in {database}, crawled in {} s", took.as_secs()),
        None => format!("{tables} tables in {database}, crawled before"),
    }))
}

/// Crawls the export and plans what the crawler has found.
async fn find(context: &mut Context<'_>) -> Result<std::time::Duration, StepError> {
    let export = context.export_id()?;
    let (pipeline, clients) = (context.pipeline, context.clients);
    let database = pipeline.staging_database();
    let root = pipeline.export_location(&export);
    let present = catalog::tables(clients, &database).await?;
    // A leftover of the same name would make the crawler invent another one.
    let ours = Ours::among(pipeline, &[], &present);
    let leftovers: Vec<&str> = present
        .values()
        .filter(|table| ours.has(table))
        .filter(|table| !catalog::location(table).is_some_and(|place| place.starts_with(&root)))
        .map(Table::name)
        .collect();
    register::clear(context, &database, &leftovers).await?;
    let took = crawl(context, &export).await?;
    let tables = catalog::tables(clients, &database).await?;
    let inspection = context.inspection().await?;
    let mut plan = Vec::new();
    for inspected in &inspection.tables {
        let location = format!("s3://{}/{}", pipeline.lake.bucket, inspected.prefix);
        let found =
            tables.values().find(|table| catalog::location(table).as_ref() == Some(&location));
        if let Some(found) = found {
            plan.push(PlannedTable {
                database: inspected.source.database.clone(),
                schema: inspected.source.schema.clone(),
                name: inspected.source.name.clone(),
                table: inspected.name.clone(),
                staged: inspected.name.clone(),
                location,
                columns: catalog::columns(found),
                originals: register::originals(inspected),
            });
        } else if inspected.files.is_empty() {
            // A crawler sees no table in an empty folder.
            plan.extend(register::planned(pipeline, inspected));
        }
    }
    context.journal.details.plan = plan;
    Ok(took)
}

/// Points the crawler at the export, starts it and waits for its end.
async fn crawl(context: &Context<'_>, export: &str) -> Result<std::time::Duration, StepError> {
    let name = context.pipeline.crawler_name();
    let since = context.clock.now();
    // Somebody else's crawl, or one of an attempt that died, ends first.
    until_ready(context, &name, since).await?;
    aim(context, &name, export).await?;
    let started = context.clients.glue.start_crawler().name(&name).send().await;
    match started.map_err(failed("glue", "StartCrawler", name.as_str())) {
        Ok(_) => {}
        Err(error) if error.has_code("CrawlerRunningException") => {}
        Err(error) => return Err(error.into()),
    }
    let begun = context.clock.now();
    let crawler = match until_ready(context, &name, begun).await {
        Err(StepError::Interrupted) => {
            if let Err(error) = stop_crawler(context.pipeline, context.clients).await {
                tracing::warn!(%error, "the crawler goes on");
            }
            return Err(StepError::Interrupted);
        }
        result => result?,
    };
    if let Some(last) = crawler.last_crawl()
        && matches!(last.status(), Some(LastCrawlStatus::Failed | LastCrawlStatus::Cancelled))
    {
        let message = last.error_message().unwrap_or("Glue gave no reason");
        return Err(StepError::found(
            FailureKind::Aws,
            format!("crawler `{name}` failed: {}", line(message)),
            "its log is in /aws-glue/crawlers; `snaplake iam check` tells whether the crawler's role \
             lacks a right",
        ));
    }
    Ok(crate::aws::between(begun, context.clock.now()))
}

async fn aim(context: &Context<'_>, name: &str, export: &str) -> Result<(), AwsError> {
    let pipeline = context.pipeline;
    // The database's own folder, so that the manifests above it do not become tables.
    let path = format!("{}{}/", pipeline.export_location(export), pipeline.source.database);
    let targets = CrawlerTargets::builder()
        .s3_targets(S3Target::builder().path(path).exclusions("**/_SUCCESS").build())
        .build();
    let policy = SchemaChangePolicy::builder()
        .update_behavior(UpdateBehavior::UpdateInDatabase)
        .delete_behavior(DeleteBehavior::Log)
        .build();
    let recrawl =
        RecrawlPolicy::builder().recrawl_behavior(RecrawlBehavior::CrawlEverything).build();
    context
        .clients
        .glue
        .update_crawler()
        .name(name)
        .database_name(pipeline.staging_database())
        .targets(targets)
        .configuration(configuration(pipeline))
        .schema_change_policy(policy)
        .recrawl_policy(recrawl)
        .send()
        .await
        .map(|_| ())
        .map_err(failed("glue", "UpdateCrawler", name))
}

/// Makes each table folder one table. The bucket is level 1; then come the parts of the prefix, the
/// export, the database and the table.
///
/// <https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html#crawler-table-level>
fn configuration(pipeline: &Pipeline) -> String {
    let level = 1 + pipeline.lake.prefix.split('/').count() + 3;
    json!({ "Version": 1.0, "Grouping": { "TableLevelConfiguration": level } }).to_string()
}

async fn until_ready(
    context: &Context<'_>,
    name: &str,
    since: jiff::Timestamp,
) -> Result<Crawler, StepError> {
    loop {
        let answer = context.clients.glue.get_crawler().name(name).send().await;
        let crawler = match answer.map_err(failed("glue", "GetCrawler", name)) {
            Ok(answer) => answer.crawler.unwrap_or_else(|| Crawler::builder().build()),
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Err(StepError::found(
                    FailureKind::Setup,
                    format!("there is no crawler `{name}`"),
                    "`terraform apply` in the generated module makes it",
                ));
            }
            Err(error) => return Err(error.into()),
        };
        if matches!(crawler.state(), Some(CrawlerState::Ready)) {
            return Ok(crawler);
        }
        context.wait(&format!("crawler {name}"), since, Poll::LONG).await?;
    }
}

/// Stops the crawler. One that does not run is no error.
///
/// # Errors
/// When the call fails.
pub async fn stop_crawler(pipeline: &Pipeline, clients: &Clients) -> Result<(), AwsError> {
    let name = pipeline.crawler_name();
    let answer = clients.glue.stop_crawler().name(&name).send().await;
    match answer.map_err(failed("glue", "StopCrawler", name)) {
        Err(error)
            if !error.has_code("CrawlerNotRunningException")
                && !error.has_code("CrawlerStoppingException") =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}
