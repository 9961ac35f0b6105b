//! Where calls go: FIPS and dual-stack endpoints, other partitions, a proxy; and credentials that a provider
//! cannot get.
//!
//! A proxy that opens no tunnel hears the name of every host that is called over TLS.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use super::command::{configured, text, told};
use super::stage::Stage;
use snaplake::aws::{Clients, Settings};
use snaplake::cloud::faults::{Effect, Fault};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// The process whose environment is changed; no test by itself. Calls every service once.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(region) = std::env::var("SNAPLAKE_CALL_REGION") else { return };
    let settings = Settings { region: Some(region), ..Settings::default() };
    let clients = Clients::connect(settings).await.unwrap();
    let topic = "arn:aws:sns:eu-central-1:123456789012:nobody";
    let failed = [
        clients.rds.describe_export_tasks().send().await.is_err(),
        clients.s3.get_bucket_location().bucket("some-lake").send().await.is_err(),
        clients.glue.get_databases().send().await.is_err(),
        clients.athena.list_work_groups().send().await.is_err(),
        clients.kms.list_keys().send().await.is_err(),
        clients.sts.get_caller_identity().send().await.is_err(),
        clients.sns.publish().topic_arn(topic).message("none").send().await.is_err(),
        clients.iam.list_roles().send().await.is_err(),
    ];
    assert_eq!(failed, [true; 8], "the proxy opens no tunnel");
}

/// The hosts that clients in `region` call, with more in their environment.
async fn hosts(region: &str, more: &[(&str, &str)]) -> BTreeSet<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let hears = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            let host = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
            hears.lock().unwrap().insert(host.unwrap_or(&line).to_owned());
        }
    });
    let mut child = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") || name.to_lowercase().ends_with("_proxy") {
            child.env_remove(name);
        }
    }
    child
        .args(["--exact", "run::network::child", "--nocapture", "--test-threads=1"])
        .env("SNAPLAKE_CALL_REGION", region)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("HTTPS_PROXY", proxy)
        .envs(more.iter().copied());
    let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let heard = heard.lock().unwrap();
    heard.clone()
}

fn set(hosts: &[&str]) -> BTreeSet<String> {
    hosts.iter().map(|host| format!("{host}:443")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_called_where_region_and_environment_say() {
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    assert_eq!(
        hosts("eu-central-1", &[]).await,
        set(&[
            "rds.eu-central-1.amazonaws.com",
            "some-lake.s3.eu-central-1.amazonaws.com",
            "glue.eu-central-1.amazonaws.com",
            "athena.eu-central-1.amazonaws.com",
            "kms.eu-central-1.amazonaws.com",
            "sts.eu-central-1.amazonaws.com",
            "sns.eu-central-1.amazonaws.com",
            "iam.amazonaws.com",
        ])
    );
    // <https://aws.amazon.com/compliance/fips/>
    assert_eq!(
        hosts("us-east-1", &[fips]).await,
        set(&[
            "rds-fips.us-east-1.amazonaws.com",
            "some-lake.s3-fips.us-east-1.amazonaws.com",
            "glue-fips.us-east-1.amazonaws.com",
            "athena-fips.us-east-1.amazonaws.com",
            "kms-fips.us-east-1.amazonaws.com",
            "sts-fips.us-east-1.amazonaws.com",
            "sns-fips.us-east-1.amazonaws.com",
            "iam-fips.amazonaws.com",
        ])
    );
    let both = hosts("us-east-1", &[fips, dual]).await;
    assert!(both.contains("some-lake.s3-fips.dualstack.us-east-1.amazonaws.com:443"), "{both:?}");
    assert!(both.contains("athena-fips.us-east-1.api.aws:443"), "{both:?}");
    let china = hosts("cn-north-1", &[]).await;
    assert_eq!(china.len(), 8, "{china:?}");
    assert!(china.iter().all(|host| host.ends_with(".amazonaws.com.cn:443")), "{china:?}");
    let government = hosts("us-gov-west-1", &[]).await;
    assert!(government.contains("iam.us-gov.amazonaws.com:443"), "{government:?}");
    let regional = government.iter().filter(|host| host.contains(".us-gov-west-1."));
    assert_eq!(regional.count(), 7, "{government:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_need_no_proxy_are_called_without_it() {
    // Nobody listens there, so the call fails at once, and the proxy hears nothing of it.
    let local = ("AWS_ENDPOINT_URL", "https://127.0.0.1:9");
    assert_eq!(hosts("eu-central-1", &[local, ("NO_PROXY", "127.0.0.1")]).await, set(&[]));
    let heard = hosts("eu-central-1", &[local]).await;
    assert_eq!(heard, BTreeSet::from(["127.0.0.1:9".to_owned()]));
}

/// The environment of somebody who works with a profile of these lines.
fn with_profile(stage: &Stage, lines: &str) -> Command {
    let config = stage.folder.path().join("aws-config");
    std::fs::write(&config, lines).unwrap();
    let mut command = configured(stage, "", &["run", "--profile", "data-team"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .env("HOME", stage.folder.path())
        .env("AWS_MAX_ATTEMPTS", "1");
    command
}

/// Credentials that a provider cannot get fail before any call, and say what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_or_a_role_that_has_expired_says_what_to_do() {
    let stage = Stage::polled().await;
    let sso = "[profile data-team]\nregion = eu-central-1\nsso_session = corp\n\
               sso_account_id = 123456789012\nsso_role_name = data\n\
               [sso-session corp]\nsso_region = eu-central-1\n\
               sso_start_url = https://example.awsapps.com/start\n";
    let output = told(with_profile(&stage, sso)).await;
    let shown = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("aws sso login --profile data-team"), "{shown}");

    let runner = stage.pipeline.role_arn(snaplake::pipeline::PrincipalKind::Runner);
    let role = format!(
        "[profile data-team]\nregion = eu-central-1\nrole_arn = {runner}\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n\
         aws_session_token = example\n"
    );
    stage.cloud.add_faults([Fault {
        service: Some("sts".to_owned()),
        operation: Some("AssumeRole".to_owned()),
        after: 0,
        times: 9,
        effect: Effect::Error { status: 403, code: "ExpiredToken".to_owned() },
    }]);
    let output = told(with_profile(&stage, &role)).await;
    let shown = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("that a role is to be assumed with expired"), "{shown}");
    assert!(shown.contains("resume the run"), "{shown}");
    assert_eq!(stage.exports_started(), 0);
}
