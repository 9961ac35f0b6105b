//! `snaplake iam evaluate`.

use super::{Failure, Global, Outcome, Printer};
use crate::cli::Exit;
use crate::iam::Verdict;
use crate::iam::case::{Case, Documents, Piece, split};
use std::io::Read as _;
use std::path::PathBuf;

/// How much is written at once, in bytes.
const BLOCK: usize = 1 << 20;

/// Arguments of `snaplake iam evaluate`.
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {
    /// Cases: a JSON object, a list of objects, or an object a line; `-` is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

pub(super) fn run(args: &EvaluateArgs, _global: &Global, printer: &Printer) -> Outcome {
    let text = read(args)?;
    let pieces = split(&text);
    if pieces.is_empty() {
        return Err(Failure::input(miette::miette!(
            help = "see `docs/iam-engine.md` for the form of a case",
            "`{}` holds no cases",
            args.file.display()
        )));
    }
    let mut documents = Documents::new();
    let mut lines = String::with_capacity(BLOCK + (BLOCK >> 2));
    let mut exit = Exit::Done;
    for piece in pieces {
        let case = match piece {
            Piece::Case(text) => {
                Case::parse(text, &mut documents).map_err(|it| (it.name, it.message))
            }
            Piece::Broken(text, error) => Err((Case::name_of(text), error)),
        };
        match case {
            Ok(case) => answer(&mut lines, &case.name, &case.decide()),
            Err((name, error)) => {
                exit = Exit::Input;
                refusal(&mut lines, name.as_deref(), &error);
            }
        }
        if lines.len() >= BLOCK {
            printer.out(&lines)?;
            lines.clear();
        }
    }
    printer.out(&lines)?;
    Ok(exit)
}

fn read(args: &EvaluateArgs) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if args.file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(&args.file).map(|read| bytes = read)
    };
    let name = args.file.display();
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::input(miette::miette!("there is no file `{name}`"))
        }
        _ => Failure::environment(miette::miette!("cannot read `{name}`: {error}")),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::input(miette::miette!("`{name}` is no UTF-8: byte {at} is the first that is not"))
    })
}

/// `{"name", "decision", "decided_by", "statement"}`.
fn answer(lines: &mut String, name: &str, verdict: &Verdict<'_>) {
    lines.push_str("{\"name\":");
    quote(lines, name);
    lines.push_str(",\"decision\":\"");
    lines.push_str(verdict.decision.name());
    lines.push_str("\",\"decided_by\":\"");
    lines.push_str(verdict.decided_by.name());
    lines.push_str("\",\"statement\":");
    match &verdict.statement {
        None => lines.push_str("null"),
        Some(statement) => {
            lines.push_str("{\"document\":");
            quote(lines, statement.document);
            lines.push_str(",\"index\":");
            lines.push_str(&statement.index.to_string());
            lines.push_str(",\"sid\":");
            match statement.sid {
                Some(sid) => quote(lines, sid),
                None => lines.push_str("null"),
            }
            lines.push('}');
        }
    }
    lines.push_str("}\n");
}

fn refusal(lines: &mut String, name: Option<&str>, error: &str) {
    lines.push_str("{\"name\":");
    match name {
        Some(name) => quote(lines, name),
        None => lines.push_str("null"),
    }
    lines.push_str(",\"error\":");
    quote(lines, error);
    lines.push_str("}\n");
}

/// Text as a JSON string.
fn quote(lines: &mut String, text: &str) {
    let plain =
        text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f);
    if plain {
        lines.push('"');
        lines.push_str(text);
        lines.push('"');
    } else {
        // A string always becomes JSON.
        lines.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}
