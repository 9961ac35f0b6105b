//! What the linter found, for people, programs and code hosts.

use super::sarif::{Hit, Level, Region, Rule, sarif};
use crate::iam::json::{self, SyntaxError};
use crate::iam::lint::{CHECKS, Finding, PolicyKind, Severity};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// A file and what the linter has to say of it.
#[derive(Debug, Clone)]
pub struct LintedFile {
    /// The file, as the user typed it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What it was taken for; `None` when it is no policy.
    pub kind: Option<PolicyKind>,
    /// The findings, or why it is no JSON.
    pub result: Result<Vec<Finding>, SyntaxError>,
}

/// The name that something that is no JSON has in Access Analyzer.
const SYNTAX: &str = "JSON_SYNTAX_ERROR";
const SYNTAX_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-error-json-syntax-error";

/// For people: each finding with the line it is about.
#[must_use]
pub fn lint_text(files: &[LintedFile], color: bool) -> String {
    let mut out = String::new();
    for file in files {
        match &file.result {
            Ok(findings) => {
                for finding in findings {
                    let title = format!(
                        "{}[{}]",
                        finding.check.severity.name().to_lowercase().replace('_', " "),
                        finding.check.code
                    );
                    let title = paint(&title, finding.check.severity, color);
                    let (at, message) = (finding.start, &finding.message);
                    let _ = writeln!(out, "{}:{at}: {title}: {message}", file.name.escape_debug());
                    excerpt(&mut out, &file.text, finding);
                    if let Some(help) = &finding.help {
                        let _ = writeln!(out, "  help: {help}");
                    }
                    out.push('\n');
                }
            }
            Err(error) => {
                let at = json::position(&file.text, error.offset);
                let title = paint(&format!("error[{SYNTAX}]"), Severity::Error, color);
                let name = file.name.escape_debug();
                let _ = writeln!(out, "{name}:{at}: {title}: this is no JSON: {error}\n");
            }
        }
    }
    out.push_str(&summary(files));
    out
}

fn summary(files: &[LintedFile]) -> String {
    let findings: Vec<_> =
        files.iter().filter_map(|file| file.result.as_ref().ok()).flatten().collect();
    let broken = files.iter().filter(|file| file.result.is_err()).count();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = format!("{} file{}: ", files.len(), plural(files.len()));
    if findings.is_empty() {
        text.push_str("no findings");
    } else {
        let counts: Vec<_> = Severity::ALL
            .iter()
            .map(|severity| {
                let count = findings.iter().filter(|f| f.check.severity == *severity).count();
                let name = severity.name().to_lowercase().replace('_', " ");
                (count, format!("{count} {name}{}", plural(count)))
            })
            .filter(|(count, _)| *count > 0)
            .map(|(_, text)| text)
            .collect();
        text.push_str(&counts.join(", "));
    }
    if broken > 0 {
        let _ = write!(text, "; {broken} no JSON");
    }
    text.push('\n');
    text
}

