//! The comparisons. Pure: they see only what was gathered.

use super::footer::{ColumnFooters, Footers};
use super::inspect::TableInspection;
use super::kind::Kind;
use super::manifest::TypeMapping;
use super::query::Answer;
use super::report::{Check, CheckStatus};
use super::staged::StagedColumn;
use super::value::{Agreement, Bound, End, Range, agree, show, show_text};
use crate::printable::line;
use std::fmt::Write as _;

/// How many names a message lists before it only counts.
const NAMED: usize = 5;

/// What RDS says of the table.
#[must_use]
pub fn manifest(table: &TableInspection) -> Vec<Check> {
    const TITLE: &str = "RDS says that the table is complete";
    let Some(manifest) = &table.manifest else {
        return vec![Check::failed(
            "manifest",
            TITLE,
            "an entry in export_tables_info",
            "none",
            "the export's manifest does not name this table; export again",
        )];
    };
    let mut checks = Vec::new();
    if manifest.is_complete() {
        checks.push(Check::passed("manifest", TITLE, "COMPLETE"));
    } else {
        checks.push(Check::failed(
            "manifest",
            TITLE,
            "COMPLETE",
            line(&manifest.status),
            "RDS left this table out; its warning says why. To publish the others, list the wanted \
             tables in `tables`",
        ));
    }
    if let Some(warning) = &manifest.warning_message {
        checks.push(Check::new(
            "manifest-warning",
            "RDS warns of nothing",
            CheckStatus::Warning,
            "no warning",
            line(warning),
            "RDS names what it could not export; columns whose names hold spaces or any of ,;{}()= \
             are never exported",
        ));
    }
    checks
}

/// The objects under the table's folder.
#[must_use]
pub fn objects(table: &TableInspection) -> Vec<Check> {
    let mut checks = Vec::new();
    let title = "every object is a Parquet file or a marker";
    if table.strays.is_empty() {
        let found = format!("{} files, {} bytes", table.files.len(), table.bytes());
        checks.push(Check::passed("objects", title, found));
    } else {
        checks.push(Check::failed(
            "objects",
            title,
            "Parquet files and _SUCCESS only",
            list(&table.strays),
            "Athena would read these as data; remove them, or export again",
        ));
    }
    let empty: Vec<String> =
        table.files.iter().filter(|file| file.size == 0).map(|file| file.key.clone()).collect();
    if !empty.is_empty() {
        checks.push(Check::failed(
            "object-sizes",
            "no file is empty",
            "0 empty files",
            list(&empty),
            "a Parquet file has at least a footer; export again",
        ));
    }
    if table.files.is_empty() || table.markers == 0 {
        // Not every export has markers; where there are none they say nothing.
    } else if !table.unfinished.is_empty() {
        checks.push(Check::failed(
            "success-markers",
            "every batch has its _SUCCESS marker",
            "a marker in each batch",
            format!("none in {}", list(&table.unfinished)),
            "RDS did not finish writing these batches; export again",
        ));
    }
    checks.extend(parts(table));
    checks
}

/// The number of files against the number of parts that the manifest tells of, where it does.
fn parts(table: &TableInspection) -> Option<Check> {
    let info = &table.manifest.as_ref()?.table_statistics.partitioning_info;
    let (all, done) = (info.number_of_partitions?, info.number_of_completed_partitions?);
    let title = "RDS wrote every part of the table";
    if done < all {
        return Some(Check::failed(
            "parts",
            title,
            format!("{all} parts"),
            format!("{done} parts"),
            "the export of this table did not come to its end; export again",
        ));
    }
    let files = u64::try_from(table.files.len()).unwrap_or(u64::MAX);
    // An empty part leaves no file, so fewer files are no proof of a loss.
    Some(if files < all {
        Check::new(
            "parts",
            title,
            CheckStatus::Warning,
            format!("{all} parts"),
            format!("{files} files"),
            "empty parts leave no file; if rows are missing, files were deleted after the export",
        )
    } else {
        Check::passed("parts", title, format!("{all} parts"))
    })
}

