//! The steps, one after the other.

use super::error::RunError;
use super::options::{Progress, RunOptions};
use super::report::RunReport;
use crate::aws::{Clients, Clock};
use crate::pipeline::Pipeline;

/// Takes `pipeline` through its steps.
///
/// # Errors
/// When the journal cannot be read or written. Whatever else goes wrong is in the report's
/// [`failure`](RunReport::failure).
#[expect(clippy::unused_async, reason = "the steps follow")]
pub async fn run(
    pipeline: &Pipeline,
    _clients: &Clients,
    _clock: &dyn Clock,
    options: RunOptions,
    _progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    Err(RunError::NoSuchRun {
        run_id: pipeline.name.clone(),
        folder: options.journal,
        known: Vec::new(),
    })
}
