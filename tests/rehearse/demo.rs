//! `snaplake demo`: from an empty folder to a green report.

use crate::project::Project;
use crate::project::told;
use crate::support::{snaplake, tool};
use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn an_empty_folder_becomes_a_green_report() {
    let folder = tempfile::tempdir().unwrap();
    let output = snaplake(folder.path()).arg("demo").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let demo = folder.path().join("snaplake-demo");
    for file in ["snaplake.toml", "sample.db", "report.html", "terraform/main.tf"] {
        assert!(demo.join(file).is_file(), "no {file}");
    }
    let page = std::fs::read_to_string(demo.join("report.html")).unwrap();
    for part in ["order_lines", "150,000", "passed", "Timeline", "Permissions"] {
        assert!(page.contains(part), "the page lacks {part}");
    }

    // What the demo leaves is a project like any other.
    let check = snaplake(&demo).args(["generate", "--check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", told(&check));

    // Somebody's own work is not overwritten.
    std::fs::write(demo.join("snaplake.toml"), "# mine\n").unwrap();
    let again = snaplake(folder.path()).arg("demo").output().unwrap();
    assert_eq!(again.status.code(), Some(2), "{}", told(&again));
    assert_eq!(std::fs::read_to_string(demo.join("snaplake.toml")).unwrap(), "# mine\n");
}

#[test]
fn the_json_report_fits_its_schema() {
    let Some(python) = tool("python") else { return };
    let project = Project::new("direct");
    let report = project.run(&["rehearse", "--no-drills", "--output", "json"]);
    assert_eq!(report.status.code(), Some(0), "{}", told(&report));
    let schema = project.run(&["schema", "--report"]);
    assert!(schema.status.success());
    let judge = "import json, sys, jsonschema\n\
        schema, report = json.loads(sys.stdin.readline()), json.loads(sys.stdin.readline())\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        jsonschema.validate(report, schema)\n\
        del report['tables'][0]['checks']\n\
        assert not jsonschema.Draft202012Validator(schema).is_valid(report)\n";
    let mut child = Command::new(python)
        .args(["-c", judge])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for text in [&schema.stdout, &report.stdout] {
        let value: serde_json::Value = serde_json::from_slice(text).unwrap();
        writeln!(input, "{value}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
}
