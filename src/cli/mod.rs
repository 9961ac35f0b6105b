//! The command line: clap types, one file per command, and the only place that prints.

mod args;
mod exit;
mod files;
mod notify;
mod outputs;
mod plan;
mod printer;
mod progress;
mod project;

#[cfg(feature = "rehearse")]
mod cloud;
mod completions;
mod cost;
mod demo;
mod doctor;
mod generate;
mod iam;
mod man;
mod rehearse;
mod rollback;
mod run;
mod schema;
mod session;
mod status;

pub use args::{Cli, Command, Global, OutputFormat};
pub use exit::{Exit, Failure};
pub use printer::Printer;

use clap::Parser as _;
use std::process::ExitCode;

/// What every command returns: how the process ends, or why it could not do its work.
pub type Outcome = Result<Exit, Failure>;

/// Parses the command line, runs the command and turns its outcome into an exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let printer = Printer::new(&cli.global);
    printer::init_tracing(&cli.global);
    match dispatch(&cli, &printer) {
        Ok(exit) => exit.into(),
        Err(failure) => printer.failure(&failure).into(),
    }
}

fn dispatch(cli: &Cli, printer: &Printer) -> Outcome {
    let global = &cli.global;
    let has = match global.output {
        OutputFormat::Text | OutputFormat::Json => true,
        OutputFormat::Sarif => matches!(cli.command, Command::Iam(_)),
        OutputFormat::Junit => matches!(
            cli.command,
            Command::Iam(_)
                | Command::Run(_)
                | Command::Verify(_)
                | Command::Rollback(_)
                | Command::Rehearse(_)
                | Command::Demo(_)
        ),
    };
    if !has {
        return Err(Failure::input(miette::miette!(
            help = "use `--output text` or `--output json`; SARIF is for `iam lint` and `iam check`, \
                    JUnit for `iam check`, `run`, `verify`, `rollback` and `rehearse`",
            "this command has no such output"
        )));
    }
    match &cli.command {
        Command::Demo(args) => demo::run(args, global, printer),
        Command::Generate(args) => generate::run(args, global, printer),
        Command::Iam(args) => iam::run(args, global, printer),
        #[cfg(feature = "rehearse")]
        Command::Cloud(args) => cloud::run(args, global, printer),
        Command::Rehearse(args) => rehearse::run(args, global, printer),
        Command::Run(args) => run::run(args, global, printer),
        Command::Cost(args) => cost::run(args, global, printer),
        Command::Verify(args) => rollback::verify(args, global, printer),
        Command::Doctor(args) => doctor::run(args, global, printer),
        Command::Status(args) => status::status(args, global, printer),
        Command::Runs(args) => status::runs(args, global, printer),
        Command::Rollback(args) => rollback::rollback(args, global, printer),
        Command::Schema(args) => schema::run(args, global, printer),
        Command::Completions(args) => completions::run(args, printer),
        Command::Man(args) => man::run(args, printer),
    }
}
