//! SQL for Athena, in which nothing from outside stands unquoted.

/// An identifier in a query, a view's definition or any other statement that Trino reads.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html>
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An identifier in a statement that Hive reads, such as `CREATE EXTERNAL TABLE`.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html>
#[must_use]
pub fn hive_identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string in a query.
#[must_use]
pub fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(identifier(r#"a"; DROP TABLE b --"#), r#""a""; DROP TABLE b --""#);
        assert_eq!(hive_identifier("a`b"), "`a``b`");
        assert_eq!(string("it's"), "'it''s'");
    }
}
