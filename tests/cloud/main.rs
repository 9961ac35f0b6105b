//! The outside view of `cloud`: other people's clients, unmodified, against `snaplake cloud`.

#[path = "../support/mod.rs"]
mod support;

mod python;
mod rules;
mod sdk;
