//! The outside view of `terraform`.

#[path = "../support/mod.rs"]
mod support;
