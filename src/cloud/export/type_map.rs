//! How each engine's types reach Parquet: AWS's two tables, each row once.
//!
//! Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.data-types.html>.

use crate::cloud::source::{DeclaredType, Family};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::parquet::basic::{
    LogicalType, Repetition, TimeUnit as ParquetUnit, Type as Physical,
};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::schema::types::Type;
use std::fmt;

/// A column's type in the exported Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportType {
    /// BOOLEAN.
    Boolean,
    /// INT32 annotated INT(16, true).
    Int16,
    /// INT32.
    Int32,
    /// INT64.
    Int64,
    /// FLOAT.
    Float,
    /// DOUBLE.
    Double,
    /// BYTE_ARRAY annotated STRING.
    Text,
    /// BYTE_ARRAY without annotation.
    Bytes,
    /// INT64 annotated TIMESTAMP_MICROS.
    TimestampMicros,
    /// INT32, INT64 or FIXED_LEN_BYTE_ARRAY, by precision, annotated DECIMAL(precision, scale).
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
}

/// Which type a row of AWS's table leads to.
enum Rule {
    To(ExportType),
    /// DECIMAL and NUMERIC of MySQL and MariaDB: by precision; more than 38 digits become text.
    ByPrecision,
}

/// A row of AWS's table for MySQL and MariaDB: the types' names (the engine's own synonyms beside
/// the name that AWS uses), whether unsigned, and what they become.
type Row = (&'static [&'static str], Signs, Rule);

#[derive(Clone, Copy, PartialEq)]
enum Signs {
    Any,
    Signed,
    Unsigned,
}

/// AWS's "MySQL and MariaDB data type mapping to Parquet".
const MYSQL: &[Row] = {
    use ExportType::{Bytes, Decimal, Double, Int16, Int32, Int64, Text, TimestampMicros};
    use Rule::{ByPrecision, To};
    use Signs::{Any, Signed, Unsigned};
    const BIGINT_UNSIGNED: ExportType = Decimal { precision: 20, scale: 0 };
    &[
        (&["bigint", "int8"], Signed, To(Int64)),
        (&["bigint", "int8"], Unsigned, To(BIGINT_UNSIGNED)),
        (&["serial"], Any, To(BIGINT_UNSIGNED)),
        (&["bit"], Any, To(Bytes)),
        (&["decimal", "dec", "fixed", "numeric"], Any, ByPrecision),
        (&["double", "double precision", "real"], Any, To(Double)),
        (&["float", "float4", "float8"], Any, To(Double)),
        (&["int", "integer", "int4"], Signed, To(Int32)),
        (&["int", "integer", "int4"], Unsigned, To(Int64)),
        (&["mediumint", "int3", "middleint"], Signed, To(Int32)),
        (&["mediumint", "int3", "middleint"], Unsigned, To(Int64)),
        (&["smallint", "int2"], Any, To(Int32)),
        (&["tinyint", "int1", "bool", "boolean"], Signed, To(Int32)),
        (&["tinyint", "int1"], Unsigned, To(Int16)),
        (&["binary"], Any, To(Bytes)),
        (&["blob", "tinyblob", "mediumblob", "longblob"], Any, To(Bytes)),
        (&["char", "character", "nchar", "national char"], Any, To(Bytes)),
        (&["enum", "set"], Any, To(Text)),
        (&["json"], Any, To(Text)),
        (&["geometry", "point", "linestring", "polygon"], Any, To(Bytes)),
        (&["multipoint", "multilinestring", "multipolygon"], Any, To(Bytes)),
        (&["geometrycollection", "geomcollection"], Any, To(Bytes)),
        (&["text", "tinytext", "mediumtext", "longtext"], Any, To(Text)),
        (&["varbinary", "char byte"], Any, To(Bytes)),
        (&["varchar", "character varying", "nvarchar", "national varchar"], Any, To(Text)),
        (&["date"], Any, To(Text)),
        (&["datetime", "timestamp"], Any, To(TimestampMicros)),
        (&["time"], Any, To(Text)),
        (&["year"], Any, To(Int32)),
        // MariaDB's own, which AWS's page leaves out: their texts.
        (&["uuid", "inet4", "inet6"], Any, To(Text)),
    ]
};

/// AWS's "PostgreSQL data type mapping to Parquet", the rows that do not lead to text. Every other
/// type, the user's own included, becomes a string. `blob`, `datetime`, `double` and `tinyint` are
/// no types of PostgreSQL: they are read so because SQLite, which stands in for it, has them.
const POSTGRESQL: &[(&[&str], ExportType)] = &[
    (&["bigint", "int8", "bigserial", "serial8"], ExportType::Int64),
    (&["boolean", "bool"], ExportType::Boolean),
    (&["bytea", "blob"], ExportType::Bytes),
    (&["double precision", "float8", "float", "double"], ExportType::Double),
    (&["integer", "int", "int4", "serial", "serial4"], ExportType::Int32),
    (&["real", "float4"], ExportType::Float),
    (&["smallint", "int2", "smallserial", "serial2", "tinyint"], ExportType::Int16),
];

