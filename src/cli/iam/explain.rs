//! `snaplake iam explain`.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake iam explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {}

pub(super) fn run(_args: &ExplainArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
