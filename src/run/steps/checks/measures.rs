//! What is measured of a table: the age of its newest row, and how much its rows have changed.

use super::super::super::context::{Context, StepError};
use super::super::super::error::FailureKind;
use super::super::super::journal::PlannedTable;
use super::super::super::typed;
use super::not_comparable;
use crate::aws::sql::identifier;
use crate::aws::{Athena, QueryError};
use crate::pipeline::Freshness;
use crate::printable::line;
use crate::verify::Check;
use jiff::{SignedDuration, Timestamp};

/// One measure of one table.
pub(super) enum Measure {
    /// How old the newest row is; without a table when the export has none of that name.
    Age(Freshness, Option<PlannedTable>),
    /// How much the rows have changed.
    Rows {
        /// The table.
        table: String,
        /// Rows of the export.
        rows: u64,
        /// How much they may change, in percent of the live ones.
        bound: u32,
        /// The live rows, in SQL; none when there are none yet.
        from: Option<String>,
    },
}

impl Measure {
    /// The table's name in the catalog.
    pub(super) fn table(&self) -> &str {
        match self {
            Self::Age(freshness, _) => &freshness.table,
            Self::Rows { table, .. } => table,
        }
    }

    /// Measures.
    pub(super) async fn make(
        &self,
        context: &Context<'_>,
        athena: &Athena<'_>,
    ) -> Result<Check, StepError> {
        match self {
            Self::Age(freshness, plan) => age(context, athena, freshness, plan.as_ref()).await,
            Self::Rows { table, rows, bound, from } => {
                let live = match from {
                    Some(from) => {
                        let database = &context.pipeline.catalog.database;
                        let sql = format!("SELECT COUNT(*) FROM {from}");
                        let answer = athena.query(database, &sql).await?;
                        first(&answer.rows).and_then(|count| count.parse::<u64>().ok())
                    }
                    None => None,
                };
                Ok(change(table, *rows, *bound, live))
            }
        }
    }
}

fn first(rows: &[Vec<Option<String>>]) -> Option<&str> {
    rows.first()?.first()?.as_deref()
}

async fn age(
    context: &Context<'_>,
    athena: &Athena<'_>,
    freshness: &Freshness,
    plan: Option<&PlannedTable>,
) -> Result<Check, StepError> {
    let id = format!("freshness:{}", freshness.column);
    let title = format!("the newest `{}` is recent", freshness.column);
    let expected = format!("at most {} old", length(freshness.max_age));
    let failed = |found: String, help: &str| Check::failed(&id, &title, &expected, found, help);
    let Some(plan) = plan else {
        return Ok(failed(
            "no such table in the export".to_owned(),
            "look at `[[freshness]] table`",
        ));
    };
    let Some(column) = plan.columns.iter().find(|column| column.name == freshness.column) else {
        return Ok(failed("no such column".to_owned(), "look at `[[freshness]] column`"));
    };
    let name = identifier(&column.name);
    let original = plan.originals.get(&column.name).map_or("", String::as_str);
    let family = context.pipeline.source.engine.family();
    let value = match column.hive_type.as_str() {
        "date" | "timestamp" => name,
        "string" => typed::expression(family, original, "string", &name, "double")
            .unwrap_or_else(|| format!("TRY_CAST({name} AS timestamp)")),
        other => {
            let found = format!("a column of type {}", line(other));
            return Ok(failed(found, "name a column with dates or timestamps"));
        }
    };
    let sql = format!("SELECT CAST(MAX({value}) AS varchar) FROM {}", identifier(&plan.staged));
    let answer = match athena.query(&context.pipeline.staging_database(), &sql).await {
        Ok(answer) => answer,
        Err(QueryError::Failed { reason, .. }) if reason.contains("TYPE_MISMATCH") => {
            return Err(StepError::found(
                FailureKind::View,
                format!("freshness of `{}`: {}", plan.table, line(&reason)),
                "name a column with dates or timestamps",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(newest) = first(&answer.rows) else {
        return Ok(failed(
            "no value that is a date or timestamp".to_owned(),
            "the table is empty, or the column holds something else",
        ));
    };
    let Some(time) = moment(newest) else {
        return Ok(failed(line(newest), "name a column with dates or timestamps"));
    };
    let now = context.clock.now();
    let age = u64::try_from(now.duration_since(time).max(SignedDuration::ZERO).as_secs());
    let age = age.unwrap_or_default();
    let found = format!("{newest}, {} old at {now:.0}", length(age));
    if age <= freshness.max_age {
        return Ok(Check::new(
            &id,
            &title,
            crate::verify::CheckStatus::Passed,
            &expected,
            found,
            "",
        ));
    }
    Ok(failed(
        found,
        "the source has stopped taking rows, or the snapshot is older than it should be; nothing was \
         published",
    ))
}

/// A timestamp or date as Athena prints it; a date stands for its midnight, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn length(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Rows of the export against the live ones.
fn change(table: &str, rows: u64, bound: u32, live: Option<u64>) -> Check {
    let title = format!("the rows change by {bound}% at most");
    let Some(live) = live else {
        return not_comparable("row-change", &title, "", "the table is not live yet");
    };
    if live == 0 {
        return not_comparable("row-change", &title, "", "the live table has no rows");
    }
    let change = u128::from(rows.abs_diff(live)) * 100;
    let room = u128::from(live) * u128::from(bound);
    let spread = u64::try_from(room / 100).unwrap_or(u64::MAX);
    let expected = format!(
        "{} to {} rows, {live} being live",
        live.saturating_sub(spread),
        live.saturating_add(spread)
    );
    let found = format!("{rows} rows");
    if change <= room {
        return Check::new(
            "row-change",
            &title,
            crate::verify::CheckStatus::Passed,
            expected,
            found,
            "",
        );
    }
    let help = format!(
        "rows were lost or doubled at the source; if the change is meant, say so in `[verify] \
         row_change_of` (`{table} = \"any\"`) and resume the run"
    );
    Check::failed("row-change", &title, expected, found, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::CheckStatus;

    #[test]
    fn a_change_within_the_bound_passes_and_one_beyond_does_not() {
        for (rows, bound, live, status) in [
            (150, 50, 100, CheckStatus::Passed),
            (151, 50, 100, CheckStatus::Failed),
            (50, 50, 100, CheckStatus::Passed),
            (49, 50, 100, CheckStatus::Failed),
            (0, 100, 7, CheckStatus::Passed),
            (7, 0, 7, CheckStatus::Passed),
            (8, 0, 7, CheckStatus::Failed),
            (3, 0, 0, CheckStatus::NotComparable),
            (u64::MAX, 10, u64::MAX - 1, CheckStatus::Passed),
        ] {
            assert_eq!(change("t", rows, bound, Some(live)).status, status, "{rows} of {live}");
        }
        assert_eq!(change("t", 3, 10, None).status, CheckStatus::NotComparable);
        let told = change("t", 40, 50, Some(16));
        assert_eq!(
            (told.expected.as_str(), told.found.as_str()),
            ("8 to 24 rows, 16 being live", "40 rows")
        );
    }

    #[test]
    fn what_athena_prints_is_a_moment() {
        for text in ["2024-01-01 10:00:00.000", "2024-01-01"] {
            assert!(moment(text).is_some(), "{text}");
        }
        assert!(moment("soon").is_none());
        assert_eq!(length(93_600), "1 d 2 h");
        assert_eq!(length(3_660), "1 h 1 min");
    }
}
