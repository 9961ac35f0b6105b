//! Files that appear whole or not at all.

use super::Failure;
use std::io::Write as _;
use std::path::Path;

/// Writes a file so that whoever looks sees the old text or the new one, never a part.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::Builder::new().prefix(".snaplake-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        readable(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error: std::io::Error| {
        Failure::environment(miette::miette!(
            help = "make room there, or make the folder writable",
            "cannot write `{}`: {error}",
            path.display().to_string().escape_debug()
        ))
    })
}

/// Temporary files are private; what a user asked for is as readable as any other file of theirs.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
