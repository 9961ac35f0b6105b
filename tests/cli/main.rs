//! The outside view of `cli`.

#[path = "../support/mod.rs"]
mod support;

mod config;
mod generate;
mod schema;
