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
    let near = action
        .split_once(':')
        .and_then(|(prefix, _)| reference::service(prefix))
        .into_iter()
        .flat_map(|service| &service.actions)
        .map(|it| (strsim::jaro_winkler(&it.to_string(), action), it))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(
            || "write `service:Action`, such as `kms:Decrypt`".to_owned(),
            |(_, near)| format!("did you mean `{near}`?"),
        );
    Err(Failure::input(miette::miette!(help = near, "there is no action `{shown}`")))
}

fn speaks_of(statement: &Statement, args: &ExplainArgs) -> bool {
    args.action.as_ref().is_none_or(|wanted| {
        let wanted = wanted.to_ascii_lowercase();
        let overlaps = |action: &String| reference::overlaps(&action.to_ascii_lowercase(), &wanted);
        statement.actions.iter().any(overlaps)
    })
}
