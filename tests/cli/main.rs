//! The outside view of `cli`.

#[path = "../support/mod.rs"]
mod support;

mod generate;
