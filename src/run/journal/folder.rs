//! Journals in a folder of this machine.

use super::super::error::RunError;
use super::super::report::RunReport;
use super::{
    Details, RunSummary, State, check_version, details_name, is_id, newest_first, state_name,
    summary,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The runs of a folder, newest first. A file that is no journal is left out.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn list(folder: &Path) -> Result<Vec<RunSummary>, RunError> {
    Ok(states(folder)?.into_iter().map(summary).collect())
}

/// The states of the runs, newest first.
pub(super) fn states(folder: &Path) -> Result<Vec<State>, RunError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read the folder of journals", folder)(error)),
    };
    let mut states: Vec<State> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_suffix(".json"))
                .is_some_and(is_id)
        })
        .filter_map(|path| load::<State>(&path).ok())
        .collect();
    newest_first(&mut states);
    Ok(states)
}

/// The report of one run, as far as it came.
///
/// # Errors
/// When there is no such run, or its journal cannot be read.
pub fn read(folder: &Path, run_id: &str) -> Result<RunReport, RunError> {
    let path = state_path(folder, run_id);
    if !is_id(run_id) || !path.exists() {
        let known = list(folder)?.into_iter().map(|run| run.run_id).collect();
        let (run_id, folder) = (run_id.to_owned(), folder.to_owned());
        return Err(RunError::NoSuchRun { run_id, folder, known });
    }
    let state: State = load(&path)?;
    check_version(&path, state.version)?;
    let mut report = state.report;
    let path = details_path(folder, run_id);
    if path.exists() {
        report.verification = load::<Details>(&path)?.verification;
    }
    Ok(report)
}

pub(super) fn state_path(folder: &Path, run_id: &str) -> PathBuf {
    folder.join(state_name(run_id))
}

pub(super) fn details_path(folder: &Path, run_id: &str) -> PathBuf {
    folder.join(details_name(run_id))
}

/// Takes the lock of a pipeline. The system releases it when the process ends, however it ends.
pub(super) fn lock(folder: &Path, pipeline: &str, run_id: &str) -> Result<File, RunError> {
    let path = folder.join(format!("{pipeline}.lock"));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed("open the lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if read { holder.trim().to_owned() } else { "another process".to_owned() };
            return Err(RunError::Locked { pipeline: pipeline.to_owned(), holder });
        }
        Err(std::fs::TryLockError::Error(error)) => {
            return Err(failed("take the lock", &path)(error));
        }
    }
    let note = format!("run {run_id} (process {})\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(note.as_bytes()))
        .map_err(failed("write the lock", &path))?;
    Ok(file)
}

pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, RunError> {
    let text = std::fs::read(path).map_err(failed("read the journal", path))?;
    serde_json::from_slice(&text)
        .map_err(|error| RunError::Corrupt { path: path.to_owned(), reason: error.to_string() })
}

pub(super) fn store(path: &Path, value: &impl Serialize) -> Result<(), RunError> {
    write_durably(path, value).map_err(failed("write the journal", path))
}

fn write_durably(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

pub(super) fn failed<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl Fn(std::io::Error) -> RunError + use<'a> {
    move |source| RunError::Journal { what, path: path.to_owned(), source }
}
