//! `snaplake iam explain`: why each statement is there.

use super::super::OutputFormat;
use super::super::project::Project;
use super::{Failure, Global, Outcome, Printer};
use crate::cli::Exit;
use crate::iam::reference;
use crate::pipeline::{Document, Statement};
use crate::report::{explain_json, explain_text};

/// Arguments of `snaplake iam explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Only statements with this action, such as `kms:Decrypt` or `s3:Get*`
    #[arg(value_name = "ACTION")]
    action: Option<String>,
}

pub(super) fn run(args: &ExplainArgs, global: &Global, printer: &Printer) -> Outcome {
    let pipeline = Project::load(global)?.pipeline()?;
    if let Some(action) = &args.action {
        known(action)?;
    }
    let documents = pipeline.documents();
    let chosen: Vec<(&Document, Vec<&Statement>)> = documents
        .iter()
        .map(|document| {
            let statements = document.statements.iter().filter(|it| speaks_of(it, args));
            (document, statements.collect::<Vec<_>>())
        })
        .filter(|(_, statements)| !statements.is_empty())
        .collect();
    printer.out(match global.output {
        OutputFormat::Text => explain_text(&chosen),
        OutputFormat::Json => format!("{:#}\n", explain_json(&chosen)),
        OutputFormat::Sarif | OutputFormat::Junit => {
            return Err(Failure::input(miette::miette!(
                help = "use text or json",
                "`iam explain` finds nothing that SARIF or JUnit could show"
            )));
        }
    })?;
    if let (Some(action), true) = (&args.action, chosen.is_empty()) {
        printer.note(format!("nothing needs `{}`, so no statement has it", action.escape_debug()));
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}

/// An action that AWS does not have is a slip of the pen.
fn known(action: &str) -> Result<(), Failure> {
    if !reference::expand(action).is_empty() {
        return Ok(());
    }
    let shown = action.escape_debug();
    let (service, name) = match action.split_once(':') {
        Some((prefix, name)) => (reference::service(prefix), name.to_lowercase()),
        None => (None, String::new()),
    };
    // Without the service's prefix, which all of them share.
    let likeness = |known: &str| {
        let known = known.split_once(':').map_or(known, |(_, name)| name).to_lowercase();
        strsim::jaro_winkler(&known, &name)
    };
    let near = service
        .into_iter()
        .flat_map(|service| &service.actions)
        .map(|it| (likeness(&it.to_string()), it))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let help = match (near, service) {
        (Some((_, near)), _) => format!("did you mean `{near}`?"),
        (None, Some(_)) => "the actions of each service are listed in https://docs.aws.amazon.com/\
                            service-authorization/latest/reference/\
                            reference_policies_actions-resources-contextkeys.html"
            .to_owned(),
        (None, None) => "write `service:Action`, such as `kms:Decrypt`".to_owned(),
    };
    Err(Failure::input(miette::miette!(help = help, "there is no action `{shown}`")))
}

fn speaks_of(statement: &Statement, args: &ExplainArgs) -> bool {
    args.action.as_ref().is_none_or(|wanted| {
        let wanted = wanted.to_ascii_lowercase();
        let overlaps = |action: &String| reference::overlaps(&action.to_ascii_lowercase(), &wanted);
        statement.actions.iter().any(overlaps)
    })
}
