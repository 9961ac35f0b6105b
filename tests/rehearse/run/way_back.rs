//! Publishing never lies: what could not go live as a whole is as it was before.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::stage::{AtStart, DATABASE, Stage, StopAfter, config};
use aws_sdk_glue::types::{Table, TableInput};
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::pipeline::Step;
use snaplake::run::{Action, FailureKind, NoProgress, RunOptions};
use std::time::Duration;

/// A live table without what every change of it changes.
async fn table(stage: &Stage, name: &str) -> Table {
    let answer = stage.clients.glue.get_table().database_name("tiny").name(name).send().await;
    let mut table = answer.unwrap().table.unwrap();
    (table.version_id, table.update_time) = (None, None);
    table
}

/// A stage on its second day: a person has described a table, and there is more to export.
async fn second_day() -> Stage {
    let stage = Stage::new("direct", "latest-automated").await;
    assert!(stage.run().await.succeeded());
    let now = table(&stage, "orders").await;
    let input = TableInput::builder()
        .name("orders")
        .description("what people order")
        .owner("sales")
        .set_parameters(now.parameters)
        .set_storage_descriptor(now.storage_descriptor)
        .table_type("EXTERNAL_TABLE")
        .build()
        .unwrap();
    let glue = &stage.clients.glue;
    glue.update_table().database_name("tiny").table_input(input).send().await.unwrap();
    stage.clock.0.advance(Duration::from_hours(24));
    stage.change("ALTER TABLE orders ADD COLUMN note VARCHAR(20)");
    stage
}

fn view_denied(stage: &Stage) {
    stage.deny_runner("glue:UpdateTable", &stage.pipeline.table_arn("tiny", "paid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_view_that_fails_takes_the_tables_back() {
    let stage = second_day().await;
    let names = ["customers", "empty_ones", "orders", "paid"];
    let mut before = Vec::new();
    for name in names {
        before.push(table(&stage, name).await);
    }
    view_denied(&stage);
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.step, "views", "{failure:?}");
    assert!(
        failure.message.contains("3 tables that had been moved were moved back"),
        "{failure:?}"
    );
    assert!(report.tables.iter().all(|table| table.action == Action::MovedBack), "{report:#?}");
    for (name, before) in names.iter().zip(&before) {
        assert_eq!(table(&stage, name).await, *before, "{name}");
    }
    stage.allow_runner();
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert!(report.tables.iter().all(|table| table.action == Action::Moved), "{report:#?}");
    assert_eq!(stage.exports_started(), 2);
    let orders = table(&stage, "orders").await;
    assert_eq!(orders.description(), Some("what people order"));
    assert_eq!(orders.owner(), Some("sales"));
}

/// The attempt that fails did not move the tables itself: it knows from the journal how they were.
#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_outlives_the_attempt_that_moved() {
    let stage = second_day().await;
    let before = stage.live().await;
    let options = stage.options();
    let progress = StopAfter { step: Step::Publish, stop: options.stop.clone() };
    let report = stage.run_with(options, &progress).await;
    assert_eq!(report.failure.unwrap().kind, FailureKind::Interrupted);
    assert_ne!(stage.live().await, before);
    view_denied(&stage);
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert_eq!(report.failure.as_ref().unwrap().step, "views");
    assert_eq!(stage.live().await, before);
}

/// Views that were replaced before another one failed are what they were.
#[tokio::test(flavor = "multi_thread")]
async fn views_that_were_replaced_are_put_back_too() {
    let two = format!(
        "{}\n[[views]]\nname = \"second\"\nsql = \"SELECT id FROM paid\"\n",
        config("direct", "latest-automated")
    );
    let mut stage = Stage::of(&two, DATABASE, VirtualClock::new(Pace::Driven)).await;
    assert!(stage.run().await.succeeded());
    let before = [table(&stage, "paid").await, table(&stage, "second").await];
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    stage.pipeline.views[0].sql = "SELECT id FROM orders".to_owned();
    let second = stage.pipeline.table_arn("tiny", "second");
    let what = || stage.deny_runner("glue:UpdateTable", &second);
    let report = stage.run_with(stage.options(), &AtStart { step: Step::Views, what }).await;
    let failure = report.failure.as_ref().unwrap();
    assert!(failure.message.contains("1 views are again as they were"), "{failure:?}");
    assert_eq!([table(&stage, "paid").await, table(&stage, "second").await], before);
    assert_eq!(stage.query("SELECT COUNT(*) FROM second").await[0][0].as_deref(), Some("3"));
}

