//! Which object of an export is what. Pure.
//!
//! An export lies in `<prefix>/<export id>/<database>/<schema>.<table>/<batch>/part-….parquet`, with a
//! `_SUCCESS` marker in each batch and the manifests on top. AWS calls the convention subject to
//! change (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.FileNames.html>),
//! so everything under a table's folder belongs to the table, however deep.

use super::manifest::TableManifest;
use crate::aws::ObjectInfo;
use crate::pipeline::{EngineFamily, TableRef};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The objects of an export, sorted out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Keys of `export_info_….json`.
    pub info: Vec<String>,
    /// Keys of `export_tables_info_….json`.
    pub tables_info: Vec<String>,
    /// The folders of tables, by database and `schema.table`.
    pub folders: BTreeMap<(String, String), Folder>,
    /// Keys of objects that are none of these.
    pub strays: Vec<String>,
}

/// The objects of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its Parquet files.
    pub files: Vec<ObjectInfo>,
    /// How many batches have a marker.
    pub markers: usize,
    /// Batches that hold files but no marker.
    pub unfinished: Vec<String>,
    /// Keys of other objects that Athena would read.
    pub strays: Vec<String>,
}

/// Sorts the objects under `prefix`, which ends with a slash.
#[must_use]
pub fn sort(prefix: &str, objects: Vec<ObjectInfo>) -> Layout {
    let mut layout = Layout::default();
    let mut marked: BTreeSet<String> = BTreeSet::new();
    let mut written: BTreeMap<String, (String, String)> = BTreeMap::new();
    for object in objects {
        let Some(rest) = object.key.strip_prefix(prefix) else {
            layout.strays.push(object.key);
            continue;
        };
        if rest.is_empty() || (rest.ends_with('/') && object.size == 0) {
            // A folder as the console makes it.
            continue;
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let [database, table, .., name] = parts.as_slice() else {
            let json = Path::new(rest).extension().is_some_and(|extension| extension == "json");
            if json && rest.starts_with("export_tables_info") {
                layout.tables_info.push(object.key);
            } else if json && rest.starts_with("export_info") {
                layout.info.push(object.key);
            } else {
                layout.strays.push(object.key);
            }
            continue;
        };
        let at = ((*database).to_owned(), (*table).to_owned());
        let batch = rest.strip_suffix(name).unwrap_or_default().to_owned();
        let folder = layout.folders.entry(at.clone()).or_default();
        if *name == "_SUCCESS" {
            folder.markers += 1;
            marked.insert(batch);
        } else if name.ends_with(".parquet") {
            written.insert(batch, at);
            folder.files.push(object);
        } else if !name.starts_with(['_', '.']) {
            folder.strays.push(object.key);
        }
    }
    for (batch, at) in written {
        if !marked.contains(&batch)
            && let Some(folder) = layout.folders.get_mut(&at)
        {
            folder.unfinished.push(batch);
        }
    }
    layout
}

/// A table, what the manifest says of it and what lies in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The table.
    pub source: TableRef,
    /// The manifest's entry.
    pub manifest: Option<TableManifest>,
    /// The folder's objects.
    pub folder: Folder,
}

/// Joins folders and manifest entries. MySQL's family may leave the schema out of the manifest's
/// name, since it equals the database.
#[must_use]
pub fn join(
    family: EngineFamily,
    folders: BTreeMap<(String, String), Folder>,
    manifests: Vec<TableManifest>,
) -> Vec<Entry> {
    let mut by_target: BTreeMap<String, TableManifest> =
        manifests.into_iter().map(|manifest| (as_key(&manifest.target), manifest)).collect();
    let mut entries = Vec::new();
    for ((database, table), folder) in folders {
        let (schema, name) = table.split_once('.').unwrap_or((&database, &table));
        let mut manifest = by_target.remove(&format!("{database}.{table}"));
        if manifest.is_none() && family == EngineFamily::MySql {
            manifest = by_target.remove(&format!("{database}.{name}"));
        }
        let source = TableRef {
            database: database.clone(),
            schema: schema.to_owned(),
            name: name.to_owned(),
        };
        entries.push(Entry { source, manifest, folder });
    }
    for manifest in by_target.into_values() {
        let source = table_of(family, &manifest.target);
        entries.push(Entry { source, manifest: Some(manifest), folder: Folder::default() });
    }
    entries.sort_by(|a, b| a.source.cmp(&b.source));
    entries
}

