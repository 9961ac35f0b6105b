//! Values for the question marks of a query
//! (<https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html>).

use super::error::QueryError;
use super::parse::tokens;
use datafusion::sql::sqlparser::ast::{Expr, Visit as _, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use std::ops::ControlFlow;

/// Puts each parameter in the place of its question mark.
pub(super) fn bind(
    statement: Vec<TokenWithSpan>,
    parameters: &[String],
) -> Result<Vec<TokenWithSpan>, QueryError> {
    let marks = statement.iter().filter(|token| is_mark(&token.token)).count();
    if marks != parameters.len() {
        return Err(QueryError::data(
            "INVALID_PARAMETER_USAGE",
            format!(
                "Incorrect number of parameters: expected {marks} but found {}",
                parameters.len()
            ),
        ));
    }
    let mut values = parameters.iter();
    let mut bound = Vec::with_capacity(statement.len());
    for token in statement {
        if !is_mark(&token.token) {
            bound.push(token);
        } else if let Some(value) = values.next() {
            let own = constant(value)?;
            // A value is one operand, whatever stands beside its question mark.
            let bare = own.len() == 1;
            let at = |inner: Token| TokenWithSpan { token: inner, span: token.span };
            if !bare {
                bound.push(at(Token::LParen));
            }
            bound.extend(own.into_iter().map(|inner| at(inner.token)));
            if !bare {
                bound.push(at(Token::RParen));
            }
        }
    }
    Ok(bound)
}

fn is_mark(token: &Token) -> bool {
    matches!(token, Token::Placeholder(mark) if mark == "?")
}

/// A value's tokens: it must be an expression without names or queries, so that a parameter is a
/// value and nothing more.
fn constant(value: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    let wrong = || {
        QueryError::syntax(format!(
            "the parameter {} is no constant expression; a text is written in single quotes",
            value.escape_debug()
        ))
    };
    let own = tokens(value)?;
    let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(own.clone());
    let expr = parser.parse_expr().map_err(|_| wrong())?;
    let whole = parser.peek_token().token == Token::EOF;
    if whole && expr.visit(&mut Constant).is_continue() { Ok(own) } else { Err(wrong()) }
}

struct Constant;

impl Visitor for Constant {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Subquery(_)
            | Expr::Exists { .. }
            | Expr::InSubquery { .. }
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..) => ControlFlow::Break(()),
            Expr::Value(value)
                if matches!(
                    value.value,
                    datafusion::sql::sqlparser::ast::Value::Placeholder(_)
                ) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(sql: &str, parameters: &[&str]) -> Result<String, QueryError> {
        let parameters: Vec<String> = parameters.iter().map(ToString::to_string).collect();
        let tokens = bind(tokens(sql)?, &parameters)?;
        Ok(tokens.iter().map(|token| token.token.to_string()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn values_take_the_place_of_question_marks_and_stay_values() {
        let sql = "SELECT ? FROM t WHERE a = ? AND b = '?'";
        assert_eq!(
            bound(sql, &["1", "DATE '2020-01-01'"]).unwrap(),
            "SELECT 1 FROM t WHERE a = ( DATE '2020-01-01' ) AND b = '?'"
        );
        assert_eq!(bound("SELECT - ?", &["-1"]).unwrap(), "SELECT - ( - 1 )");
        for wrong in
            ["a", "1 OR b", "(SELECT 1)", "1; DROP TABLE t", "1) OR (1", "?", "", "'a' 'b' FROM t"]
        {
            assert!(bound("SELECT ?", &[wrong]).is_err(), "{wrong}");
        }
        assert!(bound("SELECT ?", &[]).is_err());
        assert!(bound("SELECT 1", &["1"]).is_err());
    }
}
