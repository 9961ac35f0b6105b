//! Amazon RDS: instances, clusters, their snapshots, and exports of those
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html>).

mod exports;
mod faulty;
mod instances;
mod snapshots;
mod tags;

use super::authorize::Ask;
use super::caller::Caller;
use super::error::ApiError;
use super::export;
use super::protocol::page::page;
use super::protocol::query::Form;
use super::protocol::xml::Xml;
use super::seed::{DatabaseSeed, SeedError};
use super::source::{Engine, Source, SourceAddress};
use super::state::{Settings, State};
use exports::Task;
use jiff::Timestamp;
use snapshots::Snapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that RDS knows, by ARN; export tasks by their identifier.
#[derive(Debug, Default)]
pub(crate) struct Databases {
    all: BTreeMap<String, Database>,
    snapshots: BTreeMap<String, Snapshot>,
    tasks: BTreeMap<String, Task>,
    /// Sources that are open already.
    held: Vec<(SourceAddress, Arc<Source>)>,
}

/// An instance or a cluster.
#[derive(Debug, Clone)]
struct Database {
    seed: DatabaseSeed,
    arn: String,
    resource_id: String,
    created: Timestamp,
    tags: BTreeMap<String, String>,
}

impl Database {
    /// RDS's version of the engine, where the seed names none.
    fn version(&self) -> &str {
        self.seed.engine_version.as_deref().unwrap_or(match self.seed.engine.as_str() {
            "mysql" => "8.0.42",
            "mariadb" => "11.4.5",
            "aurora-mysql" => "8.0.mysql_aurora.3.08.2",
            "aurora-postgresql" => "16.8",
            _ => "17.4",
        })
    }

    fn port(&self) -> u16 {
        if self.seed.engine.contains("postgres") { 5432 } else { 3306 }
    }
}

impl Databases {
    /// Adds or replaces a database and its snapshots; gives its ARN.
    pub(crate) fn add(
        &mut self,
        seed: &DatabaseSeed,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<String, SeedError> {
        let wrong = |name: &str| SeedError::Name { name: name.to_owned(), service: "RDS" };
        if !is_identifier(&seed.id) {
            return Err(wrong(&seed.id));
        }
        if Engine::parse(&seed.engine).is_none() {
            return Err(wrong(&seed.engine));
        }
        let (kind, resource) = if seed.cluster { ("cluster", "cluster") } else { ("db", "db") };
        let arn = settings.arn("rds", &format!("{kind}:{}", seed.id));
        let database = Database {
            seed: seed.clone(),
            arn: arn.clone(),
            resource_id: format!("{resource}-{}", super::identity::unique_id("")),
            created: now,
            tags: BTreeMap::new(),
        };
        for snapshot in &seed.snapshots {
            let snapshot = Snapshot::from_seed(snapshot, &database, settings, now);
            self.snapshots.insert(snapshot.arn.clone(), snapshot);
        }
        self.all.insert(arn.clone(), database);
        Ok(arn)
    }

    /// From now on exports of what is behind `url` are of the moment at which `source` was opened.
    pub(crate) fn hold(&mut self, url: SourceAddress, source: Arc<Source>) {
        self.held.retain(|(known, _)| *known != url);
        self.held.push((url, source));
    }

    fn held(&self, url: &SourceAddress) -> Option<Arc<Source>> {
        self.held.iter().find(|(known, _)| known == url).map(|(_, source)| Arc::clone(source))
    }

    fn database(&self, settings: &Settings, cluster: bool, id: &str) -> Option<&Database> {
        let kind = if cluster { "cluster" } else { "db" };
        self.all.get(&settings.arn("rds", &format!("{kind}:{}", id.to_lowercase())))
    }
}

/// Answers an operation.
pub(super) async fn call(
    state: &Arc<State>,
    caller: &Caller,
    action: &str,
    form: &Form,
) -> Result<Xml, ApiError> {
    match action {
        "DescribeDBInstances" => instances::describe_instances(state, caller, form),
        "DescribeDBClusters" => instances::describe_clusters(state, caller, form),
        "DescribeDBSnapshots" => snapshots::describe(state, caller, form, false),
        "DescribeDBClusterSnapshots" => snapshots::describe(state, caller, form, true),
        "CreateDBSnapshot" => snapshots::create(state, caller, form, false),
        "CreateDBClusterSnapshot" => snapshots::create(state, caller, form, true),
        "DeleteDBSnapshot" => snapshots::delete(state, caller, form, false),
        "DeleteDBClusterSnapshot" => snapshots::delete(state, caller, form, true),
        "StartExportTask" => exports::start(state, caller, form),
        "DescribeExportTasks" => exports::describe(state, caller, form).await,
        "CancelExportTask" => exports::cancel(state, caller, form).await,
        "AddTagsToResource" => tags::add(state, caller, form),
        "RemoveTagsFromResource" => tags::remove(state, caller, form),
        "ListTagsForResource" => tags::list(state, caller, form),
        _ => Err(ApiError::new(
            "InvalidAction",
            format!("the rehearsal does not serve rds:{}", action.escape_debug()),
        )),
    }
}

/// Authorizes an action, as the query protocol says no.
fn allowed(state: &State, caller: &Caller, ask: &Ask) -> Result<(), ApiError> {
    state
        .authorize(caller, ask)
        .map_err(|denied| ApiError::with_status(403, "AccessDenied", denied.message))
}

/// A page of a list: `MaxRecords` from 20 to 100, and `Marker`.
fn cut<T>(items: Vec<T>, form: &Form) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = match form.get("MaxRecords").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 20..=100)) => size,
        Some(_) => {
            return Err(ApiError::new(
                "InvalidParameterValue",
                format!(
                    "Invalid value {} for MaxRecords. Must be between 20 and 100",
                    form.get("MaxRecords").unwrap_or_default().escape_debug()
                ),
            ));
        }
    };
    page(items, form.get("Marker"), size, "InvalidParameterValue")
}

/// Timestamps as RDS writes them.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Identifiers of instances, clusters and manual snapshots: letters, digits and single hyphens,
/// beginning with a letter
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html>).
fn is_identifier(id: &str) -> bool {
    (1..=255).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && !id.ends_with('-')
        && !id.contains("--")
}
