//! `snaplake.toml` as the user typed it: spans, defaults, JSON Schema.
//!
//! [`parse`] reads the text of a file and either gives the settings or every problem in the file at
//! once, each with its place. Nothing here touches a disk or a network; views kept in files of their
//! own are read through the function that [`parse_with`] takes.
//!
//! What may be written is one table (`grammar`), which parser, JSON Schema and reference page are
//! read off.

mod arns;
mod build;
mod error;
mod grammar;
mod lake_formation;
mod operations;
mod partition;
mod read;
mod reference;
mod rules;
mod schema;
mod settings;
mod sql;
mod table_names;
mod time_zones;

pub use error::{ConfigError, ConfigErrors};
pub use lake_formation::{LakeFormation, Registration};
pub use operations::{CostSettings, JournalPlace, Moment, NotifySettings, SecretSource, size};
pub use partition::partition;
pub use reference::page;
pub use schema::json_schema;
pub use settings::{
    Athena, Catalog, CatalogMode, Checks, ColumnPolicy, DataCheck, Engine, EngineFamily, Existing,
    Freshness, IamSettings, KeyChoice, Lake, RehearsalSource, Retention, Settings, SnapshotChoice,
    Source, SourceKind, Stance, TableMaker, TableRef, TypedViews, View,
};
pub use table_names::table_names;
pub use time_zones::time_zone;

use error::quoted;
use read::{Reader, Table};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::DeTable;

/// A configuration file that parsed and passed every check.
#[derive(Debug, Clone)]
pub struct Config {
    /// The pipelines, in the order of the file; never empty.
    pub pipelines: Vec<Settings>,
    text: error::Text,
}

impl Config {
    /// The pipeline of that name; without a name, the only one.
    ///
    /// # Errors
    ///
    /// There is none of that name, or there are several and no name.
    pub fn select(&self, name: Option<&str>) -> Result<&Settings, ConfigErrors> {
        let found = match (name, self.pipelines.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(name), all) => all.iter().find(|settings| settings.name == name),
        };
        found.ok_or_else(|| {
            let names: Vec<&str> = self.pipelines.iter().map(|one| one.name.as_str()).collect();
            let message = match name {
                Some(name) => format!("there is no pipeline {}", quoted(name)),
                None => format!("the file has {} pipelines, and none is chosen", names.len()),
            };
            let help = match name.and_then(|name| read::closest(name, &names)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("choose one of {}", read::listed(&names)),
            };
            let error = ConfigError::new(&self.text, &(0..0), message).help(help);
            ConfigErrors { errors: vec![error] }
        })
    }
}

/// Reads a configuration. `path` is for messages only.
///
/// # Errors
///
/// Every problem in the file, in the order of their places. A view in a file of its own is one:
/// [`parse_with`] can read those.
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigErrors> {
    parse_with(path, text, &|_| Err(std::io::ErrorKind::Unsupported.into()))
}

/// Reads a configuration, and the files that it names through `files`, which gets their names as
/// they were written.
///
/// # Errors
///
/// Every problem in the file, in the order of their places.
pub fn parse_with(
    path: &Path,
    text: &str,
    files: &dyn Fn(&Path) -> std::io::Result<String>,
) -> Result<Config, ConfigErrors> {
    let shown = error::text(path, text);
    let mut reader = Reader { text: &shown, errors: Vec::new() };
    let (table, problems) = DeTable::parse_recoverable(text);
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let mut broken = None;
    for problem in &problems {
        let span = problem.span().unwrap_or(0..0);
        // What else is wrong in a broken line mostly follows from the first.
        if broken.replace(line(span.start)) == Some(line(span.start)) {
            continue;
        }
        let error = ConfigError::new(&shown, &span, format!("broken TOML: {}", problem.message()))
            .help("see https://toml.io/en/v1.0.0");
        reader.error(error);
    }
    let span = table.span();
    let file = reader.table(&grammar::FILE, table.get_ref(), span.start..span.start, "");
    let mut pipelines = Vec::new();
    // What is missing may be missing because of what is broken.
    if problems.is_empty() {
        let mut tables = tables(&file);
        clashes(&mut reader, &tables);
        unheeded(&mut reader, &tables);
        for table in &mut tables {
            let table = &mut *table;
            read::complete(&mut reader, &grammar::PIPELINE, table, "");
            pipelines.extend(build::settings(&mut reader, table, files));
        }
    }
    if reader.errors.is_empty() {
        return Ok(Config { pipelines, text: shown.clone() });
    }
    let mut errors = reader.errors;
    errors.retain(|error| !follows(error, &problems, text));
    errors.sort_by_key(ConfigError::offset);
    errors.dedup_by(|one, other| {
        one.offset() == other.offset() && one.to_string() == other.to_string()
    });
    Err(ConfigErrors { errors })
}

