//! Functions on numbers (<https://trino.io/docs/current/functions/math.html>,
//! <https://trino.io/docs/current/functions/decimal.html>).

use super::param::{each, integer, numeric};
use super::{Function, Result, first, nothing};
use crate::cloud::athena::error::QueryError;
use datafusion::arrow::array::{
    Array as _, ArrayRef, ArrowPrimitiveType, AsArray as _, Decimal128Array, Float64Array,
    Int64Array, PrimitiveArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::numeric::{add, div, mul, rem, sub};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, i256};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "trino_double",
        takes: |a| each(a, &[|kind| numeric(kind).map(|_| DataType::Float64)]),
        gives: |_| DataType::Float64,
        eval: |arrays| Ok(first(arrays)),
    },
    Function {
        name: "trino_number",
        takes: |a| each(a, &[numeric]),
        gives: |p| nothing(p),
        eval: |arrays| Ok(first(arrays)),
    },
    Function {
        name: "trino_sum",
        takes: |a| Some(a.to_vec()),
        gives: |p| match nothing(p) {
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, scale),
            other => other,
        },
        eval: |arrays| match first(arrays).data_type() {
            DataType::Decimal128(_, scale) => {
                Ok(cast(&first(arrays), &DataType::Decimal128(38, *scale))?)
            }
            _ => Ok(first(arrays)),
        },
    },
    Function {
        // The engine's average of decimal(p,s) is a decimal(p+4,s+4); Trino's a decimal(p,s).
        name: "trino_avg",
        takes: |a| Some(a.to_vec()),
        gives: |p| averaged(&nothing(p)),
        eval: |arrays| {
            let array = first(arrays);
            let kind = averaged(array.data_type());
            match (array.data_type(), &kind) {
                (DataType::Decimal128(_, from), DataType::Decimal128(precision, to)) => {
                    rescaled(&array, *from, *to, *precision)
                }
                _ => Ok(array),
            }
        },
    },
    Function { name: "trino_add", takes: same, gives: |p| nothing(p), eval: |a| two(a, add) },
    Function { name: "trino_subtract", takes: same, gives: |p| nothing(p), eval: |a| two(a, sub) },
    Function { name: "trino_multiply", takes: same, gives: |p| nothing(p), eval: |a| two(a, mul) },
    Function { name: "trino_divide", takes: pair, gives: quotient, eval: divide },
    Function {
        name: "trino_modulo",
        takes: pair,
        gives: remainder,
        eval: |arrays| {
            let kinds: Vec<DataType> = arrays.iter().map(|a| a.data_type().clone()).collect();
            Ok(cast(&two(arrays, rem)?, &remainder(&kinds))?)
        },
    },
    Function { name: "trino_abs", takes: one, gives: |p| nothing(p), eval: abs },
    Function { name: "trino_sign", takes: one, gives: sign_type, eval: sign },
    Function { name: "trino_ceil", takes: one, gives: whole, eval: |a| to_whole(a, f64::ceil, 1) },
    Function {
        name: "trino_floor",
        takes: one,
        gives: whole,
        eval: |a| to_whole(a, f64::floor, -1),
    },
    Function {
        name: "trino_truncate",
        takes: one,
        gives: whole,
        eval: |a| to_whole(a, f64::trunc, 0),
    },
    Function {
        name: "trino_round",
        takes: |a| one(a).or_else(|| each(a, &[numeric, integer])),
        gives: |p| match (nothing(p), p.len()) {
            (DataType::Decimal128(precision, scale), 2) => {
                DataType::Decimal128((precision + u8::from(scale > 0)).min(38), scale)
            }
            (other, 2) => other,
            _ => whole(p),
        },
        eval: round,
    },
];

fn one(arguments: &[DataType]) -> Option<Vec<DataType>> {
    each(arguments, &[numeric])
}

fn same(arguments: &[DataType]) -> Option<Vec<DataType>> {
    matches!(arguments, [a, b] if a == b && a.is_integer()).then(|| arguments.to_vec())
}

