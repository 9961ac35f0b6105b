//! Earlier runs beside this one: durations, rows, sizes and cost, drawn as bars.

use super::format::{bytes, count, safe};
use crate::pipeline::cost::Money;
use crate::run::RunReport;
use serde_json::{Value, json};

/// The most runs that are drawn: the newest.
pub const RUNS: usize = 30;

/// The drawing's size, in its own units.
const WIDTH: u64 = 480;
const HEIGHT: u64 = 96;
/// What a bar leaves free at its sides, of its own place's width, in percent.
const GAP: u64 = 20;

/// What is drawn of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The run.
    pub run: String,
    /// The day and minute on which it began.
    pub began: String,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Rows of its tables.
    pub rows: u64,
    /// Bytes of its export.
    pub bytes: u64,
    /// What it cost, when that can be reckoned.
    pub cost: Option<Money>,
    /// Whether it came to its end.
    pub succeeded: bool,
}

impl HistoryRow {
    /// A run, and what it cost.
    #[must_use]
    pub fn of(run: &RunReport, cost: Option<Money>) -> Self {
        let tables = run.verification.iter().flat_map(|verification| &verification.tables);
        let seconds = run.ended.duration_since(run.started).as_secs();
        Self {
            run: run.run_id.clone(),
            began: run.started.strftime("%Y-%m-%d %H:%M").to_string(),
            seconds: u64::try_from(seconds).unwrap_or_default(),
            rows: tables.clone().filter_map(|table| table.rows).sum(),
            bytes: tables.map(|table| table.bytes).sum(),
            cost,
            succeeded: run.succeeded(),
        }
    }
}

/// One drawing.
struct Chart {
    title: &'static str,
    value: fn(&HistoryRow) -> u64,
    words: fn(u64) -> String,
}

const CHARTS: [Chart; 4] = [
    Chart { title: "Duration", value: |row| row.seconds, words: span },
    Chart { title: "Rows", value: |row| row.rows, words: count },
    Chart { title: "Size of the export", value: |row| row.bytes, words: bytes },
    Chart {
        title: "Cost, reckoned",
        value: |row| row.cost.map_or(0, Money::millionths),
        words: |millionths| Money::from_millionths(millionths).to_string(),
    },
];

/// The drawings, for the page: oldest run left. Empty when there is nothing to compare with.
pub(super) fn charts(rows: &[HistoryRow]) -> Vec<Value> {
    let from = rows.len().saturating_sub(RUNS);
    let rows = rows.get(from..).unwrap_or_default();
    if rows.len() < 2 {
        return Vec::new();
    }
    CHARTS.iter().filter_map(|chart| draw(chart, rows)).collect()
}

fn draw(chart: &Chart, rows: &[HistoryRow]) -> Option<Value> {
    let most = rows.iter().map(chart.value).max().filter(|most| *most > 0)?;
    let place = WIDTH / rows.len() as u64;
    let gap = place * GAP / 100;
    let bars: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let value = (chart.value)(row);
            let tall = u128::from(value) * u128::from(HEIGHT) / u128::from(most);
            let tall = u64::try_from(tall).unwrap_or(HEIGHT).max(1);
            json!({
                "x": at as u64 * place + gap / 2,
                "y": HEIGHT - tall,
                "width": (place - gap).max(1),
                "height": tall,
                "class": if row.succeeded { "bar" } else { "bar bad" },
                "tip": safe(&format!(
                    "{} ({}): {}{}",
                    row.began,
                    row.run,
                    (chart.words)(value),
                    if row.succeeded { "" } else { ", did not come to its end" }
                )),
            })
        })
        .collect();
    let last = rows.last().map(|row| (chart.words)((chart.value)(row)));
    Some(json!({
        "title": chart.title,
        "most": (chart.words)(most),
        "last": last,
        "first_day": rows.first().map(|row| row.began.clone()),
        "last_day": rows.last().map(|row| row.began.clone()),
        "width": WIDTH,
        "height": HEIGHT,
        "bars": bars,
    }))
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: u64, succeeded: bool) -> HistoryRow {
        HistoryRow {
            run: format!("2026112{at}-030000-ab12"),
            began: format!("2026-11-2{at} 03:00"),
            seconds: 600 * at,
            rows: 1000,
            bytes: 1 << 20,
            cost: Money::parse("1.25"),
            succeeded,
        }
    }

    #[test]
    fn bars_are_as_tall_as_what_they_stand_for() {
        let charts = charts(&[row(1, true), row(2, false)]);
        assert_eq!(charts.len(), 4);
        let bars = charts[0]["bars"].as_array().unwrap();
        assert_eq!((bars[0]["height"].as_u64(), bars[1]["height"].as_u64()), (Some(48), Some(96)));
        assert_eq!(bars[1]["class"], "bar bad");
        assert!(bars[1]["tip"].as_str().unwrap().contains("20 min 00 s"));
        assert_eq!(charts[3]["most"], "$1.25");
    }

    #[test]
    fn one_run_is_no_history_and_only_the_newest_are_drawn() {
        assert!(charts(&[row(1, true)]).is_empty());
        let many: Vec<_> = (0..100).map(|at| row(at % 9 + 1, true)).collect();
        assert_eq!(charts(&many)[0]["bars"].as_array().unwrap().len(), RUNS);
    }
}
