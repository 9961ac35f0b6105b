//! The report as one HTML file that opens without a network: no script, no outside resource.

use super::format::{bytes, count, duration, safe};
use super::history::{HistoryRow, charts};
use super::{CheckRow, Kind, PrincipalRow, Report, Status, StepRow, TableRow};
use handlebars::Handlebars;
use serde_json::{Value, json};

/// The page, in `templates/`, compiled in.
const TEMPLATE: &str = include_str!("../../templates/report.html.hbs");

/// The page could not be rendered: the template names what the report does not have.
#[derive(Debug, thiserror::Error)]
#[error("cannot render the report page: {0}")]
pub struct HtmlError(#[from] handlebars::RenderError);

/// The report as a page. Everything that came from outside is escaped by the template engine.
///
/// # Errors
/// When the template does not fit the report, which a test rules out.
pub fn html(report: &Report) -> Result<String, HtmlError> {
    html_with_history(report, &[])
}

/// The same page, with earlier runs (oldest first, this one last) drawn on it.
///
/// # Errors
/// As [`html`].
pub fn html_with_history(report: &Report, history: &[HistoryRow]) -> Result<String, HtmlError> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    Ok(engine.render_template(TEMPLATE, &page(report, history))?)
}

fn page(report: &Report, history: &[HistoryRow]) -> Value {
    let heading = match report.kind {
        Kind::Rehearsal => format!("Rehearsal of {}", safe(&report.pipeline)),
        Kind::Run => format!("Run of {}", safe(&report.pipeline)),
    };
    let (passed, failed, skipped) = report.check_counts();
    let virtual_time = if report.kind == Kind::Rehearsal { " of virtual time" } else { "" };
    let took = duration(report.started, report.ended);
    let mut cards = vec![
        json!({"name": "Tables", "value": report.tables.len().to_string()}),
        json!({"name": "Rows", "value": count(report.rows())}),
        json!({"name": "Checks passed", "value": count(passed as u64)}),
        json!({"name": "Checks failed", "value": count(failed as u64)}),
    ];
    if skipped > 0 {
        cards.push(json!({"name": "Not applicable", "value": count(skipped as u64)}));
    }
    if !report.principals.is_empty() {
        let unused: usize = report.principals.iter().map(|p| p.unused().count()).sum();
        cards.push(json!({"name": "Unused grants", "value": count(unused as u64)}));
    }
    json!({
        "title": format!("{heading} – {}", status(report.result)),
        "heading": heading,
        "result": status(report.result),
        "version": report.snaplake,
        "span": format!("{:.0} – {:.0}, {took}{virtual_time}", report.started, report.ended),
        "cards": cards,
        "problems": report.problems.iter().map(|problem| json!({
            "message": safe(&problem.message), "help": safe(&problem.help),
        })).collect::<Vec<_>>(),
        "denials": report.denials.iter().map(|denial| json!({
            "principal": safe(&denial.principal), "action": safe(&denial.action),
            "resource": safe(&denial.resource), "step": safe(&denial.step),
            "reason": safe(&denial.reason), "message": safe(&denial.message),
            "file": safe(&denial.file), "statement": safe(&denial.statement),
        })).collect::<Vec<_>>(),
        "warnings": report.warnings.iter().map(|text| safe(text)).collect::<Vec<_>>(),
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "checked": checked(report),
        "views": report.views.iter().map(|view| json!({
            "name": safe(&view.name), "rows": number(view.rows),
            "message": safe(&view.message), "status": status(view.status),
        })).collect::<Vec<_>>(),
        "charts": charts(history),
        "steps": report.steps.iter().map(|step| lane(report, step)).collect::<Vec<_>>(),
        "principals": report.principals.iter().map(principal).collect::<Vec<_>>(),
        "facts": report.facts.iter().map(|fact| json!({
            "name": safe(&fact.name), "value": safe(&fact.value),
        })).collect::<Vec<_>>(),
    })
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "–".to_owned(), count)
}

fn table(row: &TableRow) -> Value {
    json!({
        "name": safe(&row.name), "source": safe(&row.source), "rows": number(row.rows),
        "files": number(row.files), "bytes": row.bytes.map_or_else(|| "–".to_owned(), bytes),
        "made": made(&row.checks), "status": status(row.status),
    })
}

/// The checks, of the export as a whole first, then table by table; what failed is open.
fn checked(report: &Report) -> Vec<Value> {
    let whole = (!report.checks.is_empty()).then_some(("The export as a whole", &report.checks));
    let tables = report.tables.iter().map(|row| (row.name.as_str(), &row.checks));
    whole.into_iter().chain(tables).map(|(name, checks)| group(name, checks)).collect()
}

fn group(name: &str, checks: &[CheckRow]) -> Value {
    let failed = checks.iter().any(|check| check.status == Status::Failed);
    json!({
        "name": safe(name), "made": made(checks), "open": failed,
        "status": status(if failed { Status::Failed } else { Status::Passed }),
        "checks": checks.iter().map(|check| json!({
            "id": safe(&check.id), "title": safe(&check.title), "expected": safe(&check.expected),
            "found": safe(&check.found), "help": safe(&check.help), "status": status(check.status),
        })).collect::<Vec<_>>(),
    })
}

/// How many of the checks that could be made passed.
fn made(checks: &[CheckRow]) -> String {
    let passed = checks.iter().filter(|check| check.status == Status::Passed).count();
    let made = checks.iter().filter(|check| check.status != Status::Skipped).count();
    format!("{passed} of {made}")
}

/// A step as a bar: where it lies within the whole, in percent.
fn lane(report: &Report, step: &StepRow) -> Value {
    let start = report.started.as_millisecond();
    let whole = (report.ended.as_millisecond() - start).max(1);
    let percent = |moment: i64| format!("{:.2}", ratio((moment - start).clamp(0, whole), whole));
    let length = step.ended.as_millisecond() - step.started.as_millisecond();
    json!({
        "id": safe(&step.id), "title": safe(&step.title), "detail": safe(&step.detail),
        "status": status(step.status), "took": duration(step.started, step.ended),
        "left": percent(step.started.as_millisecond()),
        "width": format!("{:.2}", ratio(length.clamp(0, whole), whole)),
    })
}

/// A share in percent. Milliseconds of a run are far below 2^52, where `f64` stops being exact.
#[expect(clippy::cast_precision_loss, reason = "a bar's width needs two decimals, not 52 bits")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

fn principal(row: &PrincipalRow) -> Value {
    let granted = row.countable().count();
    let unused = row.unused().count();
    let share = ((granted - unused) * 100).checked_div(granted).unwrap_or(100);
    json!({
        "name": safe(&row.name), "arn": safe(&row.arn), "granted": granted,
        "used": granted - unused, "share": share, "open": unused > 0,
        "grants": row.grants.iter().map(|grant| json!({
            "action": safe(&grant.action), "sid": safe(&grant.sid), "file": safe(&grant.file),
            "uses": count(grant.uses), "unused": grant.uses == 0, "exempt": grant.exempt,
        })).collect::<Vec<_>>(),
    })
}
