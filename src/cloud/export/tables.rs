//! Tables into files, several parts at a time.

use super::names;
use super::writer::{self, Limits, PartWriter, Written};
use super::{ExportError, ExportRequest};
use crate::cloud::caller::Caller;
use crate::cloud::source::{Column, Part, Source, Table};
use crate::cloud::storage::{Body, ObjectStore};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What every part's export needs.
pub(super) struct Work<'a> {
    pub(super) request: &'a ExportRequest<'a>,
    pub(super) source: &'a Source,
    pub(super) objects: &'a dyn ObjectStore,
    pub(super) caller: &'a Caller,
    pub(super) cancel: &'a AtomicBool,
    pub(super) limits: Limits,
}

/// A table that is to be exported.
pub(super) struct Job {
    pub(super) table: Table,
    /// Where its status is among all tables'.
    pub(super) status: usize,
    columns: Vec<Column>,
    /// The table's folder, with a slash at its end.
    folder: String,
    parts: Vec<Part>,
    /// The number of the next file, batch by batch.
    next: BTreeMap<usize, AtomicUsize>,
    /// What came of the parts that are done, and their batches.
    done: Mutex<(Written, BTreeSet<usize>)>,
}

impl Job {
    pub(super) fn new(
        folder: &str,
        request: &ExportRequest<'_>,
        table: Table,
        columns: Vec<Column>,
        status: usize,
    ) -> Self {
        let folder = format!("{folder}/{}/", names::table_folder(&request.database, &table));
        let parts = table.parts();
        let next = parts.iter().map(|part| (part.batch, AtomicUsize::new(0))).collect();
        Self { table, status, columns, folder, parts, next, done: Mutex::default() }
    }

    fn writer<'a>(&'a self, work: &Work<'a>, batch: usize) -> Result<PartWriter<'a>, ExportError> {
        static FIRST: AtomicUsize = AtomicUsize::new(0);
        let folder = format!("{}{batch}/", self.folder);
        let next = self.next.get(&batch).unwrap_or(&FIRST);
        PartWriter::new(
            work.request,
            work.objects,
            work.caller,
            (folder, next),
            &self.columns,
            work.limits,
        )
    }

    fn add(&self, batch: usize, written: Written) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.keys.is_empty() {
            done.1.insert(batch);
        }
        done.0.merge(written);
    }

    /// Ends the table when all of its parts are there.
    fn finish(&self, work: &Work<'_>) -> Result<Written, ExportError> {
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut written, mut batches) = done;
        if batches.is_empty() {
            let first = self.parts.first().map_or(1, |part| part.batch);
            written = self.writer(work, first)?.finish_empty()?;
            batches.insert(first);
        }
        for batch in batches {
            let key = format!("{}{batch}/_SUCCESS", self.folder);
            let body = Body::Bytes(Bytes::default());
            writer::put(work.request, work.objects, work.caller, &key, body)?;
        }
        written.keys.sort();
        Ok(written)
    }
}

/// Writes all tables; gives what each came to, in their order.
pub(super) fn write(work: &Work<'_>, jobs: &[Job]) -> Result<Vec<Written>, ExportError> {
    let units: Vec<(&Job, &Part)> =
        jobs.iter().flat_map(|job| job.parts.iter().map(move |part| (job, part))).collect();
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let worker = || {
        while let Some((job, part)) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            match read_and_write(work, job, part, &failed) {
                Ok(written) => job.add(part.batch, written),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    };
    let ended: Vec<Result<(), ExportError>> = std::thread::scope(|scope| {
        let count = work.source.readers().min(units.len());
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    // Whoever was stopped for another's failure has less to say than that one.
    let mut canceled = false;
    for error in ended.into_iter().filter_map(Result::err) {
        match error {
            ExportError::Canceled => canceled = true,
            error => return Err(error),
        }
    }
    if canceled {
        return Err(ExportError::Canceled);
    }
    jobs.iter().map(|job| job.finish(work)).collect()
}

/// Reads a part's rows here while they are encoded there, with two batches between them.
fn read_and_write(
    work: &Work<'_>,
    job: &Job,
    part: &Part,
    failed: &AtomicBool,
) -> Result<Written, ExportError> {
    let mut writer = job.writer(work, part.batch)?;
    std::thread::scope(|scope| {
        let (sender, batches) = std::sync::mpsc::sync_channel(2);
        let worker = scope.spawn(move || {
            for batch in batches {
                match batch {
                    Some(batch) => writer.write(&batch)?,
                    None => return writer.finish(),
                }
            }
            // The reader failed: what it had begun is no table.
            Err(ExportError::Canceled)
        });
        let read = work.source.read::<ExportError>(&job.table, &job.columns, part, &mut |batch| {
            if work.cancel.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) {
                return Err(ExportError::Canceled);
            }
            // The encoder hangs up only when it failed; its own error tells more.
            sender.send(Some(batch)).map_err(|_| ExportError::Canceled)
        });
        if read.is_ok() {
            // An encoder that has hung up has its own error.
            drop(sender.send(None));
        }
        drop(sender);
        let encoded = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (read, encoded) {
            (Ok(()), encoded) => encoded,
            (Err(ExportError::Canceled), Err(error)) | (Err(error), _) => Err(error),
        }
    })
}
