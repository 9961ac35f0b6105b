//! `snaplake schema`: the JSON Schema of snaplake.toml, or of the reports.

use super::{Exit, Global, Outcome, Printer};
use crate::config;

/// Arguments of `snaplake schema`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct SchemaArgs {
    /// Print the reference page in Markdown instead
    #[arg(long)]
    page: bool,
    /// Print the schema of what `rehearse` and `run` write with `--output json` instead
    #[arg(long, conflicts_with = "page")]
    report: bool,
    /// Print the schema of what `cost` writes with `--output json` instead
    #[arg(long, conflicts_with_all = ["page", "report"])]
    cost: bool,
    /// Print the schema of what `iam check` writes with `--output json` instead
    #[arg(long, conflicts_with_all = ["page", "report", "cost"])]
    check: bool,
    /// Print the schema of what `iam lint` writes with `--output json` instead
    #[arg(long, conflicts_with_all = ["page", "report", "cost", "check"])]
    lint: bool,
}

pub(super) fn run(args: &SchemaArgs, _global: &Global, printer: &Printer) -> Outcome {
    if args.report {
        printer.out(format!("{:#}\n", crate::report::schema()))?;
    } else if args.cost {
        printer.out(format!("{:#}\n", crate::report::cost_schema()))?;
    } else if args.check {
        printer.out(format!("{:#}\n", crate::report::check_schema()))?;
    } else if args.lint {
        printer.out(format!("{:#}\n", crate::report::lint_schema()))?;
    } else if args.page {
        printer.out(config::page())?;
    } else {
        printer.out(format!("{:#}\n", config::json_schema()))?;
    }
    Ok(Exit::Done)
}
