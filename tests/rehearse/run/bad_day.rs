//! What AWS does on a bad day, and what the run makes of it.

use super::command::{configured, text, told};
use super::stage::Stage;
use snaplake::cloud::faults::{Effect, Fault};

fn fault(service: &str, operation: &str, times: u32, effect: Effect) -> Fault {
    Fault {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        after: 0,
        times,
        effect,
    }
}

fn error(status: u16, code: &str) -> Effect {
    Effect::Error { status, code: code.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_exports_is_waited_for_not_hit() {
    let stage = Stage::new("direct", "latest-automated").await;
    let limit = error(400, "ExportTaskLimitReachedFault");
    stage.cloud.add_faults([fault("rds", "StartExportTask", 4, limit)]);
    let began = stage.cloud.clock().now();
    let report = stage.run().await;
    assert!(report.succeeded(), "{:?}", report.failure);
    assert_eq!(stage.exports_started(), 1);
    assert!(stage.cloud.clock().now().duration_since(began).as_secs() >= 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_calls_are_repeated() {
    let stage = Stage::new("direct", "latest-automated").await;
    stage.cloud.add_faults([
        fault("rds", "DescribeExportTasks", 2, Effect::Throttle),
        fault("athena", "StartQueryExecution", 2, Effect::Throttle),
        fault("glue", "UpdateTable", 2, Effect::Throttle),
    ]);
    let report = stage.run().await;
    assert!(report.succeeded(), "{:?}", report.failure);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_expire_and_a_wrong_clock_say_what_to_do() {
    let stage = Stage::polled().await;
    let before = stage.cloud.log().len();
    for (code, part) in [
        ("ExpiredToken", "aws sso login --profile data-team"),
        ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
    ] {
        stage.cloud.add_faults([fault("sts", "GetCallerIdentity", 1, error(403, code))]);
        let mut command = configured(&stage, "", &["run"]);
        command.env("AWS_PROFILE", "data-team").env("AWS_MAX_ATTEMPTS", "1");
        let config = stage.folder.path().join("aws-config");
        std::fs::write(&config, "[profile data-team]\nregion = eu-central-1\n").unwrap();
        command.env("AWS_CONFIG_FILE", &config);
        let output = told(command).await;
        let shown = text(&output).replace("\n  ", " ");
        assert_eq!(output.status.code(), Some(3), "{shown}");
        assert!(shown.contains(part), "{code}: {shown}");
    }
    assert_eq!(stage.cloud.log().len(), before, "something was called all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_contradicts_the_configuration_is_refused() {
    let stage = Stage::polled().await;
    let output = told(configured(&stage, "", &["status", "--region", "us-east-1"])).await;
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("contradicts"), "{}", text(&output));
    let output = told(configured(&stage, "", &["status", "--region", "eu-central-1"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_heeded() {
    let stage = Stage::polled().await;
    let mut command = configured(&stage, "", &["status"]);
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
    let output = told(command).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let mut command = configured(&stage, "", &["status"]);
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    let output = told(command).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
