//! Large tables by ranges of their primary key, as RDS reads them in parallel
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Considerations.html>,
//! "File naming convention"): equal parts of what lies between the least key and the greatest.

use super::{Reader, query_error, quoted};
use crate::cloud::source::part::{Part, Slice};
use crate::cloud::source::{Found, SourceError};
use mysql::prelude::Queryable as _;

/// Bytes of a slice at least, as the server reckons a table's size.
const SLICE_BYTES: u64 = 32 << 20;

/// The first columns of primary keys that are whole numbers, and the bytes of the tables' rows.
const KEYS: &str = "SELECT t.TABLE_NAME, s.COLUMN_NAME, COALESCE(t.DATA_LENGTH, 0) \
    FROM information_schema.STATISTICS s \
    JOIN information_schema.TABLES t \
    ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME \
    JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA \
    AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME \
    WHERE s.TABLE_SCHEMA = ? AND s.INDEX_NAME = 'PRIMARY' AND s.SEQ_IN_INDEX = 1 \
    AND c.DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint')";

impl Reader {
    /// Has large tables read in parts.
    pub(super) fn slice(&self, tables: &mut [Found]) -> Result<(), SourceError> {
        if self.readers() == 1 {
            return Ok(());
        }
        let keys: Vec<(String, String, u64)> = self.query("the catalog", KEYS, &self.database)?;
        let most = 4 * u64::try_from(self.readers()).unwrap_or(1);
        for (name, column, bytes) in keys {
            let count = (bytes / SLICE_BYTES).min(most);
            if count < 2 {
                continue;
            }
            if let Some(table) = tables.iter_mut().find(|table| table.name == name)
                && let Some((least, most)) = self.ends(&name, &column)?
            {
                table.parts = slices(&column, least, most, count);
            }
        }
        Ok(())
    }

    /// The least key and the greatest, of the same moment as the rows.
    fn ends(&self, table: &str, column: &str) -> Result<Option<(i128, i128)>, SourceError> {
        let (key, table_name) = (quoted(column), quoted(table));
        let query =
            format!("SELECT CAST(MIN({key}) AS CHAR), CAST(MAX({key}) AS CHAR) FROM {table_name}");
        let mut lent = self.lend();
        let Some(connection) = &mut lent.connection else { return Ok(None) };
        let ends: Option<(Option<String>, Option<String>)> =
            connection.query_first(query).map_err(|error| query_error(table, &error))?;
        let (least, most) = ends.unwrap_or_default();
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(number(least).zip(number(most)))
    }
}

/// Ranges without gaps between them, the first and the last without an end.
fn slices(column: &str, least: i128, most: i128, count: u64) -> Vec<Part> {
    let count = i128::from(count);
    let bound = |index: i128| least + (most - least) * index / count;
    (0..count)
        .map(|index| Slice::Keys {
            column: column.to_owned(),
            after: (index > 0).then(|| bound(index)),
            until: (index + 1 < count).then(|| bound(index + 1)),
        })
        .map(|slice| Part { batch: 1, slice })
        .collect()
}

/// The rows of a part, after the name of the table.
pub(super) fn condition(part: &Part) -> String {
    let Slice::Keys { column, after, until } = &part.slice else { return String::new() };
    let key = quoted(column);
    let after = after.map(|bound| format!("{key} > {bound}"));
    let until = until.map(|bound| format!("{key} <= {bound}"));
    let bounds: Vec<String> = after.into_iter().chain(until).collect();
    if bounds.is_empty() { String::new() } else { format!(" WHERE {}", bounds.join(" AND ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_one_slice() {
        for (least, most, count) in [
            (0, 100, 3),
            (-7, 5, 4),
            (5, 5, 2),
            (0, i128::from(u64::MAX), 24),
            (i128::from(i64::MIN), 0, 5),
        ] {
            let slices = slices("id", least, most, count);
            let mut last = None;
            for (index, part) in slices.iter().enumerate() {
                let Slice::Keys { after, until, .. } = &part.slice else { panic!("{part:?}") };
                assert_eq!(*after, last);
                assert_eq!(until.is_none(), index + 1 == slices.len());
                assert!(until.is_none_or(|until| after.is_none_or(|after| after <= until)));
                last = *until;
            }
        }
    }

    #[test]
    fn a_part_is_a_condition() {
        let of = |after, until| {
            condition(&Part {
                batch: 1,
                slice: Slice::Keys { column: "a`b".to_owned(), after, until },
            })
        };
        assert_eq!(of(None, None), "");
        assert_eq!(of(None, Some(-5)), " WHERE `a``b` <= -5");
        assert_eq!(of(Some(1), Some(7)), " WHERE `a``b` > 1 AND `a``b` <= 7");
        assert_eq!(condition(&Part { batch: 1, slice: Slice::Whole }), "");
    }
}
