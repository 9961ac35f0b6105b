//! `snaplake iam lint`.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake iam lint`.
#[derive(Debug, clap::Args)]
pub struct LintArgs {}

pub(super) fn run(_args: &LintArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
