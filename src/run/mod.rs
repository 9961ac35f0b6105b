//! The one-shot run: steps, journal, resume, publish, rollback, progress.
