//! Typed views: columns of an export with the types that they have in the source database, as far as the
//! catalog knows such types.
//!
//! Exports hold dates, timestamps and numerics as text and MySQL's CHAR as bytes
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.data-types.html>). A view
//! can have the types of the catalog only, and these know no time of day, no time zone, no UUID and no
//! JSON (<https://docs.aws.amazon.com/athena/latest/ug/data-types.html>): such columns stay text, and a
//! timestamp with a time zone becomes one in UTC.

use super::journal::PlannedTable;
use crate::aws::sql::{identifier, string};
use crate::pipeline::EngineFamily;
use std::fmt::Write as _;

/// A timestamp with its offset, as PostgreSQL prints it.
const WITH_OFFSET: &str =
    r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?)([+-])(\d{2})(?::?(\d{2}))?$";

/// The SELECT of a table's typed view; with `partition`, that column too.
pub(super) fn select(
    family: EngineFamily,
    plan: &PlannedTable,
    partition: Option<&str>,
    numeric: &str,
) -> String {
    let mut sql = "SELECT ".to_owned();
    for (at, column) in plan.columns.iter().enumerate() {
        let name = identifier(&column.name);
        if at > 0 {
            sql.push_str(", ");
        }
        let original = plan.originals.get(&column.name).map_or("", String::as_str);
        match expression(family, original, &column.hive_type, &name, numeric) {
            Some(expression) => {
                let _ = write!(sql, "{expression} AS {name}");
            }
            None => sql.push_str(&name),
        }
    }
    if let Some(name) = partition {
        let _ = write!(sql, ", {}", identifier(name));
    }
    let _ = write!(sql, " FROM {}", identifier(&plan.staged));
    sql
}

/// What gives the column `name` (an identifier, quoted) its type again; none where it has it. A value
/// that the type cannot hold becomes NULL.
pub(super) fn expression(
    family: EngineFamily,
    original: &str,
    hive: &str,
    name: &str,
    numeric: &str,
) -> Option<String> {
    let original = original.trim().to_lowercase();
    let (base, behind) = match original.split_once('(') {
        Some((base, behind)) => (base.trim(), behind.split_once(')').map_or("", |(_, rest)| rest)),
        None => (original.as_str(), ""),
    };
    // `timestamp(3) with time zone`
    let whole = format!("{base}{behind}");
    let cast = |kind: &str| Some(format!("TRY_CAST({name} AS {kind})"));
    match (family, hive, whole.as_str()) {
        (EngineFamily::MySql, "binary", "char" | "character" | "nchar" | "national char") => {
            Some(format!("from_utf8({name})"))
        }
        (_, "string", "date") => cast("date"),
        (EngineFamily::MySql, "string", "datetime" | "timestamp")
        | (EngineFamily::Postgres, "string", "timestamp" | "timestamp without time zone") => {
            cast("timestamp")
        }
        (EngineFamily::Postgres, "string", "timestamptz" | "timestamp with time zone") => {
            Some(in_utc(name))
        }
        (EngineFamily::Postgres, "string", "numeric" | "decimal") => cast(numeric),
        _ => None,
    }
}

/// The moment that a text with an offset tells, in UTC. A cast would read the offset as well, but a view
/// can not have what it gives, and not every form of an offset is one of Trino's.
fn in_utc(name: &str) -> String {
    let form = string(WITH_OFFSET);
    let part = |group: u8| format!("regexp_extract({name}, {form}, {group})");
    let number = |group: u8| format!("TRY_CAST({} AS bigint)", part(group));
    format!(
        "date_add('minute', (CASE {} WHEN '-' THEN 1 ELSE -1 END) * (60 * {} + COALESCE({}, 0)), \
         TRY_CAST({} AS timestamp))",
        part(2),
        number(3),
        number(4),
        part(1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::StagedColumn;

    fn cast(family: EngineFamily, original: &str, hive: &str) -> Option<String> {
        expression(family, original, hive, "\"c\"", "decimal(38,9)")
    }

    #[test]
    fn what_an_export_holds_as_text_or_bytes_gets_its_type_again() {
        use EngineFamily::{MySql, Postgres};
        for (family, original, hive, expected) in [
            (MySql, "date", "string", "TRY_CAST(\"c\" AS date)"),
            (MySql, "CHAR(3)", "binary", "from_utf8(\"c\")"),
            (Postgres, "date", "string", "TRY_CAST(\"c\" AS date)"),
            (Postgres, "timestamp", "string", "TRY_CAST(\"c\" AS timestamp)"),
            (Postgres, "timestamp(3) without time zone", "string", "TRY_CAST(\"c\" AS timestamp)"),
            (Postgres, "numeric", "string", "TRY_CAST(\"c\" AS decimal(38,9))"),
            (Postgres, "NUMERIC(10,2)", "string", "TRY_CAST(\"c\" AS decimal(38,9))"),
        ] {
            assert_eq!(cast(family, original, hive).as_deref(), Some(expected), "{original}");
        }
        assert!(cast(Postgres, "timestamptz", "string").unwrap().starts_with("date_add('minute'"));
        assert!(cast(Postgres, "timestamp(6) with time zone", "string").is_some());
    }

    #[test]
    fn what_has_its_type_or_has_none_in_the_catalog_stays() {
        use EngineFamily::{MySql, Postgres};
        for (family, original, hive) in [
            (MySql, "datetime", "timestamp"),
            (MySql, "binary", "binary"),
            (MySql, "blob", "binary"),
            (MySql, "time", "string"),
            (MySql, "decimal", "decimal(10,2)"),
            (Postgres, "uuid", "string"),
            (Postgres, "jsonb", "string"),
            (Postgres, "time", "string"),
            (Postgres, "date[]", "string"),
            (Postgres, "bytea", "binary"),
            (Postgres, "", "string"),
        ] {
            assert_eq!(cast(family, original, hive), None, "{original}");
        }
    }

    #[test]
    fn every_column_is_there_under_its_name() {
        let column =
            |name: &str, hive: &str| StagedColumn { name: name.into(), hive_type: hive.into() };
        let plan = PlannedTable {
            database: "shop".into(),
            schema: "public".into(),
            name: "o".into(),
            table: "o".into(),
            staged: "o".into(),
            location: String::new(),
            columns: vec![column("id", "bigint"), column("d\"x", "string")],
            originals: [("d\"x".to_owned(), "date".to_owned())].into(),
        };
        assert_eq!(
            select(EngineFamily::MySql, &plan, Some("day"), "double"),
            "SELECT \"id\", TRY_CAST(\"d\"\"x\" AS date) AS \"d\"\"x\", \"day\" FROM \"o\""
        );
    }
}
