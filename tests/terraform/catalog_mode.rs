//! Another mode of the catalog under a pipeline that is deployed: what the plan shows.

use crate::project::Project;
use crate::tools::Terraform;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What Terraform makes for a crawler, and nothing else does.
const CRAWLERS: [&str; 3] = [
    "module.catalog.aws_glue_crawler.staging",
    "module.catalog.aws_iam_role.crawler",
    "module.catalog.aws_iam_role_policy.crawler",
];

/// Goes from direct registration to a crawler by an apply, and plans the way back.
pub fn changes_there_and_back(project: &Project, terraform: &Terraform, config: &str) {
    let runner = "module.runner.aws_iam_policy.runner";

    project.generate(&crawled(config));
    let mut expected = of(&CRAWLERS, "create");
    expected.insert(runner.to_owned(), json!(["update"]));
    assert_eq!(planned(terraform), expected);
    terraform.must(&["apply", "-input=false", "-no-color", "plan.tfplan"]);

    project.generate(config);
    let mut expected = of(&CRAWLERS, "delete");
    expected.insert(runner.to_owned(), json!(["update"]));
    assert_eq!(planned(terraform), expected, "and nothing that the apply left undone");
}

/// Plans the change to a crawler of a pipeline whose tables are Terraform's and whose catalog Lake
/// Formation governs: the tables stay as they are.
pub fn changes_with_tables_of_terraforms(project: &Project, terraform: &Terraform, config: &str) {
    project.generate(&crawled(config));
    let mut planned = planned(terraform);
    for address in CRAWLERS {
        assert_eq!(planned.remove(address), Some(json!(["create"])), "{address}");
    }
    assert_eq!(
        planned.remove("module.runner.aws_iam_policy.runner"),
        Some(json!(["update"])),
        "the runner's policy"
    );
    let grants = "module.lake_formation.aws_lakeformation_permissions.";
    assert!(!planned.is_empty(), "a crawler needs grants of its own");
    for (address, actions) in planned {
        assert!(address.starts_with(grants), "{address}: {actions}");
        assert!(!address.contains("analyst"), "analysts query what they queried: {address}");
    }
    project.generate(config);
}

/// The configuration with a crawler.
fn crawled(config: &str) -> String {
    let changed = if config.contains("mode = \"direct\"") {
        config.replace("mode = \"direct\"", "mode = \"crawler\"")
    } else {
        config.replace("[catalog]\n", "[catalog]\nmode = \"crawler\"\n")
    };
    assert_ne!(changed, config);
    changed
}

fn of(addresses: &[&str], action: &str) -> BTreeMap<String, Value> {
    addresses.iter().map(|address| ((*address).to_owned(), json!([action]))).collect()
}

/// What a plan does to resources, by address, without those that it leaves alone. The plan is kept
/// in `plan.tfplan`.
fn planned(terraform: &Terraform) -> BTreeMap<String, Value> {
    terraform.must(&["plan", "-out", "plan.tfplan", "-input=false", "-no-color"]);
    let plan: Value =
        serde_json::from_str(&terraform.must(&["show", "-json", "plan.tfplan"])).expect("JSON");
    let changes = plan["resource_changes"].as_array().expect("changes");
    changes
        .iter()
        .filter(|change| change["mode"] == "managed")
        .map(|change| {
            let address = change["address"].as_str().expect("an address").to_owned();
            (address, change["change"]["actions"].clone())
        })
        .filter(|(_, actions)| *actions != json!(["no-op"]))
        .collect()
}
