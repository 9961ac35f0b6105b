//! A rehearsal that is killed leaves no process and nothing that the next one trips over.

use crate::project::{Project, told};
use crate::support::snaplake;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn killed_anywhere_the_next_rehearsal_passes() {
    let project = Project::new("direct");
    let started = Instant::now();
    let whole = project.run(&["rehearse"]);
    assert_eq!(whole.status.code(), Some(0), "{}", told(&whole));
    let whole = started.elapsed();
    let scratch = project.path().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    for tenths in [1, 3, 5, 7, 9] {
        let mut child = snaplake(project.path())
            .arg("rehearse")
            .env("TMPDIR", &scratch)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * tenths / 10);
        child.kill().unwrap();
        child.wait().unwrap();
        let left: Vec<_> = std::fs::read_dir(project.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(".snaplake-"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "half-written files after {tenths} tenths");
    }
    let again = snaplake(project.path()).arg("rehearse").env("TMPDIR", &scratch).output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", told(&again));
    assert!(whole < Duration::from_secs(120), "a rehearsal of two tables took {whole:?}");
}

#[test]
fn interrupted_it_says_so_and_leaves_nothing() {
    let project = Project::new("direct");
    let scratch = project.path().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let child = snaplake(project.path())
        .arg("rehearse")
        .env("TMPDIR", &scratch)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Once the rehearsal's folder is there, its signal handler is about to be.
    let begun = Instant::now();
    while std::fs::read_dir(&scratch).unwrap().next().is_none() && begun.elapsed().as_secs() < 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", told(&output));
    let left: Vec<_> = std::fs::read_dir(&scratch).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
