//! MariaDB: every type with its edges, and what a catalog can hold.

use crate::export::{assert_same, export, open, python, script};
use crate::servers::MariaDb;
use serde_json::Value;

#[test]
fn every_type_of_mariadb_arrives_as_the_page_says() {
    let (Some(server), Some(python)) = (MariaDb::shared(), python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let sql = script(&python, folder.path(), &["every_type.py", "make", "mariadb"]);
    let url = server.database("every_type", &sql);
    let source = open(&url, "mariadb");
    export(folder.path(), "mariadb", &url, Some(source.clone())).unwrap();
    script(&python, folder.path(), &["every_type.py", "check", "mariadb"]);
    assert_same(folder.path(), "mariadb", &source);
}

const CATALOG: &str = "
    CREATE TABLE `Order` (id int, `a``b` text, twice int AS (id * 2) STORED,
        thrice int AS (id * 3) VIRTUAL);
    INSERT INTO `Order` (id, `a``b`) VALUES (1, 'x');
    CREATE TABLE `a/b` (x int);
    CREATE TABLE odd (x int, `with space` int);
    CREATE TABLE hollow (x int);
    CREATE VIEW seen AS SELECT 1 AS x;
    CREATE SEQUENCE numbers;
    CREATE TABLE slow (x int) ENGINE = MyISAM;
    INSERT INTO slow VALUES (1);
    CREATE TABLE latin (id int, t text CHARACTER SET latin1);
    INSERT INTO latin VALUES (1, x'636166e9');
    CREATE TABLE versioned (x int) WITH SYSTEM VERSIONING;
    INSERT INTO versioned VALUES (3);
";

#[test]
fn tables_of_mariadb_are_listed_and_noted() {
    let Some(server) = MariaDb::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = server.database("catalog", CATALOG);
    let source = open(&url, "aurora-mysql");
    assert_eq!(source.notes().len(), 1, "{:?}", source.notes());
    assert!(source.notes()[0].contains("`slow` is of the engine MyISAM"), "{:?}", source.notes());
    let outcome = export(folder.path(), "aurora-mysql", &url, Some(source.clone())).unwrap();
    let rows: Vec<(&str, u64)> =
        outcome.tables.iter().map(|table| (table.target.as_str(), table.written.rows)).collect();
    assert_eq!(
        rows,
        [("db.Order", 1), ("db.hollow", 0), ("db.latin", 1), ("db.slow", 1), ("db.versioned", 1)]
    );
    let warning: Value = serde_json::from_str(&outcome.warning_message.unwrap()).unwrap();
    assert_eq!(warning["skippedTables"][0]["tableName"], "db.a/b");
    assert_eq!(warning["skippedTables"][1]["tableName"], "db.odd");
    assert_same(folder.path(), "aurora-mysql", &source);
}

#[test]
fn a_zero_timestamp_fails_with_its_place() {
    let Some(server) = MariaDb::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sql = "SET sql_mode = '';
        CREATE TABLE visits (at datetime);
        INSERT INTO visits VALUES ('2024-01-01 00:00:00'), ('0000-00-00 00:00:00');\n";
    let url = server.database("zero", sql);
    let error = export(folder.path(), "mysql", &url, None).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "row 2 of `visits` has `0000-00-00 00:00:00` in `at`, which is no `datetime`"
        ),
        "{error}"
    );
}

#[test]
fn who_may_not_lock_reads_by_one_connection_and_is_told() {
    use mysql::prelude::Queryable as _;
    let Some(server) = MariaDb::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    server.database("small", "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1), (2);\n");
    let mut connection = server.connect("small");
    connection.query_drop("CREATE USER reader IDENTIFIED BY 'r'").unwrap();
    connection.query_drop("GRANT SELECT ON small.* TO reader").unwrap();
    let url = format!("mariadb://reader:r@127.0.0.1:{}/small", server.port);
    let source = open(&url, "mariadb");
    assert_eq!(source.readers(), 1);
    assert!(source.notes()[0].contains("one connection alone"), "{:?}", source.notes());
    connection.query_drop("INSERT INTO t VALUES (3)").unwrap();
    let outcome = export(folder.path(), "mariadb", &url, Some(source.clone())).unwrap();
    assert_eq!(outcome.tables[0].written.rows, 2);
    assert_same(folder.path(), "mariadb", &source);
}

#[test]
fn a_large_table_is_read_by_several_connections() {
    let Some(server) = MariaDb::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Two rows a page. The keys leave most of their range empty.
    let url = server.database(
        "large",
        "CREATE TABLE large (at date, id bigint, filler text, PRIMARY KEY (id, at));
        INSERT INTO large SELECT '2024-01-01', CAST(seq AS SIGNED) - 6000, REPEAT('x', 6000) FROM seq_1_to_12000;
        INSERT INTO large VALUES ('2024-01-01', -9223372036854775808, 'least'),
            ('2024-01-01', 9223372036854775807, 'greatest'), ('2024-01-02', 9223372036854775807, 'x');
        ANALYZE TABLE large;\n",
    );
    let source = open(&url, "mysql");
    assert!(source.tables().unwrap()[0].parts().len() > 1);
    let outcome = export(folder.path(), "mysql", &url, Some(source.clone())).unwrap();
    assert_eq!(outcome.tables[0].written.rows, 12_003);
    assert!(outcome.tables[0].written.keys.len() > 1);
    assert_same(folder.path(), "mysql", &source);
}
