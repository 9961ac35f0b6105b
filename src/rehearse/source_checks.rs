//! The comparison that only a rehearsal can make: the export against the database itself.

use super::StageSource;
use super::fingerprint::{Fingerprint, ParquetTable, server_fingerprint, source_fingerprint};
use crate::aws::{Athena, BoxFuture, Clients, QueryError};
use crate::run::{ExtraChecks, StagedTable};
use crate::verify::Check;

/// Reads the source and every byte of the export, apart from each other.
#[derive(Debug)]
pub(super) struct SourceChecks {
    /// The source, of the moment of the export.
    pub(super) source: StageSource,
    /// Clients of the runner.
    pub(super) clients: Clients,
}

const COUNT: (&str, &str) = ("source-count", "rows in the source against rows exported");
const VALUES: (&str, &str) = ("source-checksum", "every value in the source against the export");
const HELP: &str = "the export does not hold what the database holds; keep the live table where it \
                    is and export again";

impl ExtraChecks for SourceChecks {
    fn check<'a>(
        &'a self,
        table: &'a StagedTable,
        _athena: &'a Athena<'a>,
    ) -> BoxFuture<'a, Result<Vec<Check>, QueryError>> {
        Box::pin(async move { Ok(self.compare(table).await) })
    }
}

impl SourceChecks {
    async fn compare(&self, table: &StagedTable) -> Vec<Check> {
        let exported = match self.read_export(&table.location).await {
            Ok(exported) => exported,
            Err(why) => {
                return vec![Check::failed(VALUES.0, VALUES.1, "readable files", why, HELP)];
            }
        };
        let columns = exported.columns.unwrap_or_default();
        let (source, table) = (self.source.clone(), table.source.clone());
        let read = tokio::task::spawn_blocking(move || match &source.file {
            Some(path) => {
                source_fingerprint(path, &table.name, &columns).map_err(|error| error.to_string())
            }
            None => server_fingerprint(&source.open, &table.schema, &table.name, &columns)
                .map_err(|error| error.to_string()),
        });
        match read.await {
            Ok(Ok(source)) => compare(source, exported.fingerprint),
            Ok(Err(error)) => {
                vec![Check::failed(VALUES.0, VALUES.1, "a readable source", error, HELP)]
            }
            Err(error) => {
                vec![Check::failed(
                    VALUES.0,
                    VALUES.1,
                    "a readable source",
                    error.to_string(),
                    HELP,
                )]
            }
        }
    }

    /// The fingerprint of every Parquet object below `location`.
    async fn read_export(&self, location: &str) -> Result<ParquetTable, String> {
        let (bucket, prefix) = location
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| format!("`{location}` is no S3 address"))?;
        let mut table = ParquetTable::default();
        let mut pages =
            self.clients.s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| reason(&error))?;
            for key in page.contents().iter().filter_map(|object| object.key()) {
                if !key.ends_with(".parquet") {
                    continue;
                }
                let object = self.clients.s3.get_object().bucket(bucket).key(key).send().await;
                let body = object.map_err(|error| reason(&error))?.body.collect().await;
                let bytes = body.map_err(|error| error.to_string())?.into_bytes();
                let read = tokio::task::spawn_blocking(move || table.add(bytes).map(|()| table));
                table = match read.await {
                    Ok(Ok(table)) => table,
                    Ok(Err(error)) => return Err(format!("`{key}`: {error}")),
                    Err(error) => return Err(format!("`{key}`: {error}")),
                };
            }
        }
        Ok(table)
    }
}

fn compare(source: Fingerprint, exported: Fingerprint) -> Vec<Check> {
    vec![
        Check::equal(COUNT.0, COUNT.1, source.rows.to_string(), exported.rows.to_string(), HELP),
        Check::equal(VALUES.0, VALUES.1, source.to_string(), exported.to_string(), HELP),
    ]
}

/// What the service said, rather than what the SDK calls it.
fn reason<E: std::error::Error>(error: &E) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
