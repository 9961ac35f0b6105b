//! `snaplake iam evaluate`.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake iam evaluate`.
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {}

pub(super) fn run(_args: &EvaluateArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
