//! The outside view of `cloud`.

#[path = "../support/mod.rs"]
mod support;
