//! One column type in its three languages: Hive's (the catalog), Trino's (queries and views) and
//! Arrow's (the engine).
//!
//! Sources: <https://docs.aws.amazon.com/athena/latest/ug/data-types.html>,
//! <https://trino.io/docs/current/language/types.html>.

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use std::fmt;
use std::sync::Arc;

/// A type that Athena's catalog can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HiveType {
    /// `boolean`
    Boolean,
    /// `tinyint`, 8 bits.
    TinyInt,
    /// `smallint`, 16 bits.
    SmallInt,
    /// `int`, 32 bits.
    Int,
    /// `bigint`, 64 bits.
    BigInt,
    /// `float`, single precision.
    Float,
    /// `double`
    Double,
    /// `decimal(precision,scale)`
    Decimal(u8, i8),
    /// `string`
    String,
    /// `varchar(n)`
    Varchar(u32),
    /// `char(n)`
    Char(u32),
    /// `binary`
    Binary,
    /// `timestamp`, which Athena reads to the millisecond.
    Timestamp,
    /// `date`
    Date,
    /// `array<…>`
    Array(Box<HiveType>),
    /// `map<…,…>`
    Map(Box<HiveType>, Box<HiveType>),
    /// `struct<name:…,…>`
    Struct(Vec<(String, HiveType)>),
}

