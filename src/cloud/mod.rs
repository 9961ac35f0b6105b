//! The embedded AWS of the rehearsal: one HTTP server on loopback that answers RDS, S3, KMS, Glue,
//! Athena, STS and IAM, over virtual time, and authorizes everything.
//!
//! Uses [`crate::iam`], never the pipeline: what a call needs is derived from AWS's service
//! authorization reference, so that a wrong need of ours shows up as a denial or as a grant that
//! nothing used. Start at [`Cloud::start`].

pub mod access_log;
pub mod athena;
pub mod caller;
pub mod catalog;
pub mod clock;
pub mod export;
pub mod seed;
pub mod source;
pub mod storage;
#[cfg(test)]
mod testing;

mod athena_api;
mod authorize;
mod error;
mod glue;
mod iam;
mod identity;
mod job;
mod kms;
mod protocol;
mod rds;
mod s3;
mod seeding;
mod server;
mod service_access;
mod sigv4;
mod state;
mod sts;
