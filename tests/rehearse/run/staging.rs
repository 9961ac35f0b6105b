//! The staging database may have been there before the pipeline: what others have in it is theirs.

use super::stage::Stage;
use aws_sdk_glue::types::{Column, StorageDescriptor, TableInput};
use snaplake::run::FailureKind;

const STAGING: &str = "tiny_staging";

fn columns(location: &str) -> StorageDescriptor {
    let column = Column::builder().name("id").r#type("int").build().unwrap();
    StorageDescriptor::builder().location(location).columns(column).build()
}

async fn make(stage: &Stage, input: TableInput) {
    let call = stage.clients.glue.create_table().database_name(STAGING).table_input(input);
    call.send().await.unwrap();
}

async fn table(stage: &Stage, name: &str) {
    let input = TableInput::builder().name(name).table_type("EXTERNAL_TABLE");
    make(stage, input.storage_descriptor(columns("s3://elsewhere/t/")).build().unwrap()).await;
}

async fn view(stage: &Stage, name: &str) {
    let input = TableInput::builder().name(name).table_type("VIRTUAL_VIEW");
    let input = input.view_original_text("/* Presto View: e30= */");
    make(stage, input.storage_descriptor(columns("")).build().unwrap()).await;
}

async fn names(stage: &Stage) -> Vec<String> {
    let answer = stage.clients.glue.get_tables().database_name(STAGING).send().await.unwrap();
    let mut names: Vec<String> =
        answer.table_list().iter().map(|table| table.name().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_there_outlasts_every_run() {
    for mode in ["direct", "crawler"] {
        let stage = Stage::new(mode, "latest-automated").await;
        table(&stage, "notes").await;
        view(&stage, "notes_of_today").await;
        // What a run that died has left there, which is of the same name as what others have.
        view(&stage, "paid").await;
        for _ in 0..2 {
            let report = stage.run().await;
            assert!(report.succeeded(), "{mode}: {:#?}", report.failure);
            assert_eq!(names(&stage).await, ["notes", "notes_of_today"], "{mode}");
            for name in ["notes", "notes_of_today"] {
                let told = format!("`{STAGING}.{name}` is not of this pipeline");
                assert!(report.warnings.iter().any(|one| one.contains(&told)), "{report:#?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_others_that_has_a_needed_name_is_named_and_stays() {
    for mode in ["direct", "crawler"] {
        let stage = Stage::new(mode, "latest-automated").await;
        table(&stage, "orders").await;
        let failure = stage.run().await.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Setup, "{mode}: {failure:?}");
        assert!(failure.message.contains("`tiny_staging.orders`"), "{mode}: {failure:?}");
        assert!(names(&stage).await.contains(&"orders".to_owned()), "{mode}");
        assert!(stage.live().await.is_empty(), "{mode}");
    }
}

/// The names of views are in the configuration, so nothing is exported first.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_others_that_has_a_views_name_is_found_before_the_export() {
    let stage = Stage::new("direct", "latest-automated").await;
    table(&stage, "paid").await;
    let failure = stage.run().await.failure.unwrap();
    assert_eq!((failure.step.as_str(), failure.kind), ("preflight", FailureKind::Setup));
    assert!(failure.message.contains("`tiny_staging.paid`"), "{failure:?}");
    assert_eq!(stage.exports_started(), 0);
    let checks = snaplake::run::doctor(&stage.pipeline, &stage.clients).await;
    let check = checks.iter().find(|check| check.id == "staging-tables").unwrap();
    assert!(check.is_failed() && check.found.contains("tiny_staging.paid"), "{check:?}");
    assert_eq!(names(&stage).await, ["paid"]);
}