fn paint(text: &str, severity: Severity, color: bool) -> String {
    let code = match severity {
        Severity::Error => "1;31",
        Severity::SecurityWarning => "1;35",
        Severity::Warning => "1;33",
        Severity::Suggestion => "1;36",
    };
    if color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// The line that a finding starts in, with the part it is about underlined.
fn excerpt(out: &mut String, text: &str, finding: &Finding) {
    const WIDTH: usize = 160;
    let Some(line) = text.lines().nth(finding.start.line - 1) else { return };
    let before = finding.start.column - 1;
    let length = if finding.end.line == finding.start.line {
        finding.end.column.saturating_sub(finding.start.column).max(1)
    } else {
        1
    };
    // A policy on one line would fill the screen: show the part around the finding.
    let skip = if before + length > WIDTH { before.saturating_sub(20) } else { 0 };
    let shown: String =
        line.chars().skip(skip).take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let number = finding.start.line.to_string();
    let gutter = " ".repeat(number.len());
    let pad = " ".repeat(before - skip);
    let marks = "^".repeat(length.min(WIDTH));
    let _ = writeln!(out, "  {number} | {shown}\n  {gutter} | {pad}{marks}");
}

/// The version of the JSON form; it grows when a field is removed or changes its meaning.
const VERSION: u32 = 1;

/// What `snaplake iam lint` found.
#[derive(Debug, Serialize, JsonSchema)]
struct LintReport {
    /// The version of this form.
    version: u32,
    /// The files, in the order in which they were given.
    files: Vec<FileRow>,
}

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum FileRow {
    /// One that could be read.
    Read {
        /// The file, as it was typed.
        file: String,
        /// What it was taken for; none when it is no policy.
        kind: Option<String>,
        /// What was found, in the order of the file.
        findings: Vec<FindingRow>,
    },
    /// One that is no JSON.
    Broken {
        /// The file, as it was typed.
        file: String,
        /// Why.
        error: ErrorForm,
    },
}

/// Why a file is no JSON.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorForm {
    /// What is wrong.
    message: String,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingRow {
    /// The check's name, as Access Analyzer writes it.
    code: String,
    /// `ERROR`, `SECURITY_WARNING`, `WARNING` or `SUGGESTION`.
    severity: String,
    /// What is wrong.
    message: String,
    /// What to write instead.
    help: Option<String>,
    /// Where in the document, as a path of elements.
    path: String,
    /// The line of the first character, from 1.
    line: usize,
    /// The column of the first character, from 1.
    column: usize,
    /// The line of the character after the last.
    end_line: usize,
    /// The column of the character after the last.
    end_column: usize,
    /// The page that explains the check.
    source: String,
}

/// For programs: version 1.
#[must_use]
pub fn lint_json(files: &[LintedFile]) -> Value {
    let files = files.iter().map(|file| match &file.result {
        Ok(findings) => FileRow::Read {
            file: file.name.clone(),
            kind: file.kind.map(|kind| kind.name().to_owned()),
            findings: findings.iter().map(finding).collect(),
        },
        Err(error) => {
            let at = json::position(&file.text, error.offset);
            FileRow::Broken {
                file: file.name.clone(),
                error: ErrorForm { message: error.to_string(), line: at.line, column: at.column },
            }
        }
    });
    let report = LintReport { version: VERSION, files: files.collect() };
    // Its maps have texts for keys, which is all that can fail.
    serde_json::to_value(report).unwrap_or_default()
}

/// The JSON Schema of [`lint_json`].
#[must_use]
pub fn lint_schema() -> Value {
    schemars::schema_for!(LintReport).to_value()
}

fn finding(finding: &Finding) -> FindingRow {
    FindingRow {
        code: finding.check.code.to_owned(),
        severity: finding.check.severity.name().to_owned(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        path: finding.path.clone(),
        line: finding.start.line,
        column: finding.start.column,
        end_line: finding.end.line,
        end_column: finding.end.column,
        source: finding.check.source(),
    }
}

/// For code hosts: SARIF 2.1.0.
#[must_use]
pub fn lint_sarif(files: &[LintedFile]) -> Value {
    let mut rules: Vec<_> = CHECKS
        .iter()
        .map(|check| Rule {
            id: check.code.to_owned(),
            about: check.about.to_owned(),
            page: check.source(),
            level: level(check.severity),
        })
        .collect();
    rules.push(Rule {
        id: SYNTAX.to_owned(),
        about: "The file is no JSON".to_owned(),
        page: SYNTAX_PAGE.to_owned(),
        level: Level::Error,
    });
    let hits: Vec<_> = files.iter().flat_map(hits).collect();
    sarif(&rules, &hits)
}

fn hits(file: &LintedFile) -> Vec<Hit> {
    match &file.result {
        Ok(findings) => findings
            .iter()
            .map(|finding| Hit {
                rule: finding.check.code.to_owned(),
                level: level(finding.check.severity),
                message: finding.help.as_ref().map_or_else(
                    || finding.message.clone(),
                    |help| format!("{}; {help}", finding.message),
                ),
                file: file.name.clone(),
                region: Some(Region {
                    start_line: finding.start.line,
                    start_column: finding.start.column,
                    end_line: finding.end.line,
                    end_column: finding.end.column,
                }),
                path: Some(finding.path.clone()).filter(|path| !path.is_empty()),
            })
            .collect(),
        Err(error) => {
            let at = json::position(&file.text, error.offset);
            vec![Hit {
                rule: SYNTAX.to_owned(),
                level: Level::Error,
                message: error.to_string(),
                file: file.name.clone(),
                region: Some(Region {
                    start_line: at.line,
                    start_column: at.column,
                    end_line: at.line,
                    end_column: at.column + 1,
                }),
                path: None,
            }]
        }
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::SecurityWarning | Severity::Warning => Level::Warning,
        Severity::Suggestion => Level::Note,
    }
}
