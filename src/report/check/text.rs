//! For people.

use super::{narrower, statement, step, surplus};
use crate::iam::{Change, Edit, Layer};
use crate::pipeline::check::{Answer, Check, Denial, Outcome, Patch, Surplus, SurplusKind};
use crate::pipeline::{DocumentKind, PrincipalKind, Statement};
use crate::report::format::safe;
use std::fmt::Write as _;

/// The answer to every need, then what is denied and why, then what is not needed, then the sum.
#[must_use]
pub fn check_text(check: &Check, color: bool) -> String {
    let mut out = String::new();
    let paint = Paint(color);
    let _ = writeln!(out, "policies: {}\n", safe(&check.origin));
    for (kind, arn) in &check.roles {
        let _ = writeln!(out, "{} {arn}", paint.bold(kind.id()));
        answers(&mut out, check, *kind, paint);
        out.push('\n');
    }
    let missing: Vec<_> = check
        .answers
        .iter()
        .map(|answer| answer.principal)
        .filter(|kind| check.roles.iter().all(|(known, _)| known != kind))
        .collect();
    for kind in PrincipalKind::ALL.into_iter().filter(|kind| missing.contains(kind)) {
        let _ = writeln!(out, "{} {}\n", paint.bold(kind.id()), paint.bad("there is no such role"));
    }
    for (answer, denial) in check.denied().filter(|(it, _)| !missing.contains(&it.principal)) {
        denied(&mut out, answer, denial, paint);
    }
    for patch in &check.patches {
        mend(&mut out, patch, paint);
    }
    unknown(&mut out, check);
    not_needed(&mut out, check, paint);
    widths(&mut out, check, paint);
    if !check.exempt.is_empty() {
        let count = check.exempt.len();
        let _ = writeln!(
            out,
            "{count} statement{} exempt (trust, denials, administration, for others); `--output json` lists them",
            if count == 1 { " is" } else { "s are" }
        );
    }
    verdict(&mut out, check, paint);
    out
}

fn answers(out: &mut String, check: &Check, kind: PrincipalKind, paint: Paint) {
    let mine: Vec<_> = check.answers.iter().filter(|answer| answer.principal == kind).collect();
    let width = mine.iter().map(|answer| answer.action.len()).max().unwrap_or(0);
    let mut last = "";
    for answer in mine {
        if step(answer) != last {
            last = step(answer);
            let _ = writeln!(out, "  {last}");
        }
        let (word, by) = match &answer.outcome {
            Outcome::Allowed(statements) => {
                let by: Vec<_> = statements.iter().map(statement).collect();
                (paint.good("allowed"), format!("by {}", by.join(", ")))
            }
            Outcome::Denied(denial) => {
                (paint.bad("DENIED "), format!("on {}", safe(&denial.pattern)))
            }
            Outcome::Unknown(_) => (paint.open("unknown"), String::new()),
        };
        let _ = writeln!(out, "    {word}  {:width$}  {by}", answer.action);
    }
}

