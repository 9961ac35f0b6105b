//! Gathers what an export's objects say: manifests and footers.

use super::compare;
use super::footer::{self, Footers, TAIL_BYTES};
use super::kind::Kind;
use super::layout::{self, Entry};
use super::manifest::{ExportManifest, TableManifest, TablesManifest, Warnings, warning_text};
use super::report::{Check, CheckStatus};
use super::staged::StagedColumn;
use crate::aws::{AwsError, Clients, ErrorKind, Interrupted, ObjectInfo, Stop, in_parallel};
use crate::pipeline::{Pipeline, TableRef, table_names};
use crate::printable::line;
use jiff::Timestamp;
use parquet::errors::ParquetError;
use std::ops::ControlFlow;

/// Footers that are read at a time.
const CONCURRENCY: usize = 48;

/// What an export's objects say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inspection {
    /// Checks of the export as a whole.
    pub checks: Vec<Check>,
    /// The tables.
    pub tables: Vec<TableInspection>,
    /// When the snapshot was made, where the manifest tells.
    pub snapshot_time: Option<Timestamp>,
}

/// What one table's objects say.
#[derive(Debug, Clone, PartialEq)]
pub struct TableInspection {
    /// The table in the source database.
    pub source: TableRef,
    /// Its name in the live database.
    pub name: String,
    /// Its folder's key prefix, with a slash at its end.
    pub prefix: String,
    /// The manifest's entry.
    pub manifest: Option<TableManifest>,
    /// Its Parquet files.
    pub files: Vec<ObjectInfo>,
    /// How many batches have a marker.
    pub markers: usize,
    /// Batches that hold files but no marker.
    pub unfinished: Vec<String>,
    /// Keys of other objects that Athena would read.
    pub strays: Vec<String>,
    /// What the footers say.
    pub footers: Footers,
}

impl TableInspection {
    /// Bytes of Parquet.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The columns to register: those of the files, or, when there are none, those that the manifest
    /// announces.
    ///
    /// # Errors
    /// The columns that Athena could not read.
    pub fn columns(&self) -> Result<Vec<StagedColumn>, Vec<String>> {
        let described: Vec<(String, Option<Kind>)> = if self.footers.files > 0 {
            let columns = self.footers.columns.iter();
            columns.map(|column| (column.catalog_name(), Some(column.kind.clone()))).collect()
        } else {
            let mappings = self
                .manifest
                .iter()
                .flat_map(|manifest| &manifest.schema_metadata.original_type_mappings);
            mappings
                .map(|mapping| {
                    let kind = Kind::announced(&mapping.expected_exported_type);
                    (mapping.column_name.to_lowercase(), kind)
                })
                .collect()
        };
        let mut columns = Vec::new();
        let mut unreadable = Vec::new();
        for (name, kind) in described {
            match kind.as_ref().and_then(Kind::hive) {
                Some(hive_type) => columns.push(StagedColumn { name, hive_type }),
                None => unreadable.push(format!(
                    "`{}` is {}",
                    line(&name),
                    kind.map_or_else(|| "of an unknown type".to_owned(), |kind| kind.to_string())
                )),
            }
        }
        if unreadable.is_empty() { Ok(columns) } else { Err(unreadable) }
    }
}

