//! `snaplake iam lint`: findings on any policy document.

use super::super::OutputFormat;
use super::{Failure, Global, Outcome, Printer};
use crate::cli::Exit;
use crate::iam::json::SyntaxError;
use crate::iam::lint::{LintOptions, PolicyKind, Severity, detect_kind, lint};
use crate::report::{LintedFile, lint_json, lint_sarif, lint_text};
use clap::ValueEnum;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Arguments of `snaplake iam lint`.
#[derive(Debug, clap::Args)]
pub struct LintArgs {
    /// Policy documents in JSON; `-` reads one from stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What kind of policies they are, instead of seeing for oneself
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    kind: Kind,
    /// Leave out findings that are less severe
    #[arg(long, value_enum, default_value_t = Least::Suggestion, value_name = "SEVERITY")]
    least: Least,
    /// Leave out the findings of a check, by its name; can be given several times
    #[arg(long, value_name = "CHECK")]
    ignore: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// By what each document says; policies of organizations and VPC endpoints have to be named
    Auto,
    /// Attached to a user, group or role; permissions boundaries; session policies
    Identity,
    /// Who may assume a role
    Trust,
    /// An S3 bucket's policy
    Bucket,
    /// A KMS key's policy
    Key,
    /// Another resource's policy
    Resource,
    /// A VPC endpoint's policy
    Endpoint,
    /// A service control policy
    Scp,
    /// A resource control policy
    Rcp,
}

impl Kind {
    const fn kind(self) -> Option<PolicyKind> {
        Some(match self {
            Self::Auto => return None,
            Self::Identity => PolicyKind::Identity,
            Self::Trust => PolicyKind::Trust,
            Self::Bucket => PolicyKind::Bucket,
            Self::Key => PolicyKind::Key,
            Self::Resource => PolicyKind::Resource,
            Self::Endpoint => PolicyKind::Endpoint,
            Self::Scp => PolicyKind::Scp,
            Self::Rcp => PolicyKind::Rcp,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Least {
    Error,
    SecurityWarning,
    Warning,
    Suggestion,
}

impl Least {
    const fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::SecurityWarning => Severity::SecurityWarning,
            Self::Warning => Severity::Warning,
            Self::Suggestion => Severity::Suggestion,
        }
    }
}

pub(super) fn run(args: &LintArgs, global: &Global, printer: &Printer) -> Outcome {
    for code in &args.ignore {
        if crate::iam::lint::Check::by_code(code).is_none() {
            let code = code.escape_debug();
            return Err(Failure::input(miette::miette!(
                help = "the checks are listed in docs/lint.md",
                "there is no check `{code}`"
            )));
        }
    }
    let files = args.files.iter().map(|path| file(path, args)).collect::<Result<Vec<_>, _>>()?;
    printer.out(match global.output {
        OutputFormat::Text => lint_text(&files, printer.color()),
        OutputFormat::Json => format!("{:#}\n", lint_json(&files)),
        OutputFormat::Sarif => format!("{:#}\n", lint_sarif(&files)),
        OutputFormat::Junit => {
            return Err(Failure::input(miette::miette!(
                help = "use text, json or sarif",
                "`iam lint` has no JUnit output"
            )));
        }
    })?;
    if files.iter().any(|file| file.result.is_err()) {
        return Ok(Exit::Input);
    }
    let found = files.iter().any(|file| file.result.as_ref().is_ok_and(|list| !list.is_empty()));
    Ok(if found { Exit::No } else { Exit::Done })
}

fn file(path: &Path, args: &LintArgs) -> Result<LintedFile, Failure> {
    let name = path.display().to_string();
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|error| {
        let name = name.escape_debug();
        let help = if path.is_dir() {
            format!("name the files in it: `snaplake iam lint {name}/*.json`")
        } else {
            "name a policy document, or `-` to read one from stdin".to_owned()
        };
        Failure::input(miette::miette!(help = help, "cannot read `{name}`: {error}"))
    })?;
    let kind = args.kind.kind();
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            // JSON is UTF-8 (RFC 8259); the rest is shown as far as it can be.
            let offset = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let result = Err(SyntaxError { offset, expected: "the text is not UTF-8 here" });
            return Ok(LintedFile { name, text, kind, result });
        }
    };
    let kind = kind.or_else(|| detect_kind(&text));
    let result = lint(&text, LintOptions { kind }).map(|mut findings| {
        findings.retain(|finding| {
            finding.check.severity <= args.least.severity()
                && !args.ignore.iter().any(|code| code == finding.check.code)
        });
        findings
    });
    Ok(LintedFile { name, text, kind, result })
}
