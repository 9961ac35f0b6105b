//! What a run does, as it does it: a spinner on a terminal, nothing elsewhere.

use super::Printer;
use crate::run::{Event, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Progress on stderr.
#[derive(Debug)]
pub(super) struct Lines {
    bar: ProgressBar,
}

impl Lines {
    pub(super) fn new(printer: &Printer) -> Self {
        let bar = ProgressBar::new_spinner();
        if printer.progress() {
            bar.set_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bar }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Lines {
    fn event(&self, event: &Event<'_>) {
        let message = match event {
            Event::StepStarted { step } => step.title().to_owned(),
            Event::Export { percent, gigabytes, .. } => {
                format!("exporting: {percent} %, {gigabytes} GB read")
            }
            Event::Waiting { what, .. } => format!("waiting for {what}"),
            Event::TableVerified { table, done, total } => {
                format!("verified {} ({done} of {total})", table.table)
            }
            Event::TablePublished { table, done, total } => {
                format!("published {table} ({done} of {total})")
            }
            _ => return,
        };
        self.bar.set_message(message);
    }
}
