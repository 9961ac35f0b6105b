//! Trino's SQL in the engine's words.

mod headings;
mod rewrite;
mod udf;

pub(super) use headings::{Headings, is_nameless};

use super::error::QueryError;
use datafusion::execution::{FunctionRegistry as _, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::Query;
use std::sync::Arc;

/// Rewrites a query for the engine.
pub(super) fn translate(query: &mut Query) -> Result<Headings, QueryError> {
    let headings = headings::name(query);
    rewrite::rewrite(query)?;
    Ok(headings)
}

/// Checks a plan.
pub(super) fn check(plan: LogicalPlan) -> Result<LogicalPlan, QueryError> {
    Ok(plan)
}

/// Gives a session the functions.
pub(super) fn register(state: &mut SessionState) -> Result<(), QueryError> {
    for function in udf::FUNCTIONS.iter().copied().flatten() {
        state.register_udf(Arc::new(udf::scalar(function)))?;
    }
    Ok(())
}