/// Why an export could not be inspected.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InspectError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Somebody asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Reads manifests and footers of the export `id`; of the tables with the live names in `only`, or of
/// all when that is empty. What is wrong with the export becomes a failed
/// check; only calls that fail are errors.
///
/// # Errors
/// When a call fails, or somebody asks to stop.
pub async fn inspect(
    clients: &Clients,
    pipeline: &Pipeline,
    id: &str,
    only: &[String],
    stop: &Stop,
) -> Result<Inspection, InspectError> {
    let bucket = pipeline.lake.bucket.as_str();
    let prefix = pipeline.export_prefix(id);
    let objects = clients.list(bucket, &prefix, false).await?.objects;
    let layout = layout::sort(&prefix, objects);
    let (info, snapshot_time) = info_check(clients, bucket, &layout.info, id).await?;
    let mut checks = vec![info];
    let mut manifests = Vec::new();
    let mut broken = Vec::new();
    for key in &layout.tables_info {
        let text = clients.read(bucket, key, None).await?.to_vec();
        match serde_json::from_slice::<TablesManifest>(&text) {
            Ok(manifest) => manifests.extend(manifest.per_table_status),
            Err(error) => broken.push(format!("{key}: {error}")),
        }
    }
    checks.push(if broken.is_empty() && !layout.tables_info.is_empty() {
        let found = format!("{} tables", manifests.len());
        Check::passed("tables-manifest", "the export lists its tables", found)
    } else {
        let found = if broken.is_empty() { "none".to_owned() } else { compare::list(&broken) };
        Check::failed(
            "tables-manifest",
            "the export lists its tables",
            "export_tables_info_….json",
            found,
            "without it nobody can tell whether tables are missing; export again",
        )
    });
    if !layout.strays.is_empty() {
        checks.push(Check::new(
            "strays",
            "the export holds nothing else",
            CheckStatus::Warning,
            "manifests and tables",
            compare::list(&layout.strays),
            "these objects belong to no table; nothing reads them",
        ));
    }
    let family = pipeline.source.engine.family();
    let entries = layout::join(family, layout.folders, manifests);
    checks.push(wanted_check(pipeline, &entries));
    let refs: Vec<TableRef> = entries.iter().map(|entry| entry.source.clone()).collect();
    let names = table_names(family, &refs);
    let mut tables: Vec<TableInspection> = entries
        .into_iter()
        .map(|entry| TableInspection {
            name: names.get(&entry.source).cloned().unwrap_or_default(),
            prefix: format!("{prefix}{}/", entry.source.folder()),
            source: entry.source,
            manifest: entry.manifest,
            files: entry.folder.files,
            markers: entry.folder.markers,
            unfinished: entry.folder.unfinished,
            strays: entry.folder.strays,
            footers: Footers::default(),
        })
        .collect();
    if !only.is_empty() {
        tables.retain(|table| only.contains(&table.name));
    }
    read_footers(clients, bucket, &mut tables, stop).await?;
    Ok(Inspection { checks, tables, snapshot_time })
}

