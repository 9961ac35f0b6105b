//! Runs in which nothing goes wrong.

use super::stage::Stage;
use snaplake::run::Action;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_publishes_every_table_and_view() {
    for mode in ["direct", "crawler"] {
        let stage = Stage::new(mode, "latest-automated").await;
        let report = stage.run().await;
        assert!(report.succeeded(), "{mode}: {:#?}", report.failure);
        let names: Vec<_> = report.tables.iter().map(|table| table.table.as_str()).collect();
        assert_eq!(names, ["customers", "empty_ones", "orders"], "{mode}");
        assert!(report.tables.iter().all(|table| table.action == Action::Created));
        let verification = report.verification.as_ref().unwrap();
        assert!(verification.passed());
        let rows: Vec<_> = verification.tables.iter().map(|table| table.rows).collect();
        assert_eq!(rows, [Some(3), Some(0), Some(4)]);
        assert_eq!(report.views[0].rows, Some(3));
        assert_eq!(report.views[0].columns, ["id", "name"]);
        for (table, location) in stage.live().await {
            assert!(location.ends_with(&format!("/tiny/tiny.{table}/")), "{location}");
        }
        assert_eq!(stage.exports_started(), 1);
    }
}
