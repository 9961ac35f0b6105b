//! A set-up from Terraform: what `terraform show -json` says of a plan or a state.

use super::Setup;
use super::documents::{DocumentError, Mapping};
use crate::pipeline::Pipeline;

/// A plan that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// The text is no JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// The JSON is no plan and no state.
    #[error("this is neither a plan nor a state of Terraform's")]
    Form,
    /// Policies in it are none.
    #[error("it has policies that are none")]
    Documents(Vec<DocumentError>),
}

/// Puts a set-up together from a plan or a state.
///
/// # Errors
/// When the text is neither, or a policy in it is none.
pub fn read(
    _pipeline: &Pipeline,
    _origin: &str,
    _text: &str,
    _mapping: &Mapping,
) -> Result<Setup, PlanError> {
    Err(PlanError::Form)
}
