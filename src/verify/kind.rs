//! What a Parquet column holds, and the Hive type that Athena reads it as.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::ColumnDescriptor;
use std::fmt;

/// What a Parquet column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A signed integer of so many bits.
    Int(u8),
    /// A decimal number.
    Decimal {
        /// Digits in all.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// A 32-bit floating-point number.
    Float,
    /// A 64-bit floating-point number.
    Double,
    /// A day.
    Date,
    /// A moment, counted in units of ten to the minus so many seconds.
    Timestamp {
        /// 3, 6 or 9.
        digits: u32,
    },
    /// A moment in twelve bytes, a form without statistics.
    Timestamp96,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// Something that no snapshot export holds, by its Parquet name.
    Other(String),
}

impl Kind {
    /// What a leaf column of a file holds.
    #[must_use]
    pub fn of(column: &ColumnDescriptor) -> Self {
        let other = || {
            let annotation = column
                .logical_type_ref()
                .map_or_else(|| column.converted_type().to_string(), |kind| format!("{kind:?}"));
            Self::Other(format!("{} {annotation}", column.physical_type()))
        };
        if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
            return Self::Other("a nested column".to_owned());
        }
        let decimal =
            |precision: i32, scale: i32| match (u32::try_from(precision), u32::try_from(scale)) {
                (Ok(precision), Ok(scale)) => Self::Decimal { precision, scale },
                _ => other(),
            };
        let plain = || match column.physical_type() {
            Physical::BOOLEAN => Self::Bool,
            Physical::INT32 => Self::Int(32),
            Physical::INT64 => Self::Int(64),
            Physical::INT96 => Self::Timestamp96,
            Physical::FLOAT => Self::Float,
            Physical::DOUBLE => Self::Double,
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Self::Binary,
        };
        if let Some(logical) = column.logical_type_ref() {
            return match logical {
                LogicalType::String | LogicalType::Enum | LogicalType::Json => Self::Text,
                LogicalType::Decimal(decimal_type) => {
                    decimal(decimal_type.precision, decimal_type.scale)
                }
                LogicalType::Date => Self::Date,
                LogicalType::Timestamp(timestamp) => match timestamp.unit {
                    TimeUnit::MILLIS => Self::Timestamp { digits: 3 },
                    TimeUnit::MICROS => Self::Timestamp { digits: 6 },
                    TimeUnit::NANOS => Self::Timestamp { digits: 9 },
                },
                LogicalType::Integer(int) if int.is_signed => {
                    u8::try_from(int.bit_width).map_or_else(|_| other(), Self::Int)
                }
                LogicalType::Integer(int) if int.bit_width < 32 => Self::Int(32),
                LogicalType::Unknown => plain(),
                _ => other(),
            };
        }
        match column.converted_type() {
            ConvertedType::NONE => plain(),
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Self::Text,
            ConvertedType::DECIMAL => decimal(column.type_precision(), column.type_scale()),
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp { digits: 3 },
            ConvertedType::TIMESTAMP_MICROS => Self::Timestamp { digits: 6 },
            ConvertedType::INT_8 => Self::Int(8),
            ConvertedType::INT_16 => Self::Int(16),
            ConvertedType::INT_32 | ConvertedType::UINT_8 | ConvertedType::UINT_16 => Self::Int(32),
            ConvertedType::INT_64 => Self::Int(64),
            _ => other(),
        }
    }

    /// What the manifest's `expectedExportedType` announces: `int32`, `binary (UTF8)`,
    /// `int64 (TIMESTAMP_MICRO)`, `int32 (DECIMAL(9,2))`. AWS does not document the form, so an
    /// unknown one announces nothing.
    #[must_use]
    pub fn announced(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (physical, annotation) = match text.split_once(" (") {
            Some((physical, annotation)) => {
                (physical, annotation.strip_suffix(')').unwrap_or(annotation))
            }
            None => (text.as_str(), ""),
        };
        if let Some(numbers) = annotation.strip_prefix("decimal(") {
            let (precision, scale) = numbers.trim_end_matches(')').split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            return Some(Self::Decimal { precision, scale });
        }
        let physical = physical.split('(').next().unwrap_or_default();
        Some(match (physical, annotation) {
            ("boolean", "") => Self::Bool,
            ("int32", "") => Self::Int(32),
            ("int32", "int_8" | "int(8,true)") => Self::Int(8),
            ("int32", "int_16" | "int(16,true)" | "int(16, true)") => Self::Int(16),
            ("int32", "date") => Self::Date,
            ("int64", "") => Self::Int(64),
            ("int64", "timestamp_millis" | "timestamp_milli") => Self::Timestamp { digits: 3 },
            ("int64", "timestamp_micros" | "timestamp_micro") => Self::Timestamp { digits: 6 },
            ("int96", "") => Self::Timestamp96,
            ("float", "") => Self::Float,
            ("double", "") => Self::Double,
            ("binary", "utf8" | "string" | "enum" | "json") => Self::Text,
            ("binary" | "fixed_len_byte_array", "") => Self::Binary,
            _ => return None,
        })
    }

    /// The Hive type that Athena reads it as; none for what it cannot read.
    ///
    /// <https://docs.aws.amazon.com/athena/latest/ug/data-types.html>
    #[must_use]
    pub fn hive(&self) -> Option<String> {
        Some(match self {
            Self::Bool => "boolean".to_owned(),
            Self::Int(8) => "tinyint".to_owned(),
            Self::Int(16) => "smallint".to_owned(),
            Self::Int(32) => "int".to_owned(),
            Self::Int(64) => "bigint".to_owned(),
            Self::Decimal { precision, scale } if (1..=38).contains(precision) => {
                format!("decimal({precision},{scale})")
            }
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Date => "date".to_owned(),
            Self::Timestamp { .. } | Self::Timestamp96 => "timestamp".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Binary => "binary".to_owned(),
            Self::Int(_) | Self::Decimal { .. } | Self::Other(_) => return None,
        })
    }

    /// Whether Athena reads such a column right when the catalog calls it `hive`: its own type, or a
    /// wider or older name that holds every value.
    #[must_use]
    pub fn reads_as(&self, hive: &str) -> bool {
        let hive = hive.trim().to_ascii_lowercase();
        match (self, hive.as_str()) {
            (Self::Int(8), "smallint") | (Self::Int(8 | 16 | 32), "int" | "integer") => true,
            (Self::Text, other) => other == "string" || other.starts_with("varchar"),
            _ => self.hive().is_some_and(|own| own == hive.replace(' ', "")),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.hive()) {
            (Self::Other(name), _) => f.write_str(name),
            (_, Some(hive)) => f.write_str(&hive),
            (other, None) => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;
    use std::sync::Arc;

    fn kinds(message: &str) -> Vec<Kind> {
        let schema = parse_message_type(message).unwrap();
        SchemaDescriptor::new(Arc::new(schema)).columns().iter().map(|c| Kind::of(c)).collect()
    }

    #[test]
    fn every_type_of_the_export_pages_has_its_hive_type() {
        let kinds = kinds(
            "message m {
               optional int32 a; optional int32 b (INTEGER(16,true)); optional int64 c;
               optional int64 d (TIMESTAMP(MICROS,true)); optional binary e (STRING);
               optional binary f; optional fixed_len_byte_array(9) g (DECIMAL(20,0));
               optional int32 h (DECIMAL(9,2)); optional double i; optional float j;
               optional boolean k; optional binary l (UTF8); optional int64 m (TIMESTAMP_MICROS);
             }",
        );
        let hive: Vec<_> = kinds.iter().map(|kind| kind.hive().unwrap()).collect();
        assert_eq!(
            hive,
            [
                "int",
                "smallint",
                "bigint",
                "timestamp",
                "string",
                "binary",
                "decimal(20,0)",
                "decimal(9,2)",
                "double",
                "float",
                "boolean",
                "string",
                "timestamp"
            ]
        );
    }

    #[test]
    fn nested_and_unsigned_columns_are_not_guessed_at() {
        let kinds = kinds(
            "message m { optional int32 a (INTEGER(32,false)); repeated int32 b;
               optional group c { optional int32 d; } }",
        );
        assert!(kinds.iter().all(|kind| kind.hive().is_none()), "{kinds:?}");
    }

    #[test]
    fn announced_types_seen_in_manifests() {
        for (text, hive) in [
            ("int32", "int"),
            ("int64", "bigint"),
            ("double", "double"),
            ("boolean", "boolean"),
            ("binary (UTF8)", "string"),
            ("binary", "binary"),
            ("int64 (TIMESTAMP_MICRO)", "timestamp"),
            ("int32 (INT_16)", "smallint"),
            ("fixed_len_byte_array(9) (DECIMAL(20,0))", "decimal(20,0)"),
        ] {
            assert_eq!(Kind::announced(text).unwrap().hive().unwrap(), hive, "{text}");
        }
        assert_eq!(Kind::announced("int64 (SOMETHING)"), None);
    }

    #[test]
    fn a_wider_catalog_type_is_right_and_a_narrower_one_is_not() {
        assert!(Kind::Int(16).reads_as("int"));
        assert!(!Kind::Int(64).reads_as("int"));
        assert!(!Kind::Text.reads_as("binary"));
        assert!(Kind::Decimal { precision: 9, scale: 2 }.reads_as("decimal(9, 2)"));
    }
}
