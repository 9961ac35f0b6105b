//! A lease: an object in a bucket that one holder at a time may renew.
//!
//! S3's conditional writes (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>)
//! make it safe: an object is made only where there is none, and replaced only by whoever knows its last
//! entity tag. A holder that dies leaves a lease that ends by itself; one that was only slow finds its
//! next renewal refused.

use super::clients::Clients;
use super::error::{AwsError, ErrorKind};
use super::objects::Condition;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::Mutex;

/// How far the clocks of two machines may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// What is in the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    version: u32,
    /// Another one for every holder, so that one's own writing is known.
    token: String,
    holder: String,
    ends: Timestamp,
}

/// A lease that is held.
#[derive(Debug)]
pub struct Lease {
    clients: Clients,
    bucket: String,
    key: String,
    token: String,
    holder: String,
    length: Duration,
    etag: Mutex<String>,
}

/// Why a lease is not held, or not any more.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else holds it.
    #[error("{holder} holds it until {ends}")]
    Held {
        /// Who.
        holder: String,
        /// Until when, unless renewed.
        ends: Timestamp,
    },
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl Lease {
    /// Takes the lease at `s3://bucket/key` for `length`: when nobody holds it, when it has ended, or,
    /// with `by_force`, whoever holds it.
    ///
    /// # Errors
    /// [`LeaseError::Held`], or a call that failed.
    pub async fn take(
        clients: &Clients,
        (bucket, key): (&str, &str),
        holder: &str,
        length: Duration,
        by_force: bool,
    ) -> Result<Self, LeaseError> {
        let lease = Self {
            clients: clients.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            token: uuid::Uuid::new_v4().to_string(),
            holder: holder.to_owned(),
            length,
            etag: Mutex::default(),
        };
        let mut etag = lease.etag.lock().await;
        match lease.write(Timestamp::now(), Condition::Absent).await {
            Ok(new) => *etag = new,
            Err(error) if error.kind == ErrorKind::Conflict => {
                let (old, before) = lease.read().await?;
                if let Some(old) = old {
                    let over =
                        old.ends.saturating_add(SKEW).is_ok_and(|end| end < Timestamp::now());
                    let released = old.ends == Timestamp::UNIX_EPOCH;
                    if !over && !released && !by_force && old.token != lease.token {
                        return Err(LeaseError::Held { holder: old.holder, ends: old.ends });
                    }
                }
                *etag = lease.replace(&before).await?;
            }
            Err(error) => return Err(error.into()),
        }
        drop(etag);
        Ok(lease)
    }

    /// Renews it.
    ///
    /// # Errors
    /// [`LeaseError::Held`] once somebody else has taken it.
    pub async fn renew(&self) -> Result<(), LeaseError> {
        let mut etag = self.etag.lock().await;
        *etag = self.replace(&etag).await?;
        Ok(())
    }

    /// Renews it for as long as it is polled; ends only when it is lost.
    pub async fn keep(&self) -> LeaseError {
        loop {
            tokio::time::sleep(self.length / 4).await;
            match self.renew().await {
                // A call may fail now and then: as long as the lease lasts, nobody else takes it.
                Ok(()) | Err(LeaseError::Aws(_)) => {}
                Err(lost) => return lost,
            }
        }
    }

    /// Gives it back. When that fails it ends by itself.
    pub async fn release(&self) {
        let etag = self.etag.lock().await;
        let written = self.write(Timestamp::UNIX_EPOCH, Condition::Is(&etag)).await;
        if let Err(error) = written {
            tracing::warn!(%error, "the lease could not be given back, and ends by itself");
        }
    }

    async fn replace(&self, etag: &str) -> Result<String, LeaseError> {
        match self.write(Timestamp::now(), Condition::Is(etag)).await {
            Ok(new) => Ok(new),
            Err(error) if error.kind == ErrorKind::Conflict => match self.read().await? {
                // The answer to one's own writing was lost, and the writing was repeated.
                (Some(note), etag) if note.token == self.token => Ok(etag),
                (Some(note), _) => Err(LeaseError::Held { holder: note.holder, ends: note.ends }),
                (None, _) => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Writes who holds it, and until when: `from` and the length; the epoch for nobody.
    async fn write(&self, from: Timestamp, condition: Condition<'_>) -> Result<String, AwsError> {
        let length = SignedDuration::try_from(self.length).unwrap_or_default();
        let ends = if from == Timestamp::UNIX_EPOCH {
            from
        } else {
            from.saturating_add(length).unwrap_or(from)
        };
        let note =
            Note { version: 1, token: self.token.clone(), holder: self.holder.clone(), ends };
        let body = serde_json::to_vec(&note).unwrap_or_default();
        self.clients.put(&self.bucket, &self.key, body, condition).await
    }

    /// What is there, when it can be understood, and its entity tag.
    async fn read(&self) -> Result<(Option<Note>, String), AwsError> {
        let found = self.clients.get(&self.bucket, &self.key).await?;
        Ok(match found {
            Some((body, etag)) => (serde_json::from_slice(&body).ok(), etag),
            None => (None, String::new()),
        })
    }
}
