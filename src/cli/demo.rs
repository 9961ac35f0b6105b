//! `snaplake demo`: the whole pipeline on an example, with nothing to set up.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {}

pub(super) fn run(_args: &DemoArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
