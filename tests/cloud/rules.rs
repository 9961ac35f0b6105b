//! What the rooms may know of each other.

use crate::support::repository;
use std::path::Path;

/// Every Rust file below a folder of `src`, with its text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text));
        }
    }
}

/// The uses of a room in code, comments aside.
fn uses(text: &str, room: &str) -> bool {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).any(|line| {
        line.contains(&format!("crate::{room}")) || line.contains(&format!("super::{room}::"))
    })
}

#[test]
fn the_cloud_does_not_know_the_needs() {
    let mut found = Vec::new();
    sources(&repository().join("src/cloud"), &mut found);
    assert!(found.len() > 30);
    for (path, text) in found {
        for room in ["pipeline", "run", "verify", "rehearse", "config", "generate"] {
            assert!(!uses(&text, room), "{path} uses `{room}`");
        }
    }
}

#[test]
fn a_run_cannot_tell_that_it_is_being_rehearsed() {
    for room in ["run", "aws", "verify"] {
        let mut found = Vec::new();
        sources(&repository().join("src").join(room), &mut found);
        assert!(!found.is_empty());
        for (path, text) in found {
            for other in ["cloud", "rehearse"] {
                assert!(!uses(&text, other), "{path} uses `{other}`");
            }
            assert!(!text.contains("feature = \"rehearse\""), "{path} asks for the feature");
        }
    }
}
