//! `doctor` over an account that works, and with each thing broken in turn.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{configured, text, told};
use super::stage::{Stage, clients_of};
use snaplake::aws::Clients;
use snaplake::cloud::faults::{Effect, Fault};
use snaplake::cloud::seed::{PolicySeed, RoleSeed};
use snaplake::pipeline::{CatalogMode, Pipeline, PrincipalKind, SourceKind};
use snaplake::run;
use snaplake::verify::{Check, CheckStatus};

const ADMIN: &str = "arn:aws:iam::123456789012:role/admin";

/// Somebody who may look at everything.
async fn admin(stage: &Stage) -> Clients {
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
    assert!(shown.contains("Not looked at: quotas of Athena"), "{shown}");
}
