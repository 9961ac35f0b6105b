//! Trino's SQL in the engine's words: expressions and calls are rewritten ([`rewrite`],
//! [`functions`]), operators planned with Trino's types ([`operators`]), and what the engine lacks or
//! answers otherwise is ours ([`udf`]).

mod functions;
mod headings;
mod operators;
mod rewrite;
mod udf;

pub(super) use operators::Operators;

pub(super) use headings::{Headings, is_nameless};

use super::error::QueryError;
use datafusion::execution::{FunctionRegistry as _, SessionState};
use datafusion::sql::sqlparser::ast::Query;
use std::sync::Arc;

/// Rewrites a query for the engine.
pub(super) fn translate(query: &mut Query) -> Result<Headings, QueryError> {
    let headings = headings::name(query);
    rewrite::rewrite(query)?;
    Ok(headings)
}

/// Gives a session the functions.
pub(super) fn register(state: &mut SessionState) -> Result<(), QueryError> {
    for function in udf::FUNCTIONS.iter().copied().flatten() {
        state.register_udf(Arc::new(udf::scalar(function)))?;
    }
    Ok(())
}