fn tables(file: &Table) -> Vec<Table> {
    match file.tables("pipelines") {
        [] => vec![file.clone()],
        several => several.iter().map(|own| read::over(&grammar::PIPELINE, own, file)).collect(),
    }
}

/// Whether an error may only follow from broken TOML: it is of the same line or of no place, or a key of a table
/// whose header was not understood.
fn follows(error: &ConfigError, problems: &[toml::de::Error], text: &str) -> bool {
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let own = error.to_string();
    !own.starts_with("broken TOML")
        && problems.iter().filter_map(toml::de::Error::span).any(|problem| {
            !error.has_place()
                || line(problem.start) == line(error.offset())
                || own.starts_with("unknown key") && problem.start < error.offset()
        })
}

/// What two pipelines would both make, or both write to, must differ.
fn clashes(reader: &mut Reader<'_>, pipelines: &[Table]) {
    const OWN: [(&str, &str); 4] =
        [("", "name"), ("lake", "bucket"), ("catalog", "database"), ("athena", "workgroup")];
    shared_buckets(reader, pipelines);
    for (section, key) in OWN {
        let mut seen = BTreeMap::new();
        for pipeline in pipelines {
            if section == "lake" && exists(pipeline) {
                continue;
            }
            let table = if section.is_empty() { Some(pipeline) } else { pipeline.table(section) };
            let Some(text) = table.and_then(|table| table.text(key)) else { continue };
            if let Some(other) = seen.insert(text.value.clone(), text.span.clone()) {
                let path = if section.is_empty() { key.into() } else { format!("{section}.{key}") };
                let message =
                    format!("two pipelines have {} as their `{path}`", quoted(&text.value));
                // A value that both take from the file's own keys stands in one place.
                let place = if other == text.span { &pipeline.span } else { &text.span };
                let error = ConfigError::new(reader.text, place, message)
                    .and_at(&other, "the other one")
                    .help("each pipeline makes its own; give them different names");
                reader.error(error);
            }
        }
    }
}

/// Keys that no pipeline which they are for has a use for: those of history where none keeps any, and the limit of
/// a workgroup that is its owner's.
fn unheeded(reader: &mut Reader<'_>, pipelines: &[Table]) {
    let history: &dyn Fn(&Table) -> bool = &|pipeline| {
        pipeline.table("catalog").is_some_and(|catalog| {
            catalog.text("mode").is_some_and(|mode| mode.value == "history")
                || catalog.wrong.contains(&"mode")
        })
    };
    let makes_workgroup: &dyn Fn(&Table) -> bool =
        &|pipeline| pipeline.table("existing").is_none_or(|existing| !existing.switch("workgroup"));
    let replaced = "each export replaces the last";
    let keep = "write `mode = \"history\"` to keep exports side by side, or take it out";
    let owners = "the workgroup exists, and its limit is its owner's";
    let out = "take it out, or leave the making of a workgroup to the pipeline";
    let keys = [
        ("catalog", "partition", history, replaced, keep),
        ("catalog", "time_zone", history, replaced, keep),
        ("athena", "scan_limit", makes_workgroup, owners, out),
    ];
    for (section, key, heeds, why, help) in keys {
        let mut used: BTreeMap<usize, (&std::ops::Range<usize>, bool)> = BTreeMap::new();
        for pipeline in pipelines {
            let text = pipeline.table(section).and_then(|table| table.text(key));
            let Some(text) = text else { continue };
            used.entry(text.span.start).or_insert((&text.span, false)).1 |= heeds(pipeline);
        }
        for (span, _) in used.into_values().filter(|(_, heeded)| !heeded) {
            let message = format!("nothing heeds `{key}`: {why}");
            reader.error(ConfigError::new(reader.text, span, message).help(help));
        }
    }
}

