//! The keys of what is made of the data: views, and checks.

use super::{Absent, Key, Section, Shape};
use crate::config::rules;

pub(super) static VIEW: Section = Section {
    doc: "A view over the published tables.",
    keys: &[&[
        Key {
            name: "name",
            shape: Shape::Text(&rules::VIEW),
            absent: Absent::Refused,
            doc: "The view's name.",
            example: "\"daily_sales\"",
        },
        Key {
            name: "sql",
            shape: Shape::Text(&rules::SQL),
            absent: Absent::Fine,
            doc: "One SELECT or WITH statement in Athena's SQL, without a semicolon. Tables and \
                  views are named without their database.",
            example: "\"SELECT ordered_on, sum(total) AS total FROM orders GROUP BY ordered_on\"",
        },
        Key {
            name: "file",
            shape: Shape::Text(&rules::FILE),
            absent: Absent::Fine,
            doc: "A file with the statement, relative to the configuration file.",
            example: "\"views/daily_sales.sql\"",
        },
    ]],
    one_of: &[&["sql", "file"]],
};

pub(super) static TYPED_VIEWS: Section = Section {
    doc: "Views that give columns their own types again, where an export holds text or bytes.",
    keys: &[&[
        Key {
            name: "enabled",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether each table gets such a view. Dates and timestamps that arrive as text, \
                  PostgreSQL's numerics and MySQL's CHAR are cast; a value that its type can not \
                  hold (`0000-00-00`, a year BC, `infinity`) becomes NULL.",
            example: "true",
        },
        Key {
            name: "suffix",
            shape: Shape::Text(&rules::SUFFIX),
            absent: Absent::Text("_typed"),
            doc: "What the view's name has behind the table's.",
            example: "\"_v\"",
        },
        Key {
            name: "numeric",
            shape: Shape::Choice {
                words: &["decimal(38,9)", "decimal(38,18)", "double"],
                or: None,
            },
            absent: Absent::Text("decimal(38,9)"),
            doc: "The type of PostgreSQL's `numeric` columns, whose scale an export does not tell.",
            example: "\"double\"",
        },
    ]],
    one_of: &[],
};

pub(super) static VERIFY: Section = Section {
    doc: "Bounds on how much an export may differ from what is live.",
    keys: &[&[
        Key {
            name: "row_change",
            shape: Shape::Text(&rules::ROW_CHANGE),
            absent: Absent::Text("any"),
            doc: "How much the rows of a table may be more or fewer than those of the live one, in \
                  percent of these. Beyond it nothing goes live.",
            example: "\"50%\"",
        },
        Key {
            name: "row_change_of",
            shape: Shape::Map { key: &rules::VIEW, value: &rules::ROW_CHANGE, max: 1000 },
            absent: Absent::Fine,
            doc: "The same for single tables, by their names in the catalog.",
            example: "{ orders = \"20%\", customers = \"any\" }",
        },
    ]],
    one_of: &[],
};

pub(super) static CHECK: Section = Section {
    doc: "A query that must return no rows.",
    keys: &[&[
        Key {
            name: "name",
            shape: Shape::Text(&rules::VIEW),
            absent: Absent::Refused,
            doc: "The check's name.",
            example: "\"no_orphan_lines\"",
        },
        Key {
            name: "sql",
            shape: Shape::Text(&rules::SQL),
            absent: Absent::Fine,
            doc: "One SELECT or WITH statement in Athena's SQL, without a semicolon, that selects \
                  what is wrong. Tables and views are named without their database.",
            example: "\"SELECT id FROM orders WHERE total < 0\"",
        },
        Key {
            name: "file",
            shape: Shape::Text(&rules::FILE),
            absent: Absent::Fine,
            doc: "A file with the statement, relative to the configuration file.",
            example: "\"checks/no_orphan_lines.sql\"",
        },
    ]],
    one_of: &[&["sql", "file"]],
};

pub(super) static FRESHNESS: Section = Section {
    doc: "How old the newest row of a table may be when its export goes live.",
    keys: &[&[
        Key {
            name: "table",
            shape: Shape::Text(&rules::VIEW),
            absent: Absent::Refused,
            doc: "The table, by its name in the catalog.",
            example: "\"orders\"",
        },
        Key {
            name: "column",
            shape: Shape::Text(&rules::COLUMN),
            absent: Absent::Refused,
            doc: "A column with dates or timestamps, which are taken as UTC where they have no zone.",
            example: "\"ordered_at\"",
        },
        Key {
            name: "max_age",
            shape: Shape::Text(&rules::AGE),
            absent: Absent::Refused,
            doc: "How old the greatest value may be.",
            example: "\"26 hours\"",
        },
    ]],
    one_of: &[],
};
