//! Expressions of Trino as expressions of the engine.

use super::functions;
use crate::cloud::athena::error::QueryError;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, CeilFloorKind, DataType, DateTimeField, Distinct,
    ExactNumberInfo, Expr, Query, Select, SelectItem, SetExpr, Subscript, TableFactor,
    TimezoneInfo, TrimWhereField, UnaryOperator, Value, VisitMut as _, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

type Result<T> = std::result::Result<T, QueryError>;

/// Lists longer than this are left to the engine, whose types are less strict.
const LONG_LIST: usize = 200;

/// Rewrites every expression of a query, its subqueries included.
pub(super) fn rewrite(query: &mut Query) -> Result<()> {
    match query.visit(&mut Rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = Box<QueryError>;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        match translated(expr) {
            Ok(None) => ControlFlow::Continue(()),
            Ok(Some(new)) => {
                *expr = new;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if let SetExpr::Values(values) = query.body.as_mut() {
            for expr in values.rows.iter_mut().flat_map(|row| &mut row.content) {
                if let Err(error) = small_integer(expr) {
                    return ControlFlow::Break(Box::new(error));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        match check_select(select) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        let refused = match factor {
            TableFactor::Table { args: None, sample: None, .. }
            | TableFactor::Derived { lateral: false, .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { with_ordinality: false, with_offset: false, .. } => {
                return ControlFlow::Continue(());
            }
            TableFactor::Table { sample: Some(_), .. } => "TABLESAMPLE",
            TableFactor::UNNEST { .. } => "UNNEST WITH ORDINALITY",
            TableFactor::Derived { .. } => "LATERAL",
            _ => "this kind of table",
        };
        ControlFlow::Break(Box::new(QueryError::rehearsal(refused)))
    }
}

/// What Trino has no grammar for, and types of literals.
fn check_select(select: &mut Select) -> Result<()> {
    if matches!(select.distinct, Some(Distinct::On(_))) {
        return Err(QueryError::syntax("mismatched input 'ON'"));
    }
    if select.qualify.is_some() {
        return Err(QueryError::syntax("mismatched input 'QUALIFY'"));
    }
    if select.top.is_some() || select.into.is_some() || !select.lateral_views.is_empty() {
        return Err(QueryError::syntax("TOP, INTO and LATERAL VIEW are not Trino's"));
    }
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            small_integer(expr)?;
        }
    }
    Ok(())
}

/// A literal that fits is an `integer`, as Trino has it.
fn small_integer(expr: &mut Expr) -> Result<()> {
    if let Expr::Value(value) = expr
        && let Value::Number(number, _) = &value.value
        && number.parse::<i32>().is_ok()
    {
        *expr = parse(&format!("CAST({number} AS INT)"))?;
    }
    Ok(())
}

/// An expression of the engine, from its text.
pub(super) fn parse(text: &str) -> Result<Expr> {
    Parser::new(&GenericDialect {})
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(QueryError::syntax)
}

/// The engine's form of an expression whose parts are the engine's already; `None` when it is the
/// same. Kinds that are not listed are refused.
fn translated(expr: &Expr) -> Result<Option<Expr>> {
    let text = match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Nested(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InSubquery { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::GroupingSets(_)
        | Expr::Cube(_)
        | Expr::Rollup(_)
        | Expr::Array(_)
        | Expr::Interval(_)
        | Expr::Tuple(_)
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(..) => return Ok(None),
        Expr::InList { list, .. } if list.len() > LONG_LIST => return Ok(None),
        Expr::Function(function) => return functions::call(function),
        Expr::Value(value) => return literal(&value.value),
        Expr::BinaryOp { op, .. } => return operator(op),
        Expr::UnaryOp {
            op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
            ..
        } => {
            return Ok(None);
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let arguments = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
            let arguments: Vec<String> =
                arguments.into_iter().flatten().map(ToString::to_string).collect();
            format!("trino_substr({})", arguments.join(", "))
        }
        Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
            let name = match trim_where {
                None | Some(TrimWhereField::Both) => "trino_trim",
                Some(TrimWhereField::Leading) => "trino_ltrim",
                Some(TrimWhereField::Trailing) => "trino_rtrim",
            };
            match (trim_what, trim_characters.as_deref()) {
                (None, None) => format!("{name}({expr})"),
                (Some(what), None) => format!("{name}({expr}, {what})"),
                (None, Some([what])) => format!("{name}({expr}, {what})"),
                _ => {
                    return Err(QueryError::syntax(
                        "trim takes one text and one set of characters",
                    ));
                }
            }
        }
        Expr::Extract { field, expr, .. } => format!("{}({expr})", extract(field)?),
        Expr::Position { expr, r#in } => format!("trino_strpos({in}, {expr})"),
        Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
            format!("trino_ceil({expr})")
        }
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
            format!("trino_floor({expr})")
        }
        Expr::TypedString(typed) => {
            let value = &typed.value;
            match typed.data_type {
                DataType::Date => format!("trino_to_date({value})"),
                DataType::Timestamp(None, TimezoneInfo::None) => {
                    format!("trino_to_timestamp({value})")
                }
                DataType::Decimal(ExactNumberInfo::None) => decimal_literal(&value.to_string())?,
                _ => return Err(QueryError::rehearsal(format!("the literal {expr}"))),
            }
        }
        Expr::Cast { kind, expr, data_type, array: false, format: None } => {
            let null = match kind {
                CastKind::Cast => false,
                CastKind::TryCast => true,
                _ => return Err(QueryError::syntax("mismatched input ':'")),
            };
            cast(expr, data_type, null)?
        }
        Expr::Between { expr, negated, low, high } => {
            let not = if *negated { "NOT " } else { "" };
            format!("({not}(({expr}) >= ({low}) AND ({expr}) <= ({high})))")
        }
        Expr::InList { expr, list, negated } => {
            let not = if *negated { "NOT " } else { "" };
            let equal: Vec<String> =
                list.iter().map(|item| format!("({expr}) = ({item})")).collect();
            format!("({not}({}))", equal.join(" OR "))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char } => {
            let not = if *negated { "NOT " } else { "" };
            let escape = match escape_char {
                Some(escape) => format!(", {escape}"),
                None => String::new(),
            };
            format!("({not}trino_like({expr}, {pattern}{escape}))")
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let cases = conditions.iter().map(|case| {
                let (condition, result) = (&case.condition, typed_integer(&case.result));
                match operand {
                    Some(operand) => format!("WHEN ({operand}) = ({condition}) THEN {result} "),
                    None => format!("WHEN {condition} THEN {result} "),
                }
            });
            let otherwise = match else_result {
                Some(result) => format!("ELSE {} ", typed_integer(result)),
                None => String::new(),
            };
            format!("CASE {}{otherwise}END", cases.collect::<String>())
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            access_chain.iter().try_fold(root.to_string(), |text, access| match access {
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    Ok(format!("trino_subscript({text}, {index})"))
                }
                AccessExpr::Subscript(Subscript::Slice { .. }) => {
                    Err(QueryError::syntax("mismatched input ':'"))
                }
                AccessExpr::Dot(_) => Err(QueryError::rehearsal("a field of an expression")),
            })?
        }
        Expr::AtTimeZone { .. } => return Err(QueryError::rehearsal("AT TIME ZONE")),
        Expr::Lambda(_) => return Err(QueryError::rehearsal("a lambda expression")),
        Expr::ILike { .. } | Expr::RLike { .. } | Expr::SimilarTo { .. } => {
            return Err(QueryError::syntax(format!("Trino has no such operator: {expr}")));
        }
        other => return Err(QueryError::rehearsal(format!("the expression {other}"))),
    };
    parse(&text).map(Some)
}

/// `DECIMAL '1.50'` is a `decimal(3,2)`.
fn decimal_literal(quoted: &str) -> Result<String> {
    let text = quoted.trim_matches('\'');
    let digits = text.trim_start_matches(['-', '+']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let count = whole.len() + fraction.len();
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !numeric || !(1..=38).contains(&count) {
        return Err(QueryError::syntax(format!(
            "'{}' is not a valid decimal literal",
            text.escape_debug()
        )));
    }
    Ok(format!("CAST('{text}' AS DECIMAL({count},{}))", fraction.len()))
}

fn typed_integer(expr: &Expr) -> String {
    let mut expr = expr.clone();
    // What is no literal stays as it is.
    match small_integer(&mut expr) {
        Ok(()) | Err(_) => expr.to_string(),
    }
}

fn literal(value: &Value) -> Result<Option<Expr>> {
    match value {
        // https://trino.io/docs/current/language/types.html#double
        Value::Number(number, _) if number.contains(['e', 'E']) => {
            parse(&format!("CAST('{number}' AS DOUBLE)")).map(Some)
        }
        Value::Number(..)
        | Value::SingleQuotedString(_)
        | Value::HexStringLiteral(_)
        | Value::Boolean(_)
        | Value::Null => Ok(None),
        Value::Placeholder(_) => Err(QueryError::data(
            "INVALID_PARAMETER_USAGE",
            "Incorrect number of parameters: a question mark has no value",
        )),
        other => Err(QueryError::rehearsal(format!("the literal {other}"))),
    }
}

fn operator(op: &BinaryOperator) -> Result<Option<Expr>> {
    use BinaryOperator as B;
    match op {
        B::Plus
        | B::Minus
        | B::Multiply
        | B::Divide
        | B::Modulo
        | B::StringConcat
        | B::Gt
        | B::Lt
        | B::GtEq
        | B::LtEq
        | B::Eq
        | B::NotEq
        | B::And
        | B::Or => Ok(None),
        B::Arrow => Err(QueryError::rehearsal("a lambda expression")),
        other => Err(QueryError::syntax(format!("mismatched input '{other}'"))),
    }
}

fn extract(field: &DateTimeField) -> Result<&'static str> {
    let name = field.to_string().to_lowercase();
    functions::EXTRACT
        .iter()
        .find(|(trino, _)| *trino == name)
        .map(|(_, engine)| *engine)
        .ok_or_else(|| QueryError::syntax(format!("Invalid EXTRACT field: {name}")))
}

/// CAST, or TRY_CAST, which gives NULL for what cannot be cast
/// (<https://trino.io/docs/current/functions/conversion.html>).
fn cast(expr: &Expr, kind: &DataType, null: bool) -> Result<String> {
    let (word, or_null) = if null { ("TRY_CAST", "_or_null") } else { ("CAST", "") };
    let whole = |name: &str| format!("{word}(trino_to_whole{or_null}({expr}) AS {name})");
    Ok(match kind {
        DataType::TinyInt(None) => whole("TINYINT"),
        DataType::SmallInt(None) => whole("SMALLINT"),
        DataType::Int(None) | DataType::Integer(None) => whole("INT"),
        DataType::BigInt(None) => whole("BIGINT"),
        DataType::Real => format!("{word}(trino_to_number{or_null}({expr}) AS REAL)"),
        DataType::Double(ExactNumberInfo::None) | DataType::DoublePrecision => {
            format!("{word}(trino_to_number{or_null}({expr}) AS DOUBLE)")
        }
        DataType::Decimal(info) | DataType::Dec(info) | DataType::Numeric(info) => {
            let (precision, scale) = match info {
                ExactNumberInfo::None => (38, 0),
                ExactNumberInfo::Precision(precision) => (*precision, 0),
                ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
            };
            format!("{word}(trino_to_decimal({expr}) AS DECIMAL({precision},{scale}))")
        }
        DataType::Varchar(None) => format!("trino_to_varchar({expr})"),
        DataType::Varchar(Some(length)) => format!("trino_to_varchar({expr}, {length})"),
        DataType::Varbinary(None) => format!("trino_varbinary({expr})"),
        DataType::Boolean => format!("trino_to_boolean{or_null}({expr})"),
        DataType::Date => format!("trino_to_date{or_null}({expr})"),
        DataType::Timestamp(None | Some(3), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            format!("trino_to_timestamp{or_null}({expr})")
        }
        DataType::String(_) | DataType::Text | DataType::Datetime(_) | DataType::Float(_) => {
            return Err(QueryError::types(format!(
                "Unknown type: {}",
                kind.to_string().to_lowercase()
            )));
        }
        other => return Err(QueryError::rehearsal(format!("a cast to {other}"))),
    })
}
