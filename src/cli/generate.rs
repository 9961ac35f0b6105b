//! `snaplake generate`: Terraform modules and IAM policies from the model.

use super::project::Project;
use super::session::{Session, aws_error};
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::aws::inventory;
use crate::generate::adopt::{self, AdoptError, Adoption};
use crate::generate::disk::{self, Change, DiskError};
use crate::generate::{self, Files, owners};
use crate::pipeline::Pipeline;
use serde_json::json;
use similar::TextDiff;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Arguments of `snaplake generate`.
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    /// The folder to write to; `terraform` beside the configuration unless given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; show what differs on disk and exit 1 when anything does
    #[arg(long)]
    check: bool,
    /// Also write import blocks for what a Terraform state, as `terraform show -json` prints it,
    /// already has of the pipeline, and print the `removed` blocks for that state
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    adopt: Option<PathBuf>,
    /// Also write import blocks for what the account already has of the pipeline, looked up with read-only
    /// calls; whether another Terraform state owns it is not known then
    #[arg(long, conflicts_with_all = ["check", "adopt"])]
    adopt_account: bool,
}

/// One pipeline's root module: its folder, what belongs there, and what differs.
struct Root {
    pipeline: Pipeline,
    folder: PathBuf,
    files: Files,
    changes: Vec<Change>,
    adoption: Option<Adoption>,
}

pub(super) fn run(args: &GenerateArgs, global: &Global, printer: &Printer) -> Outcome {
    let project = Project::load(global)?;
    let out = args.out.clone().unwrap_or_else(|| project.folder.join("terraform"));
    let mut roots = Vec::new();
    for pipeline in project.pipelines()? {
        let folder = project.root(&out, &pipeline);
        let files = generate::files(&pipeline).map_err(|error| own_mistake(&error))?;
        roots.push(Root { pipeline, folder, files, changes: Vec::new(), adoption: None });
    }
    if let Some(state) = &args.adopt {
        find_adopted(state, &mut roots)?;
    }
    if args.adopt_account {
        find_in_account(&mut roots, global)?;
    }
    for root in &mut roots {
        root.changes = if args.check {
            disk::compare(&root.folder, &root.files)
        } else {
            disk::write(&root.folder, &root.files)
        }
        .map_err(|error| disk_failure(&error, &root.folder))?;
    }
    for root in &roots {
        if let Some(adoption) =
            root.adoption.as_ref().filter(|adoption| !adoption.adopted.is_empty())
        {
            disk::replace(&root.folder.join(adopt::FILE), &adoption.imports())
                .map_err(|error| disk_failure(&error, &root.folder))?;
        }
    }
    let mut text = String::new();
    if global.output == OutputFormat::Json {
        text = json(&roots);
    } else {
        for root in &roots {
            text.push_str(&if args.check { diffs(root) } else { written(root) + &asked(root) });
            text.push_str(
                &root.adoption.as_ref().map(|adoption| adopted(root, adoption)).unwrap_or_default(),
            );
        }
    }
    printer.out(text)?;
    report_stale(&roots, printer);
    if global.pipeline.is_none() {
        report_abandoned(&out, &roots, printer)?;
    }
    Ok(if args.check { verdict(&roots, printer) } else { Exit::Done })
}

/// Writes one pipeline's tree, for a command that goes on with it.
pub(super) fn write(pipeline: &Pipeline, folder: &Path) -> Result<(), Failure> {
    let files = generate::files(pipeline).map_err(|error| own_mistake(&error))?;
    disk::write(folder, &files).map_err(|error| disk_failure(&error, folder))?;
    Ok(())
}

