//! `snaplake man`: the manual page, in roff.

use super::{Cli, Exit, Failure, Outcome, Printer};
use clap::CommandFactory as _;

/// Arguments of `snaplake man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The page of one command, such as `generate` or `iam check`; without it, the main page
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(args: &ManArgs, printer: &Printer) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let mut title = command.get_name().to_owned();
    for name in &args.command {
        let Some(found) = command.find_subcommand(name).cloned() else {
            return Err(Failure::input(miette::miette!(
                help = "`snaplake help` lists the commands",
                "there is no command `{}`",
                args.command.join(" ").escape_debug()
            )));
        };
        title = format!("{title}-{name}");
        command = found;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .title(title.to_uppercase())
        .source(concat!("snaplake ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| Failure::environment(miette::miette!("cannot write the page: {error}")))?;
    printer.out(page)?;
    Ok(Exit::Done)
}