/// The footers among themselves.
#[must_use]
pub fn footers(table: &TableInspection) -> Check {
    let title = "every footer can be read and all have one schema";
    let footers = &table.footers;
    if footers.problems.is_empty() {
        return Check::passed(
            "footers",
            title,
            format!("{} footers, {} rows", footers.files, footers.rows),
        );
    }
    let mut found: Vec<String> = footers
        .problems
        .iter()
        .take(NAMED)
        .map(|(key, problem)| format!("{}: {problem}", line(key)))
        .collect();
    if footers.problems.len() > NAMED {
        found.push(format!("and {} more", footers.problems.len() - NAMED));
    }
    Check::failed(
        "footers",
        title,
        format!("{} readable footers", table.files.len()),
        found.join("; "),
        "the files are damaged, or were changed after the export; export again",
    )
}

/// The types that the manifest announces against those in the files.
#[must_use]
pub fn announced(table: &TableInspection) -> Vec<Check> {
    let Some(manifest) = &table.manifest else { return Vec::new() };
    let mappings = &manifest.schema_metadata.original_type_mappings;
    if mappings.is_empty() || table.footers.files == 0 {
        return Vec::new();
    }
    let title = "the files have the columns and types that the manifest announces";
    let mut wrong = Vec::new();
    let mut missing = Vec::new();
    let mut unknown = Vec::new();
    for mapping in mappings {
        let column = table.footers.columns.iter().find(|column| column.name == mapping.column_name);
        match (column, Kind::announced(&mapping.expected_exported_type)) {
            (None, _) => missing.push(line(&mapping.column_name)),
            (Some(_), None) => unknown.push(mapping),
            (Some(column), Some(kind)) if column.kind != kind => wrong.push(format!(
                "`{}` is {}, announced was {kind}",
                line(&column.name),
                column.kind
            )),
            _ => {}
        }
    }
    let mut checks = Vec::new();
    if !missing.is_empty() {
        let warned = manifest.warning_message.is_some();
        checks.push(Check::new(
            "manifest-columns",
            title,
            if warned { CheckStatus::Warning } else { CheckStatus::Failed },
            format!("{} columns", mappings.len()),
            format!("without {}", list(&missing)),
            if warned {
                "RDS warned that it could not export everything of this table"
            } else {
                "columns are missing without a warning; export again, and ask AWS if it stays so"
            },
        ));
    }
    if !wrong.is_empty() {
        checks.push(Check::failed(
            "manifest-types",
            title,
            format!("{} columns as announced", mappings.len()),
            list(&wrong),
            "the manifest and the files are not of one export; export again",
        ));
    }
    if !unknown.is_empty() {
        let names: Vec<_> = unknown.iter().map(|mapping| describe(mapping)).collect();
        checks.push(Check::new(
            "manifest-types",
            title,
            CheckStatus::NotComparable,
            list(&names),
            "",
            "these announcements have a form that snaplake does not know; the files themselves were \
             still checked against the catalog",
        ));
    }
    if checks.is_empty() {
        let found = format!("{} columns", mappings.len());
        checks.push(Check::passed("manifest-types", title, found));
    }
    checks
}

fn describe(mapping: &TypeMapping) -> String {
    let (name, kind) = (&mapping.column_name, &mapping.expected_exported_type);
    format!("`{}` {}", line(name), line(kind))
}

/// The catalog's columns against those in the files.
#[must_use]
pub fn catalog(footers: &Footers, columns: &[StagedColumn]) -> Check {
    let title = "the catalog has the files' columns and types";
    if footers.files == 0 {
        return Check::new(
            "catalog",
            title,
            CheckStatus::NotComparable,
            "",
            format!("{} columns", columns.len()),
            "the table has no files, so its columns are those that the manifest announces",
        );
    }
    let mut wrong = Vec::new();
    for column in &footers.columns {
        let name = column.catalog_name();
        match columns.iter().find(|other| other.name.to_lowercase() == name) {
            None => wrong.push(format!("`{}` is not in the catalog", line(&name))),
            Some(other) if !column.kind.reads_as(&other.hive_type) => wrong.push(format!(
                "`{}` is {}, in the catalog it is {}",
                line(&name),
                column.kind,
                line(&other.hive_type)
            )),
            Some(_) => {}
        }
    }
    for column in columns {
        let name = column.name.to_lowercase();
        if !footers.columns.iter().any(|other| other.catalog_name() == name) {
            wrong.push(format!("`{}` is in no file", line(&name)));
        }
    }
    if wrong.is_empty() {
        return Check::passed("catalog", title, format!("{} columns", columns.len()));
    }
    Check::failed(
        "catalog",
        title,
        format!("{} columns", footers.columns.len()),
        list(&wrong),
        "columns whose names differ only in case, or a crawler that guessed; rename the column, or \
         use `mode = \"direct\"`",
    )
}

