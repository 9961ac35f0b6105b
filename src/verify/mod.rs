//! The checks of an export, each one named and explained.
//!
//! An export can be COMPLETE and lack tables, so nothing is taken on trust: manifests, objects,
//! Parquet footers, the catalog and what Athena really reads are reconciled table by table. What is
//! read is gathered first ([`inspect`], [`verify_table`]); comparing it is pure ([`compare`]).

pub mod compare;
pub mod footer;
mod inspect;
pub mod kind;
pub mod layout;
pub mod manifest;
pub mod query;
mod report;
mod staged;
mod table;
pub mod value;

pub use inspect::{
    InspectError, Inspection, TableInspection, inspect, warning_checks, warning_unknown,
};
pub use report::{Check, CheckStatus, TableVerification, Verification};
pub use staged::{ExtraChecks, StagedColumn, StagedTable};
pub use table::verify_table;
