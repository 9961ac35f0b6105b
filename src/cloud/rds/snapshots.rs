//! Snapshots of instances and of clusters, over virtual time.

use super::instances::{missing, tag_list};
use super::tags::{with_resource_tags, with_tags};
use super::{Database, allowed, cut, is_identifier, time};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::clock::after;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::query::Form;
use crate::cloud::protocol::xml::Xml;
use crate::cloud::seed::SnapshotSeed;
use crate::cloud::source::SourceAddress;
use crate::cloud::state::{Settings, State};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a snapshot takes. AWS promises nothing; minutes are common.
const CREATION: Duration = Duration::from_mins(3);

/// A snapshot.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) automated: bool,
    pub(super) cluster: bool,
    /// The ARN of the instance or cluster.
    pub(super) database: String,
    /// Its identifier.
    database_id: String,
    pub(super) engine: String,
    pub(super) database_name: String,
    pub(super) source_url: SourceAddress,
    version: String,
    port: u16,
    resource_id: String,
    storage: u32,
    /// When it was begun, and when it is whole.
    pub(super) begun: Timestamp,
    pub(super) available: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
}

impl Snapshot {
    pub(super) fn from_seed(
        seed: &SnapshotSeed,
        database: &Database,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let age = SignedDuration::from_hours(i64::from(seed.hours_ago));
        let begun = now.checked_sub(age).unwrap_or(now);
        // Automated snapshots are called so
        // (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ManagingAutomatedBackups.html>).
        let automatic = || {
            let prefix = if seed.automated { "rds:" } else { "" };
            format!("{prefix}{}-{}", database.seed.id, begun.strftime("%Y-%m-%d-%H-%M"))
        };
        let name = seed.name.clone().unwrap_or_else(automatic);
        Self {
            begun,
            available: if seed.creating { after(now, CREATION) } else { begun },
            automated: seed.automated,
            ..Self::new(name, database, settings, begun)
        }
    }

    fn new(name: String, database: &Database, settings: &Settings, now: Timestamp) -> Self {
        let cluster = database.seed.cluster;
        let kind = if cluster { "cluster-snapshot" } else { "snapshot" };
        Self {
            arn: settings.arn("rds", &format!("{kind}:{name}")),
            name,
            automated: false,
            cluster,
            database: database.arn.clone(),
            database_id: database.seed.id.clone(),
            engine: database.seed.engine.clone(),
            database_name: database.seed.database.clone(),
            source_url: database.seed.source_url.clone(),
            version: database.version().to_owned(),
            port: database.port(),
            resource_id: database.resource_id.clone(),
            storage: database.seed.allocated_storage,
            begun: now,
            available: after(now, CREATION),
            tags: BTreeMap::new(),
        }
    }

    fn kind(&self) -> &'static str {
        if self.automated { "automated" } else { "manual" }
    }

    fn write(&self, xml: &mut Xml, now: Timestamp) {
        let whole = now >= self.available;
        let status = if whole { "available" } else { "creating" };
        if self.cluster {
            xml.text("DBClusterSnapshotIdentifier", &self.name);
            xml.text("DBClusterIdentifier", &self.database_id);
            xml.text("DBClusterSnapshotArn", &self.arn);
            xml.text("StorageEncrypted", true);
            xml.text("EngineMode", "provisioned");
            xml.text("DbClusterResourceId", &self.resource_id);
        } else {
            xml.text("DBSnapshotIdentifier", &self.name);
            xml.text("DBInstanceIdentifier", &self.database_id);
            xml.text("DBSnapshotArn", &self.arn);
            xml.text("Encrypted", true);
            xml.text("DbiResourceId", &self.resource_id);
            xml.text("SnapshotTarget", "region");
        }
        xml.text("SnapshotCreateTime", time(self.begun));
        xml.text("Engine", &self.engine);
        xml.text("EngineVersion", &self.version);
        xml.text("AllocatedStorage", self.storage);
        xml.text("Status", status);
        xml.text("Port", self.port);
        xml.text("MasterUsername", "admin");
        xml.text("SnapshotType", self.kind());
        xml.text("PercentProgress", if whole { 100 } else { 0 });
        xml.text("StorageType", if self.cluster { "aurora" } else { "gp3" });
        tag_list(xml, &self.tags);
    }
}

