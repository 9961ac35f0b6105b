//! `snaplake generate`: Terraform modules and IAM policies from the model.

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake generate`.
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {}

pub(super) fn run(_args: &GenerateArgs, _global: &Global, _printer: &Printer) -> Outcome {
    Err(Failure::environment(miette::miette!("not built yet")))
}
