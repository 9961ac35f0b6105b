//! The steps of a run, a file each.

pub(super) mod checks;
pub(super) mod clean_up;
pub(super) mod crawl;
pub(super) mod export;
pub(super) mod preflight;
pub(super) mod prune;
pub(super) mod publish;
pub(super) mod register;
pub(super) mod snapshot;
pub(super) mod verify;
pub(super) mod views;
