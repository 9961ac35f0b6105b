//! `snaplake rehearse`: the whole pipeline on this machine.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake rehearse`.
#[derive(Debug, clap::Args)]
pub struct RehearseArgs {}

pub(super) fn run(_args: &RehearseArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
