//! A cloud with a small shop in it, and the run's own calls made against it.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use jiff::Timestamp;
use snaplake::aws::{BoxFuture, Clients, Clock, Settings, StaticCredentials, Stop};
use snaplake::cloud::seed::{
    BucketSeed, CrawlerSeed, DatabaseSeed, KeySeed, PolicySeed, RoleSeed, SnapshotSeed, TopicSeed,
    WorkgroupSeed,
};
use snaplake::cloud::storage::Encryption;
use snaplake::cloud::{Cloud, CloudHandle, CloudOptions, Pace, VirtualClock};
use snaplake::config;
use snaplake::pipeline::{DocumentKind, Pipeline, PrincipalKind, Step};
use snaplake::run::{self, Event, NoProgress, Progress, RunOptions, RunReport};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const DATABASE: &str = "
CREATE TABLE customers (id INT NOT NULL, name VARCHAR(40), born_on DATE, photo BLOB, score DOUBLE);
INSERT INTO customers VALUES (1, '陽菜', '1990-02-28', NULL, 1.5), (2, 'O''Brien \"x\"', NULL, x'00ff', NULL),
  (3, 'Zoë', '2001-12-31', x'', -2e10);
CREATE TABLE orders (id BIGINT NOT NULL, customer_id INT, total DECIMAL(10,2), paid_at DATETIME);
INSERT INTO orders VALUES (10, 1, 12.50, '2024-01-01 10:00:00.123456'), (11, 1, -3.05, NULL),
  (12, 2, 99999999.99, '2024-02-29 23:59:59'), (13, 3, NULL, '1969-06-01 00:00:00');
CREATE TABLE empty_ones (id INT NOT NULL, note TEXT);
";

/// The configuration; `{mode}` is the catalog's, `{snapshot}` the source's.
pub const CONFIG: &str = r#"
name = "tiny"
account = "123456789012"
region = "eu-central-1"

[source]
engine = "mysql"
instance = "tiny-production"
snapshot = "{snapshot}"
database = "tiny"

[lake]
bucket = "tiny-lake-123456789012"

[catalog]
database = "tiny"
mode = "{mode}"

[retention]
exports = 2

[[views]]
name = "paid"
sql = "SELECT o.id, c.name FROM orders o JOIN customers c ON o.customer_id = c.id WHERE o.paid_at IS NOT NULL"
"#;

/// The small shop's configuration.
pub fn config(mode: &str, snapshot: &str) -> String {
    CONFIG.replace("{mode}", mode).replace("{snapshot}", snapshot)
}

fn pipeline(text: &str) -> Pipeline {
    let config = config::parse(Path::new("snaplake.toml"), text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

/// The cloud's virtual time, as a run's clock.
#[derive(Debug, Clone)]
pub struct CloudClock(pub VirtualClock);

impl Clock for CloudClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(duration);
        Box::pin(tokio::task::yield_now())
    }
}

/// A cloud with everything that a run needs.
pub struct Stage {
    pub cloud: CloudHandle,
    pub pipeline: Pipeline,
    pub clients: Clients,
    pub clock: CloudClock,
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub async fn new(mode: &str, snapshot: &str) -> Self {
        Self::paced(mode, snapshot, Pace::Driven).await
    }

    /// A cloud for other processes: its time passes when they ask whether something has ended.
    pub async fn polled() -> Self {
        Self::paced("direct", "latest-automated", Pace::Polled).await
    }

    /// The same, with more in its configuration.
    pub async fn configured(more: &str, pace: Pace) -> Self {
        let text = config("direct", "latest-automated") + more;
        Self::of(&text, DATABASE, VirtualClock::new(pace)).await
    }

    async fn paced(mode: &str, snapshot: &str, pace: Pace) -> Self {
        Self::of(&config(mode, snapshot), DATABASE, VirtualClock::new(pace)).await
    }

