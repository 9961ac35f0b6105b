//! A rehearsal: the run of `run/` against the cloud of `cloud/`, which know nothing of each other.

pub mod fingerprint;
pub mod sample;
