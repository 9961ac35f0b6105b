//! PostgreSQL: every type with its edges, and what a catalog can hold.

use crate::export::{assert_same, export, files, open, python, script};
use crate::servers::Postgres;
use serde_json::Value;

#[test]
fn every_type_of_postgresql_arrives_as_the_page_says() {
    let (Some(server), Some(python)) = (Postgres::shared(), python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    // The script that judges also makes the table: the exporter sees neither expectation.
    let sql = script(&python, folder.path(), &["every_type.py", "make", "postgres"]);
    let url = server.database("every_type", "", &sql);
    let source = open(&url, "postgres");
    export(folder.path(), "postgres", &url, Some(source.clone())).unwrap();
    script(&python, folder.path(), &["every_type.py", "check", "postgres"]);
    assert_same(folder.path(), "postgres", &source);
}

const CATALOG: &str = r#"
    CREATE SCHEMA "Sales Dept";
    CREATE TABLE "Sales Dept"."Order" ("Id" int, "a""b" text,
        kept int GENERATED ALWAYS AS ("Id" * 2) STORED);
    INSERT INTO "Sales Dept"."Order" VALUES (1, 'x');
    CREATE TABLE "a/b" (x int);
    CREATE TABLE odd (x int, "with space" int, "semi;colon" int);
    CREATE TABLE nothing ();
    CREATE TABLE hollow (x int);
    CREATE UNLOGGED TABLE quick (x int);
    CREATE TEMPORARY TABLE mine (x int);
    CREATE VIEW seen AS SELECT 1 AS x;
    CREATE MATERIALIZED VIEW kept AS SELECT 1 AS x;
    CREATE TABLE dropped (gone int, x int);
    ALTER TABLE dropped DROP gone;
    INSERT INTO dropped VALUES (7);
    CREATE TABLE events (at date, n int) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE events_2 (n int, at date);
    ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
    INSERT INTO events VALUES ('2020-05-01', 1), ('2021-05-01', 2), ('2021-06-01', 3);
    CREATE TABLE parent (x int);
    CREATE TABLE child (y int) INHERITS (parent);
    INSERT INTO parent VALUES (1);
    INSERT INTO child VALUES (2, 3);
    -- One row a page.
    CREATE TABLE large (id int, filler text) WITH (fillfactor = 10);
    INSERT INTO large SELECT n, repeat('x', 700) FROM generate_series(1, 17000) n;
"#;

#[test]
fn what_rds_skips_is_skipped_and_partitions_are_batches() {
    let Some(server) = Postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = server.database("catalog", "", CATALOG);
    let source = open(&url, "aurora-postgresql");
    let outcome = export(folder.path(), "aurora-postgresql", &url, Some(source.clone())).unwrap();
    let rows: Vec<(&str, u64)> =
        outcome.tables.iter().map(|table| (table.target.as_str(), table.written.rows)).collect();
    assert_eq!(
        rows,
        [
            ("db.Sales Dept.Order", 1),
            ("db.public.child", 1),
            ("db.public.dropped", 1),
            ("db.public.events", 3),
            ("db.public.hollow", 0),
            ("db.public.large", 17000),
            ("db.public.parent", 1),
        ]
    );
    let warning: Value = serde_json::from_str(&outcome.warning_message.unwrap()).unwrap();
    let skipped: Vec<&str> = warning["skippedTables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["tableName"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["db.public.a/b", "db.public.nothing", "db.public.odd", "db.public.quick"]);
    let why = warning["skippedTables"][2]["reason"].as_str().unwrap();
    assert_eq!(why, "columns have names that no export has: with space, semi;colon");

    let root = folder.path().join("exports/aurora-postgresql/db");
    // A batch a partition, without the empty one; the space of a schema is `_` in its keys.
    assert!(root.join("Sales_Dept.Order/1/_SUCCESS").is_file());
    let batches: Vec<bool> = (1..4)
        .map(|batch| root.join(format!("public.events/{batch}/_SUCCESS")).is_file())
        .collect();
    assert_eq!(batches, [true, true, false]);
    // 17,000 pages are more than one slice.
    assert!(files(&root.join("public.large/1")).len() > 1);
    std::fs::rename(root.join("Sales_Dept.Order"), root.join("Sales Dept.Order")).unwrap();
    assert_same(folder.path(), "aurora-postgresql", &source);
}

#[test]
fn what_is_not_utf8_fails_with_its_place() {
    let Some(server) = Postgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = server.database(
        "bytes",
        "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        "CREATE TABLE notes (id int, note text);
         INSERT INTO notes VALUES (1, 'fine'), (2, E'caf\\xe9');",
    );
    let error = export(folder.path(), "postgres", &url, None).unwrap_err().to_string();
    assert_eq!(
        error,
        "row 2 of `notes` has 4 bytes in `note`, which is no `text`: it is not UTF-8"
    );
}
