//! Tables in Glue: reading them, and what a table of an export looks like.

use super::journal::PlannedTable;
use crate::aws::{AwsError, Clients, failed};
use crate::verify::StagedColumn;
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use std::collections::{BTreeMap, HashMap};

/// Says which pipeline a table belongs to.
pub(super) const PIPELINE: &str = "snaplake.pipeline";
/// Says which run touched a table last.
pub(super) const RUN: &str = "snaplake.run";
/// Says which export a table points at.
pub(super) const EXPORT: &str = "snaplake.export";
/// Says where a table pointed before it was moved.
pub(super) const PREVIOUS: &str = "snaplake.previous-location";
/// Says which exports a table has lately ceased to read, besides the one before, and when: `ID@TIME,…`.
pub(super) const LEFT: &str = "snaplake.left-exports";
/// Says when a table was moved.
pub(super) const MOVED: &str = "snaplake.moved-at";

/// How Athena reads Parquet:
/// <https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html>.
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const INPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";

/// The tables and views of a database, by name.
pub(super) async fn tables(
    clients: &Clients,
    database: &str,
) -> Result<BTreeMap<String, Table>, AwsError> {
    let mut pages = clients.glue.get_tables().database_name(database).into_paginator().send();
    let mut tables = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("glue", "GetTables", database))?;
        for table in page.table_list.unwrap_or_default() {
            tables.insert(table.name.clone(), table);
        }
    }
    Ok(tables)
}

