//! `snaplake completions`: a completion script for a shell.

use super::{Cli, Exit, Outcome, Printer};
use clap::CommandFactory as _;

/// Arguments of `snaplake completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs, printer: &Printer) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "snaplake", &mut script);
    printer.out(script)?;
    Ok(Exit::Done)
}
