//! The views: one query each, no name twice, no circle, in an order in which they can be made.

use super::Files;
use crate::config::error::{ConfigError, quoted};
use crate::config::read::{At, Reader, Table};
use crate::config::settings::{Source, TypedViews, View};
use crate::config::sql;
use crate::config::table_names;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct Draft<'a> {
    name: &'a At<String>,
    sql: String,
    reads: BTreeSet<String>,
}

pub(super) fn views(
    reader: &mut Reader<'_>,
    table: &Table,
    source: Option<&Source>,
    typed: Option<&TypedViews>,
    files: Files<'_>,
) -> Option<Vec<View>> {
    let parts = table.tables("views");
    let before = reader.errors.len();
    let names: Vec<&At<String>> = parts.iter().filter_map(|part| part.text("name")).collect();
    twice(reader, &names);
    if let Some(source) = source {
        clashes(reader, source, typed, &names);
        let place = table.table("typed_views").map(|part| {
            let suffix = part.text("suffix").filter(|suffix| !suffix.span.is_empty());
            suffix.map_or(&part.span, |suffix| &suffix.span)
        });
        if let (Some(typed), Some(place)) = (typed, place) {
            typed_clashes(reader, source, typed, place);
        }
    }
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for part in parts {
        let Some((sql, at)) = statement(reader, part, files) else { continue };
        let name = part.text("name");
        match (sql::reads(&sql.value, "view"), name) {
            (Ok(reads), Some(name)) => {
                drafts.push(Draft { name, sql: sql.value.trim().to_owned(), reads });
            }
            (Ok(_), None) => {}
            (Err((problem, help)), name) => {
                let whose = name.map_or_else(
                    || "a view".into(),
                    |name| format!("view {}", quoted(&name.value)),
                );
                let message = format!("the SQL of {whose} {problem}");
                reader.error(ConfigError::new(reader.text, &at, message).help(help));
            }
        }
    }
    let ordered = order(reader, &drafts);
    (reader.errors.len() == before && drafts.len() == parts.len()).then_some(ordered)
}

/// The statement and where to point when something is wrong with it.
pub(super) fn statement(
    reader: &mut Reader<'_>,
    part: &Table,
    files: Files<'_>,
) -> Option<(At<String>, std::ops::Range<usize>)> {
    if let Some(sql) = part.text("sql") {
        return Some((sql.clone(), sql.span.clone()));
    }
    let file = part.text("file")?;
    match files(Path::new(&file.value)) {
        Ok(value) => Some((At { value, span: file.span.clone() }, file.span.clone())),
        Err(error) => {
            let message = format!("the file {} can not be read: {error}", quoted(&file.value));
            let help = "file names are relative to the configuration file";
            reader.error(ConfigError::new(reader.text, &file.span, message).help(help));
            None
        }
    }
}

/// Two views of one name could not both be live.
fn twice(reader: &mut Reader<'_>, names: &[&At<String>]) {
    let mut seen: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.get(name.value.as_str()) {
            let message = format!("view {} is there twice", quoted(&name.value));
            let error = ConfigError::new(reader.text, &name.span, message)
                .and_at(&other.span, "the other one")
                .help("give one of them another name");
            reader.error(error);
        } else {
            seen.insert(&name.value, name);
        }
    }
}

/// A view and a table of one name could not both be live.
fn clashes(
    reader: &mut Reader<'_>,
    source: &Source,
    typed: Option<&TypedViews>,
    views: &[&At<String>],
) {
    let names = table_names(source.engine.family(), &source.tables);
    for view in views {
        if let Some((table, _)) = names.iter().find(|(_, name)| **name == view.value) {
            let message = format!("view {} has the name of a table", quoted(&view.value));
            let help =
                format!("table `{table}` is published under this name; give the view another one");
            reader.error(ConfigError::new(reader.text, &view.span, message).help(help));
        }
        let of_typed = |name: &str| {
            typed.is_some_and(|typed| view.value.strip_suffix(typed.suffix.as_str()) == Some(name))
        };
        if let Some((table, _)) = names.iter().find(|(_, name)| of_typed(name)) {
            let message = format!("view {} has the name of a typed view", quoted(&view.value));
            let help = format!("it is that of `{table}`; give the view another name");
            reader.error(ConfigError::new(reader.text, &view.span, message).help(help));
        }
    }
}

/// A typed view and a table of one name could not both be live either.
fn typed_clashes(
    reader: &mut Reader<'_>,
    source: &Source,
    typed: &TypedViews,
    place: &std::ops::Range<usize>,
) {
    let names = table_names(source.engine.family(), &source.tables);
    for (table, name) in &names {
        let view = format!("{name}{}", typed.suffix);
        if let Some((other, _)) = names.iter().find(|(_, name)| **name == view) {
            let message = format!("the typed view of `{table}` has the name of a table");
            let help = format!(
                "table `{other}` is published as {}; give typed views another `suffix`",
                quoted(&view)
            );
            reader.error(ConfigError::new(reader.text, place, message).help(help));
        }
    }
}

/// Each view after those that it reads; those of a circle are told of, and left out.
fn order(reader: &mut Reader<'_>, drafts: &[Draft<'_>]) -> Vec<View> {
    let mut waiting: BTreeMap<&str, &Draft<'_>> =
        drafts.iter().map(|draft| (draft.name.value.as_str(), draft)).collect();
    let mut ordered = Vec::new();
    loop {
        let ready: Vec<&str> = waiting
            .iter()
            .filter(|(_, draft)| {
                draft.reads.iter().all(|read| !waiting.contains_key(read.as_str()))
            })
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            break;
        }
        for name in ready {
            if let Some(draft) = waiting.remove(name) {
                ordered.push(View { name: name.to_owned(), sql: draft.sql.clone() });
            }
        }
    }
    if let Some(circle) = circle(&waiting) {
        let names: Vec<String> =
            circle.iter().map(|draft| format!("`{}`", draft.name.value)).collect();
        if let [first, rest @ ..] = circle.as_slice() {
            let message = match names.as_slice() {
                [only] => format!("view {only} reads itself"),
                names => format!("views {} read each other in a circle", names.join(", ")),
            };
            let mut error = ConfigError::new(reader.text, &first.name.span, message)
                .help("a view can read tables, and views that do not read it");
            for draft in rest {
                error = error.and_at(&draft.name.span, "in the circle");
            }
            reader.error(error);
        }
    }
    ordered
}

/// Views that read each other in a circle, found by following any reading that is left.
fn circle<'a, 'b>(waiting: &BTreeMap<&'a str, &'b Draft<'a>>) -> Option<Vec<&'b Draft<'a>>> {
    let mut path: Vec<&Draft<'_>> = vec![waiting.values().next()?];
    loop {
        let next = path.last()?.reads.iter().find_map(|read| waiting.get(read.as_str()))?;
        if let Some(start) = path.iter().position(|draft| draft.name.value == next.name.value) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}
