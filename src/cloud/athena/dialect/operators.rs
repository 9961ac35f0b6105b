//! Operators with Trino's types: what they refuse to compare, what they result in
//! (<https://trino.io/docs/current/functions/decimal.html>,
//! <https://trino.io/docs/current/functions/comparison.html>).

use super::udf::{self, type_name};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable as _, binary_expr, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator as Op;

/// Plans binary operators before anyone else does.
#[derive(Debug)]
pub(in crate::cloud::athena) struct Operators;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    Number,
    Text,
    Time,
    Interval,
    Boolean,
    Binary,
    Null,
    Other,
}

fn class(kind: &DataType) -> Class {
    match kind {
        DataType::Null => Class::Null,
        DataType::Boolean => Class::Boolean,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Class::Text,
        DataType::Date32 | DataType::Timestamp(..) => Class::Time,
        DataType::Interval(_) | DataType::Duration(_) => Class::Interval,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Class::Binary,
        DataType::Decimal128(..) => Class::Number,
        kind if kind.is_integer() || kind.is_floating() => Class::Number,
        _ => Class::Other,
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(
        &self,
        raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let (left, right) = (raw.left.get_type(schema)?, raw.right.get_type(schema)?);
        let refuse = || -> Result<PlannerResult<RawBinaryExpr>> {
            let (left, right) = (type_name(&left), type_name(&right));
            let message = format!("Cannot apply operator: {left} {} {right}", raw.op);
            Err(QueryError::types(message).into())
        };
        let classes = (class(&left), class(&right));
        match raw.op {
            Op::And | Op::Or => match classes {
                (Class::Boolean | Class::Null, Class::Boolean | Class::Null) => {
                    Ok(PlannerResult::Original(raw))
                }
                (Class::Boolean | Class::Null, _) => not_boolean(&right),
                _ => not_boolean(&left),
            },
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => match classes {
                (Class::Number, Class::Number) => {
                    Ok(PlannerResult::Original(doubles(raw, &left, &right)))
                }
                (a, b) if a == b || a == Class::Null || b == Class::Null => {
                    Ok(PlannerResult::Original(raw))
                }
                _ => refuse(),
            },
            Op::StringConcat => match classes {
                (Class::Text | Class::Null, Class::Text | Class::Null)
                | (Class::Other, Class::Other | Class::Null)
                | (Class::Null, Class::Other) => Ok(PlannerResult::Original(raw)),
                _ => refuse(),
            },
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => match classes {
                (Class::Number, Class::Number) => arithmetic(raw, &left, &right),
                (Class::Null, _) | (_, Class::Null) | (Class::Interval, Class::Interval) => {
                    Ok(PlannerResult::Original(raw))
                }
                (Class::Time, Class::Interval) if matches!(raw.op, Op::Plus | Op::Minus) => {
                    Ok(PlannerResult::Original(raw))
                }
                (Class::Interval, Class::Time) if raw.op == Op::Plus => {
                    Ok(PlannerResult::Original(raw))
                }
                (Class::Time, Class::Time) if raw.op == Op::Minus => Err(QueryError::rehearsal(
                    "the difference of times as an interval (date_diff is within it)",
                )
                .into()),
                (Class::Interval, Class::Number) | (Class::Number, Class::Interval) => {
                    Err(QueryError::rehearsal("a multiple of an interval").into())
                }
                _ => refuse(),
            },
            _ => Ok(PlannerResult::Original(raw)),
        }
    }
}

fn not_boolean(kind: &DataType) -> Result<PlannerResult<RawBinaryExpr>> {
    let message =
        format!("Logical expression term must evaluate to a boolean (actual: {})", type_name(kind));
    Err(QueryError::types(message).into())
}

/// A decimal beside a double is a double.
fn doubles(mut raw: RawBinaryExpr, left: &DataType, right: &DataType) -> RawBinaryExpr {
    if left.is_floating() && matches!(right, DataType::Decimal128(..)) {
        raw.right = cast(raw.right, left.clone());
    } else if right.is_floating() && matches!(left, DataType::Decimal128(..)) {
        raw.left = cast(raw.left, right.clone());
    }
    raw
}

fn arithmetic(
    raw: RawBinaryExpr,
    left: &DataType,
    right: &DataType,
) -> Result<PlannerResult<RawBinaryExpr>> {
    if left.is_floating() || right.is_floating() {
        return Ok(PlannerResult::Original(doubles(raw, left, right)));
    }
    if left.is_integer() && right.is_integer() {
        return Ok(PlannerResult::Planned(integers(raw, left, right)?));
    }
    let (left, right) = (literal_kind(&raw.left, left), literal_kind(&raw.right, right));
    let Some(((p1, s1), (p2, s2))) = as_decimal(&left).zip(as_decimal(&right)) else {
        return Ok(PlannerResult::Original(raw));
    };
    let a = cast(raw.left, DataType::Decimal128(p1, s1));
    let b = cast(raw.right, DataType::Decimal128(p2, s2));
    let (p1, s1, p2, s2) = (i16::from(p1), i16::from(s1), i16::from(p2), i16::from(s2));
    // https://trino.io/docs/current/functions/decimal.html#arithmetic-operators
    let (engine, precision, scale) = match raw.op {
        Op::Plus | Op::Minus => {
            let scale = s1.max(s2);
            let operator = if raw.op == Op::Plus {
                datafusion::logical_expr::Operator::Plus
            } else {
                datafusion::logical_expr::Operator::Minus
            };
            (binary_expr(a, operator, b), (p1 - s1).max(p2 - s2) + 1 + scale, scale)
        }
        Op::Multiply => {
            let operator = datafusion::logical_expr::Operator::Multiply;
            (binary_expr(a, operator, b), p1 + p2, s1 + s2)
        }
        Op::Divide => {
            return Ok(PlannerResult::Planned(udf::named("trino_divide")?.call(vec![a, b])));
        }
        _ => return Ok(PlannerResult::Planned(udf::named("trino_modulo")?.call(vec![a, b]))),
    };
    let precision = u8::try_from(precision.min(38)).unwrap_or(38);
    let kind = match i8::try_from(scale) {
        Ok(scale @ 0..=38) => DataType::Decimal128(precision, scale),
        _ => {
            return Err(
                QueryError::types("DECIMAL scale must be in range [0, precision (38)]").into()
            );
        }
    };
    Ok(PlannerResult::Planned(cast(engine, kind)))
}

/// Integers, overflow of which is an error in Trino.
fn integers(raw: RawBinaryExpr, left: &DataType, right: &DataType) -> Result<Expr> {
    let (left_kind, right_kind) = (literal_kind(&raw.left, left), literal_kind(&raw.right, right));
    let kind = if width(&left_kind) >= width(&right_kind) { left_kind } else { right_kind };
    let name = match raw.op {
        Op::Plus => "trino_add",
        Op::Minus => "trino_subtract",
        Op::Multiply => "trino_multiply",
        Op::Divide => "trino_divide",
        _ => "trino_modulo",
    };
    Ok(udf::named(name)?.call(vec![cast(raw.left, kind.clone()), cast(raw.right, kind)]))
}

/// A literal that fits is an `integer`.
fn literal_kind(expr: &Expr, kind: &DataType) -> DataType {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) if i32::try_from(*value).is_ok() => {
            DataType::Int32
        }
        _ if matches!(kind, DataType::UInt64 | DataType::UInt32) => DataType::Int64,
        _ => kind.clone(),
    }
}

fn width(kind: &DataType) -> usize {
    kind.primitive_width().unwrap_or(8)
}

/// A number's type as a decimal.
fn as_decimal(kind: &DataType) -> Option<(u8, i8)> {
    match kind {
        DataType::Int8 => Some((3, 0)),
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 | DataType::UInt64 | DataType::UInt32 => Some((19, 0)),
        DataType::Decimal128(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}