    /// A cloud for a configuration of one's own, over a database made by these statements.
    pub async fn of(config: &str, statements: &str, clock: VirtualClock) -> Self {
        let pipeline = pipeline(config);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("snaplake.toml"), config).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("tiny.db")).unwrap();
        database.execute_batch(statements).unwrap();
        let mut options =
            CloudOptions::new(&pipeline.account, &pipeline.region, &folder.path().join("cloud"));
        options.clock = clock;
        let cloud = Cloud::start(options).await.unwrap();
        set(&cloud, &pipeline);
        let clients = clients(&cloud, &pipeline, PrincipalKind::Runner).await;
        let clock = CloudClock(cloud.clock());
        let stage = Self { cloud, pipeline, clients, clock, folder };
        stage.snapshot(3);
        stage
    }

    /// Adds an automated snapshot that was made `hours_ago`.
    pub fn snapshot(&self, hours_ago: u32) {
        self.seed_snapshot(SnapshotSeed {
            name: None,
            automated: true,
            hours_ago,
            creating: false,
        });
    }

    /// Has RDS begin an automated snapshot.
    pub fn begin_snapshot(&self) {
        self.seed_snapshot(SnapshotSeed {
            name: None,
            automated: true,
            hours_ago: 0,
            creating: true,
        });
    }

    fn seed_snapshot(&self, snapshot: SnapshotSeed) {
        let url = format!("sqlite:{}", self.source().display());
        self.cloud
            .seed()
            .database(&DatabaseSeed {
                id: self.pipeline.source.kind.id().to_owned(),
                cluster: self.pipeline.source.kind.is_cluster(),
                engine: self.pipeline.source.engine.as_str().to_owned(),
                engine_version: None,
                database: self.pipeline.source.database.clone(),
                source_url: url.into(),
                allocated_storage: 100,
                snapshots: vec![snapshot],
            })
            .unwrap();
    }

    pub fn source(&self) -> PathBuf {
        self.folder.path().join("tiny.db")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// Changes the source and takes an automated snapshot of it.
    pub fn change(&self, statements: &str) {
        let database = rusqlite::Connection::open(self.source()).unwrap();
        database.execute_batch(statements).unwrap();
        self.snapshot(0);
    }

    /// Every row that a query gives over the live database.
    pub async fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let workgroup = &self.pipeline.athena.workgroup;
        let athena =
            snaplake::aws::Athena::new(&self.clients, &self.clock, workgroup, Stop::default());
        athena.query(&self.pipeline.catalog.database, sql).await.unwrap().rows
    }

    pub fn options(&self) -> RunOptions {
        RunOptions { journal: self.journal(), ..RunOptions::default() }
    }

    pub async fn run_with(&self, options: RunOptions, progress: &dyn Progress) -> RunReport {
        run::run(&self.pipeline, &self.clients, &self.clock, options, progress).await.unwrap()
    }

    pub async fn run(&self) -> RunReport {
        self.run_with(self.options(), &NoProgress).await
    }

    /// Clients with the rights of an analyst.
    pub async fn analyst(&self) -> Clients {
        clients(&self.cloud, &self.pipeline, PrincipalKind::Analyst).await
    }

    /// Takes one right from the runner.
    pub fn deny_runner(&self, action: &str, resource: &str) {
        let document = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": action, "Resource": resource}],
        });
        self.set_runner(vec![PolicySeed::new("deny", document.to_string())]);
    }

    /// Gives the runner its rights back.
    pub fn allow_runner(&self) {
        self.set_runner(Vec::new());
    }

    fn set_runner(&self, more: Vec<PolicySeed>) {
        let kind = PrincipalKind::Runner;
        let mut policies = documents(&self.pipeline, DocumentKind::Identity(kind));
        policies.extend(more);
        self.cloud
            .seed()
            .role(&RoleSeed {
                arn: self.pipeline.role_arn(kind),
                trust: documents(&self.pipeline, DocumentKind::Trust(kind)).remove(0),
                policies,
                boundary: None,
            })
            .unwrap();
    }

    /// The runner's clients, which make a call again that is not answered so soon.
    pub async fn impatient(&self, answer_within: Duration) -> Clients {
        let runner = self.pipeline.role_arn(PrincipalKind::Runner);
        let settings = settings(&self.cloud, &self.pipeline, &runner);
        Clients::connect(Settings { answer_within: Some(answer_within), ..settings }).await.unwrap()
    }

    /// Makes every role anew, whatever became of it.
    pub fn principals(&self) {
        principals(&self.cloud, &self.pipeline);
    }

    /// Gives the workgroup another limit on what a query reads, in bytes.
    pub fn scan_limit(&self, bytes: u64) {
        workgroup(&self.cloud, &self.pipeline, bytes);
    }

    /// How many exports RDS was asked to start and agreed to.
    pub fn exports_started(&self) -> usize {
        let log = self.cloud.log();
        log.iter().filter(|a| a.action == "rds:StartExportTask" && a.allowed).count()
    }

    /// Where every live table points, by name.
    pub async fn live(&self) -> Vec<(String, String)> {
        let status = run::status(&self.pipeline, &self.clients).await.unwrap();
        status
            .tables
            .into_iter()
            .map(|table| (table.table, table.location.unwrap_or_default()))
            .collect()
    }
}

