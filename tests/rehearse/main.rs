//! The outside view of `rehearse`.

#[path = "../support/mod.rs"]
mod support;

mod run;
