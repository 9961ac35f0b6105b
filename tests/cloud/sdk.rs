//! The SDK's clients against a cloud in this process: export, crawl and query under narrow roles,
//! and what the access log then says.

use crate::support::repository;
use aws_sdk_athena::types::QueryExecutionState;
use aws_sdk_glue::types::CrawlerState;
use snaplake::aws::{Clients, Settings, StaticCredentials};
use snaplake::cloud::seed::{
    BucketSeed, CrawlerSeed, DatabaseSeed, KeySeed, PolicySeed, RoleSeed, SnapshotSeed,
    WorkgroupSeed,
};
use snaplake::cloud::storage::Encryption;
use snaplake::cloud::{Access, Cloud, CloudHandle, CloudOptions};
use std::path::Path;
use std::time::Duration;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/k";
const EXPORT: &str = "arn:aws:iam::111122223333:role/export";
const CRAWLER: &str = "arn:aws:iam::111122223333:role/crawler";
const PERSON: &str = "arn:aws:iam::111122223333:role/person";

fn allow(actions: &str, resources: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": {resources}}}"#)
}

fn policy(name: &str, statements: &[String]) -> PolicySeed {
    let statements = statements.join(", ");
    PolicySeed::new(name, format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#))
}

fn trusted(name: &str, by: &str, more: &str) -> PolicySeed {
    policy(
        name,
        &[format!(r#"{{"Effect": "Allow", "Principal": {by}, "Action": "sts:AssumeRole"{more}}}"#)],
    )
}

/// The role and policy that AWS's page gives as its example
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html>), with the
/// key's rights that S3 asks for.
fn export_role() -> RoleSeed {
    let conditions = r#", "Condition": {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:rds:eu-central-1:111122223333:snapshot:*"}}"#;
    RoleSeed {
        arn: EXPORT.to_owned(),
        trust: trusted("export-trust", r#"{"Service": "export.rds.amazonaws.com"}"#, conditions),
        policies: vec![policy(
            "export",
            &[
                allow(
                    r#"["s3:PutObject*", "s3:ListBucket", "s3:GetObject*", "s3:DeleteObject*", "s3:GetBucketLocation"]"#,
                    r#"["arn:aws:s3:::lake-bucket", "arn:aws:s3:::lake-bucket/*"]"#,
                ),
                allow(r#"["kms:GenerateDataKey", "kms:Decrypt"]"#, &format!("\"{KEY}\"")),
            ],
        )],
        boundary: None,
    }
}

fn seed(cloud: &CloudHandle, folder: &Path) {
    let source = folder.join("shop.db");
    let database = rusqlite::Connection::open(&source).unwrap();
    database
        .execute_batch(
            "CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(20));
             WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 499)
             INSERT INTO items SELECT n, n FROM n;",
        )
        .unwrap();
    let seed = cloud.seed();
    seed.role(&export_role()).unwrap();
    let account = r#"{"AWS": "arn:aws:iam::111122223333:root"}"#;
    seed.role(&RoleSeed {
        arn: CRAWLER.to_owned(),
        trust: trusted("crawler-trust", r#"{"Service": "glue.amazonaws.com"}"#, ""),
        policies: vec![policy(
            "crawler",
            &[allow(r#"["glue:*", "s3:*", "logs:*", "kms:*"]"#, "\"*\"")],
        )],
        boundary: None,
    })
    .unwrap();
    seed.role(&RoleSeed {
        arn: PERSON.to_owned(),
        trust: trusted("person-trust", account, ""),
        policies: vec![policy(
            "person",
            &[allow(
                r#"["rds:*", "iam:PassRole", "kms:*", "glue:*", "athena:*", "s3:*"]"#,
                "\"*\"",
            )],
        )],
        boundary: None,
    })
    .unwrap();
    seed.key(&KeySeed {
        id: "k".to_owned(),
        policy: policy(
            "key",
            &[format!(r#"{{"Effect": "Allow", "Principal": {account}, "Action": "kms:*", "Resource": "*"}}"#)],
        ),
        aliases: vec![],
    })
    .unwrap();
    seed.bucket(&BucketSeed {
        name: "lake-bucket".to_owned(),
        policy: None,
        encryption: Some(Encryption::Kms { key: KEY.to_owned(), bucket_key: false }),
        tags: std::collections::BTreeMap::new(),
    })
    .unwrap();
    seed.database(&DatabaseSeed {
        id: "shop".to_owned(),
        cluster: false,
        engine: "mysql".to_owned(),
        engine_version: None,
        database: "shop".to_owned(),
        source_url: format!("sqlite:{}", source.display()).into(),
        allocated_storage: 20,
        snapshots: vec![SnapshotSeed {
            name: Some("s".to_owned()),
            automated: false,
            hours_ago: 1,
            creating: false,
        }],
    })
    .unwrap();
    for name in ["default", "lake"] {
        seed.glue_database(name).unwrap();
    }
    seed.workgroup(&WorkgroupSeed {
        name: "work".to_owned(),
        results: Some("s3://lake-bucket/results/".to_owned()),
        encryption: None,
        enforced: true,
        bytes_scanned_cutoff: None,
    })
    .unwrap();
    seed.crawler(&CrawlerSeed {
        name: "crawl".to_owned(),
        role: CRAWLER.to_owned(),
        database: "lake".to_owned(),
        paths: vec!["s3://lake-bucket/lake/e1/".to_owned()],
        table_prefix: None,
        configuration: Some(
            r#"{"Version": 1.0, "Grouping": {"TableLevelConfiguration": 5}}"#.to_owned(),
        ),
        update_behavior: None,
        delete_behavior: None,
        recrawl_behavior: None,
    })
    .unwrap();
}

async fn connect(cloud: &CloudHandle) -> Clients {
    let credentials = cloud.seed().credentials_for(PERSON, "anna").unwrap();
    let settings = Settings {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(cloud.endpoint()),
        credentials: Some(StaticCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
        }),
        ..Settings::default()
    };
    Clients::connect(settings).await.unwrap()
}

/// Exports under `export`; gives the status and the cause of a failure.
async fn export(cloud: &CloudHandle, clients: &Clients, id: &str) -> (String, Option<String>) {
    clients
        .rds
        .start_export_task()
        .export_task_identifier(id)
        .source_arn(format!("arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:s"))
        .s3_bucket_name("lake-bucket")
        .s3_prefix("lake")
        .iam_role_arn(EXPORT)
        .kms_key_id(KEY)
        .send()
        .await
        .unwrap();
    for _ in 0..200 {
        let tasks =
            clients.rds.describe_export_tasks().export_task_identifier(id).send().await.unwrap();
        let task = &tasks.export_tasks()[0];
        let status = task.status().unwrap_or_default().to_owned();
        if matches!(status.as_str(), "COMPLETE" | "FAILED" | "CANCELED") {
            return (status, task.failure_cause().map(str::to_owned));
        }
        cloud.clock().advance(Duration::from_mins(1));
    }
    panic!("the export does not end");
}

async fn start() -> (tempfile::TempDir, CloudHandle, Clients) {
    let folder = tempfile::tempdir().unwrap();
    let options = CloudOptions::new(ACCOUNT, REGION, &folder.path().join("cloud"));
    let cloud = Cloud::start(options).await.unwrap();
    seed(&cloud, folder.path());
    let clients = connect(&cloud).await;
    (folder, cloud, clients)
}

fn denied(log: &[Access]) -> Vec<String> {
    log.iter()
        .filter(|access| !access.allowed)
        .map(|access| format!("{} {} {}", access.principal, access.action, access.resource))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn services_act_under_their_roles_and_every_access_has_its_page() {
    let (_folder, cloud, clients) = start().await;
    assert_eq!(export(&cloud, &clients, "e1").await, ("COMPLETE".to_owned(), None));

    clients.glue.start_crawler().name("crawl").send().await.unwrap();
    loop {
        let crawler = clients.glue.get_crawler().name("crawl").send().await.unwrap();
        let crawler = crawler.crawler().unwrap().clone();
        if crawler.state() == Some(&CrawlerState::Ready) {
            let last = crawler.last_crawl().unwrap();
            assert_eq!(last.status().unwrap().as_str(), "SUCCEEDED", "{last:?}");
            break;
        }
        cloud.clock().advance(Duration::from_secs(30));
    }
    let query = clients
        .athena
        .start_query_execution()
        .query_string("SELECT COUNT(*), MAX(name) FROM lake.shop_items")
        .work_group("work")
        .send()
        .await
        .unwrap();
    let id = query.query_execution_id().unwrap();
    loop {
        let execution =
            clients.athena.get_query_execution().query_execution_id(id).send().await.unwrap();
        let status = execution.query_execution().unwrap().status().unwrap().clone();
        match status.state().unwrap() {
            QueryExecutionState::Succeeded => break,
            QueryExecutionState::Queued | QueryExecutionState::Running => {
                cloud.clock().advance(Duration::from_secs(1));
            }
            _ => panic!("{status:?}"),
        }
    }
    let results = clients.athena.get_query_results().query_execution_id(id).send().await.unwrap();
    let rows = results.result_set().unwrap().rows();
    assert_eq!(rows[1].data()[0].var_char_value(), Some("500"));

    let log = cloud.log();
    assert_eq!(denied(&log), Vec::<String>::new());
    for service in ["export.rds.amazonaws.com", "glue.amazonaws.com", "athena.amazonaws.com"] {
        let made = log.iter().filter(|access| access.service.as_deref() == Some(service));
        assert!(made.clone().count() > 5, "{service} did nothing");
        for access in made {
            assert!(access.reason.is_some(), "no page explains {service}'s {}", access.action);
        }
    }
    // Every action that AWS's page gives the export role is used.
    let used = |role: &str, action: &str| {
        log.iter()
            .any(|access| access.principal_role.as_deref() == Some(role) && access.action == action)
    };
    for action in
        ["s3:PutObject", "s3:ListBucket", "s3:GetObject", "s3:DeleteObject", "s3:GetBucketLocation"]
    {
        assert!(used(EXPORT, action), "{action}");
    }
    // What S3 asks of KMS it asks as the role, through S3, for the object.
    let asked = log
        .iter()
        .find(|access| access.action == "kms:GenerateDataKey" && access.call == "StartExportTask")
        .unwrap();
    assert_eq!(asked.context["kms:ViaService"], ["s3.eu-central-1.amazonaws.com"]);
    assert!(
        asked.context["kms:EncryptionContext:aws:s3:arn"][0]
            .starts_with("arn:aws:s3:::lake-bucket/lake/e1/")
    );
    assert_eq!(asked.statement.as_ref().unwrap().document, "export");
    // Athena reads as its caller, and says that it does.
    let read = log
        .iter()
        .find(|access| access.action == "s3:GetObject" && access.call == "StartQueryExecution")
        .unwrap();
    assert_eq!(read.principal_role.as_deref(), Some(PERSON));
    assert_eq!(read.context["aws:CalledVia"], ["athena.amazonaws.com"]);
    cloud.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_misses_a_right_fails_the_export_and_says_which() {
    let (_folder, cloud, clients) = start().await;
    for (taken, told) in [
        ("\"s3:PutObject*\", ", "s3:PutObject"),
        ("\"s3:ListBucket\", ", "s3:ListBucket"),
        (", \"s3:GetBucketLocation\"", "s3:GetBucketLocation"),
        ("\"kms:GenerateDataKey\", ", "kms:GenerateDataKey"),
    ] {
        let mut role = export_role();
        let document = &mut role.policies[0].document;
        assert!(document.contains(taken), "{taken}");
        *document = document.replace(taken, "");
        cloud.seed().role(&role).unwrap();
        let (status, cause) = export(&cloud, &clients, &format!("x{}", told.len())).await;
        assert_eq!(status, "FAILED");
        let cause = cause.unwrap();
        assert!(cause.contains(&format!("is not authorized to perform: {told} ")), "{cause}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_client_sends_is_refused_and_harms_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (folder, cloud, clients) = start().await;
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    let address = cloud.endpoint().replace("http://", "");
    let auth = |service: &str| {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=00"
        )
    };
    let requests: Vec<Vec<u8>> = vec![
        b"\0\x01\x02\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /%00%ff/../..//x HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
        b"PUT /lake-bucket/../../x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc".to_vec(),
        b"POST /lake-bucket?delete HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n<Delete><".to_vec(),
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nAction=%".to_vec(),
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: AWSGlue.GetTable\r\nContent-Length: 2\r\n\r\n[[".to_vec(),
        format!("POST / HTTP/1.1\r\nHost: h\r\n{}\r\nContent-Length: 2\r\n\r\n{{}}", auth("glue")).into_bytes(),
        format!("POST / HTTP/1.1\r\nHost: h\r\n{}\r\nContent-Length: 0\r\n\r\n", auth("../rds")).into_bytes(),
        format!("GET /?X-Amz-Credential=%2F%2F%2F HTTP/1.1\r\nHost: h\r\n{}\r\n\r\n", auth("s3")).into_bytes(),
        b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: AWS4-HMAC-SHA256 Credential=,,,\r\n\r\n".to_vec(),
        [b"GET /".to_vec(), vec![b'a'; 100_000], b" HTTP/1.1\r\n\r\n".to_vec()].concat(),
    ];
    for request in requests {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        // A broken connection is an answer, too.
        let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("no answer");
        let answer = String::from_utf8_lossy(&answer);
        let shown = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
        assert!(!answer.starts_with("HTTP/1.1 2"), "{shown:?} was answered {answer}");
        assert!(!answer.starts_with("HTTP/1.1 500"), "{shown:?} was answered {answer}");
    }
    clients.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
    assert!(!repository().join("x").exists());
}
