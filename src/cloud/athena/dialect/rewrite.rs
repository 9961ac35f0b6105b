//! Expressions of Trino as expressions of the engine.

use crate::cloud::athena::error::QueryError;
use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, Query, VisitMut as _, VisitorMut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// Rewrites every expression of a query, its subqueries included.
pub(super) fn rewrite(query: &mut Query) -> Result<(), QueryError> {
    match query.visit(&mut Rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = Box<QueryError>;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Substring { expr: text, substring_from, substring_for, .. } = expr {
            let arguments = [Some(&*text), substring_from.as_ref(), substring_for.as_ref()];
            let arguments: Vec<String> =
                arguments.into_iter().flatten().map(ToString::to_string).collect();
            match parse(&format!("trino_substr({})", arguments.join(", "))) {
                Ok(new) => *expr = new,
                Err(error) => return ControlFlow::Break(Box::new(error)),
            }
        }
        if let Expr::Function(function) = expr {
            let name = function.name.to_string().to_lowercase();
            let engine = match name.as_str() {
                "substr" | "substring" => "trino_substr",
                "to_hex" => "trino_to_hex",
                _ => return ControlFlow::Continue(()),
            };
            function.name = ObjectName::from(vec![Ident::new(engine)]);
        }
        ControlFlow::Continue(())
    }
}

/// An expression of the engine, from its text.
fn parse(text: &str) -> Result<Expr, QueryError> {
    Parser::new(&GenericDialect {})
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(QueryError::syntax)
}
