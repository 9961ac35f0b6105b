//! Which exports a query may still be reading although its table does not read them any more.
//!
//! A table remembers where it pointed before ([`PREVIOUS`]) and since when it does not ([`MOVED`]). What it
//! left before that, or as a partition, is in [`LEFT`], each with its time, until nobody can be reading it.

use super::catalog::{self, LEFT, MOVED, PREVIOUS};
use aws_sdk_glue::types::Table;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long an export stays after the last table has moved away from it.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// The export that a location under `root`, the folder of all exports, belongs to.
pub(super) fn export_of(location: &str, root: &str) -> Option<String> {
    location.strip_prefix(root)?.split('/').next().map(str::to_owned)
}

/// The exports that a table has ceased to read so lately that a query may still be reading them, and when
/// it did.
pub(super) fn left(table: &Table, root: &str, now: Timestamp) -> BTreeMap<String, Timestamp> {
    let moved = catalog::parameter(table, MOVED).and_then(|time| time.parse().ok());
    // Whoever moved it without saying when may have done so just now.
    let moved: Timestamp = moved.unwrap_or(now);
    let previous = catalog::parameter(table, PREVIOUS).and_then(|place| export_of(place, root));
    let earlier = catalog::parameter(table, LEFT).unwrap_or_default().split(',');
    let earlier = earlier.filter_map(|entry| {
        let (export, time) = entry.split_once('@')?;
        Some((export.to_owned(), time.parse::<Timestamp>().ok()?))
    });
    let mut left = BTreeMap::new();
    for (export, time) in earlier.chain(previous.map(|export| (export, moved))) {
        if now.duration_since(time) < GRACE {
            let latest = left.entry(export).or_insert(time);
            *latest = time.max(*latest);
        }
    }
    left
}

/// What a table that is about to be moved has to say of the exports that it left: those that it left before,
/// and the ones of its partitions that are dropped `now`.
pub(super) fn mark(
    table: &Table,
    root: &str,
    now: Timestamp,
    dropped: impl IntoIterator<Item = String>,
) -> Option<(String, String)> {
    let mut left = left(table, root, now);
    left.extend(dropped.into_iter().map(|export| (export, now)));
    if left.is_empty() && catalog::parameter(table, LEFT).is_none() {
        return None;
    }
    let entries: Vec<String> =
        left.into_iter().map(|(export, time)| format!("{export}@{time}")).collect();
    Some((LEFT.to_owned(), entries.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "s3://lake/exports/";

    fn at(minute: i64) -> Timestamp {
        let three: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        three + SignedDuration::from_mins(minute)
    }

    fn exports(table: &Table, minute: i64) -> Vec<String> {
        left(table, ROOT, at(minute)).into_keys().collect()
    }

    /// The table as a run that moves it leaves it behind.
    fn moved(table: &Table, from: &str, minute: i64, dropped: &[&str]) -> Table {
        let mark = mark(table, ROOT, at(minute), dropped.iter().map(|id| (*id).to_owned()));
        let mut parameters = table.parameters().cloned().unwrap_or_default();
        parameters.insert(PREVIOUS.to_owned(), format!("{ROOT}{from}/shop/shop.t/"));
        parameters.insert(MOVED.to_owned(), at(minute).to_string());
        parameters.extend(mark);
        Table::builder().name("t").set_parameters(Some(parameters)).build().unwrap()
    }

    #[test]
    fn every_export_is_left_for_an_hour_however_often_the_table_moves() {
        let table = moved(&Table::builder().name("t").build().unwrap(), "e1", 0, &[]);
        assert_eq!(exports(&table, 59), ["e1"]);
        assert!(exports(&table, 60).is_empty());
        let table = moved(&table, "e2", 40, &[]);
        assert_eq!(exports(&table, 50), ["e1", "e2"]);
        assert_eq!(exports(&table, 60), ["e2"]);
        // Moves in quick succession keep nothing for ever.
        let table = moved(&moved(&table, "e3", 70, &[]), "e4", 105, &[]);
        assert_eq!(exports(&table, 106), ["e3", "e4"]);
        assert!(!table.parameters().unwrap()[LEFT].contains("e1"), "{table:?}");
    }

    #[test]
    fn dropped_partitions_are_remembered_beside_moves() {
        let table = moved(&Table::builder().name("t").build().unwrap(), "e5", 0, &["e1"]);
        let table = moved(&table, "e6", 30, &["e2", "e3"]);
        assert_eq!(exports(&table, 40), ["e1", "e2", "e3", "e5", "e6"]);
        assert_eq!(exports(&table, 61), ["e2", "e3", "e6"]);
        assert!(exports(&table, 90).is_empty());
    }

    #[test]
    fn a_table_that_left_nothing_says_nothing() {
        let table = Table::builder().name("t").build().unwrap();
        assert_eq!(mark(&table, ROOT, at(0), []), None);
        let table = Table::builder().name("t").parameters(LEFT, "e1@nonsense,e2").build().unwrap();
        assert_eq!(mark(&table, ROOT, at(0), []), Some((LEFT.to_owned(), String::new())));
    }
}
