//! Which database engine the data come from, and what its declared types mean.

/// An engine that RDS can export snapshots of, by the name that RDS gives it
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>, `Engine`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// `mysql`
    MySql,
    /// `mariadb`
    MariaDb,
    /// `aurora-mysql`
    AuroraMySql,
    /// `postgres`
    PostgreSql,
    /// `aurora-postgresql`
    AuroraPostgreSql,
}

/// Engines that share a table of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// MySQL, MariaDB, Aurora MySQL.
    MySql,
    /// PostgreSQL, Aurora PostgreSQL.
    PostgreSql,
}

impl Engine {
    /// The engine of this RDS name, if snapshots of it can be exported.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "mysql" => Some(Self::MySql),
            "mariadb" => Some(Self::MariaDb),
            "aurora-mysql" => Some(Self::AuroraMySql),
            "postgres" => Some(Self::PostgreSql),
            "aurora-postgresql" => Some(Self::AuroraPostgreSql),
            _ => None,
        }
    }

    /// The engine's name in RDS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::AuroraMySql => "aurora-mysql",
            Self::PostgreSql => "postgres",
            Self::AuroraPostgreSql => "aurora-postgresql",
        }
    }

    /// Whose types it has.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::MySql | Self::MariaDb | Self::AuroraMySql => Family::MySql,
            Self::PostgreSql | Self::AuroraPostgreSql => Family::PostgreSql,
        }
    }
}

/// A column's type as its table declares it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredType {
    /// As it was typed.
    pub text: String,
    /// The name alone: lower case, words one space apart, such as `timestamp with time zone`.
    pub base: String,
    /// The numbers in parentheses: length, or precision and scale.
    pub args: Vec<u32>,
    /// MySQL's `UNSIGNED` (also implied by `ZEROFILL`).
    pub unsigned: bool,
    /// PostgreSQL's `[]` or `ARRAY`.
    pub array: bool,
}

impl DeclaredType {
    /// Takes a type apart. Never fails: what is no type of the engine is found when it is mapped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lower = text.trim().to_lowercase();
        let (before, inside, after) = match (lower.find('('), lower.rfind(')')) {
            (Some(open), Some(close)) if open < close => {
                let inside = lower.get(open + 1..close).unwrap_or_default();
                (lower.get(..open).unwrap_or_default(), inside, lower.get(close + 1..))
            }
            _ => (lower.as_str(), "", None),
        };
        let args = inside.split(',').filter_map(|arg| arg.trim().parse().ok()).collect();
        let rest = format!("{before} {}", after.unwrap_or_default());
        let array = rest.contains('[') || rest.split_whitespace().any(|word| word == "array");
        let rest: String = rest.split('[').next().unwrap_or_default().to_owned();
        let mut unsigned = false;
        let mut words = Vec::new();
        let mut skip = 0;
        for word in rest.split_whitespace() {
            match word {
                _ if skip > 0 => skip -= 1,
                "unsigned" | "zerofill" => unsigned = true,
                "signed" | "array" => {}
                "collate" | "charset" => skip = 1,
                // `CHARACTER SET x`, but not the type `CHARACTER`.
                "set" if words.last() == Some(&"character") && words.len() > 1 => {
                    words.pop();
                    skip = 1;
                }
                _ => words.push(word),
            }
        }
        Self { text: text.trim().to_owned(), base: words.join(" "), args, unsigned, array }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart() {
        let cases: [(&str, &str, &[u32], bool, bool); 10] = [
            ("DECIMAL(10, 2)", "decimal", &[10, 2], false, false),
            ("int(11) unsigned zerofill", "int", &[11], true, false),
            ("BIGINT UNSIGNED", "bigint", &[], true, false),
            ("timestamp(6) with time zone", "timestamp with time zone", &[6], false, false),
            ("character varying(20)", "character varying", &[20], false, false),
            ("text[]", "text", &[], false, true),
            ("integer ARRAY", "integer", &[], false, true),
            ("enum('a','b (c)')", "enum", &[], false, false),
            ("VARCHAR(40) CHARACTER SET utf8mb4 COLLATE x", "varchar", &[40], false, false),
            ("  Double   Precision ", "double precision", &[], false, false),
        ];
        for (text, base, args, unsigned, array) in cases {
            let parsed = DeclaredType::parse(text);
            assert_eq!(
                (parsed.base.as_str(), parsed.args.as_slice(), parsed.unsigned, parsed.array),
                (base, args, unsigned, array),
                "{text}"
            );
        }
    }
}
