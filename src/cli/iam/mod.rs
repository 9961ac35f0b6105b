//! `snaplake iam`: check, explain, lint and evaluate.

mod check;
mod evaluate;
mod explain;
mod lint;

use super::{Failure, Global, Outcome, Printer};

/// Arguments of `snaplake iam`.
#[derive(Debug, clap::Args)]
pub struct IamArgs {
    #[command(subcommand)]
    command: IamCommand,
}

#[derive(Debug, clap::Subcommand)]
enum IamCommand {
    /// Is every need of the pipeline allowed, and nothing else granted?
    Check(check::CheckArgs),
    /// Why each statement is there
    Explain(explain::ExplainArgs),
    /// Findings on any policy document
    Lint(lint::LintArgs),
    /// The evaluator on its own: cases in, one decision a line out
    Evaluate(evaluate::EvaluateArgs),
}

pub(super) fn run(args: &IamArgs, global: &Global, printer: &Printer) -> Outcome {
    match &args.command {
        IamCommand::Check(args) => check::run(args, global, printer),
        IamCommand::Explain(args) => explain::run(args, global, printer),
        IamCommand::Lint(args) => lint::run(args, global, printer),
        IamCommand::Evaluate(args) => evaluate::run(args, global, printer),
    }
}
