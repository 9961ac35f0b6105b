//! The outside view of `cli`.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod check;
mod config;
mod generate;
mod run;
mod schema;
mod shell;
