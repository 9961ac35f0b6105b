//! What a pipeline costs, as text and JSON.

use super::format::{bytes, count, safe};
use crate::pipeline::cost::{Estimate, Every, Item, Price, PriceId, Prices};
use crate::pipeline::{CatalogMode, Pipeline};
use comfy_table::{CellAlignment, Table, presets};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// The version of the JSON form; it grows when a field is removed or changes its meaning.
const VERSION: u32 = 1;

/// What a pipeline costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CostReport {
    /// The version of this form.
    pub version: u32,
    /// The version of snaplake that wrote it.
    pub snaplake: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Always `USD`; amounts are decimal text with six digits after the point.
    pub currency: String,
    /// The day on which the prices held.
    pub prices_date: String,
    /// The region whose prices they are.
    pub prices_region: String,
    /// What was reckoned from.
    pub basis: Vec<BasisRow>,
    /// The bill, by item.
    pub items: Vec<CostRow>,
    /// One run.
    pub per_run: String,
    /// A month: its runs, and what is kept.
    pub per_month: String,
    /// The other way of getting tables into the catalog.
    pub alternative: Alternative,
    /// What a reader should know.
    pub notes: Vec<String>,
    #[serde(skip)]
    text: Text,
}

/// Something that the estimate was reckoned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BasisRow {
    /// What: `snapshot`.
    pub name: String,
    /// How much: bytes, or a number.
    pub amount: u64,
    /// The same for people: `100.0 GiB`.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

/// An item of the bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CostRow {
    /// Its stable name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The price's name in the table of prices.
    pub price: String,
    /// How much of it, a run or a month: bytes, DPU-seconds, requests, objects or keys.
    pub amount: u64,
    /// By a run; none for what is kept by the month.
    pub per_run: Option<String>,
    /// By a month.
    pub per_month: String,
    /// The page that the price comes from.
    pub source: String,
}

/// The other way of getting tables into the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alternative {
    /// `crawler` or `direct`.
    pub mode: String,
    /// One run.
    pub per_run: String,
    /// A month.
    pub per_month: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Text {
    rows: Vec<[String; 5]>,
    total: [String; 2],
    alternative: String,
}

impl CostReport {
    /// The bill of a pipeline, and that of the other mode beside it.
    #[must_use]
    pub fn new(
        pipeline: &Pipeline,
        prices: &Prices,
        estimate: &Estimate,
        other: &Estimate,
        basis: Vec<BasisRow>,
        mut notes: Vec<String>,
    ) -> Self {
        if prices.region != pipeline.region {
            notes.push(format!(
                "the prices are those of {}, the pipeline is in {}: `--prices FILE` takes others",
                prices.region, pipeline.region
            ));
        }
        notes.push(
            "free allowances belong to the account and are not subtracted; queries of analysts, \
             data transfer and taxes are not in it"
                .to_owned(),
        );
        let rows = estimate.items.iter().map(|item| row(item, estimate, prices)).collect();
        let text = Text {
            rows: estimate.items.iter().map(|item| line(item, estimate, prices)).collect(),
            total: [estimate.run().to_string(), estimate.month().to_string()],
            alternative: alternative(estimate, other),
        };
        Self {
            version: VERSION,
            snaplake: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: pipeline.name.clone(),
            currency: "USD".to_owned(),
            prices_date: prices.date.to_string(),
            prices_region: prices.region.clone(),
            basis,
            items: rows,
            per_run: estimate.run().exact(),
            per_month: estimate.month().exact(),
            alternative: Alternative {
                mode: mode(other.mode).to_owned(),
                per_run: other.run().exact(),
                per_month: other.month().exact(),
            },
            notes,
            text,
        }
    }
}

fn mode(mode: CatalogMode) -> &'static str {
    match mode {
        CatalogMode::Direct => "direct",
        CatalogMode::Crawler => "crawler",
        CatalogMode::History => "history",
    }
}

fn row(item: &Item, estimate: &Estimate, prices: &Prices) -> CostRow {
    CostRow {
        id: item.id.to_owned(),
        title: item.title.to_owned(),
        price: item.price.id().to_owned(),
        amount: item.amount,
        per_run: (item.every == Every::Run).then(|| item.cost.exact()),
        per_month: estimate.month_of(item).exact(),
        source: prices.get(item.price).map(|price| price.source.clone()).unwrap_or_default(),
    }
}

fn line(item: &Item, estimate: &Estimate, prices: &Prices) -> [String; 5] {
    let run = match item.every {
        Every::Run => item.cost.to_string(),
        Every::Month => String::new(),
    };
    let price = prices.get(item.price).map(Price::words).unwrap_or_default();
    let month = estimate.month_of(item).to_string();
    [item.title.to_owned(), amount(item), safe(&price), run, month]
}

fn amount(item: &Item) -> String {
    match item.price {
        PriceId::SnapshotExport
        | PriceId::SnapshotStorage
        | PriceId::AuroraSnapshotStorage
        | PriceId::Storage
        | PriceId::Scan => bytes(item.amount),
        PriceId::Crawler => format!("{} DPU-min", count(item.amount.div_ceil(60))),
        _ => count(item.amount),
    }
}

fn alternative(estimate: &Estimate, other: &Estimate) -> String {
    let how = match other.mode {
        CatalogMode::Crawler => "with a crawler instead",
        CatalogMode::Direct | CatalogMode::History => "registered directly instead",
    };
    let (run, month) = (other.run(), other.month());
    let apart = match (month.beyond(estimate.month()), estimate.month().beyond(month)) {
        (Some(more), _) => format!("{more} more"),
        (None, Some(less)) => format!("{less} less"),
        (None, None) => "the same".to_owned(),
    };
    format!("{how}: {run} a run, {month} a month, which is {apart}")
}

/// The report for people.
#[must_use]
pub fn cost_text(report: &CostReport) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["ITEM", "AMOUNT", "PRICE", "A RUN", "A MONTH"]);
    for row in &report.text.rows {
        table.add_row(row.clone());
    }
    let [run, month] = report.text.total.clone();
    table.add_row(["total".to_owned(), String::new(), String::new(), run, month]);
    for column in [1, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!(
        "{}: prices of {}, {}\n\n{}\n\n{}\n\nreckoned from\n",
        report.pipeline,
        report.prices_region,
        report.prices_date,
        table.trim_fmt(),
        report.text.alternative
    );
    let width = report.basis.iter().map(|row| row.name.len()).max().unwrap_or_default();
    for row in &report.basis {
        let (name, value) = (&row.name, &row.value);
        let _ = writeln!(text, "  {name:<width$}  {value:>10}  {}", safe(&row.origin));
    }
    text.push('\n');
    for note in &report.notes {
        let _ = writeln!(text, "note: {}", safe(note));
    }
    text
}

/// The report for programs, indented, with a newline at its end.
///
/// # Errors
/// When a value cannot be written as JSON, which no value of [`CostReport`] does.
pub fn cost_json(report: &CostReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

/// The JSON Schema of [`cost_json`].
#[must_use]
pub fn cost_schema() -> serde_json::Value {
    schemars::schema_for!(CostReport).to_value()
}

/// A size for people: `100.0 GiB`.
#[must_use]
pub fn size_words(size: u64) -> String {
    bytes(size)
}
