//! Which folders are tables, and which are partitions of them.

use super::schema::{self, FolderSchema};
use super::{CrawlError, S3Target, glob};
use crate::cloud::caller::Caller;
use crate::cloud::storage::ObjectStore;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a crawler's `Configuration` says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settings {
    /// The level at which tables lie: the bucket is 1.
    pub(super) table_level: Option<usize>,
    /// Whether tables of compatible schemas are combined whatever their similarity.
    pub(super) combine: bool,
}

impl Settings {
    /// Reads a `Configuration`
    /// (<https://docs.aws.amazon.com/glue/latest/dg/crawler-grouping-policy.html>,
    /// <https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html>).
    pub(super) fn parse(json: &str) -> Result<Self, CrawlError> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let value: Value = serde_json::from_str(json)
            .map_err(|error| CrawlError::Configuration(error.to_string()))?;
        let grouping = value.get("Grouping");
        let table_level = match grouping.and_then(|g| g.get("TableLevelConfiguration")) {
            None => None,
            Some(level) => Some(
                level
                    .as_u64()
                    .and_then(|level| usize::try_from(level).ok())
                    .filter(|level| *level > 0)
                    .ok_or_else(|| {
                        let what = "TableLevelConfiguration is a positive number";
                        CrawlError::Configuration(what.to_owned())
                    })?,
            ),
        };
        let policy = grouping.and_then(|g| g.get("TableGroupingPolicy"));
        let combine = policy.and_then(Value::as_str) == Some("CombineCompatibleSchemas");
        Ok(Self { table_level, combine })
    }
}

/// A table that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its folder in the bucket, with a slash at its end.
    pub(super) root: String,
    /// The columns and counts of all its files.
    pub(super) schema: FolderSchema,
    /// Names of its partition keys.
    pub(super) keys: Vec<String>,
    /// The folders with files.
    pub(super) folders: Vec<Folder>,
}

/// A folder with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// In the bucket, with a slash at its end.
    pub(super) path: String,
    /// The values of the table's partition keys.
    pub(super) values: Vec<String>,
    /// The columns and counts of its files.
    pub(super) schema: FolderSchema,
}

impl Found {
    pub(super) fn location(&self, bucket: &str) -> String {
        format!("s3://{bucket}/{}", self.root)
    }
}

/// Lists a target and finds its tables, in order of their folders.
pub(super) fn tables(
    target: &S3Target,
    bucket: &str,
    prefix: &str,
    settings: Settings,
    objects: &dyn ObjectStore,
    caller: &Caller,
    log: &mut Vec<String>,
) -> Result<Vec<Found>, CrawlError> {
    let prefix = match prefix.trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let mut leaves: BTreeMap<String, FolderSchema> = BTreeMap::new();
    let mut read: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects.list(caller, bucket, &prefix)? {
        let below = object.key.strip_prefix(&prefix).unwrap_or(&object.key);
        let hidden = below.split('/').any(|part| part.starts_with(['_', '.']));
        let excluded = target.exclusions.iter().any(|pattern| glob::matches(pattern, below));
        if hidden || excluded || object.size == 0 {
            continue;
        }
        let (folder, _) = object.key.rsplit_once('/').unwrap_or(("", &object.key));
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let count = read.entry(folder.clone()).or_default();
        if target.sample_size.is_some_and(|most| *count >= most) {
            continue;
        }
        *count += 1;
        match schema::read(objects, caller, bucket, &object)? {
            Some(schema) => leaves.entry(folder).or_default().add(&schema),
            None => log.push(format!(
                "WARN : s3://{bucket}/{} is not Parquet; this rehearsal classifies nothing else",
                object.key
            )),
        }
    }
    let roots = match settings.table_level {
        Some(level) => roots_at(level, &leaves),
        None => roots_by_likeness(&prefix, &leaves, settings.combine),
    };
    Ok(roots.into_iter().map(|root| found(root, &leaves)).collect())
}

/// Folders at a level of the bucket; folders above it that hold files stand for themselves.
fn roots_at(level: usize, leaves: &BTreeMap<String, FolderSchema>) -> Vec<String> {
    let mut roots: Vec<String> = leaves
        .keys()
        .map(|folder| folder.split_inclusive('/').take(level.saturating_sub(1)).collect())
        .collect();
    roots.dedup();
    roots
}

/// A folder whose parts are alike is a table; one whose parts are not is divided.
fn roots_by_likeness(
    folder: &str,
    leaves: &BTreeMap<String, FolderSchema>,
    combine: bool,
) -> Vec<String> {
    let inside: Vec<(&String, &FolderSchema)> =
        leaves.iter().filter(|(path, _)| path.starts_with(folder)).collect();
    let Some((_, first)) = inside.first() else { return vec![] };
    let alike = inside.iter().all(|(_, schema)| {
        first.similar(schema) || combine && first.columns.iter().any(|c| schema.columns.contains(c))
    });
    if alike {
        return vec![folder.to_owned()];
    }
    let mut children: Vec<String> = inside
        .iter()
        .filter_map(|(path, _)| {
            let below = path.strip_prefix(folder)?;
            below.split_inclusive('/').next().map(|part| format!("{folder}{part}"))
        })
        .collect();
    children.dedup();
    let mut roots: Vec<String> =
        children.iter().flat_map(|child| roots_by_likeness(child, leaves, combine)).collect();
    if leaves.contains_key(folder) {
        roots.push(folder.to_owned());
    }
    roots
}

/// The table whose folder is `root`.
fn found(root: String, leaves: &BTreeMap<String, FolderSchema>) -> Found {
    let mut schema = FolderSchema::default();
    let mut folders = Vec::new();
    for (path, leaf) in leaves.iter().filter(|(path, _)| path.starts_with(&root)) {
        schema.add(leaf);
        let below = path.strip_prefix(&root).unwrap_or_default();
        let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
        folders.push((path.clone(), parts, leaf.clone()));
    }
    let depth = folders.iter().map(|(_, parts, _)| parts.len()).max().unwrap_or_default();
    let names: Vec<String> = (0..depth)
        .map(|level| {
            let mut names = folders.iter().filter_map(|(_, parts, _)| {
                Some(parts.get(level)?.split_once('=').map(|(name, _)| name.to_lowercase()))
            });
            let first = names.next().flatten();
            let same = first.filter(|first| names.all(|name| name.as_ref() == Some(first)));
            same.unwrap_or_else(|| format!("partition_{level}"))
        })
        .collect();
    let folders = folders
        .into_iter()
        .map(|(path, parts, schema)| {
            let mut values: Vec<String> = parts
                .iter()
                .map(|part| part.split_once('=').map_or(*part, |(_, value)| value).to_owned())
                .collect();
            if depth > 0 {
                values.resize(depth, String::new());
            }
            Folder { path, values, schema }
        })
        .collect();
    Found { root, schema, keys: names, folders }
}
