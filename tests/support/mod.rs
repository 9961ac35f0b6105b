//! What the outside tests share: the binary, a folder of their own, outside tools.

#![allow(dead_code, reason = "each test target uses its own part of this module")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The binary under test, in an environment without the tester's AWS and snaplake settings.
pub fn snaplake(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snaplake"));
    command.current_dir(folder).env("NO_COLOR", "1").env("COLUMNS", "100");
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") || name.starts_with("SNAPLAKE_") {
            command.env_remove(name);
        }
    }
    command
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An outside tool, or `None` after saying why the test is skipped. With `CI=true` a missing tool
/// fails the test instead. Python is that of the tests' own environment: another lacks their packages.
pub fn tool(name: &str) -> Option<PathBuf> {
    let venvs = ["SNAPLAKE_TEST_VENV", "SNAPLAKE_CHECKOV_VENV"]
        .into_iter()
        .filter_map(std::env::var_os)
        .map(|venv| PathBuf::from(venv).join("bin"));
    let own = name.starts_with("python");
    let path = std::env::var_os("PATH").filter(|_| !own).unwrap_or_default();
    let found = venvs
        .chain(std::env::split_paths(&path).collect::<Vec<_>>())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "`{name}` is missing, and CI skips nothing");
        skip(&format!("`{name}` is not installed; `make set-up` sets up the Python tools"));
    }
    found
}

/// Records that a test did not run; `make test` lists these at its end.
pub fn skip(why: &str) {
    use std::io::Write as _;
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
    if let Some(file) = std::env::var_os("SNAPLAKE_SKIPPED") {
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
        let _ = opened.and_then(|mut file| writeln!(file, "{test}: {why}"));
    }
}
