//! The checks of an export, each one named and explained.
//!
//! An export can be COMPLETE and lack tables, so nothing is taken on trust: manifests, objects,
//! Parquet footers, the catalog and what Athena really reads are reconciled table by table. What is
//! read is gathered first; comparing it is pure.

mod report;

pub use report::{Check, CheckStatus, TableVerification, Verification};
