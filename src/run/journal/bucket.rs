//! Journals in the lake's bucket: another machine can see them, and go on.
//!
//! Three objects below `journal/<pipeline>/`: `<run>.json`, `<run>.tables.json` and `lock.json`. The lock is
//! a lease, so that a run that died does not hold it for ever; every write of a journal renews it first, and
//! replaces only what this process wrote last. A run that was taken for dead and was not can thus write
//! nothing more, and stops.

use super::super::error::RunError;
use super::{State, is_id, newest_first};
use crate::aws::{AwsError, Clients, Condition, ErrorKind, Lease, LeaseError, try_in_parallel};
use crate::pipeline::Pipeline;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How many journals are read for a list: the newest.
const LISTED: usize = 100;
/// How many are read at a time.
const CONCURRENCY: usize = 8;

/// The journals of one pipeline.
#[derive(Debug)]
pub(in crate::run) struct Bucket {
    clients: Clients,
    name: String,
    prefix: String,
    /// The entity tags of what this process wrote or read last.
    etags: BTreeMap<String, String>,
    pub(super) lease: Option<Arc<Lease>>,
}

impl Bucket {
    /// The journals of a pipeline, without the lock.
    pub(in crate::run) fn new(clients: &Clients, pipeline: &Pipeline) -> Self {
        Self {
            clients: clients.clone(),
            name: pipeline.lake.bucket.clone(),
            prefix: pipeline.journal_prefix(),
            etags: BTreeMap::new(),
            lease: None,
        }
    }

    /// Takes the lock.
    pub(super) async fn lock(
        &mut self,
        pipeline: &str,
        run_id: &str,
        length: Duration,
        by_force: bool,
    ) -> Result<(), RunError> {
        let holder = format!("run {run_id} (process {})", std::process::id());
        let key = format!("{}lock.json", self.prefix);
        let place = (self.name.as_str(), key.as_str());
        let lease = Lease::take(&self.clients, place, &holder, length, by_force).await;
        self.lease = Some(Arc::new(lease.map_err(|error| lost(pipeline, error))?));
        Ok(())
    }

    /// Makes a file of a journal durable.
    pub(super) async fn store(
        &mut self,
        pipeline: &str,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), RunError> {
        if let Some(lease) = &self.lease {
            lease.renew().await.map_err(|error| lost(pipeline, error))?;
        }
        let key = format!("{}{name}", self.prefix);
        let mut body = serde_json::to_vec_pretty(value).map_err(|error| RunError::Corrupt {
            path: self.address(&key),
            reason: error.to_string(),
        })?;
        body.push(b'\n');
        let known = self.etags.get(&key).cloned();
        let condition = known.as_deref().map_or(Condition::Absent, Condition::Is);
        let written = self.clients.put(&self.name, &key, body.clone(), condition).await;
        let etag = match written {
            Ok(etag) => etag,
            Err(error) if error.kind == ErrorKind::Conflict => {
                // The answer to one's own writing may have been lost, and the writing repeated.
                match self.clients.get(&self.name, &key).await.map_err(call)? {
                    Some((found, etag)) if found == body => etag,
                    _ => {
                        let holder = "another process, which wrote its journal".to_owned();
                        return Err(RunError::Locked { pipeline: pipeline.to_owned(), holder });
                    }
                }
            }
            Err(error) => return Err(call(error)),
        };
        self.etags.insert(key, etag);
        Ok(())
    }

    /// Reads a file of a journal; none when there is no such file.
    pub(super) async fn load<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, RunError> {
        let key = format!("{}{name}", self.prefix);
        // Looked for by listing: to ask for an object that is not there takes the right to list all of the
        // bucket (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
        if !self.clients.any(&self.name, &key).await.map_err(call)? {
            return Ok(None);
        }
        let found = self.clients.get(&self.name, &key).await.map_err(call)?;
        let Some((body, etag)) = found else { return Ok(None) };
        let path = self.address(&key);
        let value = serde_json::from_slice(&body)
            .map_err(|error| RunError::Corrupt { path, reason: error.to_string() })?;
        self.etags.insert(key, etag);
        Ok(Some(value))
    }

    /// The states of the runs, newest first. What is no journal is left out.
    pub(super) async fn states(&self) -> Result<Vec<State>, RunError> {
        let listing = self.clients.list(&self.name, &self.prefix, false).await.map_err(call)?;
        let mut keys: Vec<String> = listing
            .objects
            .into_iter()
            .map(|object| object.key)
            .filter(|key| {
                key.strip_prefix(&self.prefix)
                    .and_then(|name| name.strip_suffix(".json"))
                    .is_some_and(|id| is_id(id) && id != "lock")
            })
            .collect();
        // Their names begin with the time.
        keys.sort();
        keys.reverse();
        keys.truncate(LISTED);
        let read = try_in_parallel(CONCURRENCY, keys, |key| {
            Box::pin(async move { self.clients.get(&self.name, &key).await })
        });
        let mut states: Vec<State> = read
            .await
            .map_err(call)?
            .into_iter()
            .flatten()
            .filter_map(|(body, _)| serde_json::from_slice::<State>(&body).ok())
            .collect();
        newest_first(&mut states);
        Ok(states)
    }

    /// Where a file is, for messages.
    pub(super) fn address(&self, key: &str) -> PathBuf {
        PathBuf::from(format!("s3://{}/{key}", self.name))
    }

    /// Where the journals are, for messages.
    pub(super) fn place(&self) -> PathBuf {
        self.address(&self.prefix)
    }
}

fn call(error: AwsError) -> RunError {
    RunError::Bucket(Box::new(error))
}

pub(in crate::run) fn lost(pipeline: &str, error: LeaseError) -> RunError {
    match error {
        LeaseError::Held { holder, ends } => RunError::Leased {
            pipeline: pipeline.to_owned(),
            holder,
            ends: ends.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        },
        LeaseError::Aws(error) => call(error),
    }
}
