use super::*;
use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::datatypes::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use rusqlite::Connection;
use std::path::Path;

fn database(sql: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.sqlite");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let url = format!("sqlite:{}", path.display());
    (folder, url)
}

fn rows(source: &Source, table: &str) -> Result<Vec<RecordBatch>, SourceError> {
    let table = source.table("", table)?;
    let part = table.parts().remove(0);
    let mut batches = Vec::new();
    source.read::<SourceError>(&table, &table.columns, &part, &mut |batch| {
        batches.push(batch);
        Ok(())
    })?;
    Ok(batches)
}

#[test]
fn declared_types_are_those_of_the_engine() {
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, price DECIMAL(10,2), at DATETIME, d DATE, c CHAR(3));
        INSERT INTO t VALUES (1, 12.3, '2013-01-01 05:00:00', '2013-01-01', 'abc'), (2, NULL, NULL, NULL, NULL)";
    let (_folder, url) = database(sql);
    let source = Source::open(&url, Engine::MySql, "shop").unwrap();
    let table = source.table("", "t").unwrap();
    assert_eq!(table.schema, "shop");
    let batch = rows(&source, "t").unwrap().remove(0);
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), 1);
    assert_eq!(batch.column(1).as_primitive::<Decimal128Type>().value(0), 1230);
    let at = batch.column(2).as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(at, 1_357_016_400_000_000);
    assert_eq!(batch.column(3).as_string::<i32>().value(0), "2013-01-01");
    assert_eq!(batch.column(4).as_binary::<i32>().value(0), b"abc");
    assert!((1..5).all(|column| batch.column(column).is_null(1)));

    let source = Source::open(&url, Engine::AuroraPostgreSql, "shop").unwrap();
    assert_eq!(source.table("", "t").unwrap().schema, "public");
    let batch = rows(&source, "t").unwrap().remove(0);
    let text = |column: usize| batch.column(column).as_string::<i32>().value(0).to_owned();
    assert_eq!([text(1), text(2), text(3)], ["12.30", "2013-01-01 05:00:00", "2013-01-01"]);
}

#[test]
fn values_the_engine_could_not_hold_are_told() {
    for (declared, value, found) in [
        (
            "INT",
            "'abc'",
            "row 2 of `t` has `abc` in `x`, which is no `INT`: it is not a whole number",
        ),
        ("INT", "3000000000", "out of range"),
        ("TINYINT UNSIGNED", "1.5", "whole number"),
        ("DECIMAL(4,2)", "100", "too many digits"),
        ("DATE", "'2013-02-30'", "not a date"),
        ("DATETIME", "'yesterday'", "ISO 8601"),
        ("VARCHAR(9)", "x'ff'", "not UTF-8"),
        ("BIGINT UNSIGNED", "'-'", "decimal"),
        ("BIGINT UNSIGNED", "'18446744073709551615'", "15 digits"),
    ] {
        let (_folder, url) = database(&format!(
            "CREATE TABLE t (x {declared}); INSERT INTO t VALUES (NULL), ({value})"
        ));
        let source = Source::open(&url, Engine::MySql, "shop").unwrap();
        let error = rows(&source, "t").unwrap_err();
        assert!(error.to_string().contains(found), "{declared}: {error}");
        assert!(error.is_input());
    }
}

#[test]
fn what_is_wrong_with_a_source_is_told() {
    let open = |url: &str| Source::open(url, Engine::MySql, "d");
    assert!(matches!(open("sqlite:/nowhere/x"), Err(SourceError::Missing { .. })));
    assert!(matches!(open("sqlite:/"), Err(SourceError::Missing { .. })));
    for url in ["", "oracle:x", "sqlite:", "sqlite::memory:", "sqlite:a?mode=rwc", "/a.db"] {
        assert!(matches!(open(url), Err(SourceError::Url { .. })), "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("t.sqlite");
    std::fs::write(&text, "not a database at all, but long enough to look like one ".repeat(40))
        .unwrap();
    let error = open(&format!("sqlite:{}", text.display())).unwrap_err();
    assert!(matches!(error, SourceError::NotADatabase { .. }), "{error}");
    assert!(!Path::new("a?mode=rwc").exists());

    let (_folder, url) = database("CREATE VIEW v AS SELECT 1");
    assert!(matches!(open(&url).unwrap().tables(), Err(SourceError::Empty { .. })));
    let (_folder, url) = database("CREATE TABLE t (x GEOJSON)");
    let error = open(&url).unwrap().tables().unwrap_err().to_string();
    assert_eq!(error, "`t.x` is declared as `GEOJSON`, which is no type of mysql");
    let (_folder, url) = database("CREATE TABLE t (x INT); CREATE TABLE \"u\"\"v\" (x INT)");
    let error = open(&url).unwrap().table("", "w").unwrap_err().to_string();
    assert_eq!(error, "the source has no table `w`; it has `t`, `u\\\"v`");
    assert!(rows(&open(&url).unwrap(), "u\"v").is_ok());
}

#[test]
fn a_snapshot_does_not_see_later_rows() {
    let (_folder, url) = database(
        "PRAGMA journal_mode = WAL; CREATE TABLE t (x INT); INSERT INTO t VALUES (1), (2)",
    );
    let source = Source::open(&url, Engine::MySql, "d").unwrap();
    let count = |source: &Source| -> usize {
        rows(source, "t").unwrap().iter().map(RecordBatch::num_rows).sum()
    };
    assert_eq!(count(&source), 2);
    let SourceUrl::Sqlite(path) = SourceUrl::parse(&url).unwrap() else { unreachable!() };
    Connection::open(path).unwrap().execute_batch("INSERT INTO t VALUES (3)").unwrap();
    assert_eq!(count(&source), 2);
    assert_eq!(count(&Source::open(&url, Engine::MySql, "d").unwrap()), 3);
}
