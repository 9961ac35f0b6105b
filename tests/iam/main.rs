//! The outside view of `iam`.
#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod corpus;
mod evaluate;
mod malformed;
mod properties;
#[path = "../support/mod.rs"]
mod support;

mod lint;