/// The type in the exported Parquet of a declared type, or `None` when the engine has no such type.
#[must_use]
pub fn export_type(family: Family, declared: &DeclaredType) -> Option<ExportType> {
    let base = declared.base.as_str();
    if base.is_empty() {
        return None;
    }
    match family {
        Family::PostgreSql if declared.array => Some(ExportType::Text),
        Family::PostgreSql => {
            let row = POSTGRESQL.iter().find(|(names, _)| names.contains(&base));
            // `float(1)` to `float(24)` are `real`.
            // https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT
            if base == "float" && declared.args.first().is_some_and(|bits| *bits <= 24) {
                return Some(ExportType::Float);
            }
            Some(row.map_or(ExportType::Text, |(_, kind)| *kind))
        }
        Family::MySql => {
            let signs = if declared.unsigned { Signs::Unsigned } else { Signs::Signed };
            let (_, _, rule) = MYSQL.iter().find(|(names, wanted, _)| {
                names.contains(&base) && (*wanted == Signs::Any || *wanted == signs)
            })?;
            Some(match rule {
                Rule::To(kind) => *kind,
                Rule::ByPrecision => decimal(declared),
            })
        }
    }
}

/// `DECIMAL` without numbers is `DECIMAL(10,0)`
/// (<https://dev.mysql.com/doc/refman/8.4/en/fixed-point-types.html>).
fn decimal(declared: &DeclaredType) -> ExportType {
    let precision = declared.args.first().copied().unwrap_or(10);
    let scale = declared.args.get(1).copied().unwrap_or(0);
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            ExportType::Decimal { precision, scale }
        }
        _ => ExportType::Text,
    }
}

impl ExportType {
    /// The Arrow type that carries it.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::TimestampMicros => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal { precision, scale } => {
                DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
            }
        }
    }

    /// The Parquet type of a column with this name. Columns are optional, whatever the source says.
    ///
    /// # Errors
    /// [`ParquetError`] for a decimal that Parquet cannot hold.
    pub fn parquet(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, length) = self.physical();
        let logical = match self {
            Self::Int16 => Some(LogicalType::integer(16, true)),
            Self::Text => Some(LogicalType::String),
            // TIMESTAMP_MICROS, the annotation that AWS names, is this one's older form:
            // https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#timestamp
            Self::TimestampMicros => Some(LogicalType::timestamp(true, ParquetUnit::MICROS)),
            Self::Decimal { precision, scale } => {
                Some(LogicalType::decimal(i32::from(scale), i32::from(precision)))
            }
            _ => None,
        };
        let mut builder = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .with_length(length);
        if let Self::Decimal { precision, scale } = self {
            builder = builder.with_precision(i32::from(precision)).with_scale(i32::from(scale));
        }
        builder.build()
    }

    /// The physical type, and its length in bytes or -1.
    fn physical(self) -> (Physical, i32) {
        match self {
            Self::Boolean => (Physical::BOOLEAN, -1),
            Self::Int16 | Self::Int32 | Self::Decimal { precision: ..=9, .. } => {
                (Physical::INT32, -1)
            }
            Self::Int64 | Self::TimestampMicros | Self::Decimal { precision: 10..=18, .. } => {
                (Physical::INT64, -1)
            }
            Self::Float => (Physical::FLOAT, -1),
            Self::Double => (Physical::DOUBLE, -1),
            Self::Text | Self::Bytes => (Physical::BYTE_ARRAY, -1),
            Self::Decimal { precision, .. } => {
                (Physical::FIXED_LEN_BYTE_ARRAY, decimal_bytes(precision))
            }
        }
    }
}

/// The bytes that a two's complement number of so many decimal digits takes.
fn decimal_bytes(precision: u8) -> i32 {
    let largest = 10_u128.checked_pow(u32::from(precision)).map_or(u128::MAX, |power| power - 1);
    let bits = u128::BITS - largest.leading_zeros() + 1;
    i32::try_from(bits.div_ceil(8)).unwrap_or(16)
}

