//! The IAM engine: policy language, evaluator, linter, composer, reference data. Pure.
//!
//! [`Policy::parse`] reads a document and reports everything that is wrong with it, with line and
//! column. [`evaluate`] decides a [`Request`] under [`Policies`] as the IAM user guide's
//! [policy evaluation logic] says, and tells which statement decided.
//!
//! ```
//! use snaplake::iam::{Decision, NamedPolicy, Policies, Policy, Request, RequestPrincipal, evaluate};
//! let policy = Policy::parse(
//!     r#"{"Version": "2012-10-17",
//!         "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::lake/*"}}"#,
//! )?;
//! let request = Request::new(
//!     RequestPrincipal::parse("arn:aws:iam::111122223333:role/reader")?,
//!     "s3:GetObject",
//!     "arn:aws:s3:::lake/key",
//! );
//! let policies = Policies { identity: vec![NamedPolicy::new("reader", policy)], ..Policies::default() };
//! assert_eq!(evaluate(&request, &policies).decision, Decision::Allowed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [policy evaluation logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

pub mod arn;
pub mod case;
pub mod compose;
mod condition;
mod evaluate;
mod explain;
pub mod json;
pub mod lint;
pub mod managed;
mod pattern;
pub(crate) mod policy;
pub mod reference;
mod request;

pub use arn::Arn;
pub use condition::{Operator, SetOperator};
pub use evaluate::{Decision, Evaluation, Found, Layer, StatementRef, Verdict, decide, evaluate};
pub use explain::{Change, Edit, Explanation, Mismatch, NearMiss};
pub use pattern::matches_action;
pub use policy::{
    Condition, Effect, Element, NamedPolicy, Policy, PolicyError, PolicyErrors, Principals,
    Statement, Version,
};
pub use request::{
    Context, ContextValue, KmsGrant, Policies, PrincipalArn, PrincipalKind, Request, RequestError,
    RequestPrincipal,
};
