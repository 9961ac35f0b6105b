//! The outside view of `cloud`: other people's clients, unmodified, against `snaplake cloud`.

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

mod python;
mod rules;
mod sdk;
mod types;
