//! The checks of an export's data: one query each, no name twice, tables that are exported.

use super::Files;
use super::views::statement;
use crate::config::error::{ConfigError, quoted};
use crate::config::read::{At, Reader, Table};
use crate::config::settings::{Checks, DataCheck, Freshness, Source};
use crate::config::{rules, sql, table_names};
use std::collections::BTreeMap;

pub(super) fn checks(
    reader: &mut Reader<'_>,
    table: &Table,
    source: Option<&Source>,
    files: Files<'_>,
) -> Option<Checks> {
    let before = reader.errors.len();
    let queries = queries(reader, table.tables("checks"), files);
    let freshness = table.tables("freshness");
    let verify = table.table("verify");
    let bounds = verify.map(|part| part.map("row_change_of")).unwrap_or_default();
    let named = freshness.iter().filter_map(|part| part.text("table"));
    for name in named.chain(bounds.iter().map(|(name, _)| name)) {
        known(reader, source, name);
    }
    let freshness = freshness.iter().map(|part| {
        Some(Freshness {
            table: part.text("table")?.value.clone(),
            column: part.text("column")?.value.clone(),
            max_age: rules::seconds(&part.text("max_age")?.value)?,
        })
    });
    let freshness: Option<Vec<_>> = freshness.collect();
    let row_change_of: BTreeMap<_, _> = bounds
        .iter()
        .map(|(name, value)| (name.value.clone(), rules::percent(&value.value)))
        .collect();
    let row_change = rules::percent(&verify?.text("row_change")?.value);
    let freshness = freshness?;
    (reader.errors.len() == before).then_some(Checks {
        queries,
        freshness,
        row_change,
        row_change_of,
    })
}

fn queries(reader: &mut Reader<'_>, parts: &[Table], files: Files<'_>) -> Vec<DataCheck> {
    let mut names: Vec<&At<String>> = Vec::new();
    let mut queries = Vec::new();
    for part in parts {
        let Some(name) = part.text("name") else { continue };
        if let Some(other) = names.iter().find(|other| other.value == name.value) {
            let message = format!("check {} is there twice", quoted(&name.value));
            let error = ConfigError::new(reader.text, &name.span, message)
                .and_at(&other.span, "the other one")
                .help("give one of them another name");
            reader.error(error);
            continue;
        }
        names.push(name);
        let Some((sql, at)) = statement(reader, part, files) else { continue };
        match sql::reads(&sql.value, "check") {
            Ok(_) => {
                let sql = sql.value.trim().to_owned();
                queries.push(DataCheck { name: name.value.clone(), sql });
            }
            Err((problem, help)) => {
                let message = format!("the SQL of check {} {problem}", quoted(&name.value));
                reader.error(ConfigError::new(reader.text, &at, message).help(help));
            }
        }
    }
    queries
}

/// Where the tables are listed, a check names one of them.
fn known(reader: &mut Reader<'_>, source: Option<&Source>, name: &At<String>) {
    let Some(source) = source.filter(|source| !source.tables.is_empty()) else { return };
    let names = table_names(source.engine.family(), &source.tables);
    if names.values().any(|other| *other == name.value) {
        return;
    }
    let message = format!("there is no table {} to check", quoted(&name.value));
    let known: Vec<String> = names.values().take(8).map(|name| format!("`{name}`")).collect();
    let help = format!("the tables are {}", known.join(", "));
    reader.error(ConfigError::new(reader.text, &name.span, message).help(help));
}