/// A name as it stands in keys: RDS writes `_` for backslash, space and quotes.
fn as_key(name: &str) -> String {
    name.replace(['\\', ' ', '"', '\'', '`'], "_")
}

fn table_of(family: EngineFamily, target: &str) -> TableRef {
    let mut parts = target.splitn(3, '.');
    let database = parts.next().unwrap_or_default().to_owned();
    let (second, third) = (parts.next().map(str::to_owned), parts.next().map(str::to_owned));
    let (schema, name) = match (second, third) {
        (Some(schema), Some(name)) => (schema, name),
        (Some(name), None) if family == EngineFamily::MySql => (database.clone(), name),
        (Some(name), None) => (String::new(), name),
        (None, _) => (String::new(), String::new()),
    };
    TableRef { database, schema, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> ObjectInfo {
        ObjectInfo { key: key.into(), size: 9 }
    }

    #[test]
    fn objects_are_sorted_by_table_however_deep_they_lie() {
        let layout = sort(
            "lake/x-1/",
            [
                "lake/x-1/export_info_x-1.json",
                "lake/x-1/export_tables_info_x-1_from_1_to_2.json",
                "lake/x-1/shop/public.a/1/part-00000-u.gz.parquet",
                "lake/x-1/shop/public.a/1/_SUCCESS",
                "lake/x-1/shop/public.a/2/part-00007-u.gz.parquet",
                "lake/x-1/shop/public.b/part-00000-u.gz.parquet",
                "lake/x-1/shop/public.b/notes.txt",
                "lake/x-1/odd.txt",
            ]
            .into_iter()
            .map(object)
            .collect(),
        );
        assert_eq!((layout.info.len(), layout.tables_info.len()), (1, 1));
        assert_eq!(layout.strays, ["lake/x-1/odd.txt"]);
        let a = &layout.folders[&("shop".to_owned(), "public.a".to_owned())];
        assert_eq!((a.files.len(), a.markers), (2, 1));
        assert_eq!(a.unfinished, ["shop/public.a/2/"]);
        let b = &layout.folders[&("shop".to_owned(), "public.b".to_owned())];
        assert_eq!(b.strays, ["lake/x-1/shop/public.b/notes.txt"]);
    }

    #[test]
    fn folders_find_their_manifest_entries_in_either_form() {
        let folder = |name: &str| (("shop".to_owned(), name.to_owned()), Folder::default());
        let manifest = |target: &str| TableManifest { target: target.into(), ..Default::default() };
        let entries = join(
            EngineFamily::MySql,
            [folder("shop.a"), folder("shop.b"), folder("shop.order_lines")].into(),
            vec![
                manifest("shop.a"),
                manifest("shop.shop.b"),
                manifest("shop.order lines"),
                manifest("shop.gone"),
            ],
        );
        let joined: Vec<_> =
            entries.iter().map(|e| (e.source.name.as_str(), e.manifest.is_some())).collect();
        assert_eq!(joined, [("a", true), ("b", true), ("gone", true), ("order_lines", true)]);
        let dotted = join(
            EngineFamily::Postgres,
            [folder("public.a.b")].into(),
            vec![manifest("shop.public.a.b")],
        );
        assert_eq!(dotted.len(), 1);
        assert_eq!(
            (dotted[0].source.schema.as_str(), dotted[0].source.name.as_str()),
            ("public", "a.b")
        );
    }
}