/// The attempt that replaced a view could not put it back: the next one still knows how it was.
#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_of_views_outlives_an_attempt_that_could_not_go_it() {
    let two = format!(
        "{}\n[[views]]\nname = \"second\"\nsql = \"SELECT id FROM paid\"\n",
        config("direct", "latest-automated")
    );
    let mut stage = Stage::of(&two, DATABASE, VirtualClock::new(Pace::Driven)).await;
    assert!(stage.run().await.succeeded());
    let names = ["customers", "empty_ones", "orders", "paid", "second"];
    let mut before = Vec::new();
    for name in names {
        before.push(table(&stage, name).await);
    }
    stage.clock.0.advance(Duration::from_hours(24));
    stage.snapshot(0);
    stage.pipeline.views[0].sql = "SELECT id FROM orders".to_owned();
    let second = stage.pipeline.table_arn("tiny", "second");
    let what = || {
        stage.deny_runner("glue:UpdateTable", &second);
        // The first look is at the views as they are, the next is for the way back.
        stage.cloud.add_faults([Fault {
            service: Some("glue".to_owned()),
            operation: Some("GetTables".to_owned()),
            after: 1,
            times: 10,
            effect: Effect::Error { status: 400, code: "ExpiredTokenException".to_owned() },
        }]);
    };
    let first = stage.run_with(stage.options(), &AtStart { step: Step::Views, what }).await;
    assert_eq!(first.failure.as_ref().unwrap().step, "views", "{first:#?}");
    assert!(
        first.warnings.iter().any(|warning| warning.contains("nothing could be moved back")),
        "{first:#?}"
    );
    stage.cloud.clear_faults();
    assert_ne!(table(&stage, "paid").await, before[3]);
    assert_ne!(table(&stage, "orders").await, before[2]);

    let options = RunOptions { resume: Some(first.run_id.clone()), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.step, "views", "{failure:?}");
    assert!(failure.message.contains("1 views are again as they were"), "{failure:?}");
    for (name, before) in names.iter().zip(&before) {
        assert_eq!(table(&stage, name).await, *before, "{name}");
    }

    stage.allow_runner();
    let options = RunOptions { resume: Some(first.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert_ne!(table(&stage, "paid").await, before[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_columns_keep_everything_where_it_is() {
    let mut stage = second_day().await;
    let before = stage.live().await;
    stage.pipeline.catalog.columns.new = snaplake::pipeline::Stance::Refuse;
    let report = stage.run().await;
    let failure = report.failure.as_ref().unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("publish", FailureKind::Checks));
    assert!(failure.message.contains("`orders` has new columns: note"), "{failure:?}");
    assert_eq!(stage.live().await, before);
    stage.pipeline.catalog.columns.new = snaplake::pipeline::Stance::Warn;
    let options = RunOptions { resume: Some(report.run_id), ..stage.options() };
    let report = stage.run_with(options, &NoProgress).await;
    assert!(report.succeeded(), "{:#?}", report.failure);
    assert!(report.warnings.iter().any(|warning| warning.contains("note")), "{report:#?}");
    assert_eq!(stage.exports_started(), 2);
}

/// Somebody edits a table between the reading and the moving of it: theirs stays, ours goes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_at_the_same_time_is_noticed_and_kept() {
    let stage = second_day().await;
    let before = stage.live().await;
    let mut edited = table(&stage, "orders").await;
    edited.description = Some("edited just now".to_owned());
    stage.cloud.add_faults([Fault {
        service: Some("glue".to_owned()),
        operation: Some("UpdateTable".to_owned()),
        after: 0,
        times: 3,
        effect: Effect::Delay { millis: 1500 },
    }]);
    let (edit, what) = tokio::sync::oneshot::channel();
    let edit = std::sync::Mutex::new(Some(edit));
    let begins = AtStart {
        step: Step::Publish,
        what: || {
            if let Some(edit) = edit.lock().unwrap().take() {
                edit.send(()).unwrap();
            }
        },
    };
    let editor = async {
        what.await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        let input = TableInput::builder()
            .name("orders")
            .set_description(edited.description.clone())
            .set_owner(edited.owner.clone())
            .set_parameters(edited.parameters.clone())
            .set_storage_descriptor(edited.storage_descriptor.clone())
            .table_type("EXTERNAL_TABLE")
            .build()
            .unwrap();
        let glue = &stage.clients.glue;
        glue.update_table().database_name("tiny").table_input(input).send().await.unwrap();
    };
    let (report, ()) = tokio::join!(stage.run_with(stage.options(), &begins), editor);
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Conflict, "{failure:?}");
    assert!(failure.message.contains("`tiny.orders` was changed by somebody else"), "{failure:?}");
    assert_eq!(stage.live().await, before);
    assert_eq!(table(&stage, "orders").await.description(), Some("edited just now"));
}