impl HiveType {
    /// Reads a type as the catalog has it; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if let Some(inside) = inside(&lower, "array<", '>') {
            return Some(Self::Array(Box::new(Self::parse(inside)?)));
        }
        if let Some(inside) = inside(&lower, "map<", '>') {
            let parts = split(inside);
            let [key, value] = parts.as_slice() else { return None };
            return Some(Self::Map(Box::new(Self::parse(key)?), Box::new(Self::parse(value)?)));
        }
        if let Some(inside) = inside(&lower, "struct<", '>') {
            let fields = split(inside).into_iter().map(|field| {
                let (name, kind) = field.split_once(':')?;
                Some((name.trim().to_owned(), Self::parse(kind)?))
            });
            return fields.collect::<Option<Vec<_>>>().map(Self::Struct);
        }
        if let Some(inside) = inside(&lower, "decimal(", ')') {
            let parts = split(inside);
            let precision = parts.first()?.trim().parse().ok()?;
            let scale = parts.get(1).map_or(Some(0), |scale| scale.trim().parse().ok())?;
            let valid = (1..=38).contains(&precision) && (0..=38).contains(&scale);
            return valid.then_some(Self::Decimal(precision, scale));
        }
        if let Some(inside) = inside(&lower, "varchar(", ')') {
            return inside.trim().parse().ok().map(Self::Varchar);
        }
        if let Some(inside) = inside(&lower, "char(", ')') {
            return inside.trim().parse().ok().map(Self::Char);
        }
        Some(match lower.as_str() {
            "boolean" => Self::Boolean,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "float" | "real" => Self::Float,
            "double" => Self::Double,
            "decimal" => Self::Decimal(10, 0),
            "string" | "varchar" => Self::String,
            "binary" | "varbinary" => Self::Binary,
            "timestamp" => Self::Timestamp,
            "date" => Self::Date,
            _ => return None,
        })
    }

    /// The type in which the engine reads it.
    #[must_use]
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::String | Self::Varchar(_) | Self::Char(_) => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, None),
            Self::Date => DataType::Date32,
            Self::Array(item) => DataType::new_list(item.arrow(), true),
            Self::Map(key, value) => {
                let entries = DataType::Struct(Fields::from(vec![
                    Field::new("key", key.arrow(), false),
                    Field::new("value", value.arrow(), true),
                ]));
                DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
            }
            Self::Struct(fields) => DataType::Struct(
                fields.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect(),
            ),
        }
    }

    /// The type of a query's column; `None` for one that Athena's results do not have or that this
    /// engine has no faithful form for.
    #[must_use]
    pub fn from_arrow(kind: &DataType) -> Option<Self> {
        Some(match kind {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 | DataType::UInt8 => Self::SmallInt,
            DataType::Int32 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 | DataType::UInt64 => Self::BigInt,
            DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Decimal128(precision, scale) => Self::Decimal(*precision, *scale),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
                Self::String
            }
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Self::Binary,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Date32 => Self::Date,
            DataType::List(item) => Self::Array(Box::new(Self::from_arrow(item.data_type())?)),
            DataType::Map(entries, _) => {
                let DataType::Struct(fields) = entries.data_type() else { return None };
                let mut kinds = fields.iter().map(|field| Self::from_arrow(field.data_type()));
                Self::Map(Box::new(kinds.next()??), Box::new(kinds.next()??))
            }
            DataType::Struct(fields) => {
                let fields = fields.iter().map(|field| {
                    Some((field.name().clone(), Self::from_arrow(field.data_type())?))
                });
                Self::Struct(fields.collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// Trino's name of the type, as views and error messages have it.
    #[must_use]
    pub fn trino(&self) -> String {
        match self {
            Self::Int => "integer".to_owned(),
            Self::Float => "real".to_owned(),
            Self::String => "varchar".to_owned(),
            Self::Binary => "varbinary".to_owned(),
            Self::Timestamp => "timestamp(3)".to_owned(),
            Self::Array(item) => format!("array({})", item.trino()),
            Self::Map(key, value) => format!("map({}, {})", key.trino(), value.trino()),
            Self::Struct(fields) => {
                let fields = fields.iter().map(|(name, kind)| format!("{name} {}", kind.trino()));
                format!("row({})", fields.collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        }
    }

    /// `Type`, `Precision` and `Scale` of a result's `ColumnInfo`
    /// (<https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html>).
    #[must_use]
    pub fn column_info(&self) -> (&'static str, i32, i32) {
        const TEXT: i32 = i32::MAX;
        match self {
            Self::Boolean => ("boolean", 0, 0),
            Self::TinyInt => ("tinyint", 3, 0),
            Self::SmallInt => ("smallint", 5, 0),
            Self::Int => ("integer", 10, 0),
            Self::BigInt => ("bigint", 19, 0),
            Self::Float => ("float", 17, 0),
            Self::Double => ("double", 17, 0),
            Self::Decimal(precision, scale) => {
                ("decimal", i32::from(*precision), i32::from(*scale))
            }
            Self::String => ("varchar", TEXT, 0),
            Self::Varchar(length) => ("varchar", i32::try_from(*length).unwrap_or(TEXT), 0),
            Self::Char(length) => ("char", i32::try_from(*length).unwrap_or(TEXT), 0),
            Self::Binary => ("varbinary", 1_073_741_824, 0),
            Self::Timestamp => ("timestamp", 3, 0),
            Self::Date => ("date", 0, 0),
            Self::Array(_) => ("array", 0, 0),
            Self::Map(..) => ("map", 0, 0),
            Self::Struct(_) => ("row", 0, 0),
        }
    }
}

/// Hive's name of the type.
impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Varchar(length) => write!(f, "varchar({length})"),
            Self::Char(length) => write!(f, "char({length})"),
            Self::Binary => f.write_str("binary"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::Array(item) => write!(f, "array<{item}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, (name, kind)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{name}:{kind}")?;
                }
                f.write_str(">")
            }
        }
    }
}

fn inside<'a>(text: &'a str, begin: &str, end: char) -> Option<&'a str> {
    text.strip_prefix(begin)?.strip_suffix(end)
}

/// Splits at the commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (index, character) in text.char_indices() {
        match character {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_the_way_through_all_languages() {
        for (hive, trino) in [
            ("int", "integer"),
            ("float", "real"),
            ("string", "varchar"),
            ("binary", "varbinary"),
            ("decimal(10,2)", "decimal(10,2)"),
            ("timestamp", "timestamp(3)"),
            ("array<map<string,decimal(3,1)>>", "array(map(varchar, decimal(3,1)))"),
            ("struct<a:int,b:array<double>>", "row(a integer, b array(double))"),
        ] {
            let parsed = HiveType::parse(hive).unwrap();
            assert_eq!(parsed.to_string(), hive);
            assert_eq!(parsed.trino(), trino);
            assert_eq!(HiveType::from_arrow(&parsed.arrow()).as_ref(), Some(&parsed), "{hive}");
        }
        for none in ["", "uuid", "decimal(39,0)", "array<>", "map<int>", "struct<a>", "array<int"] {
            assert_eq!(HiveType::parse(none), None, "{none}");
        }
    }
}