/// The manifest's `expectedExportedType`: `int32`, `int64`, `double`, `boolean`, `binary (UTF8)` and
/// `int64 (TIMESTAMP_MICRO)` were seen in the wild; the others follow their pattern.
impl fmt::Display for ExportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int16 => f.write_str("int32 (INT_16)"),
            Self::Int32 => f.write_str("int32"),
            Self::Int64 => f.write_str("int64"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("binary (UTF8)"),
            Self::Bytes => f.write_str("binary"),
            Self::TimestampMicros => f.write_str("int64 (TIMESTAMP_MICRO)"),
            Self::Decimal { precision, scale } => {
                match self.physical() {
                    (Physical::INT32, _) => f.write_str("int32")?,
                    (Physical::INT64, _) => f.write_str("int64")?,
                    (_, length) => write!(f, "fixed_len_byte_array({length})")?,
                }
                write!(f, " (DECIMAL({precision},{scale}))")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::parquet::basic::ConvertedType;

    fn map(family: Family, text: &str) -> Option<String> {
        export_type(family, &DeclaredType::parse(text)).map(|kind| kind.to_string())
    }

    /// The rows of AWS's page, typed from the page.
    #[test]
    fn mysql_types_map_as_the_page_says() {
        for (source, parquet) in [
            ("BIGINT", "int64"),
            ("BIGINT UNSIGNED", "fixed_len_byte_array(9) (DECIMAL(20,0))"),
            ("SERIAL", "fixed_len_byte_array(9) (DECIMAL(20,0))"),
            ("BIT(8)", "binary"),
            ("DECIMAL(9,2)", "int32 (DECIMAL(9,2))"),
            ("DECIMAL(10,2)", "int64 (DECIMAL(10,2))"),
            ("NUMERIC(18,4)", "int64 (DECIMAL(18,4))"),
            ("DECIMAL(19,4)", "fixed_len_byte_array(9) (DECIMAL(19,4))"),
            ("DECIMAL(38,0)", "fixed_len_byte_array(16) (DECIMAL(38,0))"),
            ("DECIMAL(39,0)", "binary (UTF8)"),
            ("DECIMAL", "int64 (DECIMAL(10,0))"),
            ("FLOAT", "double"),
            ("DOUBLE", "double"),
            ("INT", "int32"),
            ("INT UNSIGNED", "int64"),
            ("MEDIUMINT UNSIGNED", "int64"),
            ("SMALLINT UNSIGNED", "int32"),
            ("TINYINT(1)", "int32"),
            ("TINYINT UNSIGNED", "int32 (INT_16)"),
            ("YEAR", "int32"),
            ("VARCHAR(40)", "binary (UTF8)"),
            ("LONGTEXT", "binary (UTF8)"),
            ("ENUM('a','b')", "binary (UTF8)"),
            ("JSON", "binary (UTF8)"),
            ("DATE", "binary (UTF8)"),
            ("TIME", "binary (UTF8)"),
            ("CHAR(3)", "binary"),
            ("VARBINARY(16)", "binary"),
            ("POINT", "binary"),
            ("DATETIME(6)", "int64 (TIMESTAMP_MICRO)"),
            ("TIMESTAMP", "int64 (TIMESTAMP_MICRO)"),
        ] {
            assert_eq!(map(Family::MySql, source).as_deref(), Some(parquet), "{source}");
        }
        assert_eq!(map(Family::MySql, "jsonb"), None);
        assert_eq!(map(Family::MySql, ""), None);
    }

    #[test]
    fn postgresql_types_map_as_the_page_says() {
        for (source, parquet) in [
            ("bigint", "int64"),
            ("bigserial", "int64"),
            ("integer", "int32"),
            ("smallint", "int32 (INT_16)"),
            ("smallserial", "int32 (INT_16)"),
            ("real", "float"),
            ("float(24)", "float"),
            ("double precision", "double"),
            ("boolean", "boolean"),
            ("bytea", "binary"),
            ("numeric(10,2)", "binary (UTF8)"),
            ("timestamp without time zone", "binary (UTF8)"),
            ("date", "binary (UTF8)"),
            ("integer[]", "binary (UTF8)"),
            ("character(3)", "binary (UTF8)"),
            ("uuid", "binary (UTF8)"),
            ("my_enum", "binary (UTF8)"),
        ] {
            assert_eq!(map(Family::PostgreSql, source).as_deref(), Some(parquet), "{source}");
        }
    }

    #[test]
    fn annotations_have_their_older_forms_too() {
        let converted =
            |kind: ExportType| kind.parquet("c").unwrap().get_basic_info().converted_type();
        assert_eq!(converted(ExportType::TimestampMicros), ConvertedType::TIMESTAMP_MICROS);
        assert_eq!(converted(ExportType::Text), ConvertedType::UTF8);
        assert_eq!(converted(ExportType::Bytes), ConvertedType::NONE);
        assert_eq!(converted(ExportType::Int16), ConvertedType::INT_16);
        let decimal = ExportType::Decimal { precision: 20, scale: 0 };
        assert_eq!(converted(decimal), ConvertedType::DECIMAL);
    }
}
