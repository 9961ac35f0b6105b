//! The outside view of `iam`.

mod corpus;
#[path = "../support/mod.rs"]
mod support;

mod lint;