/// Reads every footer, many at a time; keeps only what they say together, so that memory does not
/// grow with the number of files.
async fn read_footers(
    clients: &Clients,
    bucket: &str,
    tables: &mut [TableInspection],
    stop: &Stop,
) -> Result<(), InspectError> {
    let mut footers: Vec<Footers> = tables.iter().map(|_| Footers::default()).collect();
    let wanted: Vec<(usize, &ObjectInfo)> = tables
        .iter()
        .enumerate()
        .flat_map(|(at, table)| table.files.iter().map(move |file| (at, file)))
        .collect();
    let mut failure = None;
    in_parallel(
        CONCURRENCY,
        wanted,
        |(at, file)| Box::pin(async move { (at, file, read_footer(clients, bucket, file).await) }),
        |(at, file, read)| {
            if let Some(footers) = footers.get_mut(at) {
                match read {
                    Ok(Ok(metadata)) => footers.add(&file.key, &metadata),
                    Ok(Err(error)) => footers.unreadable(&file.key, error.to_string()),
                    Err(error) if error.kind == ErrorKind::NotFound => {
                        footers.unreadable(&file.key, "it is gone");
                    }
                    Err(error) => failure = Some(InspectError::from(error)),
                }
            }
            if let Err(interrupted) = stop.check() {
                failure.get_or_insert(interrupted.into());
            }
            if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    )
    .await;
    if let Some(error) = failure {
        return Err(error);
    }
    for (table, footers) in tables.iter_mut().zip(footers) {
        table.footers = footers;
    }
    Ok(())
}

type Footer = Result<parquet::file::metadata::ParquetMetaData, ParquetError>;

async fn read_footer(
    clients: &Clients,
    bucket: &str,
    file: &ObjectInfo,
) -> Result<Footer, AwsError> {
    let mut wanted = TAIL_BYTES;
    loop {
        let Some(last) = file.size.checked_sub(1) else {
            return Ok(Err(ParquetError::General("it is empty".to_owned())));
        };
        let first = file.size.saturating_sub(wanted);
        let tail = clients.read(bucket, &file.key, Some((first, last))).await?.into_bytes();
        match footer::parse(&tail, file.size) {
            // The footer says how long it is; more than once would be a loop.
            Err(ParquetError::NeedMoreData(needed)) if wanted == TAIL_BYTES => {
                wanted = u64::try_from(needed).unwrap_or(u64::MAX).max(TAIL_BYTES + 1);
            }
            result => return Ok(result),
        }
    }
}

async fn info_check(
    clients: &Clients,
    bucket: &str,
    keys: &[String],
    id: &str,
) -> Result<(Check, Option<Timestamp>), AwsError> {
    let title = "the export's own manifest says that it is complete";
    let help = "RDS writes this file last; the export did not come to its end, or the file was \
                removed. Export again";
    let Some(key) = keys.first() else {
        let check = Check::failed("manifest", title, "export_info_….json", "none", help);
        return Ok((check, None));
    };
    let text = clients.read(bucket, key, None).await?.to_vec();
    let manifest = serde_json::from_slice::<ExportManifest>(&text);
    let time = manifest.as_ref().ok().and_then(|manifest| manifest.snapshot_time.parse().ok());
    let check = match manifest {
        Err(error) => Check::failed("manifest", title, "a manifest", error.to_string(), help),
        // The form is undocumented: what is not there contradicts nothing.
        Ok(manifest)
            if manifest.status.is_empty() || manifest.export_task_identifier.is_empty() =>
        {
            Check::new(
                "manifest",
                title,
                CheckStatus::NotComparable,
                format!("{id} COMPLETE"),
                "a manifest without identifier or status",
                "the manifest has a form that snaplake does not know; everything else was checked",
            )
        }
        Ok(manifest) => {
            let found = format!(
                "{} {}",
                line(&manifest.export_task_identifier),
                line(&manifest.status.to_uppercase())
            );
            Check::equal("manifest", title, format!("{id} COMPLETE"), found, help)
        }
    };
    Ok((check, time))
}

/// The tables that the configuration asks for are all there.
fn wanted_check(pipeline: &Pipeline, entries: &[Entry]) -> Check {
    let title = "every table that the configuration asks for is in the export";
    let missing: Vec<String> = pipeline
        .source
        .tables
        .iter()
        .filter(|wanted| !entries.iter().any(|entry| entry.source.folder() == wanted.folder()))
        .map(ToString::to_string)
        .collect();
    if entries.is_empty() {
        return Check::failed(
            "tables",
            title,
            "at least one table",
            "none",
            "the database holds no tables that RDS exports; look at `database` and `tables`",
        );
    }
    if missing.is_empty() {
        return Check::passed("tables", title, format!("{} tables", entries.len()));
    }
    Check::failed(
        "tables",
        title,
        format!("{} tables", pipeline.source.tables.len()),
        format!("without {}", compare::list(&missing)),
        "look at the spelling in `tables`, and whether the snapshot is older than the table",
    )
}

const SKIPPED_NOTHING: &str = "RDS skipped nothing";

/// What stands in for [`warning_checks`] where nobody has asked RDS about the export.
#[must_use]
pub fn warning_unknown() -> Check {
    Check::new(
        "skipped",
        SKIPPED_NOTHING,
        CheckStatus::NotComparable,
        "no warning",
        "",
        "RDS was not asked: no journal here is of the run that awaited this export",
    )
}

/// What RDS warns of although the export is complete: each skipped table is a failed check.
#[must_use]
pub fn warning_checks(warning: Option<&str>) -> Vec<Check> {
    let title = SKIPPED_NOTHING;
    let Some(text) = warning.filter(|text| !text.trim().is_empty()) else {
        return vec![Check::passed("skipped", title, "no warning")];
    };
    let Ok(warnings) = serde_json::from_str::<Warnings>(text) else {
        return vec![Check::new(
            "skipped",
            title,
            CheckStatus::Warning,
            "no warning",
            line(text),
            "RDS warns in a form that snaplake does not know; read it",
        )];
    };
    let mut checks = Vec::new();
    for skipped in warnings.skipped_tables.iter().chain(&warnings.skipped_objectives) {
        checks.push(Check::failed(
            "skipped",
            title,
            "no skipped table",
            line(&warning_text(skipped)),
            "RDS left it out; its name or its rows may be of a kind that exports do not take. List \
             the wanted tables in `tables` to publish without it",
        ));
    }
    for general in &warnings.general {
        checks.push(Check::new(
            "skipped",
            title,
            CheckStatus::Warning,
            "no warning",
            line(&warning_text(general)),
            "RDS says so of the export as a whole",
        ));
    }
    if checks.is_empty() {
        checks.push(Check::passed("skipped", title, "no warning"));
    }
    checks
}
