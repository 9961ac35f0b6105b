//! Findings on any policy document.
//!
//! The linter reads the text itself rather than a parsed policy, since what it is asked about is
//! often what the parser refuses. It knows no account: what it says follows from the document and
//! from AWS's documentation alone. The checks are listed in `docs/lint.md`.

mod action;
pub mod checks;
mod condition;
mod document;
mod guard;
mod kind;
mod operator;
mod organization;
mod principal;
mod redundant;
mod region;
mod resource;
mod security;
mod size;
mod value;
mod variable;

pub use checks::{CHECKS, Check, Severity};
pub use kind::PolicyKind;

use super::json::{self, Position, SyntaxError};
use std::ops::Range;

/// How to look at a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LintOptions {
    /// What kind of policy it is; `None`: see for yourself.
    pub kind: Option<PolicyKind>,
}

/// Something about a document that its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static Check,
    /// What is wrong, in lower case, without a final period.
    pub message: String,
    /// What to do, when the message does not say it.
    pub help: Option<String>,
    /// Where it is, as a path of elements: `Statement[0].Action[2]`.
    pub path: String,
    /// Where it is, in bytes of the text.
    pub span: Range<usize>,
    /// Where it starts.
    pub start: Position,
    /// Where it ends: the first character after it.
    pub end: Position,
}

/// What the linter has to say of a document, in the order of the text.
///
/// # Errors
/// When the text is no JSON.
pub fn lint(text: &str, options: LintOptions) -> Result<Vec<Finding>, SyntaxError> {
    let root = json::parse(text)?;
    let mut findings = Findings { text, list: Vec::new() };
    if let Some(mut policy) = document::read(&root, &mut findings) {
        policy.kind = options.kind.unwrap_or_else(|| PolicyKind::detect(&policy));
        document::check_id(&root, policy.kind, &mut findings);
        document::check(&policy, &mut findings);
        size::check(&policy, text, &mut findings);
        organization::check(&policy, &mut findings);
        for statement in &policy.statements {
            variable::check(&policy, statement, &mut findings);
            action::check(&policy, statement, &mut findings);
            resource::check(&policy, statement, &mut findings);
            principal::check(&policy, statement, &mut findings);
            condition::check(&policy, statement, &mut findings);
            security::check(&policy, statement, &mut findings);
        }
        redundant::check(&policy, &mut findings);
        security::check_document(&policy, &mut findings);
    }
    let mut list = findings.list;
    list.sort_by(|a, b| {
        let key = |f: &Finding| (f.span.start, f.check.severity, f.check.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    list.dedup();
    Ok(list)
}

/// The kind that the linter takes a document for when it is not told; `None` when it is no policy.
#[must_use]
pub fn detect_kind(text: &str) -> Option<PolicyKind> {
    let root = json::parse(text).ok()?;
    let mut findings = Findings { text, list: Vec::new() };
    document::read(&root, &mut findings).map(|policy| PolicyKind::detect(&policy))
}

/// Where findings go.
struct Findings<'a> {
    text: &'a str,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn add(
        &mut self,
        check: &'static Check,
        at: (&Range<usize>, &str),
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (span, path) = at;
        self.list.push(Finding {
            check,
            message: message.into(),
            help,
            path: path.to_owned(),
            span: span.clone(),
            start: json::position(self.text, span.start),
            end: json::position(self.text, span.end),
        });
    }
}
