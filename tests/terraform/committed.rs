//! The committed output of the examples.

use crate::support::{repository, snaplake};
use std::path::PathBuf;

/// Each example and the folder that holds what is generated for it.
fn examples() -> Vec<(PathBuf, PathBuf)> {
    let examples: Vec<_> = std::fs::read_dir(repository().join("examples"))
        .expect("there are examples")
        .map(|entry| entry.expect("an example").path())
        .filter(|example| example.join("snaplake.toml").is_file())
        .collect();
    assert!(!examples.is_empty());
    examples
        .into_iter()
        .map(|example| {
            let name = example.file_name().expect("a name").to_owned();
            (example.join("snaplake.toml"), repository().join("terraform").join(name))
        })
        .collect()
}

#[test]
fn what_is_committed_is_what_the_examples_give() {
    for (config, folder) in examples() {
        let output = snaplake(repository())
            .arg("--config")
            .arg(&config)
            .args(["generate", "--check", "--out"])
            .arg(&folder)
            .output()
            .expect("snaplake runs");
        assert!(
            output.status.success(),
            "{} has drifted; `make generated` writes it anew:\n{}{}",
            folder.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
