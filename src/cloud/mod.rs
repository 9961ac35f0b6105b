//! The embedded AWS of the rehearsal: one HTTP server on loopback that answers RDS, S3, KMS, Glue,
//! Athena, STS and IAM, over virtual time, and authorizes everything.
//!
//! Uses [`crate::iam`], never the pipeline: what a call needs is derived from AWS's service
//! authorization reference, so that a wrong need of ours shows up as a denial or as a grant that
//! nothing used. Start at [`Cloud::start`].

pub mod access_log;
pub mod athena;
pub mod caller;
pub mod catalog;
pub mod clock;
pub mod crawler;
pub mod export;
pub mod faults;
pub mod seed;
pub mod source;
pub mod storage;
#[cfg(test)]
mod testing;

mod admin;
mod athena_api;
mod authorize;
mod error;
mod glue;
mod iam;
mod identity;
mod job;
mod kms;
mod protocol;
mod rds;
mod s3;
mod seeding;
mod server;
mod service_access;
mod sigv4;
mod sns;
mod state;
mod sts;

pub use access_log::Access;
pub use clock::{Pace, VirtualClock};
pub use seeding::Seed;
pub use sns::TopicMessage;

use faults::Fault;
use state::{Settings, State};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where the cloud is and how its time passes.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// The account that owns everything, 12 digits.
    pub account: String,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The partition, `aws` outside China and GovCloud.
    pub partition: String,
    /// The cloud's own folder. It is made when missing; nothing outside it is written.
    pub folder: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The clock.
    pub clock: VirtualClock,
    /// Whether `/_snaplake/` is served: faults, the clock and the access log, for whoever can connect.
    pub admin: bool,
}

impl CloudOptions {
    /// A cloud on a free port of the loopback interface, whose time only moves when it is told to.
    pub fn new(account: impl Into<String>, region: impl Into<String>, folder: &Path) -> Self {
        Self {
            account: account.into(),
            region: region.into(),
            partition: "aws".to_owned(),
            folder: folder.to_owned(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            clock: VirtualClock::new(Pace::Driven),
            admin: false,
        }
    }
}

/// The embedded AWS.
#[derive(Debug)]
pub struct Cloud;

/// Why the cloud does not start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The address is not free, or not this machine's.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder cannot be made or written.
    #[error("cannot use `{}` for the rehearsal's objects: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Cloud {
    /// Starts a cloud with nothing in it. It serves until [`CloudHandle::shutdown`] or until the
    /// handle is dropped.
    ///
    /// # Errors
    /// [`CloudError`] when the address or the folder cannot be used.
    pub async fn start(options: CloudOptions) -> Result<CloudHandle, CloudError> {
        let folder_error = |source| CloudError::Folder { folder: options.folder.clone(), source };
        s3::prepare(&options.folder).map_err(folder_error)?;
        let folder = options.folder.canonicalize().map_err(folder_error)?;
        let listen_error = |source| CloudError::Listen { address: options.listen, source };
        let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let settings = Settings {
            account: options.account,
            region: options.region,
            partition: options.partition,
            folder,
        };
        let state = Arc::new(State::new(settings, options.clock, options.admin));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(server::serve(listener, Arc::clone(&state), stopped));
        tracing::info!(%address, "the rehearsal cloud listens");
        Ok(CloudHandle { state, address, stop, task })
    }
}

/// A running cloud.
#[derive(Debug)]
pub struct CloudHandle {
    state: Arc<State>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl CloudHandle {
    /// The one URL of every service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where things are put that exist before anybody calls.
    #[must_use]
    pub fn seed(&self) -> Seed {
        Seed::new(Arc::clone(&self.state))
    }

    /// Every decision since the start, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<Access> {
        self.state.log.entries()
    }

    /// Has S3 deliver the access logs of `bucket` to `target`, as it does now and then.
    ///
    /// # Errors
    /// [`storage::StoreError`]: the target is missing, or its policy does not let S3 write.
    pub fn deliver_access_logs(
        &self,
        bucket: &str,
        target: &str,
        prefix: &str,
    ) -> Result<(), storage::StoreError> {
        s3::deliver(&self.state, bucket, target, prefix)
    }

    /// What was published to topics, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<TopicMessage> {
        self.state.topics().messages().to_vec()
    }

    /// The cloud's clock.
    #[must_use]
    pub fn clock(&self) -> VirtualClock {
        self.state.clock.clone()
    }

    /// Adds faults that are to come.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.add(faults);
    }

    /// Forgets the faults that are still to come.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Stops serving; requests under way are finished.
    pub async fn shutdown(mut self) {
        // The receiver is gone only when the server has ended by itself.
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

/// A handle that is lost takes its server with it.
impl Drop for CloudHandle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