/// Finds what the state already has, before anything is written.
fn find_adopted(state: &Path, roots: &mut [Root]) -> Result<(), Failure> {
    let name = shown(state);
    let text = std::fs::read_to_string(state)
        .map_err(|error| Failure::input(miette::miette!("cannot read `{name}`: {error}")))?;
    for root in roots {
        let adoption = adopt::adopt(&root.pipeline, &text).map_err(|error| match error {
            AdoptError::NoState(why) => Failure::input(miette::miette!(
                help = "write it with `terraform show -json > FILE` where that state is",
                "`{name}` is no Terraform state: {why}"
            )),
            AdoptError::Generate(error) => own_mistake(&error),
        })?;
        if !adopt::may_write(&root.folder) {
            let foreign = DiskError::Foreign(vec![PathBuf::from(adopt::FILE)]);
            return Err(disk_failure(&foreign, &root.folder));
        }
        root.adoption = Some(adoption);
    }
    Ok(())
}

/// Finds what the account already has, before anything is written.
fn find_in_account(roots: &mut [Root], global: &Global) -> Result<(), Failure> {
    for root in roots {
        if !adopt::may_write(&root.folder) {
            let foreign = DiskError::Foreign(vec![PathBuf::from(adopt::FILE)]);
            return Err(disk_failure(&foreign, &root.folder));
        }
        let of_one = Global { pipeline: Some(root.pipeline.name.clone()), ..global.clone() };
        let session = Session::open(&of_one)?;
        let held = session
            .wait(inventory::read(&session.clients, &root.pipeline))
            .map_err(|error| aws_error(&error))?;
        let adoption = adopt::adopt_held(&root.pipeline, &held)
            .map_err(|error| Failure::environment(miette::miette!("{error}")))?;
        root.adoption = Some(adoption);
    }
    Ok(())
}

/// What was taken over, and what the other state has to be told.
fn adopted(root: &Root, adoption: &Adoption) -> String {
    let mut text = String::new();
    for conflict in &adoption.conflicts {
        let _ = writeln!(text, "not taken over: {conflict}");
    }
    if adoption.adopted.is_empty() {
        text.push_str("nothing else there bears a name of this pipeline\n");
        return text;
    }
    if adoption.adopted.iter().all(|adopted| adopted.from.is_empty()) {
        let _ = writeln!(
            text,
            "wrote import blocks for {} resources to {}\n\nwhether another Terraform state owns them is not known from the account; where one does,\nuse `--adopt` with that state, which also says how it lets go of them",
            adoption.adopted.len(),
            shown(&root.folder.join(adopt::FILE)),
        );
        return text;
    }
    let _ = write!(
        text,
        "wrote import blocks for {} resources to {}\n\nput this into the configuration of the state that has them now, and apply it there first:\n\n{}",
        adoption.adopted.len(),
        shown(&root.folder.join(adopt::FILE)),
        adoption.removals(),
    );
    text
}

/// Says whether everything on disk is as it should be.
fn verdict(roots: &[Root], printer: &Printer) -> Exit {
    let all: usize = roots.iter().map(|root| root.files.len()).sum();
    let different: usize = roots.iter().map(|root| root.changes.len()).sum();
    if different == 0 {
        printer.note(format_args!("all {all} files are up to date"));
        return Exit::Done;
    }
    printer.note(format_args!(
        "{different} of {all} files differ from the configuration; `snaplake generate` writes them"
    ));
    Exit::No
}

fn diffs(root: &Root) -> String {
    root.changes.iter().map(|change| diff(&root.folder, &root.files, change)).collect()
}

/// A unified diff from what is on disk to what would be written.
fn diff(folder: &Path, files: &Files, change: &Change) -> String {
    let (path, found) = match change {
        Change::Missing(path) => (path, None),
        Change::Different(path, found) => (path, Some(found.as_str())),
        Change::Stale(_) => return String::new(),
    };
    let wanted = files.get(path).map_or("", String::as_str);
    let name = shown(&folder.join(path));
    let from = if found.is_some() { name.as_str() } else { "/dev/null" };
    TextDiff::from_lines(found.unwrap_or(""), wanted).unified_diff().header(from, &name).to_string()
}

