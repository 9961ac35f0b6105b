//! The IAM engine: policy language, evaluator, linter, composer, reference data. Pure.

pub mod json;
pub mod reference;
