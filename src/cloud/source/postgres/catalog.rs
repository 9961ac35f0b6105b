//! Tables, columns and partitions from the system catalogs
//! (<https://www.postgresql.org/docs/current/catalogs.html>), and the queries that read them.

use crate::cloud::export::type_map::ExportType;
use crate::cloud::source::part::{Part, Slice};
use crate::cloud::source::{Column, Found, FoundColumn, Table, readers_wanted};
use std::collections::BTreeMap;
use tokio_postgres::types::Oid;
use tokio_postgres::{Client, Error};

/// How a value of a column travels, and becomes the text that the server would print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    pub(super) form: Form,
    /// The type's own output function, quoted.
    output: String,
    /// The type below a domain, for functions that take any type of a kind but no domain over it.
    base: Option<String>,
}

/// What the binary form of a value is, where a text is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The text itself.
    Text,
    /// The text after a byte that says the format's version.
    Jsonb,
    Date,
    Timestamp,
    TimestampTz,
    Numeric,
    Uuid,
    /// Something else: the server is asked for the text.
    Other,
}

/// Pages of a slice at least: 32 MiB.
const SLICE_PAGES: u64 = 4096;

/// Tables that are none of the system's, another session's, or a partition of another; what inherits
/// is a table of its own.
const TABLES: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
        pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    ORDER BY 2, 3";

/// Leaves of partitioned tables, in order of name.
const PARTITIONS: &str = "
    SELECT root.oid, n.nspname::text, c.relname::text, c.relkind::text,
        pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
    FROM pg_catalog.pg_class root, pg_catalog.pg_partition_tree(root.oid) t
        JOIN pg_catalog.pg_class c ON c.oid = t.relid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE root.relkind = 'p' AND NOT root.relispartition AND t.isleaf AND t.relid <> root.oid
    ORDER BY 1, 2, 3";

/// Columns with their types, and the types below domains.
const COLUMNS: &str = "
    WITH RECURSIVE base AS (
        SELECT oid AS type, oid AS base FROM pg_catalog.pg_type WHERE typtype <> 'd'
        UNION ALL
        SELECT d.oid, base.base FROM pg_catalog.pg_type d JOIN base ON d.typbasetype = base.type
        WHERE d.typtype = 'd')
    SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
        b.oid, b.typtype::text, pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname),
        CASE WHEN b.oid <> a.atttypid THEN pg_catalog.format_type(b.oid, NULL) END
    FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
        JOIN base ON base.type = a.atttypid
        JOIN pg_catalog.pg_type b ON b.oid = base.base
        JOIN pg_catalog.pg_proc p ON p.oid = b.typoutput
        JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum";

pub(super) async fn tables(client: &Client) -> Result<Vec<Found>, Error> {
    let version = client.query_one("SHOW server_version_num", &[]).await?;
    // From 14 on a range of pages is read without reading the others.
    let sliced = version.try_get::<_, String>(0)?.parse().unwrap_or(0) >= 140_000;
    let mut columns: BTreeMap<Oid, Vec<FoundColumn>> = BTreeMap::new();
    for row in client.query(COLUMNS, &[]).await? {
        let (base, kind): (Oid, String) = (row.try_get(3)?, row.try_get(4)?);
        let wire = Wire { form: form(base, &kind), output: row.try_get(5)?, base: row.try_get(6)? };
        let column =
            FoundColumn { name: row.try_get(1)?, declared: row.try_get(2)?, wire: Some(wire) };
        columns.entry(row.try_get(0)?).or_default().push(column);
    }
    let mut partitions: BTreeMap<Oid, Vec<(String, u64)>> = BTreeMap::new();
    for row in client.query(PARTITIONS, &[]).await? {
        let (schema, name, kind): (String, String, String) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let pages = if kind == "r" { pages(row.try_get(4)?) } else { 0 };
        let leaf = (relation(&schema, &name), pages);
        partitions.entry(row.try_get(0)?).or_default().push(leaf);
    }
    let mut found = Vec::new();
    for row in client.query(TABLES, &[]).await? {
        let oid: Oid = row.try_get(0)?;
        let (schema, name): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let (kind, persistence): (String, String) = (row.try_get(3)?, row.try_get(4)?);
        let leaves = match kind.as_str() {
            "p" => partitions.remove(&oid).unwrap_or_default(),
            _ => vec![(format!("ONLY {}", relation(&schema, &name)), pages(row.try_get(5)?))],
        };
        let parts = leaves.into_iter().zip(1..).flat_map(|((leaf, pages), batch)| {
            slices(&leaf, if sliced { pages } else { 0 }, batch)
        });
        found.push(Found {
            schema: Some(schema),
            name,
            columns: columns.remove(&oid).unwrap_or_default(),
            // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html
            skipped: (persistence == "u").then_some("the table is unlogged"),
            parts: parts.collect(),
        });
    }
    Ok(found)
}

