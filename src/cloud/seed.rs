//! What exists when the cloud starts: what `terraform apply` would have made, and the databases.

use super::source::SourceAddress;
use super::storage::Encryption;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Everything at once, as `snaplake cloud --seed FILE` reads it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seeds {
    /// Roles.
    pub roles: Vec<RoleSeed>,
    /// Users.
    pub users: Vec<UserSeed>,
    /// KMS keys.
    pub keys: Vec<KeySeed>,
    /// Buckets.
    pub buckets: Vec<BucketSeed>,
    /// Database instances and clusters.
    pub databases: Vec<DatabaseSeed>,
    /// Glue databases, by name.
    pub catalog: Vec<String>,
    /// Athena workgroups.
    pub workgroups: Vec<WorkgroupSeed>,
    /// Glue crawlers.
    pub crawlers: Vec<CrawlerSeed>,
    /// SNS topics.
    pub topics: Vec<TopicSeed>,
}

/// A policy document and the name under which the access log shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySeed {
    /// The name, for a policy on disk its path.
    pub name: String,
    /// The document's JSON.
    #[serde(deserialize_with = "document")]
    pub document: String,
}

impl PolicySeed {
    /// A named document.
    pub fn new(name: impl Into<String>, document: impl Into<String>) -> Self {
        Self { name: name.into(), document: document.into() }
    }
}

/// An SNS topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSeed {
    /// The topic's ARN.
    pub arn: String,
    /// The ARN of the KMS key that it is encrypted with.
    #[serde(default)]
    pub key: Option<String>,
}

/// An IAM role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSeed {
    /// The role's ARN, with its path.
    pub arn: String,
    /// The trust policy.
    pub trust: PolicySeed,
    /// Its inline policies.
    #[serde(default)]
    pub policies: Vec<PolicySeed>,
    /// Its permissions boundary.
    #[serde(default)]
    pub boundary: Option<PolicySeed>,
}

/// An IAM user with an access key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSeed {
    /// The user's ARN.
    pub arn: String,
    /// Its inline policies.
    #[serde(default)]
    pub policies: Vec<PolicySeed>,
    /// The access key's id; made up when `None`.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// The access key's secret; made up when `None`.
    #[serde(default)]
    pub secret_access_key: Option<String>,
}

/// A KMS key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySeed {
    /// The key's id, usually a UUID; or its ARN, where it is another account's.
    pub id: String,
    /// The key policy.
    pub policy: PolicySeed,
    /// Its aliases, `alias/…`.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// A bucket in the cloud's region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSeed {
    /// The name.
    pub name: String,
    /// The bucket policy.
    #[serde(default)]
    pub policy: Option<PolicySeed>,
    /// The default encryption; `None` is SSE-S3, S3's own default.
    #[serde(default)]
    pub encryption: Option<Encryption>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A database that can be exported.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSeed {
    /// The instance's or cluster's identifier.
    pub id: String,
    /// Whether it is an Aurora cluster.
    #[serde(default)]
    pub cluster: bool,
    /// RDS's name of the engine, such as `mysql` or `aurora-postgresql`.
    pub engine: String,
    /// RDS's name of the engine's version.
    #[serde(default)]
    pub engine_version: Option<String>,
    /// The name of the database inside, under which its tables are exported.
    pub database: String,
    /// Where the data really are: `sqlite:`, `postgres:` or `mysql:`.
    pub source_url: SourceAddress,
    /// Gibibytes.
    #[serde(default = "hundred")]
    pub allocated_storage: u32,
    /// Snapshots that exist already.
    #[serde(default)]
    pub snapshots: Vec<SnapshotSeed>,
}

fn hundred() -> u32 {
    100
}

/// A snapshot that exists when the cloud starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSeed {
    /// The name; for an automated snapshot AWS's naming when `None`.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether RDS made it.
    #[serde(default)]
    pub automated: bool,
    /// How many hours before the cloud's start it was made.
    #[serde(default)]
    pub hours_ago: u32,
    /// Whether RDS still makes it, and has just begun.
    #[serde(default)]
    pub creating: bool,
}

/// An Athena workgroup.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkgroupSeed {
    /// The name.
    pub name: String,
    /// Where results go, `s3://…/`.
    #[serde(default)]
    pub results: Option<String>,
    /// How results are encrypted.
    #[serde(default)]
    pub encryption: Option<Encryption>,
    /// Whether the workgroup's settings override the client's.
    #[serde(default)]
    pub enforced: bool,
    /// The most bytes that a query may scan.
    #[serde(default)]
    pub bytes_scanned_cutoff: Option<u64>,
}

/// A Glue crawler.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrawlerSeed {
    /// The name.
    pub name: String,
    /// The ARN of the role that it crawls under.
    pub role: String,
    /// The Glue database it writes to.
    pub database: String,
    /// What it crawls, `s3://…`.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The prefix of the tables' names.
    #[serde(default)]
    pub table_prefix: Option<String>,
    /// The crawler's configuration, JSON.
    #[serde(default)]
    pub configuration: Option<String>,
    /// `UPDATE_IN_DATABASE` when `None`, or `LOG`.
    #[serde(default)]
    pub update_behavior: Option<String>,
    /// `DEPRECATE_IN_DATABASE` when `None`, `DELETE_FROM_DATABASE` or `LOG`.
    #[serde(default)]
    pub delete_behavior: Option<String>,
    /// `CRAWL_EVERYTHING` when `None`, or `CRAWL_NEW_FOLDERS_ONLY`.
    #[serde(default)]
    pub recrawl_behavior: Option<String>,
}

/// What does not let something be seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A policy document that is none.
    #[error("the policy `{}` cannot be read: {message}", name.escape_debug())]
    Policy {
        /// The document's name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// An ARN that is none, or not of the kind that is wanted.
    #[error("`{}` is not the ARN of a {kind}", arn.escape_debug())]
    Arn {
        /// What stands there.
        arn: String,
        /// What should.
        kind: &'static str,
    },
    /// Credentials were asked for a role or user that does not exist.
    #[error("`{}` does not exist in the rehearsal", .0.escape_debug())]
    Unknown(String),
    /// A name that the service would not accept.
    #[error("`{}` is not a name that {service} accepts", name.escape_debug())]
    Name {
        /// What stands there.
        name: String,
        /// The service.
        service: &'static str,
    },
    /// The cloud's folder cannot be written.
    #[error("cannot use the rehearsal's folder: {0}")]
    Disk(#[from] std::io::Error),
}

/// Credentials that the cloud accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct SeedCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session token of a role's session.
    pub session_token: Option<String>,
    /// The ARN that the access log shows for what is done with them.
    pub principal: String,
}

/// Without the secrets.
impl std::fmt::Debug for SeedCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SeedCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// A document is JSON text, or in a seed file also the object itself.
fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    })
}