/// The names that differ between the two kinds of snapshot.
struct Kind {
    snapshot: &'static str,
    database: &'static str,
    describe: &'static str,
    create: &'static str,
    delete: &'static str,
    shape: &'static str,
    resource: &'static str,
    database_resource: &'static str,
    not_found: &'static str,
    exists: &'static str,
    state: &'static str,
}

const INSTANCE: Kind = Kind {
    snapshot: "DBSnapshotIdentifier",
    database: "DBInstanceIdentifier",
    describe: "rds:DescribeDBSnapshots",
    create: "rds:CreateDBSnapshot",
    delete: "rds:DeleteDBSnapshot",
    shape: "DBSnapshot",
    resource: "snapshot",
    database_resource: "db",
    not_found: "DBSnapshotNotFound",
    exists: "DBSnapshotAlreadyExists",
    state: "InvalidDBSnapshotState",
};

const CLUSTER: Kind = Kind {
    snapshot: "DBClusterSnapshotIdentifier",
    database: "DBClusterIdentifier",
    describe: "rds:DescribeDBClusterSnapshots",
    create: "rds:CreateDBClusterSnapshot",
    delete: "rds:DeleteDBClusterSnapshot",
    shape: "DBClusterSnapshot",
    resource: "cluster-snapshot",
    database_resource: "cluster",
    not_found: "DBClusterSnapshotNotFoundFault",
    exists: "DBClusterSnapshotAlreadyExistsFault",
    state: "InvalidDBClusterSnapshotStateFault",
};

fn kind(cluster: bool) -> &'static Kind {
    if cluster { &CLUSTER } else { &INSTANCE }
}

fn not_found(kind: &Kind, name: &str) -> ApiError {
    let message = format!("{} {} not found.", kind.shape, name.escape_debug());
    ApiError::with_status(404, kind.not_found, message)
}

/// A snapshot's name out of a name or an ARN; automated ones contain a colon.
fn bare(state: &State, kind: &Kind, wanted: &str) -> String {
    let prefix = state.settings.arn("rds", &format!("{}:", kind.resource));
    wanted.strip_prefix(&prefix).unwrap_or(wanted).to_lowercase()
}

pub(super) fn describe(
    state: &State,
    caller: &Caller,
    form: &Form,
    cluster: bool,
) -> Result<Xml, ApiError> {
    let kind = kind(cluster);
    let name = form.get(kind.snapshot).map(|wanted| bare(state, kind, wanted));
    let database = form.get(kind.database).map(str::to_lowercase);
    // Either resource type may stand in a policy: the snapshot where one is named, else the database.
    let resource = match (&name, &database) {
        (Some(name), _) => format!("{}:{name}", kind.resource),
        (None, Some(database)) => format!("{}:{database}", kind.database_resource),
        (None, None) => format!("{}:*", kind.resource),
    };
    allowed(state, caller, &Ask::new(kind.describe, state.settings.arn("rds", &resource)))?;
    let snapshot_type = form.get("SnapshotType");
    let known = ["automated", "manual", "shared", "public", "awsbackup"];
    if let Some(unknown) = snapshot_type.filter(|wanted| !known.contains(wanted)) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!("Invalid snapshot type: {}", unknown.escape_debug()),
        ));
    }
    let filters = form.filters();
    let databases = state.databases();
    let matching = || {
        databases
            .snapshots
            .values()
            .filter(|snapshot| snapshot.cluster == cluster)
            .filter(|snapshot| name.as_deref().is_none_or(|name| name == snapshot.name))
            .filter(|snapshot| {
                database.as_deref().is_none_or(|database| database == snapshot.database_id)
            })
            .filter(|snapshot| snapshot_type.is_none_or(|wanted| wanted == snapshot.kind()))
            .filter(|snapshot| filters.iter().all(|(name, values)| keeps(snapshot, name, values)))
    };
    for snapshot in matching() {
        state.clock.polled(snapshot.available);
    }
    let found = matching().cloned().collect::<Vec<_>>();
    if let (true, Some(name)) = (found.is_empty(), &name) {
        return Err(not_found(kind, name));
    }
    drop(databases);
    let (found, marker) = cut(found, form)?;
    let now = state.clock.now();
    let mut xml = Xml::default();
    xml.optional("Marker", marker);
    xml.list(&format!("{}s", kind.shape), kind.shape, found, |xml, snapshot| {
        snapshot.write(xml, now);
    });
    Ok(xml)
}

