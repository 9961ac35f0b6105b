//! The report on a terminal: short, a table, and what to do when something failed.

use super::format::{bytes, count, duration, safe};
use super::{Report, Status, TableRow};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;

/// The report as text of at most a screen or two when all passed; `color` adds ANSI colours.
#[must_use]
pub fn text(report: &Report, color: bool) -> String {
    let mut out = String::new();
    let paint = Paint { color };
    tables(&mut out, report, &paint);
    views(&mut out, report, &paint);
    principals(&mut out, report);
    failed_checks(&mut out, report, &paint);
    denials(&mut out, report, &paint);
    for warning in &report.warnings {
        line(&mut out, format_args!("{} {}", paint.yellow("warning:"), safe(warning)));
    }
    for problem in &report.problems {
        line(&mut out, format_args!("{} {}", paint.red("failed:"), safe(&problem.message)));
        if !problem.help.is_empty() {
            line(&mut out, format_args!("  help: {}", safe(&problem.help)));
        }
    }
    summary(&mut out, report, &paint);
    out
}

/// Writing to a `String` cannot fail; this says so once.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}

struct Paint {
    color: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn red(&self, text: &str) -> String {
        self.with("31;1", text)
    }

    fn yellow(&self, text: &str) -> String {
        self.with("33", text)
    }

    fn status(&self, status: Status) -> String {
        match status {
            Status::Passed => self.with("32", "passed"),
            Status::Failed => self.red("failed"),
            Status::Skipped => self.yellow("skipped"),
        }
    }
}

fn tables(out: &mut String, report: &Report, paint: &Paint) {
    if report.tables.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["table", "rows", "files", "size", "checks", "result"]);
    for row in &report.tables {
        let number = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), count);
        table.add_row([
            safe(&row.name),
            number(row.rows),
            number(row.files),
            row.bytes.map_or_else(|| "–".to_owned(), bytes),
            checks(row),
            paint.status(row.status),
        ]);
    }
    for index in 1..=4 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    line(out, format_args!("{table}\n"));
}

fn checks(row: &TableRow) -> String {
    let passed = row.checks.iter().filter(|check| check.status == Status::Passed).count();
    let made = row.checks.iter().filter(|check| check.status != Status::Skipped).count();
    format!("{passed} of {made}")
}

fn views(out: &mut String, report: &Report, paint: &Paint) {
    for view in &report.views {
        let rows = view.rows.map_or_else(String::new, |rows| format!(", {} rows", count(rows)));
        line(out, format_args!("view {}: {}{rows}", safe(&view.name), paint.status(view.status)));
        if !view.message.is_empty() {
            line(out, format_args!("  {}", safe(&view.message)));
        }
    }
    if !report.views.is_empty() {
        out.push('\n');
    }
}

fn principals(out: &mut String, report: &Report) {
    for principal in &report.principals {
        let granted = principal.countable().count();
        let unused: Vec<_> = principal.unused().collect();
        line(
            out,
            format_args!(
                "{}: {} of {granted} granted actions used",
                safe(&principal.name),
                granted - unused.len()
            ),
        );
        // A rehearsal that stopped half-way says nothing of the rights that it did not come to.
        for grant in unused.into_iter().filter(|_| report.denials.is_empty()) {
            line(
                out,
                format_args!(
                    "  unused: {} ({}, statement {})",
                    safe(&grant.action),
                    safe(&grant.file),
                    safe(&grant.sid)
                ),
            );
        }
    }
    if !report.principals.is_empty() {
        out.push('\n');
    }
}

fn failed_checks(out: &mut String, report: &Report, paint: &Paint) {
    let of_tables = report
        .tables
        .iter()
        .flat_map(|row| row.checks.iter().map(move |check| (row.name.as_str(), check)));
    let all = report.checks.iter().map(|check| ("the export", check)).chain(of_tables);
    for (name, check) in all.filter(|(_, check)| check.status == Status::Failed) {
        line(out, format_args!("{} {}: {}", paint.red("failed:"), safe(name), safe(&check.title)));
        line(out, format_args!("  expected: {}", safe(&check.expected)));
        line(out, format_args!("  found:    {}", safe(&check.found)));
        line(out, format_args!("  help:     {}", safe(&check.help)));
    }
}

fn denials(out: &mut String, report: &Report, paint: &Paint) {
    for denial in &report.denials {
        let principal = safe(&denial.principal);
        line(
            out,
            format_args!(
                "{} `{principal}` may not `{}` on `{}`",
                paint.red("denied:"),
                safe(&denial.action),
                safe(&denial.resource)
            ),
        );
        line(out, format_args!("  step:   {}", safe(&denial.step)));
        if !denial.reason.is_empty() {
            line(out, format_args!("  needed: {}", safe(&denial.reason)));
        }
        line(out, format_args!("  AWS:    {}", safe(&denial.message)));
        line(out, format_args!("  help:   add this statement to `{}`:", safe(&denial.file)));
        for text in denial.statement.lines() {
            line(out, format_args!("    {}", safe(text)));
        }
    }
}

fn summary(out: &mut String, report: &Report, paint: &Paint) {
    let (passed, failed, skipped) = report.check_counts();
    let mut summary = format!(
        "{} {}: {} tables, {} rows, {passed} checks passed",
        match report.kind {
            super::Kind::Rehearsal => "rehearsal of",
            super::Kind::Run => "run of",
        },
        safe(&report.pipeline),
        report.tables.len(),
        count(report.rows()),
    );
    if failed > 0 {
        let _ = write!(summary, ", {failed} failed");
    }
    if skipped > 0 {
        let _ = write!(summary, ", {skipped} not applicable");
    }
    line(
        out,
        format_args!(
            "{} {summary}, in {}{}",
            paint.status(report.result),
            duration(report.started, report.ended),
            if report.kind == super::Kind::Rehearsal { " of virtual time" } else { "" },
        ),
    );
}
