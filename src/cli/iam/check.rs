//! `snaplake iam check`.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake iam check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {}

pub(super) fn run(_args: &CheckArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
