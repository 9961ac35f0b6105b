//! Typed views: what an export holds as text or bytes has its type again, and bad values are NULL.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::{Stage, config};
use snaplake::cloud::{Pace, VirtualClock};

const TYPED: &str = "\n[typed_views]\nenabled = true\n";

async fn typed(config: &str, statements: &str) -> Stage {
    let stage = Stage::of(config, statements, VirtualClock::new(Pace::Driven)).await;
    let report = stage.run().await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    let view = report.views.iter().find(|view| view.view == "things_typed").unwrap();
    assert!(view.live && view.problem.is_none(), "{view:?}");
    stage
}

fn cells(rows: &[Vec<Option<String>>]) -> Vec<Vec<&str>> {
    rows.iter()
        .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_mysql() {
    let text = config("direct", "latest-automated")
        .replace(
            "FROM orders o JOIN customers c ON \
        o.customer_id = c.id WHERE o.paid_at IS NOT NULL",
            "FROM things_typed o JOIN things c ON o.id = c.id",
        )
        .replace("c.name", "c.code");
    let text = format!("{text}{TYPED}");
    let stage = typed(
        &text,
        "CREATE TABLE things (id INT NOT NULL, born DATE, code CHAR(3), opens TIME, at DATETIME);
         INSERT INTO things VALUES (1, '2024-02-29', 'abc', '10:00:00', '2024-01-01 10:00:00.5'),
           (2, '0000-00-00', NULL, NULL, NULL), (3, NULL, 'é', '-838:59:59', NULL);",
    )
    .await;
    let rows = stage
        .query("SELECT id, date_add('day', 1, born), code, opens, at FROM things_typed ORDER BY id")
        .await;
    assert_eq!(
        cells(&rows),
        [
            ["1", "2024-03-01", "abc", "10:00:00", "2024-01-01 10:00:00.500"],
            ["2", "NULL", "NULL", "NULL", "NULL"],
            ["3", "NULL", "é", "-838:59:59", "NULL"],
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_postgresql() {
    let text = config("direct", "latest-automated").replace("\"mysql\"", "\"postgres\"");
    let (text, _) = text.split_once("[[views]]").unwrap();
    let text = format!("{text}{TYPED}");
    let stage = typed(
        &text,
        "CREATE TABLE things (id INT NOT NULL, d DATE, t TIMESTAMP, z TIMESTAMPTZ, n NUMERIC, \
           u UUID, j JSON);
         INSERT INTO things VALUES
           (1, '2024-02-29', '2024-02-29 23:59:59.25', '2024-02-29 23:30:00', '12.5', \
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}'),
           (2, 'infinity', '-infinity', 'infinity', 'NaN', NULL, NULL),
           (3, '0044-03-15 BC', NULL, '0044-03-15 12:00:00 BC', NULL, NULL, NULL);",
    )
    .await;
    let rows = stage
        .query("SELECT id, date_add('day', 1, d), t, z, n + 1, u, j FROM things_typed ORDER BY id")
        .await;
    assert_eq!(
        cells(&rows),
        [
            [
                "1",
                "2024-03-01",
                "2024-02-29 23:59:59.250",
                "2024-02-29 23:30:00.000",
                "13.500000000",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "{\"a\": 1}"
            ],
            ["2", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"],
            ["3", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"],
        ]
    );
}
