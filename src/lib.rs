//! Takes production databases on AWS to a queryable lake, safely.
//!
//! The rooms, and the one direction in which they may use each other, are described in
//! `docs/architecture.md`. Start at [`pipeline::Pipeline`] for the model that everything is read
//! off, at [`iam`] for the policy engine, and at [`run`] for what happens on AWS.

#![cfg_attr(test, allow(clippy::pedantic, reason = "tests may be plainer than what is shipped"))]

pub mod aws;
pub mod cli;
#[cfg(feature = "rehearse")]
pub mod cloud;
pub mod config;
pub mod generate;
pub mod iam;
pub mod pipeline;
pub mod printable;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod report;
pub mod run;
pub mod verify;
