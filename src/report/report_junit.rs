//! A report as JUnit: what a build server shows of a run or a rehearsal.

use super::junit::{Case, CaseResult, Suite, junit};
use super::{CheckRow, Report, Status};

/// The report as JUnit XML: the steps, the checks of the export and of each table, the views, and what
/// was denied.
#[must_use]
pub fn report_junit(report: &Report) -> String {
    let mut steps: Vec<Case> = report
        .steps
        .iter()
        .map(|step| Case {
            class: "steps".to_owned(),
            name: format!("{}: {}", step.id, step.title),
            result: result(step.status, &step.detail, &step.detail),
        })
        .collect();
    // What went wrong outside of steps, such as grants that nothing used.
    let told = |message: &str| report.steps.iter().any(|step| step.detail == message);
    steps.extend(report.problems.iter().filter(|problem| !told(&problem.message)).map(|problem| {
        Case {
            class: "problems".to_owned(),
            name: problem.kind.clone(),
            result: CaseResult::Failed(problem.message.clone(), problem.help.clone()),
        }
    }));
    steps.extend(report.denials.iter().map(|denial| Case {
        class: "permissions".to_owned(),
        name: format!("{}: {} on {}", denial.principal, denial.action, denial.resource),
        result: CaseResult::Failed(
            denial.message.clone(),
            format!("{}\nadd to {}:\n{}", denial.reason, denial.file, denial.statement),
        ),
    }));
    let mut suites = vec![Suite { name: format!("{}: steps", report.pipeline), cases: steps }];
    let mut checks: Vec<Case> = cases("export", &report.checks);
    checks.extend(report.tables.iter().flat_map(|table| cases(&table.name, &table.checks)));
    suites.push(Suite { name: format!("{}: checks", report.pipeline), cases: checks });
    if !report.views.is_empty() {
        let views = report.views.iter().map(|view| Case {
            class: "views".to_owned(),
            name: view.name.clone(),
            result: result(view.status, &view.message, &view.message),
        });
        suites.push(Suite { name: format!("{}: views", report.pipeline), cases: views.collect() });
    }
    junit(&suites)
}

fn cases(class: &str, checks: &[CheckRow]) -> Vec<Case> {
    let case = |check: &CheckRow| {
        let message = format!("expected {}, found {}", check.expected, check.found);
        let reason = if check.status == Status::Failed { message.as_str() } else { &check.help };
        Case {
            class: class.to_owned(),
            name: check.id.clone(),
            result: result(check.status, reason, &check.help),
        }
    };
    checks.iter().map(case).collect()
}

fn result(status: Status, message: &str, text: &str) -> CaseResult {
    match status {
        Status::Passed => CaseResult::Passed,
        Status::Failed => CaseResult::Failed(message.to_owned(), text.to_owned()),
        Status::Skipped => CaseResult::Skipped(message.to_owned()),
    }
}
