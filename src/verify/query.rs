//! The queries that make Athena read every column of a table, and their answers. Pure.

use super::staged::StagedColumn;
use super::value::{BINARY_LIMIT, TEXT_LIMIT};
use crate::aws::MAX_SQL_BYTES;
use crate::aws::sql::identifier;

/// Columns of one query; each gives three values.
const COLUMNS: usize = 100;

/// One query over some columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnQuery {
    /// The SQL.
    pub sql: String,
    /// Where in the table's columns it begins.
    pub first: usize,
    /// Of each of its columns: whether the least and the greatest value are asked for too.
    pub ranges: Vec<bool>,
}

/// What Athena says of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Values that are not NULL.
    pub values: Option<u64>,
    /// The least value.
    pub least: Option<String>,
    /// The greatest value.
    pub greatest: Option<String>,
}

/// The queries over a table: as few as Athena's limit on the length of SQL allows. Each counts the
/// rows first.
#[must_use]
pub fn queries(database: &str, table: &str, columns: &[StagedColumn]) -> Vec<ColumnQuery> {
    let from = format!(" FROM {}.{}", identifier(database), identifier(table));
    let head = "SELECT COUNT(*)";
    let empty = |first| ColumnQuery { sql: head.to_owned(), first, ranges: Vec::new() };
    let mut queries = vec![empty(0)];
    for (at, column) in columns.iter().enumerate() {
        let (list, range) = select_list(column);
        let full = queries.last().is_none_or(|query| {
            query.ranges.len() >= COLUMNS
                || query.sql.len() + list.len() + from.len() > MAX_SQL_BYTES
        });
        if full {
            queries.push(empty(at));
        }
        if let Some(query) = queries.last_mut() {
            query.sql.push_str(&list);
            query.ranges.push(range);
        }
    }
    for query in &mut queries {
        query.sql.push_str(&from);
    }
    queries
}

/// What is selected of one column, and whether that includes its range. Long values are cut, so that
/// an answer stays small; nested types have no order.
fn select_list(column: &StagedColumn) -> (String, bool) {
    let name = identifier(&column.name);
    let hive = column.hive_type.to_ascii_lowercase();
    let base = hive.split(['(', '<']).next().unwrap_or_default().trim();
    let range = match base {
        "string" | "varchar" | "char" => {
            format!(", substr(MIN({name}), 1, {TEXT_LIMIT}), substr(MAX({name}), 1, {TEXT_LIMIT})")
        }
        "binary" => format!(
            ", to_hex(substr(MIN({name}), 1, {BINARY_LIMIT})), \
             to_hex(substr(MAX({name}), 1, {BINARY_LIMIT}))"
        ),
        "array" | "map" | "struct" | "uniontype" => return (format!(", COUNT({name})"), false),
        _ => format!(", MIN({name}), MAX({name})"),
    };
    (format!(", COUNT({name}){range}"), true)
}

impl ColumnQuery {
    /// Reads the one row of the answer: the number of rows, and what it says of each column.
    #[must_use]
    pub fn read(&self, row: &[Option<String>]) -> (Option<u64>, Vec<Answer>) {
        let mut values = row.iter();
        let number = |values: &mut std::slice::Iter<'_, Option<String>>| -> Option<u64> {
            values.next()?.as_ref()?.parse().ok()
        };
        let rows = number(&mut values);
        let answers = self.ranges.iter().map(|range| {
            let count = number(&mut values);
            if *range {
                let least = values.next().cloned().flatten();
                let greatest = values.next().cloned().flatten();
                Answer { values: count, least, greatest }
            } else {
                Answer { values: count, ..Answer::default() }
            }
        });
        (rows, answers.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, hive_type: &str) -> StagedColumn {
        StagedColumn { name: name.into(), hive_type: hive_type.into() }
    }

    #[test]
    fn every_column_is_read_and_long_values_are_cut() {
        let columns = [column("id", "bigint"), column("na\"me", "string"), column("raw", "binary")];
        let queries = queries("lake_staging", "orders", &columns);
        let [query] = queries.as_slice() else { panic!() };
        assert_eq!(
            query.sql,
            "SELECT COUNT(*), COUNT(\"id\"), MIN(\"id\"), MAX(\"id\"), COUNT(\"na\"\"me\"), \
             substr(MIN(\"na\"\"me\"), 1, 1024), substr(MAX(\"na\"\"me\"), 1, 1024), \
             COUNT(\"raw\"), to_hex(substr(MIN(\"raw\"), 1, 512)), \
             to_hex(substr(MAX(\"raw\"), 1, 512)) FROM \"lake_staging\".\"orders\""
        );
    }

    #[test]
    fn wide_tables_take_several_queries_of_allowed_length() {
        let columns: Vec<_> =
            (0..900).map(|n| column(&format!("{}_{n}", "x".repeat(240)), "string")).collect();
        let queries = queries("d", "t", &columns);
        assert!(queries.len() > 1);
        assert!(queries.iter().all(|query| query.sql.len() <= MAX_SQL_BYTES));
        let mut next = 0;
        for query in &queries {
            assert_eq!(query.first, next);
            next += query.ranges.len();
        }
        assert_eq!(next, 900);
    }

    #[test]
    fn a_table_without_columns_is_still_counted() {
        assert_eq!(queries("d", "t", &[])[0].sql, "SELECT COUNT(*) FROM \"d\".\"t\"");
    }

    #[test]
    fn an_answer_is_read_back_in_order() {
        let columns = [column("a", "int"), column("b", "array<int>"), column("c", "string")];
        let query = &queries("d", "t", &columns)[0];
        let row: Vec<_> = ["9", "8", "1", "7", "6", "5"]
            .into_iter()
            .map(|text| Some(text.to_owned()))
            .chain([None, None])
            .collect();
        let (rows, answers) = query.read(&row);
        assert_eq!(rows, Some(9));
        assert_eq!(answers[0].greatest.as_deref(), Some("7"));
        assert_eq!(answers[1], Answer { values: Some(6), least: None, greatest: None });
        assert_eq!(answers[2], Answer { values: Some(5), least: None, greatest: None });
    }
}
