//! `snaplake demo`: the whole pipeline on an example, with nothing to set up.

use super::outputs::Files;
use super::{Exit, Failure, Global, Outcome, Printer, files};
use crate::rehearse::{Options, sample};
use std::path::{Path, PathBuf};

/// The example's configuration, which the demo's project is a copy of.
const CONFIG: &str = include_str!("../../examples/snapshot-to-athena/snaplake.toml");
/// The name under which the example's configuration looks for its sample database.
const DATABASE: &str = "sample.db";

/// Arguments of `snaplake demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// The folder to make the example project in
    #[arg(value_name = "DIR", default_value = "snaplake-demo")]
    folder: PathBuf,
}

pub(super) fn run(args: &DemoArgs, global: &Global, printer: &Printer) -> Outcome {
    let folder = &args.folder;
    let config = folder.join("snaplake.toml");
    usable(folder, &config)?;
    printer.note(format_args!("an example project in {}", folder.display()));
    files::write(&config, CONFIG.as_bytes())?;
    database(folder)?;
    let global = Global { config, pipeline: None, ..global.clone() };
    let project = super::project::Project::load(&global)?;
    let pipeline = project.pipeline()?;
    let terraform = folder.join("terraform");
    super::generate::write(&pipeline, &terraform)?;
    printer.note(format_args!("  {}: Terraform modules and IAM policies", terraform.display()));
    let options = Options {
        policies: terraform.join("policies"),
        source: None,
        folder: folder.clone(),
        drills: true,
        keep: None,
    };
    let page = folder.join("report.html");
    let exit = super::rehearse::rehearse(
        &pipeline,
        &options,
        &page,
        &Files::default(),
        global.output,
        printer,
    )?;
    if exit == Exit::Done {
        printer.note(format_args!(
            "next: open {}, read {}, change it and rehearse again:\n  {} --config {} rehearse",
            page.display(),
            global.config.display(),
            command(
                std::env::var_os("CARGO").is_some(),
                cfg!(debug_assertions),
                std::env::args_os().next().as_deref().map(Path::new),
            ),
            global.config.display(),
        ));
    }
    Ok(exit)
}

/// How the user started this program, for a command to copy: cargo names itself to what it runs.
fn command(by_cargo: bool, debug: bool, typed: Option<&Path>) -> String {
    match (by_cargo, debug, typed) {
        (true, true, _) => "cargo run --".to_owned(),
        (true, false, _) => "cargo run --release --".to_owned(),
        // A name alone was found on the path and will be again; a path is needed as it is.
        (false, _, Some(path)) if path.components().count() > 1 => shown(path),
        (false, ..) => "snaplake".to_owned(),
    }
}

/// A folder that is not there, is empty, or has an earlier demo; nothing of anybody's is overwritten.
fn usable(folder: &Path, config: &Path) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::input(miette::miette!("cannot read `{}`: {error}", shown(folder)))
    };
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let earlier = std::fs::read_to_string(config).is_ok_and(|text| text == CONFIG);
    if earlier || entries.next().is_none() {
        return Ok(());
    }
    Err(Failure::input(miette::miette!(
        help = "name a folder that is empty or not there yet: `snaplake demo DIR`",
        "`{}` is not empty, and not an unchanged demo",
        shown(folder)
    )))
}

/// The sample database, complete or not at all.
fn database(folder: &Path) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::environment(miette::miette!(
            help = "make room there, or make the folder writable",
            "cannot write the sample database: {why}"
        ))
    };
    let path = folder.join(DATABASE);
    if path.exists() {
        return Ok(());
    }
    let beside = tempfile::Builder::new()
        .prefix(".snaplake-sample-")
        .tempdir_in(folder)
        .map_err(|error| failed(error.to_string()))?;
    let unfinished = beside.path().join(DATABASE);
    sample::write(&unfinished).map_err(|error| failed(error.to_string()))?;
    std::fs::rename(&unfinished, &path).map_err(|error| failed(error.to_string()))
}

fn shown(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}
