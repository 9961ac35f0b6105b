//! `snaplake rollback` and `snaplake verify`: work on an export that is already in the lake.

use super::outputs::Files;
use super::session::{Session, aws_error, run_error};
use super::{Failure, Global, Outcome, Printer};
use crate::run::{self, KeptExport, LiveTable, RunOptions, Status};

/// Arguments of `snaplake rollback`.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// The live tables to roll back; all of the export's unless given
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// The export to go back to; the one before the current one unless given
    #[arg(long, value_name = "EXPORT")]
    to: Option<String>,
    #[command(flatten)]
    files: Files,
}

/// Arguments of `snaplake verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The export, which may be one that snaplake did not start; the newest one unless given
    #[arg(value_name = "EXPORT")]
    export: Option<String>,
    #[command(flatten)]
    files: Files,
}

pub(super) fn rollback(args: &RollbackArgs, global: &Global, printer: &Printer) -> Outcome {
    let session = Session::open(global)?;
    let export = match &args.to {
        Some(export) => export.clone(),
        None => before(&session, &look(&session)?, &args.tables)?,
    };
    let options = RunOptions {
        journal: session.journal.clone(),
        export: Some(export),
        tables: args.tables.clone(),
        ..RunOptions::default()
    };
    session.run(options, &args.files, None, global, printer)
}

pub(super) fn verify(args: &VerifyArgs, global: &Global, printer: &Printer) -> Outcome {
    let session = Session::open(global)?;
    let export = match &args.export {
        Some(export) => export.clone(),
        None => newest(&look(&session)?)?,
    };
    let options = RunOptions {
        journal: session.journal.clone(),
        export: Some(export),
        only_verify: true,
        ..RunOptions::default()
    };
    session.run(options, &args.files, None, global, printer)
}

fn look(session: &Session) -> Result<Status, Failure> {
    let mut status = session
        .wait(run::status(&session.pipeline, &session.clients))
        .map_err(|error| aws_error(&error))?;
    let known = session.wait(session.journals().known_exports());
    status.judge(&known.map_err(|error| run_error(&error))?);
    Ok(status)
}

/// The newest complete export.
fn newest(status: &Status) -> Result<String, Failure> {
    let newest = status.exports.iter().find(|export| export.complete);
    newest.map(|export| export.id.clone()).ok_or_else(|| {
        Failure::input(miette::miette!(
            help = "`snaplake run` makes one; `snaplake verify EXPORT` takes any other",
            "there is no complete export of this pipeline in the lake"
        ))
    })
}

/// The export that the tables go back to: the newest before theirs that would move one of them.
fn before(session: &Session, status: &Status, names: &[String]) -> Result<String, Failure> {
    let tables = chosen(status, names)?;
    let mut fit = false;
    for export in older(status, &tables) {
        fit = true;
        // A table that came with the current export stays there when all others go back, and again when they
        // go back further.
        let moves = run::would_move(&session.pipeline, &session.clients, export, &tables);
        if session.wait(moves).map_err(|error| aws_error(&error))? {
            return Ok(export.to_owned());
        }
    }
    Err(Failure::input(miette::miette!(
        help = "`snaplake status` lists the exports that are kept; `[retention]` says how many",
        "no export older than the current one is kept that {}",
        if fit { "has one of these tables" } else { "is fit to go live" }
    )))
}

/// The live tables of these names; without names, all.
fn chosen<'a>(status: &'a Status, names: &[String]) -> Result<Vec<&'a LiveTable>, Failure> {
    for name in names {
        if !status.tables.iter().any(|table| table.table == *name) {
            return Err(Failure::input(miette::miette!(
                help = "`snaplake status` lists the live tables",
                "there is no live table `{}`",
                name.escape_debug()
            )));
        }
    }
    let chosen = |table: &&LiveTable| names.is_empty() || names.contains(&table.table);
    Ok(status.tables.iter().filter(chosen).collect())
}

/// The complete exports that are older than the newest that the tables point at, and have failed neither
/// verification nor checks; the newest first. What others of them point at says nothing: a table that the source has
/// no more stays at the last export that had it.
fn older<'a>(status: &'a Status, tables: &[&LiveTable]) -> impl Iterator<Item = &'a str> {
    let current = tables.iter().filter_map(|table| table.export.clone()).max();
    let fit = |export: &&KeptExport| export.complete && !export.unfit && !export.refused;
    let ids = status.exports.iter().filter(fit).map(|export| export.id.as_str());
    ids.filter(move |id| current.as_deref().is_some_and(|now| *id < now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        let table = |name: &str, export: &str| LiveTable {
            table: name.into(),
            export: Some(export.into()),
            location: None,
            moved_at: None,
            run: None,
            columns: 1,
        };
        let export = |id: &str, complete| KeptExport {
            id: id.into(),
            complete,
            unfit: false,
            refused: false,
            tables: 0,
        };
        Status {
            database: "shop".into(),
            tables: vec![table("a", "shop-4"), table("b", "shop-2")],
            views: Vec::new(),
            strangers: Vec::new(),
            exports: vec![
                export("shop-4", true),
                export("shop-3", false),
                export("shop-2", true),
                export("shop-1", true),
            ],
        }
    }

    fn before(status: &Status, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        older(status, &chosen(status, &names).unwrap()).map(str::to_owned).collect()
    }

    #[test]
    fn a_rollback_goes_to_the_complete_exports_before() {
        let status = status();
        assert_eq!(before(&status, &["a"]), ["shop-2", "shop-1"]);
        assert_eq!(before(&status, &["b"]), ["shop-1"]);
        // One table was left behind long ago: the others do not go back as far as it has stayed.
        assert_eq!(before(&status, &[]), ["shop-2", "shop-1"]);
        assert!(chosen(&status, &["c".into()]).is_err());
        assert_eq!(newest(&status).unwrap(), "shop-4");
    }

    #[test]
    fn a_rollback_passes_over_what_failed_verification_or_checks() {
        let mut status = status();
        status.exports[2].unfit = true;
        assert_eq!(before(&status, &["a"]), ["shop-1"]);
        status.exports[2] = KeptExport { unfit: false, refused: true, ..status.exports[2].clone() };
        assert_eq!(before(&status, &["a"]), ["shop-1"]);
        // It is there to be verified once more.
        status.exports[0].unfit = true;
        assert_eq!(newest(&status).unwrap(), "shop-4");
    }
}
