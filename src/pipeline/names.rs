//! Every name and every ARN, made here and nowhere else.

use super::{CatalogMode, KeyChoice, Pipeline, PrincipalKind, SnapshotChoice, SourceKind};

/// Stands for the id of a key that Terraform has yet to make, in policies written before it exists.
pub const PLACEHOLDER_KEY_ID: &str = "00000000-0000-0000-0000-000000000000";

impl Pipeline {
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// The ARN of the account's root, which in a policy stands for the account as a whole.
    #[must_use]
    pub fn account_root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.account)
    }

    /// The domain that the partition's services answer under.
    ///
    /// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        match self.partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
    }

    // --- the source -------------------------------------------------------------------------------

    /// The ARN of the DB instance or cluster.
    #[must_use]
    pub fn source_arn(&self) -> String {
        match &self.source.kind {
            SourceKind::Cluster(id) => self.arn("rds", &format!("cluster:{id}")),
            SourceKind::Instance(id) => self.arn("rds", &format!("db:{id}")),
        }
    }

    /// The ARN of one snapshot of the source, by its identifier.
    #[must_use]
    pub fn snapshot_arn(&self, id: &str) -> String {
        let kind = if self.source.kind.is_cluster() { "cluster-snapshot" } else { "snapshot" };
        self.arn("rds", &format!("{kind}:{id}"))
    }

    /// The ARN pattern of the snapshots that a run may export.
    ///
    /// Automated snapshots are named `rds:<source>-YYYY-MM-DD-HH-MM`; each digit is a `?`, so that
    /// the pattern for `shop` leaves out the snapshots of `shop-staging`. Manual snapshots bear any
    /// name, so nothing narrower than all of them can be named.
    #[must_use]
    pub fn snapshot_arn_pattern(&self) -> String {
        match &self.source.snapshot {
            SnapshotChoice::LatestAutomated => {
                self.snapshot_arn(&format!("rds:{}-????-??-??-??-??", self.source.kind.id()))
            }
            SnapshotChoice::LatestManual => self.snapshot_arn("*"),
            SnapshotChoice::Create => self.snapshot_arn(&format!("{}-*", self.name)),
            SnapshotChoice::Arn(arn) => arn.clone(),
        }
    }

    /// What `ExportOnly` of `StartExportTask` says: the tables, or the whole database.
    #[must_use]
    pub fn export_only(&self) -> Vec<String> {
        if self.source.tables.is_empty() {
            return vec![self.source.database.clone()];
        }
        let family = self.source.engine.family();
        self.source.tables.iter().map(|table| table.export_only(family)).collect()
    }

    // --- the lake ---------------------------------------------------------------------------------

    /// The ARN of the bucket.
    #[must_use]
    pub fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.lake.bucket)
    }

    /// The account that owns the bucket.
    #[must_use]
    pub fn bucket_account(&self) -> &str {
        self.existing.bucket_account.as_deref().unwrap_or(&self.account)
    }

    /// The account that owns the key.
    #[must_use]
    pub fn key_account(&self) -> &str {
        match &self.lake.key {
            KeyChoice::Create => &self.account,
            KeyChoice::Existing(arn) => arn.split(':').nth(4).unwrap_or(&self.account),
        }
    }

    /// The ARN (or, with wildcards, the ARN pattern) of objects in the bucket.
    #[must_use]
    pub fn object_arn(&self, key: &str) -> String {
        format!("{}/{key}", self.bucket_arn())
    }

    /// The bucket that takes the lake bucket's access logs.
    #[must_use]
    pub fn log_bucket(&self) -> String {
        format!("{}-logs", self.lake.bucket)
    }

    /// The key prefix of every export, with its slash: `exports/`.
    #[must_use]
    pub fn exports_prefix(&self) -> String {
        format!("{}/", self.lake.prefix)
    }

    /// The key prefix of one export, with its slash: `exports/<export id>/`.
    #[must_use]
    pub fn export_prefix(&self, export: &str) -> String {
        format!("{}/{export}/", self.lake.prefix)
    }

    /// The `s3://` address of the folder of all exports, with its slash.
    #[must_use]
    pub fn exports_root(&self) -> String {
        format!("s3://{}/{}", self.lake.bucket, self.exports_prefix())
    }

    /// The `s3://` address of one export's prefix, with its slash.
    #[must_use]
    pub fn export_location(&self, export: &str) -> String {
        format!("s3://{}/{}", self.lake.bucket, self.export_prefix(export))
    }

    /// The key prefix of this pipeline's journals, with its slash.
    #[must_use]
    pub fn journal_prefix(&self) -> String {
        format!("journal/{}/", self.name)
    }

    /// The id of the key; [`PLACEHOLDER_KEY_ID`] while Terraform has yet to make it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        match &self.lake.key {
            KeyChoice::Create => PLACEHOLDER_KEY_ID,
            KeyChoice::Existing(arn) => arn.rsplit_once('/').map_or(arn.as_str(), |(_, id)| id),
        }
    }

    /// The ARN of the key, with [`PLACEHOLDER_KEY_ID`] while Terraform has yet to make it.
    #[must_use]
    pub fn key_arn(&self) -> String {
        match &self.lake.key {
            KeyChoice::Create => self.arn("kms", &format!("key/{PLACEHOLDER_KEY_ID}")),
            KeyChoice::Existing(arn) => arn.clone(),
        }
    }

    /// The alias of a key that Terraform makes: `alias/<name>-lake`.
    #[must_use]
    pub fn key_alias(&self) -> Option<String> {
        (self.lake.key == KeyChoice::Create).then(|| format!("alias/{}-lake", self.name))
    }

    /// The ARN of the location that the exports are in, as Lake Formation registers it.
    #[must_use]
    pub fn exports_arn(&self) -> String {
        self.object_arn(&self.lake.prefix)
    }

    // --- the catalog ------------------------------------------------------------------------------

    /// The ARN of the account's data catalog.
    #[must_use]
    pub fn catalog_arn(&self) -> String {
        self.arn("glue", "catalog")
    }

    /// The Glue database in which an export is looked at before it goes live.
    #[must_use]
    pub fn staging_database(&self) -> String {
        format!("{}_staging", self.catalog.database)
    }

    /// The ARN of a Glue database.
    #[must_use]
    pub fn database_arn(&self, database: &str) -> String {
        self.arn("glue", &format!("database/{database}"))
    }

    /// The ARN (or, with wildcards, the ARN pattern) of tables in a Glue database.
    #[must_use]
    pub fn table_arn(&self, database: &str, table: &str) -> String {
        self.arn("glue", &format!("table/{database}/{table}"))
    }

    /// In history mode, the column that partitions every table by the date of the snapshot.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        let history = self.catalog.mode == CatalogMode::History;
        history.then_some(self.catalog.partition.as_str())
    }

    /// The crawler's name, used in crawler mode.
    #[must_use]
    pub fn crawler_name(&self) -> String {
        format!("{}-crawler", self.name)
    }

    /// The ARN of the crawler.
    #[must_use]
    pub fn crawler_arn(&self) -> String {
        self.arn("glue", &format!("crawler/{}", self.crawler_name()))
    }

    // --- Athena -----------------------------------------------------------------------------------

    /// The ARN of the workgroup.
    #[must_use]
    pub fn workgroup_arn(&self) -> String {
        self.arn("athena", &format!("workgroup/{}", self.athena.workgroup))
    }

    /// The key prefix of Athena's results, with its slash.
    #[must_use]
    pub fn results_prefix(&self) -> String {
        format!("{}/", self.athena.results)
    }

    /// The `s3://` address of Athena's results, with its slash.
    #[must_use]
    pub fn results_location(&self) -> String {
        format!("s3://{}/{}", self.lake.bucket, self.results_prefix())
    }

    // --- IAM --------------------------------------------------------------------------------------

    /// The ARN of a principal's role where it exists already and Terraform does not make it.
    #[must_use]
    pub fn existing_role(&self, principal: PrincipalKind) -> Option<&str> {
        let existing = &self.existing;
        match principal {
            PrincipalKind::Export => existing.export_role.as_deref(),
            PrincipalKind::Crawler => existing.crawler_role.as_deref(),
            PrincipalKind::Runner => existing.runner_role.as_deref(),
            PrincipalKind::Analyst => existing.analyst_role.as_deref(),
        }
    }

    /// The name of a principal's role, and of the policy that it carries.
    #[must_use]
    pub fn role_name(&self, principal: PrincipalKind) -> String {
        if let Some(name) = self.existing_role(principal).and_then(|arn| arn.rsplit('/').next()) {
            return name.to_owned();
        }
        format!("{}-{}", self.name, principal.id())
    }

    /// The ARN of a principal's role.
    #[must_use]
    pub fn role_arn(&self, principal: PrincipalKind) -> String {
        if let Some(arn) = self.existing_role(principal) {
            return arn.to_owned();
        }
        let (partition, account) = (self.partition, &self.account);
        format!("arn:{partition}:iam::{account}:role{}{}", self.iam.path, self.role_name(principal))
    }
}

#[cfg(test)]
mod tests;