fn keeps(snapshot: &Snapshot, filter: &str, values: &[String]) -> bool {
    let value = match filter {
        "db-instance-id" | "db-cluster-id" => &snapshot.database_id,
        "db-snapshot-id" | "db-cluster-snapshot-id" => &snapshot.name,
        "engine" => &snapshot.engine,
        "snapshot-type" => return values.iter().any(|value| value == snapshot.kind()),
        _ => return false,
    };
    values.iter().any(|wanted| wanted == value || *wanted == snapshot.database)
}

pub(super) fn create(
    state: &State,
    caller: &Caller,
    form: &Form,
    cluster: bool,
) -> Result<Xml, ApiError> {
    let kind = kind(cluster);
    let name = form.required(kind.snapshot)?.to_lowercase();
    let id = form.required(kind.database)?.to_lowercase();
    let tags = form.tags();
    let settings = &state.settings;
    let arn = settings.arn("rds", &format!("{}:{name}", kind.resource));
    let database_arn = settings.arn("rds", &format!("{}:{id}", kind.database_resource));
    for resource in [&database_arn, &arn] {
        allowed(state, caller, &with_tags(Ask::new(kind.create, resource.as_str()), &tags))?;
    }
    // Tags at creation need the right to add tags, too
    // (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html>).
    if !tags.is_empty() {
        let ask = Ask::new("rds:AddTagsToResource", arn.as_str());
        allowed(state, caller, &with_tags(ask, &tags))?;
    }
    if !is_identifier(&name) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!(
                "The parameter {} is not a valid identifier. Identifiers must begin with a letter; \
                 must contain only ASCII letters, digits, and hyphens; and must not end with a \
                 hyphen or contain two consecutive hyphens.",
                kind.snapshot
            ),
        ));
    }
    let now = state.clock.now();
    let mut databases = state.databases();
    let database =
        databases.database(settings, cluster, &id).cloned().ok_or_else(|| missing(cluster, &id))?;
    if databases.snapshots.contains_key(&arn) {
        return Err(ApiError::new(
            kind.exists,
            format!(
                "Cannot create the snapshot because a snapshot with the identifier {name} already exists."
            ),
        ));
    }
    let mut snapshot = Snapshot::new(name, &database, settings, now);
    snapshot.tags.extend(tags);
    let mut xml = Xml::default();
    xml.nest(kind.shape, |xml| snapshot.write(xml, now));
    databases.snapshots.insert(arn, snapshot);
    Ok(xml)
}

pub(super) fn delete(
    state: &State,
    caller: &Caller,
    form: &Form,
    cluster: bool,
) -> Result<Xml, ApiError> {
    let kind = kind(cluster);
    let name = bare(state, kind, form.required(kind.snapshot)?);
    let arn = state.settings.arn("rds", &format!("{}:{name}", kind.resource));
    let tags = state.databases().snapshots.get(&arn).map(|found| found.tags.clone());
    let ask = Ask::new(kind.delete, arn.as_str());
    allowed(state, caller, &with_resource_tags(ask, &tags.unwrap_or_default()))?;
    let mut databases = state.databases();
    let snapshot = databases.snapshots.get(&arn).ok_or_else(|| not_found(kind, &name))?;
    let now = state.clock.now();
    if snapshot.automated || now < snapshot.available {
        return Err(ApiError::new(
            kind.state,
            format!(
                "Snapshot {} is not in a state in which it can be deleted: only available manual snapshots can.",
                name.escape_debug()
            ),
        ));
    }
    let mut xml = Xml::default();
    xml.nest(kind.shape, |xml| snapshot.write(xml, now));
    databases.snapshots.remove(&arn);
    Ok(xml)
}
