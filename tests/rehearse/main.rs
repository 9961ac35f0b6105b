//! The outside view of `rehearse` and `demo`.

#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod damage;
mod demo;
mod denied;
mod existing;
mod flights;
mod killed;
mod operations;
mod project;
mod run;
