//! The arrows between the rooms of `docs/architecture.md`, held against the code.

use crate::support::repository;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room with those that it may use.
const ARROWS: [(&str, &[&str]); 11] = [
    ("iam", &[]),
    ("config", &[]),
    ("pipeline", &["iam", "config"]),
    ("generate", &["pipeline", "iam", "config"]),
    ("aws", &["pipeline", "iam", "config"]),
    ("verify", &["aws", "pipeline", "iam", "config"]),
    ("run", &["aws", "verify", "pipeline", "iam", "config"]),
    ("report", &["run", "verify", "aws", "pipeline", "iam", "config"]),
    // Above all, never the pipeline: a judge that reads the needs can only ever agree with them.
    ("cloud", &["iam"]),
    ("rehearse", &["cloud", "run", "report", "verify", "aws", "pipeline", "iam", "config"]),
    (
        "cli",
        &[
            "rehearse", "cloud", "generate", "run", "report", "verify", "aws", "pipeline", "iam",
            "config",
        ],
    ),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// A room's tests may ask the rooms above what comes of it.
fn is_test(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "tests.rs")
        || file.components().any(|part| part.as_os_str() == "tests")
}

/// The rooms that a file names as `crate::room`, comments left out.
fn used(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
        .collect()
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for (room, may_use) in ARROWS {
        let files = sources(&repository().join("src").join(room));
        assert!(!files.is_empty(), "the room {room} is empty");
        for file in files.into_iter().filter(|file| !is_test(file)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for name in used(&text) {
                if name != room && rooms.contains(name) && !may_use.contains(&name) {
                    wrong.push(format!("{} uses {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_no_disk_no_network_and_no_clock() {
    let impure = [
        "std::fs::",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "std::process",
        "tokio::",
        "Timestamp::now",
        "Instant::now",
        "SystemTime::now",
        "std::env::var",
    ];
    let mut wrong = Vec::new();
    for room in ["iam", "config", "pipeline"] {
        for file in sources(&repository().join("src").join(room)) {
            if is_test(&file) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in impure {
                if code
                    .lines()
                    .any(|line| !line.trim_start().starts_with("//") && line.contains(word))
                {
                    wrong.push(format!("{} has {word}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the run does must not depend on where it runs.
#[test]
fn a_run_cannot_tell_that_it_is_rehearsed() {
    for room in ["run", "verify", "aws"] {
        for file in sources(&repository().join("src").join(room)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for word in
                    ["rehears", "loopback", "127.0.0.1", "localhost", "feature = \"rehearse\""]
                {
                    assert!(!line.contains(word), "{}: {line}", file.display());
                }
            }
        }
    }
}