fn pair(arguments: &[DataType]) -> Option<Vec<DataType>> {
    let decimals = matches!(arguments, [DataType::Decimal128(..), DataType::Decimal128(..)]);
    same(arguments).or_else(|| decimals.then(|| arguments.to_vec()))
}

type Kernel = fn(
    &dyn datafusion::arrow::array::Datum,
    &dyn datafusion::arrow::array::Datum,
) -> std::result::Result<ArrayRef, datafusion::arrow::error::ArrowError>;

fn two(arrays: &[ArrayRef], kernel: Kernel) -> Result<ArrayRef> {
    match arrays {
        [a, b] => Ok(kernel(a, b)?),
        _ => Err(QueryError::types("two numbers were expected")),
    }
}

fn averaged(kind: &DataType) -> DataType {
    match kind {
        DataType::Decimal128(precision, scale) if *scale >= 4 => {
            // At 38 digits the engine has cut what it would have added.
            let precision = if *precision < 38 { precision.saturating_sub(4) } else { 38 };
            DataType::Decimal128(precision, scale - 4)
        }
        other => other.clone(),
    }
}

fn quotient(p: &[DataType]) -> DataType {
    match p {
        [DataType::Decimal128(p1, s1), DataType::Decimal128(_, s2)] => {
            let precision = i16::from(*p1) + i16::from(*s2) + i16::from((s2 - s1).max(0));
            DataType::Decimal128(u8::try_from(precision.clamp(1, 38)).unwrap_or(38), *s1.max(s2))
        }
        _ => nothing(p),
    }
}

fn remainder(p: &[DataType]) -> DataType {
    match p {
        [DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)] => {
            let whole = (i16::from(*p1) - i16::from(*s1)).min(i16::from(*p2) - i16::from(*s2));
            let precision = whole + i16::from(*s1.max(s2));
            DataType::Decimal128(u8::try_from(precision.clamp(1, 38)).unwrap_or(38), *s1.max(s2))
        }
        _ => nothing(p),
    }
}

