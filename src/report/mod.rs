//! Text, JSON and HTML from one result type.
//!
//! [`Report`] is what a rehearsal or a run found, whoever made it; its JSON form is versioned and has
//! a schema ([`schema`]). Rendering is pure: the same report gives the same bytes.

mod check;
mod cost;
mod explain;
mod format;
mod from_run;
mod history;
mod html;
pub mod junit;
mod lint;
mod report_junit;
pub mod sarif;
mod text;

pub use check::{check_json, check_junit, check_sarif, check_schema, check_text};
pub use cost::{
    Alternative, BasisRow, CostReport, CostRow, cost_json, cost_schema, cost_text, size_words,
};
pub use explain::{explain_json, explain_text};
pub use history::{HistoryRow, RUNS};
pub use html::{HtmlError, html, html_with_history};
pub use lint::{LintedFile, lint_json, lint_sarif, lint_schema, lint_text};
pub use report_junit::report_junit;
pub use text::text;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The version of the JSON form; it grows when a field is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// What a rehearsal or a run found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// The version of snaplake that wrote it.
    pub snaplake: String,
    /// A rehearsal on one machine, or a run on AWS.
    pub kind: Kind,
    /// The pipeline's name.
    pub pipeline: String,
    /// Passed only when every step and every check did and nothing was denied.
    pub result: Status,
    /// When the first step began; virtual time in a rehearsal.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When the last step ended; virtual time in a rehearsal.
    #[schemars(with = "String")]
    pub ended: Timestamp,
    /// What was exported, and to where.
    pub facts: Vec<Fact>,
    /// The steps in the order in which they began.
    pub steps: Vec<StepRow>,
    /// Checks of the export as a whole.
    pub checks: Vec<CheckRow>,
    /// The tables, with their checks.
    pub tables: Vec<TableRow>,
    /// The views, each of which was queried.
    pub views: Vec<ViewRow>,
    /// What each principal was allowed and what it used; empty where that is not known.
    pub principals: Vec<PrincipalRow>,
    /// Calls that were denied, with the statement that is missing.
    pub denials: Vec<Denial>,
    /// What went wrong, most important first; empty when all passed.
    pub problems: Vec<Problem>,
    /// What a reader should know although nothing failed.
    pub warnings: Vec<String>,
}

/// Who made the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// On this machine, against the embedded cloud.
    Rehearsal,
    /// On AWS.
    Run,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// It does not apply, or something before it failed.
    Skipped,
}

/// A named fact of the run, such as the export's identifier.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StepRow {
    /// The step's stable identifier.
    pub id: String,
    /// What the step does.
    pub title: String,
    /// How it ended.
    pub status: Status,
    /// When it began.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When it ended.
    #[schemars(with = "String")]
    pub ended: Timestamp,
    /// What it found or made, in a few words.
    pub detail: String,
}

/// A table.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TableRow {
    /// Its name in the catalog.
    pub name: String,
    /// Its name in the source database.
    pub source: String,
    /// Rows, as the Parquet footers count them; none where they could not be read.
    pub rows: Option<u64>,
    /// Bytes of Parquet.
    pub bytes: Option<u64>,
    /// Parquet files.
    pub files: Option<u64>,
    /// Failed when one check failed.
    pub status: Status,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckRow>,
}

/// A check of a table.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckRow {
    /// The check's stable identifier, such as `athena-count`.
    pub id: String,
    /// What is compared.
    pub title: String,
    /// How it ended.
    pub status: Status,
    /// What should have been found.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do; empty when the check passed.
    pub help: String,
}

/// A view.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ViewRow {
    /// Its name.
    pub name: String,
    /// How its query ended.
    pub status: Status,
    /// Rows that it gave.
    pub rows: Option<u64>,
    /// What is wrong with it; empty when nothing is.
    pub message: String,
}

/// What a principal was allowed and what it used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PrincipalRow {
    /// Its name in the pipeline, such as `export`.
    pub name: String,
    /// The role's ARN.
    pub arn: String,
    /// The grants of its policies.
    pub grants: Vec<GrantRow>,
}

/// One action of one statement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GrantRow {
    /// The policy file.
    pub file: String,
    /// The statement's `Sid`.
    pub sid: String,
    /// The action, as the statement writes it.
    pub action: String,
    /// Requests that this grant allowed.
    pub uses: u64,
    /// An exempt grant is key administration, root or trust: it is there for people, not for a run.
    pub exempt: bool,
}

/// A denied request and what would allow it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Denial {
    /// The principal's name in the pipeline, or its ARN where it has none.
    pub principal: String,
    /// The denied action.
    pub action: String,
    /// The resource it was denied on.
    pub resource: String,
    /// The step that needed it.
    pub step: String,
    /// Why the pipeline needs it; empty where no need says so.
    pub reason: String,
    /// The policy file to change.
    pub file: String,
    /// The statement to add to it, as JSON.
    pub statement: String,
    /// What AWS would have answered.
    pub message: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Problem {
    /// What kind of problem it is: a run's failure kind, such as `verification` or `view`, or
    /// `unused-grants`.
    pub kind: String,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The JSON Schema of the report's JSON form.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

/// The report's JSON form, indented, with a newline at its end.
///
/// # Errors
/// When a value cannot be written as JSON, which no value of [`Report`] does.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

impl Report {
    /// How many checks ended in each way: passed, failed, skipped.
    #[must_use]
    pub fn check_counts(&self) -> (usize, usize, usize) {
        let count = |status| {
            self.tables
                .iter()
                .flat_map(|table| &table.checks)
                .filter(|c| c.status == status)
                .count()
        };
        (count(Status::Passed), count(Status::Failed), count(Status::Skipped))
    }

    /// All rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().filter_map(|table| table.rows).sum()
    }
}

impl PrincipalRow {
    /// Grants that a run could use: all but the exempt ones.
    pub fn countable(&self) -> impl Iterator<Item = &GrantRow> {
        self.grants.iter().filter(|grant| !grant.exempt)
    }

    /// Countable grants that no request used.
    pub fn unused(&self) -> impl Iterator<Item = &GrantRow> {
        self.countable().filter(|grant| grant.uses == 0)
    }
}

#[cfg(test)]
mod tests;
