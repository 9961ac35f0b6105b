//! A generated tree against the disk: what differs, and writing it.

use super::Files;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// The file that lists what was generated, one path a line, so that the next run knows which files
/// are snaplake's own.
pub const LIST: &str = ".snaplake-generated";

/// How one file on disk differs from the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is not there.
    Missing(PathBuf),
    /// It holds another text, the one given.
    Different(PathBuf, String),
    /// It was generated once, is still there, and is generated no more.
    Stale(PathBuf),
}

/// Why a tree could not be compared or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// A file or a folder could not be read or written.
    #[error("cannot {what} `{}`: {error}", path.display())]
    Io {
        /// What was tried: `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Files stand in the way that snaplake did not write.
    #[error("{} that snaplake did not write would be overwritten: {}", if .0.len() == 1 { "a file" } else { "files" }, names(.0))]
    Foreign(Vec<PathBuf>),
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

/// Compares a tree with the folder.
///
/// # Errors
/// When a file that exists cannot be read.
pub fn compare(folder: &Path, files: &Files) -> Result<Vec<Change>, DiskError> {
    let mut changes = Vec::new();
    for (path, text) in files {
        match read(&folder.join(path))? {
            None => changes.push(Change::Missing(path.clone())),
            Some(found) if found == *text => {}
            Some(found) => changes.push(Change::Different(path.clone(), found)),
        }
    }
    for path in listed(folder)? {
        if !files.contains_key(&path) && folder.join(&path).is_file() {
            changes.push(Change::Stale(path));
        }
    }
    Ok(changes)
}

/// Writes what differs, each file whole or not at all, and gives what had differed. Stale files stay
/// where they are: they may hold somebody's edits.
///
/// # Errors
/// When a file that snaplake did not write is in the way (nothing is written then), or when the disk
/// refuses.
pub fn write(folder: &Path, files: &Files) -> Result<Vec<Change>, DiskError> {
    let changes = compare(folder, files)?;
    let own = listed(folder)?;
    let foreign: Vec<PathBuf> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Different(path, _) if !own.contains(path) => Some(path.clone()),
            _ => None,
        })
        .collect();
    if !foreign.is_empty() {
        return Err(DiskError::Foreign(foreign));
    }
    // The list grows before the files do, so that a run that is killed half-way leaves no file that the
    // next one takes for somebody else's. Stale files stay listed, and so reported, until they are gone.
    let mut list: BTreeSet<PathBuf> = files.keys().cloned().collect();
    list.extend(own.into_iter().filter(|path| folder.join(path).is_file()));
    let mut text = String::new();
    for path in &list {
        text.push_str(&slashed(path));
        text.push('\n');
    }
    if read(&folder.join(LIST))?.as_deref() != Some(text.as_str()) {
        replace(&folder.join(LIST), &text)?;
    }
    for change in &changes {
        if let Change::Missing(path) | Change::Different(path, _) = change
            && let Some(text) = files.get(path)
        {
            replace(&folder.join(path), text)?;
        }
    }
    Ok(changes)
}

/// Folders of trees that an earlier run wrote in or right under the folder, besides those given:
/// the configuration has no such pipeline any more, or keeps it elsewhere.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn abandoned(folder: &Path, current: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>, DiskError> {
    let failed = |error| DiskError::Io { what: "read", path: folder.to_owned(), error };
    let mut found = vec![folder.to_owned()];
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                found.push(entry.map_err(failed)?.path());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    found.retain(|path| !current.contains(path) && path.join(LIST).is_file());
    found.sort();
    Ok(found)
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// The files that an earlier run wrote; only paths that stay inside the folder count.
fn listed(folder: &Path) -> Result<BTreeSet<PathBuf>, DiskError> {
    let text = read(&folder.join(LIST))?.unwrap_or_default();
    Ok(text
        .lines()
        .map(PathBuf::from)
        .filter(|path| {
            path.components().next().is_some()
                && path.components().all(|part| matches!(part, Component::Normal(_)))
        })
        .collect())
}

/// A file's text; `None` when there is no such file. Bytes that are no UTF-8 show as replacement
/// characters, and so as a difference.
fn read(path: &Path) -> Result<Option<String>, DiskError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DiskError::Io { what: "read", path: path.to_owned(), error }),
    }
}

/// Writes beside the file and renames, so that no reader ever sees half of it.
///
/// # Errors
/// When the disk refuses.
pub fn replace(path: &Path, text: &str) -> Result<(), DiskError> {
    let failed = |error| DiskError::Io { what: "write", path: path.to_owned(), error };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file =
        tempfile::Builder::new().prefix(".snaplake-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A temporary file is its owner's alone; a generated one is for the team.
        let mode = std::fs::metadata(path).map_or(0o644, |existing| existing.permissions().mode());
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
