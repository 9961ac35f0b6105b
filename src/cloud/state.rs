//! What the cloud knows, behind one lock a room.

use super::access_log::AccessLog;
use super::athena_api::Queries;
use super::clock::VirtualClock;
use super::faults::Faults;
use super::glue::Glue;
use super::identity::Identities;
use super::kms::Keys;
use super::rds::Databases;
use super::s3::Buckets;
use super::sns::Topics;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Where the cloud is.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) partition: String,
    pub(crate) folder: PathBuf,
}

impl Settings {
    /// `arn:<partition>:<service>:<region>:<account>:<resource>`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// `arn:<partition>:s3:::<resource>`.
    pub(crate) fn s3_arn(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition)
    }

    /// The ARN of the account's root, which is what a key policy calls the account.
    pub(crate) fn root(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.account)
    }
}

/// Everything.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: VirtualClock,
    pub(crate) log: AccessLog,
    pub(crate) faults: Faults,
    /// Whether whoever can connect may ask for faults and read the log.
    pub(crate) admin: bool,
    identities: RwLock<Identities>,
    keys: RwLock<Keys>,
    buckets: RwLock<Buckets>,
    glue: Mutex<Glue>,
    databases: Mutex<Databases>,
    queries: Mutex<Queries>,
    topics: Mutex<Topics>,
}

/// A thread that panicked while it held a lock left a room as good as it found it: every change is
/// made in one step.
impl State {
    pub(crate) fn new(settings: Settings, clock: VirtualClock, admin: bool) -> Self {
        Self {
            settings,
            clock,
            log: AccessLog::default(),
            faults: Faults::default(),
            admin,
            identities: RwLock::default(),
            keys: RwLock::default(),
            buckets: RwLock::default(),
            glue: Mutex::default(),
            databases: Mutex::default(),
            queries: Mutex::default(),
            topics: Mutex::default(),
        }
    }

    pub(crate) fn identities(&self) -> RwLockReadGuard<'_, Identities> {
        self.identities.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn identities_mut(&self) -> RwLockWriteGuard<'_, Identities> {
        self.identities.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys_mut(&self) -> RwLockWriteGuard<'_, Keys> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn buckets(&self) -> RwLockReadGuard<'_, Buckets> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn buckets_mut(&self) -> RwLockWriteGuard<'_, Buckets> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn glue(&self) -> MutexGuard<'_, Glue> {
        self.glue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn databases(&self) -> MutexGuard<'_, Databases> {
        self.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queries(&self) -> MutexGuard<'_, Queries> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
