//! A crawl that meets tables which are already there, one of them changed: what a crawler's rights to
//! read and update tables are for, and what a crawl into an emptied database never does.

use crate::aws::{Clients, Clock, failed};
use crate::pipeline::Pipeline;
use aws_sdk_glue::types::{CrawlerState, StorageDescriptor, Table, TableInput};
use std::time::Duration;

/// Between two looks at the crawler, in virtual time.
const PAUSE: Duration = Duration::from_secs(30);
/// A crawl of a small export takes minutes; one that takes longer than this many looks hangs.
const LOOKS: u32 = 1_000;

/// Crawls, changes a table that the crawl made, crawls again, and empties the staging database.
pub(super) async fn run(
    pipeline: &Pipeline,
    clients: &Clients,
    clock: &dyn Clock,
) -> Result<(), String> {
    let database = pipeline.staging_database();
    crawl(pipeline, clients, clock).await?;
    let tables = tables(clients, &database).await?;
    let Some(table) = tables.first() else {
        return Err("the crawler made no table".to_owned());
    };
    let sent = clients
        .glue
        .update_table()
        .database_name(&database)
        .table_input(without_its_last_column(table)?)
        .send()
        .await;
    sent.map_err(|error| failed("glue", "UpdateTable", table.name())(error).to_string())?;
    crawl(pipeline, clients, clock).await?;
    for table in tables {
        let sent = clients.glue.delete_table().database_name(&database).name(table.name());
        let sent = sent.send().await;
        sent.map_err(|error| failed("glue", "DeleteTable", table.name())(error).to_string())?;
    }
    Ok(())
}

async fn tables(clients: &Clients, database: &str) -> Result<Vec<Table>, String> {
    let sent = clients.glue.get_tables().database_name(database).send().await;
    let answer = sent.map_err(|error| failed("glue", "GetTables", database)(error).to_string())?;
    Ok(answer.table_list.unwrap_or_default())
}

async fn crawl(pipeline: &Pipeline, clients: &Clients, clock: &dyn Clock) -> Result<(), String> {
    let name = pipeline.crawler_name();
    let sent = clients.glue.start_crawler().name(&name).send().await;
    sent.map_err(|error| failed("glue", "StartCrawler", name.as_str())(error).to_string())?;
    for _ in 0..LOOKS {
        clock.sleep(PAUSE).await;
        let sent = clients.glue.get_crawler().name(&name).send().await;
        let answer =
            sent.map_err(|error| failed("glue", "GetCrawler", name.as_str())(error).to_string())?;
        let state = answer.crawler.and_then(|crawler| crawler.state);
        if state == Some(CrawlerState::Ready) {
            return Ok(());
        }
    }
    Err(format!("crawler `{name}` does not come to its end"))
}

/// The table as a crawl before the last change of the database would have left it.
fn without_its_last_column(table: &Table) -> Result<TableInput, String> {
    let unfit = |error: &dyn std::fmt::Display| format!("table `{}`: {error}", table.name());
    let descriptor = table.storage_descriptor().ok_or_else(|| unfit(&"it has no columns"))?;
    let columns = descriptor.columns();
    let fewer = columns.split_last().map(|(_, fewer)| fewer.to_vec()).unwrap_or_default();
    let changed: StorageDescriptor = StorageDescriptor::builder()
        .set_columns(Some(fewer))
        .set_location(descriptor.location.clone())
        .set_input_format(descriptor.input_format.clone())
        .set_output_format(descriptor.output_format.clone())
        .set_serde_info(descriptor.serde_info.clone())
        .build();
    TableInput::builder()
        .name(table.name())
        .storage_descriptor(changed)
        .set_partition_keys(table.partition_keys.clone())
        .set_table_type(table.table_type.clone())
        .set_parameters(table.parameters.clone())
        .build()
        .map_err(|error| unfit(&error))
}