fn pages(pages: Option<i64>) -> u64 {
    pages.and_then(|pages| u64::try_from(pages).ok()).unwrap_or(0)
}

/// Ranges of pages that the readers can share evenly. Rows that came after the snapshot may lie
/// anywhere; the last range has no end, for a table may have grown since it was measured.
fn slices(relation: &str, pages: u64, batch: usize) -> Vec<Part> {
    let most = 4 * u64::try_from(readers_wanted()).unwrap_or(1);
    let count = (pages / SLICE_PAGES).clamp(1, most);
    let bound = |index: u64| pages.saturating_mul(index) / count;
    (0..count)
        .map(|index| Part {
            batch,
            slice: Slice::Pages {
                relation: relation.to_owned(),
                from: bound(index),
                to: (index + 1 < count).then(|| bound(index + 1)),
            },
        })
        .collect()
}

/// The types whose binary form is printed here (their numbers never change:
/// <https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat>).
fn form(base: Oid, kind: &str) -> Form {
    match base {
        // json, name, text, bpchar, varchar.
        114 | 19 | 25 | 1042 | 1043 => Form::Text,
        _ if kind == "e" => Form::Text,
        3802 => Form::Jsonb,
        1082 => Form::Date,
        1114 => Form::Timestamp,
        1184 => Form::TimestampTz,
        1700 => Form::Numeric,
        2950 => Form::Uuid,
        _ => Form::Other,
    }
}

/// The query of a part's rows.
pub(super) fn select(table: &Table, columns: &[Column], part: &Part) -> String {
    let columns: Vec<String> = columns.iter().map(expression).collect();
    let columns = columns.join(", ");
    match &part.slice {
        // A partitioned table that has no partitions. Keys are MySQL's.
        Slice::Whole | Slice::Keys { .. } => {
            format!("SELECT {columns} FROM {}", relation(&table.schema, &table.name))
        }
        Slice::Pages { relation, from: 0, to: None } => format!("SELECT {columns} FROM {relation}"),
        Slice::Pages { relation, from, to } => {
            let below = to.map(|to| format!(" AND ctid < '({to},0)'")).unwrap_or_default();
            format!("SELECT {columns} FROM {relation} WHERE ctid >= '({from},0)'{below}")
        }
    }
}

fn expression(column: &Column) -> String {
    let name = quoted(&column.name);
    match (column.wire.as_deref(), column.export) {
        // The output function itself: a cast to text is not always what the server prints, such as
        // for `character(3)`, whose blanks it cuts off, and `inet`, whose mask it adds.
        (Some(Wire { form: Form::Other, output, base }), ExportType::Text) => {
            let cast = base.as_ref().map(|base| format!("::{base}")).unwrap_or_default();
            format!("pg_catalog.textin({output}({name}{cast}))")
        }
        _ => name,
    }
}

/// `"schema"."table"`.
pub(super) fn relation(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_every_page_once() {
        for pages in [0, 1, 4096, 8192, 10_000, 1_000_003] {
            let mut next = 0;
            let slices = slices("t", pages, 1);
            for (index, part) in slices.iter().enumerate() {
                let Slice::Pages { from, to, .. } = &part.slice else { panic!("{part:?}") };
                assert_eq!(*from, next);
                assert_eq!(to.is_none(), index + 1 == slices.len());
                next = to.unwrap_or(next);
            }
        }
    }
}
