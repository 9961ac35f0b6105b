//! The outside view of what `snaplake generate` writes: Terraform itself, a stand-in for AWS, and
//! linters judge it.
#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

mod catalog_mode;
mod committed;
mod deploy;
mod hand_made;
mod lints;
mod project;
mod security;
mod static_checks;
mod tools;
