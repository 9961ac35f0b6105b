//! Instances and clusters, as far as an export meets them.

use super::{Database, allowed, cut, time};
use crate::cloud::authorize::Ask;
use crate::cloud::caller::Caller;
use crate::cloud::error::ApiError;
use crate::cloud::protocol::query::Form;
use crate::cloud::protocol::xml::Xml;
use crate::cloud::state::State;

/// The databases of a kind that the form asks for, with the marker of the next page.
fn find(
    state: &State,
    caller: &Caller,
    form: &Form,
    cluster: bool,
) -> Result<(Vec<Database>, Option<String>), ApiError> {
    let (member, kind, action) = if cluster {
        ("DBClusterIdentifier", "cluster", "rds:DescribeDBClusters")
    } else {
        ("DBInstanceIdentifier", "db", "rds:DescribeDBInstances")
    };
    let wanted = form.get(member).map(str::to_lowercase);
    // It may be an ARN, too.
    let wanted = wanted.map(|id| id.rsplit(':').next().unwrap_or_default().to_owned());
    let resource = format!("{kind}:{}", wanted.as_deref().unwrap_or("*"));
    allowed(state, caller, &Ask::new(action, state.settings.arn("rds", &resource)))?;
    let databases = state.databases();
    let found = databases
        .all
        .values()
        .filter(|database| database.seed.cluster == cluster)
        .filter(|database| wanted.as_deref().is_none_or(|id| id == database.seed.id))
        .cloned()
        .collect::<Vec<_>>();
    if let (true, Some(id)) = (found.is_empty(), wanted) {
        return Err(missing(cluster, &id));
    }
    cut(found, form)
}

/// No such instance or cluster.
pub(super) fn missing(cluster: bool, id: &str) -> ApiError {
    let id = id.escape_debug();
    if cluster {
        let message = format!("DBCluster {id} not found.");
        ApiError::with_status(404, "DBClusterNotFoundFault", message)
    } else {
        ApiError::with_status(404, "DBInstanceNotFound", format!("DBInstance {id} not found."))
    }
}

pub(super) fn describe_instances(
    state: &State,
    caller: &Caller,
    form: &Form,
) -> Result<Xml, ApiError> {
    let (found, marker) = find(state, caller, form, false)?;
    let mut xml = Xml::default();
    xml.optional("Marker", marker);
    xml.list("DBInstances", "DBInstance", found, |xml, database| {
        xml.text("DBInstanceIdentifier", &database.seed.id);
        xml.text("DBInstanceClass", "db.m6g.large");
        xml.text("Engine", &database.seed.engine);
        xml.text("DBInstanceStatus", "available");
        xml.text("MasterUsername", "admin");
        xml.text("DBName", &database.seed.database);
        xml.nest("Endpoint", |xml| {
            xml.text("Address", address(state, &database));
            xml.text("Port", database.port());
        });
        xml.text("AllocatedStorage", database.seed.allocated_storage);
        xml.text("InstanceCreateTime", time(database.created));
        xml.text("BackupRetentionPeriod", 7);
        xml.text("MultiAZ", false);
        xml.text("EngineVersion", database.version());
        xml.text("StorageType", "gp3");
        xml.text("StorageEncrypted", true);
        xml.text("DbiResourceId", &database.resource_id);
        xml.text("DBInstanceArn", &database.arn);
        tag_list(xml, &database.tags);
    });
    Ok(xml)
}

pub(super) fn describe_clusters(
    state: &State,
    caller: &Caller,
    form: &Form,
) -> Result<Xml, ApiError> {
    let (found, marker) = find(state, caller, form, true)?;
    let mut xml = Xml::default();
    xml.optional("Marker", marker);
    xml.list("DBClusters", "DBCluster", found, |xml, database| {
        xml.text("DBClusterIdentifier", &database.seed.id);
        xml.text("DatabaseName", &database.seed.database);
        xml.text("AllocatedStorage", 1);
        xml.text("Status", "available");
        xml.text("Endpoint", address(state, &database));
        xml.text("Engine", &database.seed.engine);
        xml.text("EngineVersion", database.version());
        xml.text("EngineMode", "provisioned");
        xml.text("Port", database.port());
        xml.text("MasterUsername", "admin");
        xml.text("BackupRetentionPeriod", 7);
        xml.text("StorageEncrypted", true);
        xml.text("DbClusterResourceId", &database.resource_id);
        xml.text("DBClusterArn", &database.arn);
        xml.text("ClusterCreateTime", time(database.created));
        tag_list(xml, &database.tags);
    });
    Ok(xml)
}

fn address(state: &State, database: &Database) -> String {
    let kind = if database.seed.cluster { "cluster-" } else { "" };
    format!("{}.{kind}rehearsal.{}.rds.amazonaws.com", database.seed.id, state.settings.region)
}

/// A resource's tags.
pub(super) fn tag_list(xml: &mut Xml, tags: &std::collections::BTreeMap<String, String>) {
    xml.list("TagList", "Tag", tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
