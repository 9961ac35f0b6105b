//! SDK clients: credentials, endpoints, retries, paging, polling.
//!
//! Everything that talks to AWS does it through [`Clients`], says what went wrong as one
//! [`AwsError`], and waits only through a [`Clock`].

mod athena;
mod clients;
mod clock;
mod error;
mod http;
pub mod inventory;
mod lease;
mod objects;
mod parallel;
pub mod permissions;
mod poll;
mod refusal;
pub mod sql;
mod webhook;

pub use athena::{Athena, Column, MAX_SQL_BYTES, QueryError, QueryResult};
pub use clients::{Clients, ConnectError, Settings, StaticCredentials};
pub(crate) use clock::between;
pub use clock::{BoxFuture, Clock, SystemClock};
pub(crate) use error::failed;
pub use error::{AwsError, Denial, ErrorKind};
pub use lease::{Lease, LeaseError};
pub use objects::{Condition, Listing, ObjectInfo};
pub(crate) use parallel::{in_parallel, try_in_parallel, try_in_parallel_or_stop};
pub use poll::{Interrupted, Poll, Stop};
pub use webhook::{HttpWebhook, Webhook, WebhookError};
