//! `snaplake schema`: the JSON Schema of snaplake.toml.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake schema`.
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {}

pub(super) fn run(_args: &SchemaArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
