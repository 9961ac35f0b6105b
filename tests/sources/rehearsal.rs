//! Whole rehearsals by the command line, from real servers.

use crate::servers::{MariaDb, PASSWORD, Postgres};
use crate::support::snaplake;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn config(engine: &str, tables: &str) -> String {
    format!(
        r#"
name = "shop"
account = "123456789012"
region = "eu-central-1"

[source]
engine = "{engine}"
instance = "shop-production"
snapshot = "latest-automated"
database = "shop"
tables = [{tables}]

[lake]
bucket = "shop-lake-123456789012"

[catalog]
database = "shop"
"#
    )
}

fn rehearse(folder: &Path, config: &str, url: &str) -> Output {
    std::fs::write(folder.join("snaplake.toml"), config).unwrap();
    let generated = snaplake(folder).arg("generate").output().unwrap();
    assert!(generated.status.success(), "{}", String::from_utf8_lossy(&generated.stderr));
    snaplake(folder)
        .args(["rehearse", "--output", "json", "--source", url])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap()
}

/// Every check of every table passed, and nobody was told the password.
fn judge(output: &Output, folder: &Path, tables: &[(&str, u64)]) {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for text in [&*out, &*err, &page] {
        assert!(!text.contains(PASSWORD) && !text.contains("s3cret"), "the password is shown");
    }
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["result"], "passed");
    let mut found: Vec<(String, u64)> = Vec::new();
    for table in report["tables"].as_array().unwrap() {
        let checks = table["checks"].as_array().unwrap();
        for name in ["source-count", "source-checksum"] {
            let check = checks.iter().find(|check| check["id"] == name);
            let check = check.unwrap_or_else(|| panic!("{name} is missing: {table:#}"));
            assert_eq!(check["status"], "passed", "{check:#}");
        }
        let name = table["source"].as_str().unwrap().to_owned();
        found.push((name, table["rows"].as_u64().unwrap()));
    }
    found.sort();
    let found: Vec<(&str, u64)> = found.iter().map(|(name, rows)| (name.as_str(), *rows)).collect();
    assert_eq!(found, tables);
}

#[test]
fn postgresql_is_rehearsed_end_to_end() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database(
        "shop",
        "",
        "CREATE SCHEMA sales;
         CREATE TABLE customers (id int PRIMARY KEY, name text, born date, tags text[]);
         INSERT INTO customers VALUES (1, '陽菜', '1990-02-28', '{a,b}'), (2, NULL, '0044-03-15 BC', NULL);
         CREATE TABLE sales.orders (id bigint, total numeric(10,2), at timestamptz, note bytea);
         INSERT INTO sales.orders SELECT n, n / 7.0, now(), '\\x00' FROM generate_series(1, 20000) n;",
    );
    let folder = tempfile::tempdir().unwrap();
    let tables = r#""public.customers", "sales.orders""#;
    let output = rehearse(folder.path(), &config("postgres", tables), &url);
    judge(&output, folder.path(), &[("public.customers", 2), ("sales.orders", 20000)]);
}

#[test]
fn mariadb_is_rehearsed_end_to_end() {
    let Some(server) = MariaDb::shared() else { return };
    let url = server.database(
        "shop",
        "CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), born date, code char(3));
         INSERT INTO customers VALUES (1, '陽菜', '1990-02-28', 'ab'), (2, NULL, NULL, NULL);
         CREATE TABLE orders (id bigint unsigned, total decimal(10,2), at datetime(3), f float);
         INSERT INTO orders VALUES (18446744073709551615, 12.5, '2024-02-29 12:00:00.5', 1.1);\n"
            .replace(";\n         ", ";\n")
            .as_str(),
    );
    let folder = tempfile::tempdir().unwrap();
    let output = rehearse(folder.path(), &config("mariadb", r#""customers", "orders""#), &url);
    judge(&output, folder.path(), &[("shop.customers", 2), ("shop.orders", 1)]);
}
