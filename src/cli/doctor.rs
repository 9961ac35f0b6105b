//! `snaplake doctor`: what would keep a run from working.

use super::session::Session;
use super::{Exit, Failure, Global, Outcome, OutputFormat, Printer};
use crate::run;
use crate::verify::{Check, CheckStatus};
use serde_json::json;
use std::fmt::Write as _;

/// Arguments of `snaplake doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {}

pub(super) fn run(_args: &DoctorArgs, global: &Global, printer: &Printer) -> Outcome {
    let session = Session::open(global)?;
    let checks = session.wait(run::doctor(&session.pipeline, &session.clients));
    if global.output == OutputFormat::Json {
        let value = json!({"version": 1, "pipeline": session.pipeline.name, "checks": checks});
        let text = serde_json::to_string_pretty(&value)
            .map_err(|error| Failure::environment(miette::miette!("{error}")))?;
        printer.out(text + "\n")?;
    } else {
        printer.out(text(&checks))?;
    }
    if global.output == OutputFormat::Text {
        printer.out(summary(&checks))?;
    }
    let failed = checks.iter().any(Check::is_failed);
    Ok(if failed { Exit::No } else { Exit::Done })
}

fn summary(checks: &[Check]) -> String {
    let of = |wanted: CheckStatus| checks.iter().filter(|check| check.status == wanted).count();
    let unknown = of(CheckStatus::NotComparable);
    let mut text = format!("\n{} ok, {} failed", of(CheckStatus::Passed), of(CheckStatus::Failed));
    let _ = writeln!(text, ", {} to note, {unknown} not known", of(CheckStatus::Warning));
    text.push_str(
        "Not looked at: increased quotas, Lake Formation itself, organization policies, what is inside \
         the database.\n",
    );
    text
}

fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.status {
            CheckStatus::Passed => "ok",
            CheckStatus::Failed => "FAILED",
            CheckStatus::Warning => "note",
            CheckStatus::NotComparable => "?",
        };
        let _ = writeln!(text, "{mark:<6}  {}: {}", check.title, check.found);
        if check.status != CheckStatus::Passed && !check.help.is_empty() {
            let _ = writeln!(text, "        help: {}", check.help);
        }
    }
    text
}
