//! Real servers as sources: PostgreSQL and MariaDB, started by the tests on loopback.

#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/store.rs"]
mod store;

mod errors;
mod export;
mod mariadb;
mod measure;
mod postgres;
mod rehearsal;
mod servers;
mod tls;
mod writers;