fn principals(cloud: &CloudHandle, pipeline: &Pipeline) {
    let of = |kind: DocumentKind| documents(pipeline, kind);
    for principal in pipeline.principals() {
        cloud
            .seed()
            .role(&RoleSeed {
                arn: principal.arn,
                trust: of(DocumentKind::Trust(principal.kind)).remove(0),
                policies: of(DocumentKind::Identity(principal.kind)),
                boundary: None,
            })
            .unwrap();
    }
}

fn set(cloud: &CloudHandle, pipeline: &Pipeline) {
    let of = |kind: DocumentKind| documents(pipeline, kind);
    let seed = cloud.seed();
    let encryption = Encryption::Kms { key: pipeline.key_arn(), bucket_key: true };
    principals(cloud, pipeline);
    seed.key(&KeySeed {
        id: pipeline.key_id().to_owned(),
        policy: of(DocumentKind::Key).remove(0),
        aliases: pipeline.key_alias().into_iter().collect(),
    })
    .unwrap();
    seed.bucket(&BucketSeed {
        name: pipeline.lake.bucket.clone(),
        policy: of(DocumentKind::Bucket).into_iter().next(),
        encryption: Some(encryption),
        tags: pipeline.tags.clone(),
    })
    .unwrap();
    for database in [pipeline.catalog.database.clone(), pipeline.staging_database()] {
        seed.glue_database(&database).unwrap();
    }
    if let Some(arn) = &pipeline.notify.sns_topic {
        seed.topic(&TopicSeed { arn: arn.clone(), key: None });
    }
    workgroup(cloud, pipeline, pipeline.athena.scan_limit);
    if pipeline.principals().iter().any(|principal| principal.kind == PrincipalKind::Crawler) {
        seed.crawler(&CrawlerSeed {
            name: pipeline.crawler_name(),
            role: pipeline.role_arn(PrincipalKind::Crawler),
            database: pipeline.staging_database(),
            paths: vec![format!("s3://{}/{}", pipeline.lake.bucket, pipeline.exports_prefix())],
            table_prefix: None,
            configuration: None,
            update_behavior: Some("LOG".to_owned()),
            delete_behavior: Some("LOG".to_owned()),
            recrawl_behavior: None,
        })
        .unwrap();
    }
}

fn workgroup(cloud: &CloudHandle, pipeline: &Pipeline, scan_limit: u64) {
    cloud
        .seed()
        .workgroup(&WorkgroupSeed {
            name: pipeline.athena.workgroup.clone(),
            results: Some(pipeline.results_location()),
            encryption: Some(Encryption::Kms { key: pipeline.key_arn(), bucket_key: true }),
            enforced: true,
            bytes_scanned_cutoff: Some(scan_limit),
        })
        .unwrap();
}

fn documents(pipeline: &Pipeline, kind: DocumentKind) -> Vec<PolicySeed> {
    pipeline
        .documents()
        .iter()
        .filter(|document| document.kind == kind)
        .map(|document| PolicySeed::new(document.file.clone(), document.to_json()))
        .collect()
}

async fn clients(cloud: &CloudHandle, pipeline: &Pipeline, kind: PrincipalKind) -> Clients {
    clients_of(cloud, pipeline, &pipeline.role_arn(kind)).await
}

/// Clients with the credentials of a role.
pub async fn clients_of(cloud: &CloudHandle, pipeline: &Pipeline, role: &str) -> Clients {
    Clients::connect(settings(cloud, pipeline, role)).await.unwrap()
}

fn settings(cloud: &CloudHandle, pipeline: &Pipeline, role: &str) -> Settings {
    let credentials = cloud.seed().credentials_for(role, "test").unwrap();
    Settings {
        region: Some(pipeline.region.clone()),
        endpoint_url: Some(cloud.endpoint()),
        credentials: Some(StaticCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
        }),
        ..Settings::default()
    }
}

/// Asks to stop at the end of one step.
pub struct StopAfter {
    pub step: Step,
    pub stop: Stop,
}

impl Progress for StopAfter {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::StepEnded { record } if record.step == self.step) {
            self.stop.ask();
        }
    }
}

/// Does something when a step begins.
pub struct AtStart<F> {
    pub step: Step,
    pub what: F,
}

impl<F: Fn() + Send + Sync> Progress for AtStart<F> {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::StepStarted { step } if *step == self.step) {
            (self.what)();
        }
    }
}