/// What Athena counts against what the footers count.
#[must_use]
pub fn count(footers: &Footers, counted: Option<u64>) -> Check {
    let title = "Athena counts the rows that the footers count";
    let found = counted.map_or_else(|| "no number".to_owned(), |rows| rows.to_string());
    Check::equal(
        "athena-count",
        title,
        footers.rows.to_string(),
        found,
        "Athena reads other files than the export's, or not all of them; look at the table's \
         location and at the objects there",
    )
}

/// A failed query, as a check of the table.
#[must_use]
pub fn unreadable(reason: &str) -> Check {
    Check::failed(
        "athena-read",
        "Athena can read every column of every row",
        "an answer",
        line(reason),
        "a file is damaged or its types are not those of the catalog; export again, and keep the \
         query id for AWS support if it happens twice",
    )
}

/// One column: what Athena reads against the statistics of the footers.
#[must_use]
pub fn column(column: &ColumnFooters, rows: u64, answer: &Answer) -> Check {
    let id = format!("column-values:{}", column.catalog_name());
    let title = format!("values of `{}`: how many, least, greatest", line(&column.catalog_name()));
    let values = column.nulls.map(|nulls| rows.saturating_sub(nulls));
    let expected = expected_text(column, values);
    let found = found_text(&column.kind, answer);
    let failed = |help: &str| Check::failed(&id, &title, &expected, &found, help);
    let counts_differ = match (values, answer.values) {
        (Some(values), Some(counted)) => values != counted,
        (_, None) => true,
        (None, Some(_)) => false,
    };
    if counts_differ {
        return failed("Athena reads other values than were exported; export again");
    }
    let mut notes: Vec<String> = Vec::new();
    if values.is_none() {
        notes.push("the footers do not count the NULLs".to_owned());
    }
    match &column.range {
        Range::Unknown(reason) => notes.push(reason.clone()),
        Range::Empty => {
            if answer.least.is_some() || answer.greatest.is_some() {
                return failed("Athena finds values where the footers have NULLs only");
            }
        }
        Range::Known(least, greatest) => {
            for (end, bound, text) in
                [(End::Least, least, &answer.least), (End::Greatest, greatest, &answer.greatest)]
            {
                let Some(text) = text else {
                    return failed("Athena finds no values where the footers have some");
                };
                match agree(&column.kind, end, bound, text) {
                    Agreement::Equal => {}
                    Agreement::Within => {
                        notes.push("the footers hold a shortened value, which is respected".into());
                    }
                    Agreement::Unreadable(reason) => notes.push(reason),
                    Agreement::Different => {
                        return failed(
                            "Athena reads other values than were exported; export again",
                        );
                    }
                }
            }
        }
    }
    notes.dedup();
    let status = if notes.is_empty() { CheckStatus::Passed } else { CheckStatus::NotComparable };
    Check::new(&id, &title, status, &expected, &found, notes.join("; "))
}

fn expected_text(column: &ColumnFooters, values: Option<u64>) -> String {
    let count = values.map_or_else(|| "unknown".to_owned(), |values| values.to_string());
    let shown = |bound: &Bound| show(&column.kind, &bound.value);
    match &column.range {
        Range::Known(least, greatest) => {
            format!("{count} values, {} to {}", shown(least), shown(greatest))
        }
        Range::Empty | Range::Unknown(_) => format!("{count} values"),
    }
}

fn found_text(kind: &Kind, answer: &Answer) -> String {
    let count = answer.values.map_or_else(|| "unknown".to_owned(), |values| values.to_string());
    let shown = |text: &str| match kind {
        Kind::Text => show_text(text),
        Kind::Binary => {
            let hex: String = text.chars().take(40).flat_map(char::to_lowercase).collect();
            if text.chars().nth(40).is_some() { format!("0x{hex}…") } else { format!("0x{hex}") }
        }
        _ => line(&text.chars().take(60).collect::<String>()),
    };
    match (&answer.least, &answer.greatest) {
        (Some(least), Some(greatest)) => {
            format!("{count} values, {} to {}", shown(least), shown(greatest))
        }
        _ => format!("{count} values"),
    }
}

/// Some names, and how many more there are.
#[must_use]
pub fn list(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).map(|name| line(name)).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        let _ = write!(text, " and {} more", names.len() - NAMED);
    }
    text
}