/// Whether a pipeline uses a bucket that exists.
fn exists(pipeline: &Table) -> bool {
    pipeline.table("existing").is_some_and(|existing| existing.switch("bucket"))
}

/// Pipelines may share a bucket that exists, but no folder of it: each prunes its own, and lets its analysts
/// read its own.
fn shared_buckets(reader: &mut Reader<'_>, pipelines: &[Table]) {
    for error in sharing(reader, pipelines) {
        reader.error(error);
    }
    let mut seen: Vec<(&str, &str, std::ops::Range<usize>, bool)> = Vec::new();
    for pipeline in pipelines {
        let Some(lake) = pipeline.table("lake") else { continue };
        let Some(bucket) = lake.text("bucket") else { continue };
        let prefix = lake.text("prefix");
        let folder = prefix.map_or("exports", |prefix| prefix.value.as_str());
        let place = prefix.unwrap_or(bucket).span.clone();
        for (other_bucket, other, span, other_exists) in &seen {
            let overlap = build::inside(folder, other) || build::inside(other, folder);
            let shared = *other_bucket == bucket.value && (*other_exists || exists(pipeline));
            if shared && overlap {
                let message = format!(
                    "two pipelines write to {} of the bucket {}",
                    quoted(folder),
                    quoted(&bucket.value)
                );
                let place = if *span == place { &pipeline.span } else { &place };
                let error = ConfigError::new(reader.text, place, message)
                    .and_at(span, "the other one")
                    .help("give each a `prefix` of its own, beside the other's and not inside it");
                reader.error(error);
            }
        }
        seen.push((&bucket.value, folder, place, exists(pipeline)));
    }
}

/// What is wrong with a bucket that two pipelines share: one may not make it, for its policy lets no other key
/// in, and neither's queries may leave results where the other has its exports or results.
fn sharing(reader: &Reader<'_>, pipelines: &[Table]) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let place = |table: &Table, section: &str, key: &str| {
        table
            .table(section)
            .and_then(|it| it.text(key))
            .map(|text| (text.value.clone(), text.span.clone()))
    };
    let results = |table: &Table| {
        place(table, "athena", "results").unwrap_or_else(|| {
            let name = table.text("name").map_or("", |name| name.value.as_str());
            (format!("athena-results/{name}"), table.span.clone())
        })
    };
    let exports = |table: &Table| {
        place(table, "lake", "prefix").unwrap_or_else(|| ("exports".to_owned(), table.span.clone()))
    };
    for (index, one) in pipelines.iter().enumerate() {
        for other in pipelines.iter().skip(index + 1) {
            let (Some(bucket), Some(theirs)) =
                (place(one, "lake", "bucket"), place(other, "lake", "bucket"))
            else {
                continue;
            };
            if bucket.0 != theirs.0 {
                continue;
            }
            if exists(one) != exists(other) {
                let (maker, user) = if exists(one) { (theirs, bucket) } else { (bucket, theirs) };
                let message = format!(
                    "another pipeline makes the bucket {}, and admits its own key only",
                    quoted(&user.0)
                );
                let error = ConfigError::new(reader.text, &user.1, message)
                    .and_at(&maker.1, "made by this one")
                    .help("give each a bucket, or set `bucket = true` under `[existing]` in both");
                errors.push(error);
            }
            if !(exists(one) && exists(other)) {
                continue;
            }
            let pairs = [
                (results(one), exports(other)),
                (results(other), exports(one)),
                (results(one), results(other)),
            ];
            for (mine, yours) in pairs {
                if build::inside(&mine.0, &yours.0) || build::inside(&yours.0, &mine.0) {
                    let message = format!(
                        "the results folder {} of one pipeline meets the folder {} of another",
                        quoted(&mine.0),
                        quoted(&yours.0)
                    );
                    let error = ConfigError::new(reader.text, &mine.1, message)
                        .and_at(&yours.1, "the other one")
                        .help("analysts may read what is there: give each pipeline folders of its own");
                    errors.push(error);
                }
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests;
