//! Completions and manual pages.

use crate::support::{snaplake, tool};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn printed(arguments: &[&str]) -> Vec<u8> {
    let output = snaplake(&std::env::temp_dir()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = String::from_utf8(printed(&["completions", shell])).unwrap();
        for command in ["rehearse", "generate", "evaluate"] {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
    }
}

/// What a command takes stands apart from what all of them take.
#[test]
fn own_options_stand_apart_from_those_of_every_command() {
    for command in [&["run", "--help"][..], &["iam", "check", "--help"], &["generate", "--help"]] {
        let help = String::from_utf8(printed(command)).unwrap();
        let (own, everywhere) = help.split_once("Options of every command:").unwrap();
        for option in ["--config", "--output", "--region", "--quiet"] {
            assert!(everywhere.contains(option), "{command:?}: {option}: {everywhere}");
            assert!(!own.contains(&format!(" {option} ")), "{command:?}: {option}");
        }
        assert!(own.contains("Options:"), "{command:?}: {own}");
        assert!(!everywhere.contains("--dry-run") && !everywhere.contains("--allow-surplus"));
    }
}

#[test]
fn bash_reads_its_script() {
    let Some(bash) = tool("bash") else { return };
    let mut child = Command::new(bash).arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&printed(&["completions", "bash"])).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_command_has_a_manual_page() {
    let main = String::from_utf8(printed(&["man"])).unwrap();
    assert!(main.starts_with(".ie") || main.contains(".TH"), "{main}");
    for command in [vec!["rehearse"], vec!["iam", "check"], vec!["run"]] {
        let mut arguments = vec!["man"];
        arguments.extend(&command);
        let page = String::from_utf8(printed(&arguments)).unwrap();
        assert!(page.contains(&format!("snaplake-{}", command.join("-")).to_uppercase()), "{page}");
    }
    let output = snaplake(&std::env::temp_dir()).args(["man", "nothing"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// Whoever reads only the first lines has read enough.
#[test]
fn a_closed_pipe_is_success() {
    let mut child = snaplake(&std::env::temp_dir())
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
