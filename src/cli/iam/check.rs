//! `snaplake iam check`: is every need of the pipeline allowed, and nothing else granted?

use super::super::OutputFormat;
use super::super::project::Project;
use super::super::session::{Session, aws_error};
use super::{Failure, Global, Outcome, Printer};
use crate::aws::permissions::{self, LiveError};
use crate::aws::{Clock as _, SystemClock};
use crate::cli::Exit;
use crate::pipeline::check::documents::{DocumentError, Mapping};
use crate::pipeline::check::{Check, Setup, documents, owners, plan, questions};
use crate::pipeline::{Pipeline, PrincipalKind};
use crate::report::{check_json, check_junit, check_sarif, check_text};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `snaplake iam check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The folder of policy documents [default: the one that `generate` writes beside the configuration]
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    policies: Option<PathBuf>,
    /// What `terraform show -json` says of a plan or a state; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Read the account's roles, policies, bucket and key, and ask IAM's simulator too
    #[arg(long, conflicts_with_all = ["policies", "plan", "map"])]
    live: bool,
    /// A role's name, or with `--policies` one more document, of a principal: `runner=etl-role`
    #[arg(long = "map", value_name = "PRINCIPAL=NAME", value_parser = mapping)]
    map: Vec<(PrincipalKind, String)>,
    /// With `--plan`: take it that owners have added what `policies/owner` holds to what exists already
    #[arg(long, requires = "plan")]
    assume_owners: bool,
    /// Do not exit 1 when more is granted than needed
    #[arg(long)]
    allow_surplus: bool,
}

fn mapping(text: &str) -> Result<(PrincipalKind, String), String> {
    let (principal, name) =
        text.split_once('=').ok_or("write PRINCIPAL=NAME, such as `runner=etl-role`")?;
    let kind =
        PrincipalKind::ALL.into_iter().find(|kind| kind.id() == principal).ok_or_else(|| {
            let known: Vec<_> = PrincipalKind::ALL.iter().map(|kind| kind.id()).collect();
            format!(
                "there is no principal `{}`; there are {}",
                principal.escape_debug(),
                known.join(", ")
            )
        })?;
    Ok((kind, name.to_owned()))
}

pub(super) fn run(args: &CheckArgs, global: &Global, printer: &Printer) -> Outcome {
    if args.live {
        return live(args, global, printer);
    }
    let project = Project::load(global)?;
    let pipeline = project.pipeline()?;
    let (mut setup, assumed) = if let Some(file) = &args.plan {
        let mut setup = from_plan(&pipeline, file, &args.map)?;
        owners::fill(&pipeline, &mut setup, args.assume_owners).map_err(|errors| {
            let (name, text) = ("policies/owner".to_owned(), String::new());
            wrong(&[DocumentError { name, text, errors }])
        })?;
        (setup, if args.assume_owners { of_owners(&pipeline, |_| true) } else { Vec::new() })
    } else {
        let generated = || project.policies(&pipeline);
        from_folder(&pipeline, &args.policies.clone().unwrap_or_else(generated), &args.map)?
    };
    setup.now = Some(SystemClock.now());
    let mut check = Check::run(&pipeline, &setup);
    check.assumed = assumed;
    show(&check, args, global, printer)
}

fn live(args: &CheckArgs, global: &Global, printer: &Printer) -> Outcome {
    let session = Session::open(global)?;
    let read = permissions::read(&session.clients, &session.pipeline);
    let setup = session.wait(read).map_err(|error| match error {
        LiveError::Aws(error) => aws_error(&error),
        LiveError::Policy { name, errors } => {
            let text = String::new();
            wrong(&[DocumentError { name, text, errors }])
        }
    })?;
    let mut check = Check::run(&session.pipeline, &setup);
    let questions = questions(&session.pipeline, &setup);
    match session.wait(permissions::simulate(&session.clients, &questions)) {
        Ok(opinions) => check.compare(&opinions),
        // The check stands without a second opinion.
        Err(error) => check.notes.push(format!("no second opinion: {error}")),
    }
    show(&check, args, global, printer)
}

fn show(check: &Check, args: &CheckArgs, global: &Global, printer: &Printer) -> Outcome {
    printer.out(match global.output {
        OutputFormat::Text => check_text(check, printer.color()),
        OutputFormat::Json => format!("{:#}\n", check_json(check)),
        OutputFormat::Sarif => format!("{:#}\n", check_sarif(check)),
        OutputFormat::Junit => check_junit(check),
    })?;
    let fine = check.sufficient() && (args.allow_surplus || check.minimal());
    Ok(if fine { Exit::Done } else { Exit::No })
}

/// The files of what owners of existing things have to add, as far as their names are wanted.
fn of_owners(pipeline: &Pipeline, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let documents = pipeline.documents().into_iter().filter(|document| document.by_owner);
    documents
        .map(|document| document.file)
        .filter(|file| wanted(file.rsplit('/').next().unwrap_or(file)))
        .collect()
}

/// The policies of a folder, and which of them are their owners' to add.
fn from_folder(
    pipeline: &Pipeline,
    folder: &Path,
    map: &Mapping,
) -> Result<(Setup, Vec<String>), Failure> {
    let shown = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::input(miette::miette!(
            help = "write the policies with `snaplake generate`, or name their folder with `--policies`",
            "cannot read the folder `{}`: {error}",
            shown.escape_debug()
        ))
    })?;
    let (mut texts, mut notes) = (BTreeMap::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_file() && is_json(&path) {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            texts.insert(file_name(&path), text);
        }
    }
    from_owners(pipeline, folder, &mut texts, &mut notes)?;
    if texts.is_empty() {
        return Err(Failure::input(miette::miette!(
            help = "write the policies with `snaplake generate`, or name their folder with `--policies`",
            "there is no policy in the folder `{}`",
            shown.escape_debug()
        )));
    }
    if let Some((_, name)) = map.iter().find(|(_, name)| !texts.contains_key(name)) {
        return Err(Failure::input(miette::miette!(
            "there is no `{}` in `{}`",
            name.escape_debug(),
            shown.escape_debug()
        )));
    }
    let mut setup =
        documents::read(pipeline, &shown, &texts, map).map_err(|errors| wrong(&errors))?;
    setup.notes.extend(notes);
    Ok((setup, of_owners(pipeline, |name| texts.contains_key(name))))
}

/// Adds what owners of existing things have to add, which is part of the set-up as well.
fn from_owners(
    pipeline: &Pipeline,
    folder: &Path,
    texts: &mut BTreeMap<String, String>,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let folder = folder.join("owner");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(&folder, &error)),
    };
    let documents = pipeline.documents().into_iter().filter(|document| document.by_owner);
    let wanted: Vec<_> = documents.map(|document| file_name(Path::new(&document.file))).collect();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
        let name = file_name(&path);
        if !wanted.contains(&name) {
            if is_json(&path) {
                let known = wanted.iter().find(|it| it.eq_ignore_ascii_case(&name));
                let near = known.map(|it| format!(": did you mean `{it}`?")).unwrap_or_default();
                notes.push(format!(
                    "`owner/{name}` is not read, since no owner has to add it{near}"
                ));
            }
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let other = texts.insert(name.clone(), text.clone());
        if other.is_some_and(|other| other != text) {
            let name = name.escape_debug();
            return Err(Failure::input(miette::miette!(
                help = "there is one such policy in AWS: delete the file that is not it",
                "`{name}` and `owner/{name}` in the folder differ"
            )));
        }
    }
    Ok(())
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn from_plan(pipeline: &Pipeline, file: &Path, map: &Mapping) -> Result<Setup, Failure> {
    let name = file.display().to_string();
    let text = if name == "-" {
        std::io::read_to_string(std::io::stdin().lock())
    } else {
        std::fs::read_to_string(file)
    };
    let written = "write it with `terraform show -json plan.out > plan.json`";
    let text = text.map_err(|error| {
        let name = name.escape_debug();
        Failure::input(miette::miette!(help = written, "cannot read `{name}`: {error}"))
    })?;
    plan::read(pipeline, &name, &text, map).map_err(|error| match error {
        plan::PlanError::Documents(errors) => wrong(&errors),
        other => {
            Failure::input(miette::miette!(help = written, "`{}`: {other}", name.escape_debug()))
        }
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display().to_string();
    Failure::input(miette::miette!("cannot read `{}`: {error}", shown.escape_debug()))
}

fn wrong(errors: &[DocumentError]) -> Failure {
    let reports = errors
        .iter()
        .flat_map(|document| {
            document.errors.errors.iter().map(|error| {
                let name = document.name.escape_debug();
                let (line, column) = (error.line, error.column);
                let help = error.help.clone().unwrap_or_else(|| {
                    "`snaplake iam lint` shows everything that is wrong with a policy".to_owned()
                });
                miette::miette!(help = help, "{name}:{line}:{column}: {}", error.message)
            })
        })
        .collect();
    Failure { exit: Exit::Input, reports }
}