fn overflow() -> QueryError {
    QueryError::data("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
}

fn divide(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let kinds: Vec<DataType> = arrays.iter().map(|array| array.data_type().clone()).collect();
    let ([a, b], [DataType::Decimal128(_, s1), DataType::Decimal128(_, s2)]) =
        (arrays, kinds.as_slice())
    else {
        return two(arrays, div);
    };
    let DataType::Decimal128(precision, scale) = quotient(&kinds) else { return two(arrays, div) };
    let shift = u32::try_from(scale - s1 + s2).unwrap_or_default();
    let factor = i256::from_i128(10).checked_pow(shift).ok_or_else(overflow)?;
    let (a, b) = (a.as_primitive::<Decimal128Type>(), b.as_primitive::<Decimal128Type>());
    let values = a.iter().zip(b.iter()).map(|pair| {
        let (Some(a), Some(b)) = pair else { return Ok(None) };
        if b == 0 {
            return Err(QueryError::data("DIVISION_BY_ZERO", "Division by zero"));
        }
        let scaled = i256::from_i128(a).checked_mul(factor).ok_or_else(overflow)?;
        let b = i256::from_i128(b);
        let quotient = scaled.checked_div(b).ok_or_else(overflow)?;
        let rest = scaled.checked_rem(b).ok_or_else(overflow)?;
        // Half away from zero.
        let double = rest.wrapping_abs().checked_mul(i256::from_i128(2)).ok_or_else(overflow)?;
        let away = double >= b.wrapping_abs();
        let negative = (scaled < i256::ZERO) != (b < i256::ZERO);
        let step = i256::from_i128(if !away {
            0
        } else if negative {
            -1
        } else {
            1
        });
        quotient.wrapping_add(step).to_i128().map(Some).ok_or_else(overflow)
    });
    decimals(values.collect::<Result<Decimal128Array>>()?, precision, scale)
}

fn decimals(array: Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef> {
    let array = array.with_precision_and_scale(precision, scale)?;
    array.validate_decimal_precision(precision)?;
    Ok(Arc::new(array))
}

/// A decimal with fewer digits after the point, rounded half away from zero.
pub(super) fn rescaled(array: &ArrayRef, from: i8, to: i8, precision: u8) -> Result<ArrayRef> {
    let power =
        10_i128.checked_pow(u32::try_from(from - to).unwrap_or_default()).ok_or_else(overflow)?;
    let rounded: Decimal128Array =
        array.as_primitive::<Decimal128Type>().unary(|value| half_away(value, power));
    decimals(rounded, precision, to)
}

fn half_away(value: i128, power: i128) -> i128 {
    let (quotient, rest) = (value / power, value % power);
    if rest.abs() >= power - rest.abs() && power > 1 { quotient + value.signum() } else { quotient }
}

/// Applies a function to doubles, or one to integers, and keeps the type.
fn map(
    arrays: &[ArrayRef],
    double: impl Fn(f64) -> f64,
    integer: impl Fn(i64) -> Option<i64>,
) -> Result<ArrayRef> {
    let array = first(arrays);
    let kind = array.data_type().clone();
    let mapped: ArrayRef = if kind.is_floating() {
        let array = cast(&array, &DataType::Float64)?;
        let mapped: Float64Array = array.as_primitive::<Float64Type>().unary(double);
        Arc::new(mapped)
    } else {
        let array = cast(&array, &DataType::Int64)?;
        let mapped = array
            .as_primitive::<Int64Type>()
            .iter()
            .map(|value| value.map(|value| integer(value).ok_or_else(overflow)).transpose());
        Arc::new(mapped.collect::<Result<Int64Array>>()?)
    };
    Ok(cast(&mapped, &kind)?)
}

fn abs(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    if let DataType::Decimal128(precision, scale) = *first(arrays).data_type() {
        let positive: Decimal128Array =
            first(arrays).as_primitive::<Decimal128Type>().unary(i128::abs);
        return decimals(positive, precision, scale);
    }
    map(arrays, f64::abs, i64::checked_abs)
}

fn sign_type(p: &[DataType]) -> DataType {
    match nothing(p) {
        DataType::Decimal128(..) => DataType::Decimal128(1, 0),
        other => other,
    }
}

fn sign(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    if matches!(first(arrays).data_type(), DataType::Decimal128(..)) {
        let signs: Decimal128Array =
            first(arrays).as_primitive::<Decimal128Type>().unary(i128::signum);
        return decimals(signs, 1, 0);
    }
    let double = |value: f64| {
        if value.is_nan() || value == 0.0 { value } else { value.signum() }
    };
    map(arrays, double, |value| Some(value.signum()))
}

/// The type without digits after the point.
fn whole(p: &[DataType]) -> DataType {
    match nothing(p) {
        DataType::Decimal128(precision, scale) => {
            let kept = i16::from(precision) - i16::from(scale) + i16::from(scale.min(1));
            DataType::Decimal128(u8::try_from(kept.clamp(1, 38)).unwrap_or(38), 0)
        }
        other => other,
    }
}

/// Up, down or towards zero (1, -1, 0).
fn to_whole(arrays: &[ArrayRef], double: fn(f64) -> f64, way: i128) -> Result<ArrayRef> {
    let array = first(arrays);
    let DataType::Decimal128(_, scale) = *array.data_type() else {
        return map(arrays, double, Some);
    };
    let power =
        10_i128.checked_pow(u32::try_from(scale).unwrap_or_default()).ok_or_else(overflow)?;
    let whole_values: Decimal128Array = array.as_primitive::<Decimal128Type>().unary(|value| {
        let step = i128::from(value % power != 0 && value.signum() == way) * way;
        value / power + step
    });
    let DataType::Decimal128(precision, _) = whole(&[array.data_type().clone()]) else {
        return Err(overflow());
    };
    decimals(whole_values, precision, 0)
}

fn round(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let array = first(arrays);
    let digits = |row: usize| match arrays.get(1) {
        None => Some(0),
        Some(digits) => {
            let digits = digits.as_primitive::<Int64Type>();
            digits.is_valid(row).then(|| digits.value(row))
        }
    };
    match *array.data_type() {
        DataType::Decimal128(precision, scale) => {
            if arrays.len() == 1 {
                let DataType::Decimal128(kept, _) = whole(&[array.data_type().clone()]) else {
                    return Err(overflow());
                };
                return rescaled(&array, scale, 0, kept);
            }
            let values =
                array.as_primitive::<Decimal128Type>().iter().enumerate().map(|(row, value)| {
                    let (Some(value), Some(digits)) = (value, digits(row)) else { return Ok(None) };
                    let drop = i64::from(scale) - digits;
                    if drop <= 0 {
                        return Ok(Some(value));
                    }
                    let power = u32::try_from(drop).ok().and_then(|drop| 10_i128.checked_pow(drop));
                    // More digits than there are: everything is rounded away.
                    Ok(Some(power.map_or(0, |power| half_away(value, power) * power)))
                });
            let precision = (precision + u8::from(scale > 0)).min(38);
            decimals(values.collect::<Result<Decimal128Array>>()?, precision, scale)
        }
        ref kind if kind.is_floating() => {
            let kind = kind.clone();
            let doubles = cast(&array, &DataType::Float64)?;
            let rounded = doubles
                .as_primitive::<Float64Type>()
                .iter()
                .enumerate()
                .map(|(row, value)| Some(round_double(value?, digits(row)?)));
            Ok(cast(&(Arc::new(rounded.collect::<Float64Array>()) as ArrayRef), &kind)?)
        }
        _ if arrays.len() == 1 => Ok(array),
        _ => {
            let kind = array.data_type().clone();
            let values = cast(&array, &DataType::Int64)?;
            let rounded =
                values.as_primitive::<Int64Type>().iter().enumerate().map(|(row, value)| {
                    let (value, digits) = (i128::from(value?), digits(row)?);
                    let power = u32::try_from(-digits).ok().map(|drop| 10_i128.checked_pow(drop));
                    let rounded = match power {
                        None => value,
                        Some(None) => 0,
                        Some(Some(power)) => half_away(value, power) * power,
                    };
                    i64::try_from(rounded).ok()
                });
            Ok(cast(&(Arc::new(rounded.collect::<Int64Array>()) as ArrayRef), &kind)?)
        }
    }
}

/// Rounds the shortest decimal text of a double half away from zero, as Trino does through
/// BigDecimal: 1.005 at two digits is 1.01, although the double is a little less.
fn round_double(value: f64, digits: i64) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let text = value.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(digits);
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
    let Ok(kept) = usize::try_from(kept) else { return 0.0 * value };
    let Some(next) = all.get(kept) else { return value };
    let mut number: Vec<u8> = all.get(..kept).unwrap_or_default().to_vec();
    if *next >= 5 {
        let mut carry = true;
        for digit in number.iter_mut().rev() {
            if *digit == 9 {
                *digit = 0;
            } else {
                *digit += 1;
                carry = false;
                break;
            }
        }
        if carry {
            number.insert(0, 1);
        }
    }
    let mantissa: String = number.iter().map(|digit| char::from(b'0' + digit)).collect();
    let mantissa = if mantissa.is_empty() { "0" } else { &mantissa };
    let rounded: f64 = format!("{mantissa}e{}", -digits).parse().unwrap_or(value);
    rounded.copysign(value)
}

/// An array of one primitive type from values that may fail.
pub(super) fn collect<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Result<Option<T::Native>>>,
) -> Result<PrimitiveArray<T>> {
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_round_as_their_shortest_text() {
        for (value, digits, expected) in [
            (1.005, 2, 1.01),
            (-2.5, 0, -3.0),
            (0.49, 0, 0.0),
            (99.96, 1, 100.0),
            (1234.0, -2, 1200.0),
            (1e300, 2, 1e300),
            (0.5, -1, 0.0),
        ] {
            assert_eq!(round_double(value, digits).to_string(), expected.to_string(), "{value}");
        }
    }
}
