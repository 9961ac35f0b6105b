//! The outside view of `iam`.

#[path = "../support/mod.rs"]
mod support;