/// One table.
pub(super) async fn table(
    clients: &Clients,
    database: &str,
    name: &str,
) -> Result<Option<Table>, AwsError> {
    let answer = clients.glue.get_table().database_name(database).name(name).send().await;
    match answer.map_err(failed("glue", "GetTable", format!("{database}.{name}"))) {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a table.
pub(super) async fn create(
    clients: &Clients,
    database: &str,
    input: TableInput,
) -> Result<(), AwsError> {
    let resource = format!("{database}.{}", input.name());
    clients
        .glue
        .create_table()
        .database_name(database)
        .table_input(input)
        .send()
        .await
        .map(|_| ())
        .map_err(failed("glue", "CreateTable", resource))
}

/// Replaces a table if it still has the version that was read: a change by somebody else meanwhile is
/// an error of the kind `Conflict` and stays as it is.
pub(super) async fn replace(
    clients: &Clients,
    database: &str,
    input: TableInput,
    version: Option<String>,
) -> Result<(), AwsError> {
    let resource = format!("{database}.{}", input.name());
    clients
        .glue
        .update_table()
        .database_name(database)
        .table_input(input)
        .set_version_id(version)
        .skip_archive(false)
        .send()
        .await
        .map(|_| ())
        .map_err(failed("glue", "UpdateTable", resource))
}

/// Deletes a table or a view. One that is gone already is no error.
pub(super) async fn delete(clients: &Clients, database: &str, name: &str) -> Result<(), AwsError> {
    let answer = clients.glue.delete_table().database_name(database).name(name).send().await;
    match answer.map_err(failed("glue", "DeleteTable", format!("{database}.{name}"))) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Where a table points, with a slash at its end.
pub(super) fn location(table: &Table) -> Option<String> {
    let location = table.storage_descriptor()?.location()?;
    if location.is_empty() {
        return None;
    }
    Some(if location.ends_with('/') { location.to_owned() } else { format!("{location}/") })
}

/// Whether it is a table that Terraform has made and no run has filled yet: it shows nothing.
pub(super) fn is_shell(table: &Table) -> bool {
    !is_view(table) && location(table).is_none() && columns(table).is_empty()
}

/// Whether it is a view.
pub(super) fn is_view(table: &Table) -> bool {
    table.table_type() == Some("VIRTUAL_VIEW")
}

/// A parameter of a table.
pub(super) fn parameter<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.parameters()?.get(key).map(String::as_str)
}

/// The columns of a table.
pub(super) fn columns(table: &Table) -> Vec<StagedColumn> {
    let columns = table.storage_descriptor().map(StorageDescriptor::columns).unwrap_or_default();
    columns
        .iter()
        .map(|column| StagedColumn {
            name: column.name().to_owned(),
            hive_type: column.r#type().unwrap_or_default().to_owned(),
        })
        .collect()
}

/// The names of the columns that partition a table.
pub(super) fn partition_keys(table: &Table) -> Vec<&str> {
    table.partition_keys().iter().map(Column::name).collect()
}

/// What marks a table as this pipeline's.
pub(super) fn marks(pipeline: &str, run: &str, export: &str) -> [(String, String); 3] {
    [
        (PIPELINE.to_owned(), pipeline.to_owned()),
        (RUN.to_owned(), run.to_owned()),
        (EXPORT.to_owned(), export.to_owned()),
    ]
}

/// A new table over the files of `plan`; with `partition`, partitioned by a date of that name.
pub(super) fn new_input(
    name: &str,
    plan: &PlannedTable,
    partition: Option<&str>,
    parameters: impl IntoIterator<Item = (String, String)>,
) -> Option<TableInput> {
    let own = [("classification", "parquet"), ("EXTERNAL", "TRUE")];
    let parameters: HashMap<String, String> = own
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .chain(parameters)
        .collect();
    TableInput::builder()
        .name(name)
        .table_type("EXTERNAL_TABLE")
        .set_partition_keys(Some(partition_columns(partition)))
        .set_parameters(Some(parameters))
        .storage_descriptor(partition_descriptor(&plan.location, &plan.columns))
        .build()
        .ok()
}

fn partition_columns(partition: Option<&str>) -> Vec<Column> {
    let key = partition.map(|name| Column::builder().name(name).r#type("date").build());
    key.into_iter().filter_map(Result::ok).collect()
}

/// How Athena reads the files of one partition.
pub(super) fn partition_descriptor(location: &str, columns: &[StagedColumn]) -> StorageDescriptor {
    descriptor(StorageDescriptor::builder().build(), location, columns, &[])
}

/// The table `old`, pointing at the files of `plan`: owner, description, partition keys, parameters and
/// the comments of columns are kept; the columns are those of the new files, in their order.
pub(super) fn moved_input(
    old: &Table,
    plan: &PlannedTable,
    parameters: impl IntoIterator<Item = (String, String)>,
) -> Option<TableInput> {
    let mut input = input_of(old)?;
    let before = old.storage_descriptor().cloned();
    let comments = before.as_ref().map(|before| before.columns().to_vec()).unwrap_or_default();
    let before = before.unwrap_or_else(|| StorageDescriptor::builder().build());
    let mut columns = plan.columns.clone();
    if !old.partition_keys().is_empty() {
        // Older partitions still have what the newest one lacks.
        let of_old = self::columns(old).into_iter();
        columns.extend(of_old.filter(|old| !has_column(&plan.columns, &old.name)));
    }
    input.storage_descriptor = Some(descriptor(before, &plan.location, &columns, &comments));
    let all = input.parameters.get_or_insert_default();
    all.insert("classification".to_owned(), "parquet".to_owned());
    all.extend(parameters);
    Some(input)
}

/// Whether there is a column of this name.
pub(super) fn has_column(columns: &[StagedColumn], name: &str) -> bool {
    columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
}

/// A table as an input: without the fields that Glue only gives out.
///
/// <https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html>
pub(super) fn input_of(table: &Table) -> Option<TableInput> {
    TableInput::builder()
        .name(table.name())
        .set_description(table.description.clone())
        .set_owner(table.owner.clone())
        .set_last_access_time(table.last_access_time)
        .set_last_analyzed_time(table.last_analyzed_time)
        .retention(table.retention)
        .set_storage_descriptor(table.storage_descriptor.clone())
        .set_partition_keys(table.partition_keys.clone())
        .set_view_original_text(table.view_original_text.clone())
        .set_view_expanded_text(table.view_expanded_text.clone())
        .set_table_type(table.table_type.clone())
        .set_parameters(table.parameters.clone())
        .set_target_table(table.target_table.clone())
        .build()
        .ok()
}

fn descriptor(
    mut descriptor: StorageDescriptor,
    location: &str,
    columns: &[StagedColumn],
    before: &[Column],
) -> StorageDescriptor {
    let columns = columns.iter().filter_map(|column| {
        let comment = before
            .iter()
            .find(|other| other.name().eq_ignore_ascii_case(&column.name))
            .and_then(|other| other.comment.clone());
        Column::builder()
            .name(&column.name)
            .r#type(&column.hive_type)
            .set_comment(comment)
            .build()
            .ok()
    });
    descriptor.columns = Some(columns.collect());
    descriptor.location = Some(location.to_owned());
    descriptor.input_format = Some(INPUT.to_owned());
    descriptor.output_format = Some(OUTPUT.to_owned());
    descriptor.serde_info = Some(
        SerDeInfo::builder()
            .serialization_library(SERDE)
            .parameters("serialization.format", "1")
            .build(),
    );
    descriptor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> PlannedTable {
        PlannedTable {
            database: "shop".into(),
            schema: "public".into(),
            name: "orders".into(),
            table: "orders".into(),
            staged: "orders".into(),
            location: "s3://lake/exports/new/shop/public.orders/".into(),
            columns: vec![
                StagedColumn { name: "id".into(), hive_type: "bigint".into() },
                StagedColumn { name: "note".into(), hive_type: "string".into() },
            ],
            originals: BTreeMap::new(),
        }
    }

    #[test]
    fn moving_keeps_what_people_added_and_takes_the_new_columns() {
        let old = Table::builder()
            .name("orders")
            .description("orders of the shop")
            .owner("sales")
            .parameters("team", "sales")
            .parameters(EXPORT, "old")
            .table_type("EXTERNAL_TABLE")
            .version_id("7")
            .created_by("arn:aws:iam::111122223333:role/x")
            .storage_descriptor(
                StorageDescriptor::builder()
                    .location("s3://lake/exports/old/shop/public.orders/")
                    .columns(Column::builder().name("ID").comment("the key").build().unwrap())
                    .columns(Column::builder().name("gone").build().unwrap())
                    .build(),
            )
            .build()
            .unwrap();
        let input = moved_input(&old, &plan(), marks("shop", "r", "new")).unwrap();
        assert_eq!(input.description(), Some("orders of the shop"));
        assert_eq!(input.owner(), Some("sales"));
        let parameters = input.parameters().unwrap();
        assert_eq!(parameters["team"], "sales");
        assert_eq!(parameters[EXPORT], "new");
        let descriptor = input.storage_descriptor().unwrap();
        assert_eq!(descriptor.location(), Some("s3://lake/exports/new/shop/public.orders/"));
        let columns: Vec<_> =
            descriptor.columns().iter().map(|c| (c.name(), c.comment())).collect();
        assert_eq!(columns, [("id", Some("the key")), ("note", None)]);
    }

    #[test]
    fn a_new_table_is_parquet_for_athena() {
        let input = new_input("orders", &plan(), None, marks("shop", "r", "new")).unwrap();
        assert_eq!(input.table_type(), Some("EXTERNAL_TABLE"));
        let descriptor = input.storage_descriptor().unwrap();
        assert_eq!(descriptor.input_format(), Some(INPUT));
        assert_eq!(descriptor.serde_info().unwrap().serialization_library(), Some(SERDE));
    }
}
