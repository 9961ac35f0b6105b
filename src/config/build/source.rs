//! The source: engine and kind must agree, tables must have their engine's form.

use crate::config::arns::{Home, Owner, Wanted, arn};
use crate::config::error::{ConfigError, quoted};
use crate::config::read::{At, Reader, Table};
use crate::config::settings::{Engine, EngineFamily, SnapshotChoice, Source, SourceKind, TableRef};
use std::collections::BTreeMap;

pub(super) fn source(reader: &mut Reader<'_>, part: &Table, home: &Home) -> Option<Source> {
    let engine = part.text("engine").and_then(|text| {
        Some((Engine::ALL.into_iter().find(|engine| engine.as_str() == text.value)?, text))
    });
    let kind = kind(reader, part, engine);
    let clusters = match (&kind, engine) {
        (Some(kind), _) => Some(kind.is_cluster()),
        (None, Some((engine, _))) if engine.is_aurora() => Some(true),
        _ => None,
    };
    let snapshot = part.text("snapshot").and_then(|text| snapshot(reader, text, home, clusters));
    let database = part.text("database");
    let tables = tables(reader, part, engine.map(|(engine, _)| engine), database);
    Some(Source {
        engine: engine?.0,
        kind: kind?,
        snapshot: snapshot?,
        database: database?.value.clone(),
        tables: tables?,
    })
}

fn kind(
    reader: &mut Reader<'_>,
    part: &Table,
    engine: Option<(Engine, &At<String>)>,
) -> Option<SourceKind> {
    let cluster = part.text("cluster");
    let instance = part.text("instance");
    match (cluster, instance, engine) {
        // Aurora takes snapshots of clusters only:
        // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.html
        (None, Some(instance), Some((engine, text))) if engine.is_aurora() => {
            let message = format!("`{engine}` has clusters, and this is an instance");
            let error = ConfigError::new(reader.text, &instance.span, message)
                .and_at(&text.span, "the engine")
                .help("Aurora takes snapshots of clusters: write `cluster = \"…\"`");
            reader.error(error);
            None
        }
        // Multi-AZ DB clusters run MySQL and PostgreSQL:
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.html
        (Some(cluster), None, Some((Engine::MariaDb, text))) => {
            let message = "`mariadb` has instances, and this is a cluster";
            let error = ConfigError::new(reader.text, &cluster.span, message)
                .and_at(&text.span, "the engine")
                .help("RDS for MariaDB has no clusters: write `instance = \"…\"`");
            reader.error(error);
            None
        }
        (Some(id), None, _) => Some(SourceKind::Cluster(id.value.clone())),
        (None, Some(id), _) => Some(SourceKind::Instance(id.value.clone())),
        _ => None,
    }
}

fn snapshot(
    reader: &mut Reader<'_>,
    text: &At<String>,
    home: &Home,
    clusters: Option<bool>,
) -> Option<SnapshotChoice> {
    const BOTH: &[&str] = &["snapshot:", "cluster-snapshot:"];
    match text.value.as_str() {
        "latest-automated" => Some(SnapshotChoice::LatestAutomated),
        "latest-manual" => Some(SnapshotChoice::LatestManual),
        "create" => Some(SnapshotChoice::Create),
        _ => {
            let resource = match clusters {
                Some(true) => BOTH.get(1..),
                Some(false) => BOTH.get(..1),
                None => None,
            };
            let wanted = Wanted {
                noun: "snapshot",
                service: "rds",
                regional: true,
                resource: resource.unwrap_or(BOTH),
                account: Owner::Own,
            };
            arn(reader, home, &wanted, text).map(SnapshotChoice::Arn)
        }
    }
}

/// The forms are those of `ExportOnly`:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html>
fn tables(
    reader: &mut Reader<'_>,
    part: &Table,
    engine: Option<Engine>,
    database: Option<&At<String>>,
) -> Option<Vec<TableRef>> {
    if part.wrong.contains(&"tables") {
        return None;
    }
    let (engine, database) = (engine?, database?);
    let mut tables = Vec::new();
    let mut seen: BTreeMap<TableRef, &At<String>> = BTreeMap::new();
    let mut right = true;
    for text in part.texts("tables") {
        let table = match table(engine, &database.value, &text.value) {
            Ok(table) => table,
            Err((problem, help)) => {
                let message = format!("table {} {problem}", quoted(&text.value));
                reader.error(ConfigError::new(reader.text, &text.span, message).help(help));
                right = false;
                continue;
            }
        };
        if let Some(other) = seen.insert(table.clone(), text) {
            let message = format!("table {} is there twice", quoted(&text.value));
            let error = ConfigError::new(reader.text, &text.span, message)
                .and_at(&other.span, "the other one")
                .help("take one of them away");
            reader.error(error);
            right = false;
        }
        tables.push(table);
    }
    tables.sort();
    tables.dedup();
    right.then_some(tables)
}

fn table(engine: Engine, database: &str, text: &str) -> Result<TableRef, (String, String)> {
    // Longer names no engine has: https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html and
    // https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    let longest = match engine.family() {
        EngineFamily::MySql => 64,
        EngineFamily::Postgres => 63,
    };
    if let Some(part) = text.split('.').find(|part| part.len() > longest) {
        let problem = format!("has a part of {} characters", part.len());
        return Err((problem, format!("names in `{engine}` have at most {longest}")));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let table = |schema: &str, name: &str| TableRef {
        database: database.to_owned(),
        schema: schema.to_owned(),
        name: name.to_owned(),
    };
    let elsewhere = |other: &str| {
        let problem = format!("is in database {}, not in {}", quoted(other), quoted(database));
        (problem, "a pipeline exports one database; make another one for this table".to_owned())
    };
    match (engine.family(), parts.as_slice()) {
        (EngineFamily::MySql, [name]) => Ok(table(database, name)),
        (EngineFamily::MySql, [first, name]) if *first == database => Ok(table(database, name)),
        (EngineFamily::MySql, [other, _]) => Err(elsewhere(other)),
        (EngineFamily::MySql, _) => {
            Err((format!("has {} parts", parts.len()), format!("write `{database}.<table>`")))
        }
        (EngineFamily::Postgres, [first, schema, name]) if *first == database => {
            Ok(table(schema, name))
        }
        (EngineFamily::Postgres, [other, _, _]) => Err(elsewhere(other)),
        // `db.schema` is a whole schema in AWS's own form, so this could be meant as one.
        (EngineFamily::Postgres, [first, name]) if *first == database => Err((
            "could be a schema of the database, or a table of a schema of the same name".into(),
            format!(
                "write all three parts: `{database}.{first}.{name}`, or `{database}.{name}.<table>`"
            ),
        )),
        (EngineFamily::Postgres, [schema, name]) => Ok(table(schema, name)),
        (EngineFamily::Postgres, [name]) => Err((
            "does not say its schema".into(),
            format!("write `{database}.public.{name}` if it is in schema `public`"),
        )),
        (EngineFamily::Postgres, _) => Err((
            format!("has {} parts", parts.len()),
            format!("write `{database}.<schema>.<table>`"),
        )),
    }
}
