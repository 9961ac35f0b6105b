//! Putting things into the cloud before anybody calls.

use super::catalog::TableInput;
use super::seed::{
    BucketSeed, CrawlerSeed, DatabaseSeed, KeySeed, RoleSeed, SeedCredentials, SeedError, Seeds,
    TopicSeed, UserSeed, WorkgroupSeed,
};
use super::source::{Source, SourceAddress};
use super::state::State;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Where things are put that exist before anybody calls. Nothing here is authorized.
#[derive(Debug, Clone)]
pub struct Seed {
    state: Arc<State>,
}

impl Seed {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// Adds or replaces a role. A service that acts under it and sessions that exist see the new
    /// policies at once.
    ///
    /// # Errors
    /// When a document cannot be read or the ARN is no role's.
    pub fn role(&self, role: &RoleSeed) -> Result<(), SeedError> {
        self.state.identities_mut().add_role(role, self.state.clock.now())
    }

    /// Takes a role away, as somebody who deletes it half-way would; true when it was there.
    #[must_use]
    pub fn remove_role(&self, arn: &str) -> bool {
        self.state.identities_mut().remove_role(arn)
    }

    /// From now on exports of databases with this URL are of the moment at which `source` was opened,
    /// rather than of the moment at which they start.
    pub fn hold_source(&self, url: SourceAddress, source: Arc<Source>) {
        self.state.databases().hold(url, source);
    }

    /// Adds or replaces a user, and gives its access key.
    ///
    /// # Errors
    /// When a document cannot be read or the ARN is no user's.
    pub fn user(&self, user: &UserSeed) -> Result<SeedCredentials, SeedError> {
        self.state.identities_mut().add_user(user, self.state.clock.now())
    }

    /// Credentials of a session `session` of a role, as `AssumeRole` would give them, without asking
    /// its trust policy. They last 12 hours of real time.
    ///
    /// # Errors
    /// When the role does not exist.
    pub fn credentials_for(
        &self,
        role_arn: &str,
        session: &str,
    ) -> Result<SeedCredentials, SeedError> {
        let mut identities = self.state.identities_mut();
        let role = identities
            .role_by_arn(role_arn)
            .ok_or_else(|| SeedError::Unknown(role_arn.to_owned()))?;
        let expires = Timestamp::now().checked_add(SignedDuration::from_hours(12)).ok();
        Ok(identities.new_session(&role, session, None, expires))
    }

    /// Adds or replaces a key; gives its ARN.
    ///
    /// # Errors
    /// When the key policy cannot be read or an alias is none.
    pub fn key(&self, key: &KeySeed) -> Result<String, SeedError> {
        self.state.keys_mut().add(key, &self.state.settings, self.state.clock.now())
    }

    /// Adds or replaces a bucket. Objects that lie in the cloud's folder from an earlier time are
    /// in it.
    ///
    /// # Errors
    /// When the policy cannot be read, the name is none, or the folder cannot be used.
    pub fn bucket(&self, bucket: &BucketSeed) -> Result<(), SeedError> {
        let settings = &self.state.settings;
        self.state.buckets_mut().add(bucket, &settings.folder, self.state.clock.now())
    }

    /// Says which account a bucket belongs to, where it is not the cloud's.
    pub fn bucket_owner(&self, bucket: &str, account: &str) {
        if let Some(bucket) = self.state.buckets_mut().get_mut(bucket) {
            account.clone_into(bucket.account.get_or_insert_default());
        }
    }

    /// Adds a database instance or cluster and its snapshots; gives its ARN.
    ///
    /// # Errors
    /// When the identifier or the engine is none of RDS's.
    pub fn database(&self, database: &DatabaseSeed) -> Result<String, SeedError> {
        let now = self.state.clock.now();
        self.state.databases().add(database, &self.state.settings, now)
    }

    /// Adds a database to the Glue catalog.
    ///
    /// # Errors
    /// When the name is none of Glue's.
    pub fn glue_database(&self, name: &str) -> Result<(), SeedError> {
        let now = self.state.clock.now();
        self.state.glue().add_database(name, &self.state.settings, now)
    }

    /// Adds a table to a database of the Glue catalog.
    ///
    /// # Errors
    /// When the name is none of Glue's, or there is no such database.
    pub fn glue_table(&self, database: &str, table: TableInput) -> Result<(), SeedError> {
        let now = self.state.clock.now();
        self.state.glue().add_table(database, table, &self.state.settings, now)
    }

    /// Adds or replaces an Athena workgroup.
    ///
    /// # Errors
    /// When the name or the results location is none.
    pub fn workgroup(&self, workgroup: &WorkgroupSeed) -> Result<(), SeedError> {
        let now = self.state.clock.now();
        self.state.queries().add_workgroup(workgroup, now)
    }

    /// Adds or replaces a Glue crawler.
    ///
    /// # Errors
    /// When the name is none of Glue's.
    pub fn crawler(&self, crawler: &CrawlerSeed) -> Result<(), SeedError> {
        let now = self.state.clock.now();
        self.state.glue().add_crawler(crawler, now)
    }

    /// Adds or replaces an SNS topic.
    pub fn topic(&self, topic: &TopicSeed) {
        self.state.topics().add(topic);
    }

    /// Everything at once; gives the users' access keys.
    ///
    /// # Errors
    /// The first thing that cannot be seeded.
    pub fn all(&self, seeds: &Seeds) -> Result<Vec<SeedCredentials>, SeedError> {
        for role in &seeds.roles {
            self.role(role)?;
        }
        for key in &seeds.keys {
            self.key(key)?;
        }
        for bucket in &seeds.buckets {
            self.bucket(bucket)?;
        }
        for database in &seeds.databases {
            self.database(database)?;
        }
        for name in &seeds.catalog {
            self.glue_database(name)?;
        }
        for workgroup in &seeds.workgroups {
            self.workgroup(workgroup)?;
        }
        for crawler in &seeds.crawlers {
            self.crawler(crawler)?;
        }
        for topic in &seeds.topics {
            self.topic(topic);
        }
        seeds.users.iter().map(|user| self.user(user)).collect()
    }
}
