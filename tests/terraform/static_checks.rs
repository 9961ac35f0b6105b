//! What can be said of the generated files without deploying them.

use crate::project::{generated, kinds};
use crate::support::tool;
use crate::tools::{Terraform, finish};
use std::process::Command;
use std::time::Duration;

#[test]
fn terraform_formats_validates_and_tests_every_kind_of_project() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let Some(terraform) = Terraform::new(&project.root, None) else { return };
        let unformatted = terraform.must(&["fmt", "-check", "-recursive", "-diff", "-no-color"]);
        assert_eq!(unformatted, "", "{kind}");
        terraform.must(&["validate", "-no-color"]);
        let tested = terraform.must(&["test", "-no-color"]);
        assert!(tested.contains("Success!") && tested.contains(" 0 failed"), "{kind}: {tested}");

        let example = Terraform::new(&project.root.join("examples/complete"), None);
        example.expect("terraform is installed").must(&["validate", "-no-color"]);
    }
}

#[test]
fn checkov_finds_nothing_and_skips_little() {
    let Some(checkov) = tool("checkov") else { return };
    // One run for all: most of checkov's time is its start.
    let projects: Vec<_> =
        kinds().into_iter().map(|(kind, config)| (kind, generated(&config))).collect();
    let mut command = Command::new(&checkov);
    command.args(["--framework", "terraform", "--output", "json", "--quiet", "--skip-download"]);
    for (_, project) in &projects {
        command.arg("-d").arg(&project.root);
    }
    let output = finish(&mut command, Duration::from_mins(5));
    // A report for each folder, one after the other.
    let reports = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let reports: Vec<serde_json::Value> = reports
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(reports.len(), projects.len());
    for report in reports {
        let summary = &report["summary"];
        assert_eq!(summary["failed"], 0, "{:#}", report["results"]["failed_checks"]);
        assert_eq!(summary["parsing_errors"], 0, "{summary}");
        assert!(summary["passed"].as_u64().is_some_and(|passed| passed > 30), "{summary}");
    }
}

#[test]
fn each_module_skips_at_most_three_checks_and_says_why() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        for module in std::fs::read_dir(project.root.join("modules")).expect("there are modules") {
            let module = module.expect("a module").path();
            let mut skips = 0;
            for file in crate::project::files(&module, ".tf") {
                let text = std::fs::read_to_string(&file).expect("the file can be read");
                for line in text.lines().filter(|line| line.contains("checkov:skip")) {
                    skips += 1;
                    let why = line.splitn(3, ':').nth(2).unwrap_or_default();
                    assert!(why.split_whitespace().count() > 5, "{kind}: no reason in {line}");
                }
            }
            assert!(skips <= 3, "{kind}: {} skips {skips} checks", module.display());
        }
    }
}
