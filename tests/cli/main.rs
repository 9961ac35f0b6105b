//! The outside view of `cli`.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod check;
mod config;
mod generate;
mod schema;
mod shell;