fn denied(out: &mut String, answer: &Answer, denial: &Denial, paint: Paint) {
    let _ = write!(
        out,
        "{}: the step `{}` of `{}` needs `{}` on `{}`",
        paint.bad("denied"),
        step(answer),
        answer.principal,
        denial.action,
        safe(&denial.pattern)
    );
    if denial.pattern != denial.resource {
        let _ = write!(out, ", such as `{}`", safe(&denial.resource));
    }
    out.push('\n');
    let _ = writeln!(out, "  needed: {}\n  {}", answer.reason, answer.source);
    let Some(explanation) = &denial.explanation else {
        out.push('\n');
        return;
    };
    let _ = writeln!(out, "  {explanation}");
    // What the policies of roles, bucket and key lack is put together below.
    let told_below = |change: &&Change| {
        matches!(change.edit, Edit::Add(_))
            && matches!(change.layer, Layer::Identity | Layer::Resource)
    };
    for change in explanation.changes.iter().filter(|it| !told_below(it)) {
        let document = change.document.as_deref().unwrap_or("a new document");
        let verb = match &change.edit {
            Edit::Add(_) => "add to",
            Edit::Replace(..) => "change in",
            // What denies stands above, by its id if it has one.
            Edit::Remove(index) => {
                let _ = writeln!(out, "  take statement {index} out of {}", safe(document));
                continue;
            }
        };
        let _ = writeln!(out, "  {verb} {}:", safe(document));
        if let Some(statement) = change.statement() {
            for line in format!("{:#}", statement.to_value()).lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out.push('\n');
}

/// What to add to a document.
fn mend(out: &mut String, patch: &Patch, paint: Paint) {
    let what = match patch.to {
        DocumentKind::Identity(kind) => format!("the policies of `{kind}`"),
        DocumentKind::Trust(kind) => format!("the trust policy of `{kind}`"),
        DocumentKind::Bucket | DocumentKind::LogBucket => "the bucket's policy".to_owned(),
        DocumentKind::Key => "the key's policy".to_owned(),
    };
    for it in &patch.replaced {
        let place = match &it.sid {
            Some(sid) => safe(sid),
            None => format!("statement {}", it.index),
        };
        let head = format!("change in {what}: {place} ({}) becomes", safe(&it.document));
        let _ = writeln!(out, "{}\n{:#}\n", paint.bold(&head), it.statement);
    }
    if patch.statements.is_empty() {
        return;
    }
    let statements: Vec<_> = patch.statements.iter().map(Statement::to_value).collect();
    let document = safe(&patch.document);
    let (head, text) = if patch.missing {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
        (format!("add {document} as {what}"), policy)
    } else {
        (format!("add to {what} ({document})"), serde_json::Value::from(statements))
    };
    let _ = writeln!(out, "{}\n{text:#}\n", paint.bold(&head));
}

/// What is not needed, a line for each statement and way of not being needed.
fn not_needed(out: &mut String, check: &Check, paint: Paint) {
    if check.surplus.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint.bold("not needed"));
    let mut last = String::new();
    let mut rest = check.surplus.as_slice();
    while let Some((found, after)) = rest.split_first() {
        let whose = found.principal.map_or("resource", PrincipalKind::id);
        let head = format!("  {whose}: {}", statement(&found.statement));
        if head != last {
            let _ = writeln!(out, "{head}");
            last.clone_from(&head);
        }
        let alike = |other: &&Surplus| {
            other.statement == found.statement
                && other.principal == found.principal
                && same_way(&found.kind, &other.kind)
        };
        let (also, others) = after.split_at(after.iter().take_while(alike).count());
        if also.is_empty() {
            let _ = writeln!(out, "    {}", surplus(found));
            if let Some(narrower) = narrower(found) {
                let _ = writeln!(out, "      needed: {narrower}");
            }
        } else {
            let parts = std::iter::once(found).chain(also).filter_map(|it| name(&it.kind));
            let names: Vec<_> = parts.map(|it| format!("`{}`", safe(it))).collect();
            let what = if elsewhere(&found.kind) { "granted elsewhere too" } else { "not needed" };
            let _ = writeln!(out, "    {what}: {}", names.join(", "));
        }
        rest = others;
    }
    out.push('\n');
}

/// Two parts of a statement that a reader can be told of in one line.
fn same_way(one: &SurplusKind, other: &SurplusKind) -> bool {
    name(one).is_some()
        && std::mem::discriminant(one) == std::mem::discriminant(other)
        && elsewhere(one) == elsewhere(other)
}

fn name(kind: &SurplusKind) -> Option<&str> {
    match kind {
        SurplusKind::Action { action, .. } => Some(action),
        SurplusKind::Resource { resource, .. } => Some(resource),
        SurplusKind::Principal { principal, .. } => Some(principal),
        _ => None,
    }
}

fn elsewhere(kind: &SurplusKind) -> bool {
    matches!(
        kind,
        SurplusKind::Action { elsewhere: true, .. }
            | SurplusKind::Resource { elsewhere: true, .. }
            | SurplusKind::Principal { elsewhere: true, .. }
    )
}

fn unknown(out: &mut String, check: &Check) {
    for (kind, what) in &check.unknown {
        let _ = writeln!(out, "unknown: {kind}: {}", safe(what));
    }
    for note in &check.notes {
        let _ = writeln!(out, "note: {}", safe(note));
    }
    for difference in &check.differences {
        let _ = writeln!(out, "second opinion: {}", safe(difference));
    }
    if check.second_opinions > 0 {
        let (asked, differing) = (check.second_opinions, check.differences.len());
        let _ = writeln!(
            out,
            "second opinion: iam:SimulatePrincipalPolicy agrees on {} of {asked} requests",
            asked - differing.min(asked)
        );
    }
    if !check.unknown.is_empty() || !check.notes.is_empty() || check.second_opinions > 0 {
        out.push('\n');
    }
}

fn widths(out: &mut String, check: &Check, paint: Paint) {
    let _ = writeln!(out, "{}", paint.bold("granted / needed"));
    for width in &check.widths {
        let _ = writeln!(
            out,
            "  {:8}  {:>5} / {} actions  {:>4} / {} resources",
            width.principal.id(),
            width.actions,
            width.needed_actions,
            width.resources,
            width.needed_resources
        );
    }
    out.push('\n');
}

fn verdict(out: &mut String, check: &Check, paint: Paint) {
    let needs = check.answers.len();
    let denied = check.denied().count();
    let open = check.undecided();
    let sufficient = if denied > 0 {
        paint.bad(&format!("not sufficient: {denied} of {needs} needs are denied"))
    } else if open > 0 {
        paint.open(&format!(
            "not known to be sufficient: {open} of {needs} needs depend on what is not known"
        ))
    } else {
        paint.good(&format!("sufficient: all {needs} needs are allowed"))
    };
    let minimal = if check.minimal() {
        paint.good("minimal: nothing can be taken away")
    } else if check.surplus.is_empty() {
        let open = check.unknown.len();
        paint.open(&format!("not known to be minimal: {open} things are not known"))
    } else {
        paint.open(&format!("not minimal: {} grants are wider than needed", check.surplus.len()))
    };
    let _ = writeln!(out, "{sufficient}\n{minimal}");
    if !check.assumed.is_empty() {
        let assumed: Vec<_> = check.assumed.iter().map(|file| safe(file)).collect();
        let _ =
            writeln!(out, "taken as added by their owners: {}; `--live` looks", assumed.join(", "));
    }
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn open(self, text: &str) -> String {
        self.with("33", text)
    }
}