fn written(root: &Root) -> String {
    let count = root.changes.iter().filter(|change| !matches!(change, Change::Stale(_))).count();
    let folder = shown(&root.folder);
    match (count, root.files.len()) {
        (0, all) => format!("{all} files in {folder} are up to date\n"),
        (some, all) if some == all => format!("wrote {all} files to {folder}\n"),
        (some, all) => {
            format!("wrote {some} of {all} files to {folder}; the others are up to date\n")
        }
    }
}

/// What owners of existing things have to add: the statements themselves when they are new, else where
/// they are.
fn asked(root: &Root) -> String {
    let mut text = String::new();
    for document in root.pipeline.documents().iter().filter(|document| document.by_owner) {
        let wish = if owners::optional(&root.pipeline, document) { "may" } else { "must" };
        let place = owners::place(&root.pipeline, document);
        let file = Path::new(&document.file);
        let new = root.changes.iter().any(|change| match change {
            Change::Missing(path) | Change::Different(path, _) => path == file,
            Change::Stale(_) => false,
        });
        let _ = writeln!(text, "an owner {wish} add {} to {place}", shown(&root.folder.join(file)));
        if new {
            for line in document.to_json().lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text
}

/// Files that were generated once and are no more are the user's to delete.
fn report_stale(roots: &[Root], printer: &Printer) {
    for root in roots {
        for change in &root.changes {
            if let Change::Stale(path) = change {
                let path = shown(&root.folder.join(path));
                printer.note(format_args!("no longer generated, and left where it is: {path}"));
            }
        }
    }
}

/// So are whole trees of pipelines that the configuration no longer has.
fn report_abandoned(out: &Path, roots: &[Root], printer: &Printer) -> Result<(), Failure> {
    let current = roots.iter().map(|root| root.folder.clone()).collect();
    let abandoned = disk::abandoned(out, &current).map_err(|error| disk_failure(&error, out))?;
    for folder in abandoned {
        let folder = shown(&folder);
        printer.note(format_args!(
            "no pipeline is generated here any more, and nothing is deleted: {folder}"
        ));
    }
    Ok(())
}

fn json(roots: &[Root]) -> String {
    let roots: Vec<_> = roots
        .iter()
        .map(|root| {
            let change = |change: &Change| match change {
                Change::Missing(path) => json!({ "file": path, "change": "missing" }),
                Change::Different(path, _) => json!({
                    "file": path, "change": "different", "diff": diff(&root.folder, &root.files, change),
                }),
                Change::Stale(path) => json!({ "file": path, "change": "stale" }),
            };
            json!({
                "folder": root.folder,
                "files": root.files.keys().collect::<Vec<_>>(),
                "changes": root.changes.iter().map(change).collect::<Vec<_>>(),
                "adopted": root.adoption.iter().flat_map(|adoption| &adoption.adopted).map(|adopted| {
                    json!({ "to": adopted.to, "id": adopted.id, "from": adopted.from })
                }).collect::<Vec<_>>(),
                "by_owners": root.pipeline.documents().iter().filter(|document| document.by_owner).map(|document| {
                    json!({ "file": document.file, "add_to": owners::place(&root.pipeline, document) })
                }).collect::<Vec<_>>(),
                "conflicts": root.adoption.iter().flat_map(|adoption| &adoption.conflicts).collect::<Vec<_>>(),
            })
        })
        .collect();
    let value = json!({ "version": 1, "roots": roots });
    format!("{value:#}\n")
}

fn shown(path: &Path) -> String {
    path.display()
        .to_string()
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn own_mistake(error: &generate::GenerateError) -> Failure {
    let message = error.to_string();
    Failure::environment(miette::miette!(
        help = "this is a mistake of snaplake's own; please report it with your configuration",
        "{message}"
    ))
}

fn disk_failure(error: &DiskError, folder: &Path) -> Failure {
    let message = error.to_string();
    match error {
        DiskError::Foreign(_) => Failure::input(miette::miette!(
            help = "move them away, or generate into another folder with `--out DIR`",
            "in `{}`, {message}",
            shown(folder)
        )),
        DiskError::Io { .. } => Failure::environment(miette::miette!("{message}")),
    }
}
