//! `doctor` over an account that works, and with each thing broken in turn.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{configured, text, told};
use super::stage::{DATABASE, Stage, clients_of, config};
use aws_sdk_athena::types::QueryExecutionContext;
use aws_sdk_glue::types::DatabaseInput;
use snaplake::aws::Clients;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::cloud::seed::{PolicySeed, RoleSeed};
use snaplake::cloud::{Pace, VirtualClock};
use snaplake::pipeline::{CatalogMode, Pipeline, PrincipalKind, SourceKind};
use snaplake::run;
use snaplake::verify::{Check, CheckStatus};

const ADMIN: &str = "arn:aws:iam::123456789012:role/admin";

/// Somebody who may look at everything.
pub async fn admin(stage: &Stage) -> Clients {
    let everything = r#"{"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;
    stage
        .cloud
        .seed()
        .role(&RoleSeed {
            arn: ADMIN.to_owned(),
            trust: PolicySeed::new("trust", trust),
            policies: vec![PolicySeed::new("everything", everything)],
            boundary: None,
        })
        .unwrap();
    clients_of(&stage.cloud, &stage.pipeline, ADMIN).await
}

fn failed(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| check.is_failed()).map(|check| check.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_works_has_nothing_failed_and_nothing_unknown() {
    let stage = Stage::new("crawler", "latest-automated").await;
    let checks = run::doctor(&stage.pipeline, &admin(&stage).await).await;
    let not_passed: Vec<_> =
        checks.iter().filter(|check| check.status != CheckStatus::Passed).collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    for id in [
        "identity",
        "region",
        "workgroup",
        "bucket",
        "bucket-policy",
        "key",
        "key-policy",
        "snapshot",
        "crawler",
        "export-quota",
        "query-quota",
        "lake-formation",
        "role:export",
        "needs:runner",
    ] {
        assert!(checks.iter().any(|check| check.id == id), "no check {id}");
    }
    // It looks and changes nothing.
    let changes = ["Create", "Update", "Delete", "Put", "Start", "Stop", "Cancel"];
    let log = stage.cloud.log();
    let changed = log.iter().find(|access| {
        access.principal.contains("/admin/")
            && changes.iter().any(|verb| access.action.contains(&format!(":{verb}")))
    });
    assert!(changed.is_none(), "{changed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_broken_is_named_with_a_fix() {
    let stage = Stage::new("direct", "latest-automated").await;
    let admin = admin(&stage).await;
    let changed = |change: &dyn Fn(&mut Pipeline)| {
        let mut pipeline = stage.pipeline.clone();
        change(&mut pipeline);
        pipeline
    };
    let other = SourceKind::Instance("other".to_owned());
    for (pipeline, id) in [
        (changed(&|it| it.account = "111111111111".into()), "identity"),
        (changed(&|it| it.region = "eu-west-1".into()), "region"),
        (changed(&|it| it.athena.workgroup = "missing".into()), "workgroup"),
        (changed(&|it| it.catalog.database = "missing".into()), "live-database"),
        (changed(&|it| it.lake.bucket = "missing-bucket".into()), "bucket"),
        (changed(&|it| it.source.kind = other.clone()), "snapshot"),
        (changed(&|it| it.catalog.mode = CatalogMode::Crawler), "crawler"),
        (changed(&|it| it.name = "stranger".into()), "role:runner"),
    ] {
        let checks = run::doctor(&pipeline, &admin).await;
        let found = checks.iter().find(|check| check.id == id).unwrap();
        assert!(found.is_failed(), "{id}: {found:?}");
        assert!(!found.help.is_empty(), "{id} has no fix");
    }

    stage.deny_runner("glue:UpdateTable", "*");
    let checks = run::doctor(&stage.pipeline, &admin).await;
    assert_eq!(failed(&checks), ["needs:runner"], "{checks:#?}");
    let needs = checks.iter().find(|check| check.id == "needs:runner").unwrap();
    assert!(needs.found.contains("glue:UpdateTable"), "{needs:?}");
    stage.allow_runner();

    let _ = stage.cloud.seed().remove_role(&stage.pipeline.role_arn(PrincipalKind::Export));
    let checks = run::doctor(&stage.pipeline, &admin).await;
    assert!(failed(&checks).contains(&"role:export"), "{checks:#?}");

    let key = stage.pipeline.key_arn();
    let fault = Fault {
        service: Some("kms".into()),
        operation: None,
        after: 0,
        times: 1,
        effect: Effect::DisableKey { key },
    };
    stage.cloud.add_faults([fault]);
    let checks = run::doctor(&stage.pipeline, &admin).await;
    assert!(failed(&checks).contains(&"key"), "{checks:#?}");
}

/// The runner may not read policies: what it cannot see is not known, and no failure.
#[tokio::test(flavor = "multi_thread")]
async fn the_runner_itself_says_what_it_cannot_see() {
    let stage = Stage::new("direct", "latest-automated").await;
    let output = told(configured(&stage, "", &["doctor"])).await;
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("?       role `tiny-runner`"), "{shown}");
    assert!(shown.contains("as somebody who may"), "{shown}");
    assert!(shown.contains("Not looked at: increased quotas"), "{shown}");
}

/// Queries that others have under way, and a database that Lake Formation governs.
#[tokio::test(flavor = "multi_thread")]
async fn quotas_in_use_and_lake_formation_are_noted() {
    // Time nearly stands still, so that queries stay under way.
    let text = config("direct", "latest-automated");
    let stage = Stage::of(&text, DATABASE, VirtualClock::new(Pace::Speed(1e-6))).await;
    let admin = admin(&stage).await;
    let noted =
        |checks: &[Check], id: &str| checks.iter().find(|check| check.id == id).cloned().unwrap();
    for table in 0..20 {
        let sql = format!("DROP TABLE IF EXISTS nothing_{table}");
        let context = QueryExecutionContext::builder().database("tiny").build();
        let query = admin.athena.start_query_execution().query_string(sql);
        query.query_execution_context(context).work_group("tiny").send().await.unwrap();
    }
    let database = DatabaseInput::builder()
        .name("tiny")
        .set_create_table_default_permissions(Some(Vec::new()))
        .build()
        .unwrap();
    admin.glue.delete_database().name("tiny").send().await.unwrap();
    admin.glue.create_database().database_input(database).send().await.unwrap();
    let checks = run::doctor(&stage.pipeline, &admin).await;
    let queries = noted(&checks, "query-quota");
    assert_eq!(queries.status, CheckStatus::Warning, "{queries:?}");
    assert!(queries.found.starts_with("0 DML and 20 DDL queries under way"), "{queries:?}");
    let governed = noted(&checks, "lake-formation");
    assert_eq!(governed.status, CheckStatus::Warning, "{governed:?}");
    assert_eq!(governed.found, "new tables of `tiny` are governed by Lake Formation");
}
