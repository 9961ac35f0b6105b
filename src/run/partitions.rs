//! Partitions of a live table in history mode: one an export, by the date of its snapshot.

use super::catalog;
use super::journal::PlannedTable;
use crate::aws::{AwsError, Clients, ErrorKind, failed};
use crate::verify::StagedColumn;
use aws_sdk_glue::types::{Partition, PartitionError, PartitionInput, PartitionValueList};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Partitions that one call takes:
/// <https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html>.
const BATCH: usize = 25;

/// Where a partition points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pointer {
    /// Its files: an `s3://` address with a slash at its end.
    pub(super) location: String,
    /// Its columns.
    pub(super) columns: Vec<StagedColumn>,
}

impl Pointer {
    /// Where a planned table's partition is to point.
    pub(super) fn of(plan: &PlannedTable) -> Self {
        Self { location: plan.location.clone(), columns: plan.columns.clone() }
    }
}

/// The partitions of a table by their one value; none when there is no such table.
pub(super) async fn all(
    clients: &Clients,
    database: &str,
    table: &str,
) -> Result<BTreeMap<String, Pointer>, AwsError> {
    let mut pages = clients
        .glue
        .get_partitions()
        .database_name(database)
        .table_name(table)
        .into_paginator()
        .send();
    let mut partitions = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page =
            match page.map_err(failed("glue", "GetPartitions", format!("{database}.{table}"))) {
                Ok(page) => page,
                Err(error) if error.is_not_found() => return Ok(partitions),
                Err(error) => return Err(error),
            };
        partitions.extend(page.partitions.unwrap_or_default().iter().filter_map(pointer));
    }
    Ok(partitions)
}

fn pointer(partition: &Partition) -> Option<(String, Pointer)> {
    let value = partition.values().first()?.clone();
    let descriptor = partition.storage_descriptor()?;
    let location = descriptor.location().unwrap_or_default();
    let slash = if location.ends_with('/') { "" } else { "/" };
    let columns = descriptor.columns().iter().map(|column| StagedColumn {
        name: column.name().to_owned(),
        hive_type: column.r#type().unwrap_or_default().to_owned(),
    });
    Some((value, Pointer { location: format!("{location}{slash}"), columns: columns.collect() }))
}

/// Makes a partition point where it should, whether it is there (`now`) or not.
pub(super) async fn point(
    clients: &Clients,
    database: &str,
    table: &str,
    value: &str,
    now: Option<&Pointer>,
    wanted: &Pointer,
) -> Result<(), AwsError> {
    if now == Some(wanted) {
        return Ok(());
    }
    let resource = format!("{database}.{table} {value}");
    let input = PartitionInput::builder()
        .values(value)
        .storage_descriptor(catalog::partition_descriptor(&wanted.location, &wanted.columns))
        .build();
    if now.is_some() {
        return clients
            .glue
            .update_partition()
            .database_name(database)
            .table_name(table)
            .partition_value_list(value)
            .partition_input(input)
            .send()
            .await
            .map(|_| ())
            .map_err(failed("glue", "UpdatePartition", resource));
    }
    let answer = clients
        .glue
        .batch_create_partition()
        .database_name(database)
        .table_name(table)
        .partition_input_list(input)
        .send()
        .await
        .map_err(failed("glue", "BatchCreatePartition", resource.as_str()))?;
    let Some(error) = first_error("BatchCreatePartition", &resource, answer.errors(), None) else {
        return Ok(());
    };
    // A call whose answer was lost is repeated, and then loses against itself.
    let there = all(clients, database, table).await?;
    if there.get(value) == Some(wanted) { Ok(()) } else { Err(error) }
}

/// Drops partitions. One that is gone already is no error.
pub(super) async fn drop_all(
    clients: &Clients,
    database: &str,
    table: &str,
    values: &[String],
) -> Result<(), AwsError> {
    for batch in values.chunks(BATCH) {
        let resource = format!("{database}.{table} {}", batch.join(", "));
        let wanted = batch
            .iter()
            .filter_map(|value| PartitionValueList::builder().values(value).build().ok());
        let answer = clients
            .glue
            .batch_delete_partition()
            .database_name(database)
            .table_name(table)
            .set_partitions_to_delete(Some(wanted.collect()))
            .send()
            .await
            .map_err(failed("glue", "BatchDeletePartition", resource.as_str()))?;
        let gone = Some("EntityNotFoundException");
        if let Some(error) = first_error("BatchDeletePartition", &resource, answer.errors(), gone) {
            return Err(error);
        }
    }
    Ok(())
}

/// A call that takes several partitions tells of each by itself.
fn first_error(
    operation: &str,
    resource: &str,
    errors: &[PartitionError],
    fine: Option<&str>,
) -> Option<AwsError> {
    let detail = errors
        .iter()
        .filter_map(PartitionError::error_detail)
        .find(|detail| detail.error_code() != fine || fine.is_none());
    let detail = detail?;
    let code = detail.error_code().map(str::to_owned);
    let conflict = code.as_deref() == Some("AlreadyExistsException");
    Some(AwsError {
        service: "glue".to_owned(),
        operation: operation.to_owned(),
        resource: Some(resource.to_owned()),
        kind: if conflict { ErrorKind::Conflict } else { ErrorKind::Service },
        code,
        message: detail.error_message().unwrap_or_default().to_owned(),
        request_id: None,
    })
}
