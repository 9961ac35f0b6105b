//! The outside view of `cli`.

#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod check;
mod config;
mod cost;
mod generate;
mod run;
mod schema;
mod shell;
