//! The names that tables of a source bear in the catalog.

use super::settings::{EngineFamily, TableRef};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The live name of every table, the same whether it is registered or crawled.
///
/// A table keeps its own name; PostgreSQL's outside `public` get their schema in front
/// (`sales.orders` becomes `sales_orders`). Names are lowercase letters, digits and underscores, as
/// Athena asks (<https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html>).
/// Tables whose names would then be equal all get a suffix made of their full name, so that no name
/// depends on the order of the tables.
#[must_use]
pub fn table_names(family: EngineFamily, tables: &[TableRef]) -> BTreeMap<TableRef, String> {
    let mut by_name: BTreeMap<String, Vec<&TableRef>> = BTreeMap::new();
    for table in tables {
        let same = by_name.entry(plain_name(family, table)).or_default();
        if !same.contains(&table) {
            same.push(table);
        }
    }
    let mut names = BTreeMap::new();
    for (name, same) in by_name {
        let alone = same.len() == 1;
        for table in same {
            let name = if alone { name.clone() } else { format!("{name}_{}", suffix(table)) };
            names.insert(table.clone(), name);
        }
    }
    names
}

fn plain_name(family: EngineFamily, table: &TableRef) -> String {
    let own_name_does = family == EngineFamily::MySql || table.schema == "public";
    let name =
        if own_name_does { table.name.clone() } else { format!("{}_{}", table.schema, table.name) };
    let name: String = name
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    // Glue keeps names to 255 bytes; room for a suffix is left.
    name.chars().take(240).collect()
}

fn suffix(table: &TableRef) -> String {
    let digest = Sha256::digest(format!("{}\0{}\0{}", table.database, table.schema, table.name));
    digest.iter().take(4).fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(schema: &str, name: &str) -> TableRef {
        TableRef { database: "shop".into(), schema: schema.into(), name: name.into() }
    }

    #[test]
    fn names_are_what_athena_takes_and_never_equal() {
        let tables = [
            table("public", "Orders"),
            table("public", "orders"),
            table("sales", "order-lines"),
            table("public", "顧客"),
        ];
        let names = table_names(EngineFamily::Postgres, &tables);
        let mut values: Vec<_> = names.values().cloned().collect();
        assert!(values.iter().all(|name| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        }));
        values.dedup();
        assert_eq!(values.len(), 4);
        assert_eq!(names[&tables[2]], "sales_order_lines");
        assert!(names[&tables[0]].starts_with("orders_"));
    }

    #[test]
    fn the_order_of_tables_does_not_matter() {
        let mut tables = vec![table("a", "x_y"), table("a_x", "y"), table("public", "z")];
        let one = table_names(EngineFamily::Postgres, &tables);
        tables.reverse();
        assert_eq!(one, table_names(EngineFamily::Postgres, &tables));
        assert_eq!(one[&table("public", "z")], "z");
    }
}
