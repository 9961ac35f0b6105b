//! What RDS can name, what it skips, and how names become keys.
//!
//! Source: "Limitations" and "File naming convention" of
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html> and, in the same
//! words, <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-export-snapshot.Considerations.html>.

use crate::cloud::source::{Engine, Family, Table};

/// Whether RDS exports a table with a column of this name: "tables with the following characters in
/// column names are skipped", ``, ; { } ( ) \n \t = (space)``.
#[must_use]
pub fn exportable_column(name: &str) -> bool {
    !name.contains([',', ';', '{', '}', '(', ')', '=', ' ', '\t', '\n'])
}

/// Whether RDS exports a table of this name: one with `/` is skipped.
#[must_use]
pub fn exportable_table(name: &str) -> bool {
    !name.contains('/')
}

/// A prefix, database, schema or table as it stands in a key: backslash, backtick, double quote and
/// space become `_`.
#[must_use]
pub fn key_part(name: &str) -> String {
    name.replace(['\\', '`', '"', ' '], "_")
}

/// Checks the `ExportOnly` of a StartExportTask request: `database`; `database.table` in MySQL's
/// family; `database.schema` and `database.schema.table` in PostgreSQL's
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html>).
///
/// # Errors
/// What is wrong, for the fault `InvalidExportOnly`.
pub fn check_export_only(engine: &str, export_only: &[String]) -> Result<(), String> {
    let family = Engine::parse(engine)
        .ok_or_else(|| format!("The engine {} has no snapshot export.", engine.escape_debug()))?
        .family();
    let most = match family {
        Family::MySql => 2,
        Family::PostgreSql => 3,
    };
    for item in export_only {
        let parts: Vec<&str> = item.split('.').collect();
        let named = |part: &&str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '_'))
        };
        if parts.len() > most || !parts.iter().all(named) {
            return Err(format!(
                "The value {} of ExportOnly isn't valid for the engine {engine}.",
                item.escape_debug()
            ));
        }
    }
    Ok(())
}

/// The tables that `export_only` asks for: all when it is empty.
///
/// # Errors
/// The first item that names nothing there is.
pub fn select(
    family: Family,
    database: &str,
    export_only: &[String],
    tables: Vec<Table>,
) -> Result<Vec<Table>, String> {
    let asked = |item: &String, table: &Table| {
        let mut parts = item.split('.');
        let (first, second, third) = (parts.next(), parts.next(), parts.next());
        let inside = match (family, second, third) {
            (_, None, _) => true,
            (Family::MySql, Some(name), _) => name == table.name,
            (Family::PostgreSql, Some(schema), None) => schema == table.schema,
            (Family::PostgreSql, Some(schema), Some(name)) => {
                schema == table.schema && name == table.name
            }
        };
        first == Some(database) && inside
    };
    if let Some(stray) =
        export_only.iter().find(|item| !tables.iter().any(|table| asked(item, table)))
    {
        return Err(stray.clone());
    }
    Ok(tables
        .into_iter()
        .filter(|table| export_only.is_empty() || export_only.iter().any(|i| asked(i, table)))
        .collect())
}

/// The manifest's `target` of a table, in the form of `ExportOnly`.
#[must_use]
pub fn target(family: Family, database: &str, table: &Table) -> String {
    match family {
        Family::MySql => format!("{database}.{}", table.name),
        Family::PostgreSql => format!("{database}.{}.{}", table.schema, table.name),
    }
}

/// The folder of a table under the export's own: `<db>/<schema.table>`, without slashes at the ends.
#[must_use]
pub fn table_folder(database: &str, table: &Table) -> String {
    format!("{}/{}.{}", key_part(database), key_part(&table.schema), key_part(&table.name))
}

/// The folder of an export in its bucket: `<prefix>/<id>`, without slashes at the ends.
#[must_use]
pub fn export_folder(prefix: &str, id: &str) -> String {
    let prefix = key_part(prefix.trim_matches('/'));
    if prefix.is_empty() { id.to_owned() } else { format!("{prefix}/{id}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(engine: &str, item: &str) -> bool {
        check_export_only(engine, &[item.to_owned()]).is_ok()
    }

    #[test]
    fn export_only_has_the_forms_of_the_engine() {
        assert!(check("mysql", "shop"));
        assert!(check("aurora-mysql", "shop.orders"));
        assert!(!check("mysql", "shop.public.orders"));
        assert!(check("postgres", "shop.public"));
        assert!(check("aurora-postgresql", "shop.public.orders"));
        assert!(!check("postgres", "a.b.c.d"));
        assert!(!check("postgres", "shop.public.order lines"));
        assert!(!check("mysql", "shop."));
        assert!(!check("oracle", "shop"));
    }

    #[test]
    fn selection_follows_the_family() {
        let table = Table::named;
        let names = |family, only: &[&str], tables| {
            let only: Vec<String> = only.iter().map(|item| (*item).to_owned()).collect();
            select(family, "shop", &only, tables)
                .map(|tables| tables.into_iter().map(|t| t.name).collect::<Vec<_>>())
        };
        let mysql = || vec![table("shop", "a"), table("shop", "b")];
        assert_eq!(names(Family::MySql, &[], mysql()).unwrap(), ["a", "b"]);
        assert_eq!(names(Family::MySql, &["shop.b"], mysql()).unwrap(), ["b"]);
        assert_eq!(names(Family::MySql, &["shop"], mysql()).unwrap(), ["a", "b"]);
        assert_eq!(names(Family::MySql, &["shop.c"], mysql()), Err("shop.c".to_owned()));
        assert_eq!(names(Family::MySql, &["other"], mysql()), Err("other".to_owned()));
        let postgres = || vec![table("public", "a"), table("public", "b")];
        assert_eq!(names(Family::PostgreSql, &["shop.public"], postgres()).unwrap(), ["a", "b"]);
        assert_eq!(names(Family::PostgreSql, &["shop.public.a"], postgres()).unwrap(), ["a"]);
        assert!(names(Family::PostgreSql, &["shop.a"], postgres()).is_err());
    }

    #[test]
    fn keys_have_no_spaces_and_quotes() {
        assert_eq!(export_folder("/a b/c\\d/", "x-1"), "a_b/c_d/x-1");
        assert_eq!(key_part("o'brien `\"s"), "o'brien___s");
        assert_eq!(export_folder("", "x-1"), "x-1");
    }
}
