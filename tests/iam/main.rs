//! The outside view of `iam`.

mod corpus;
mod evaluate;
mod properties;
#[path = "../support/mod.rs"]
mod support;

mod lint;
