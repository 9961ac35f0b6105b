//! Rules that `tflint` has too, held by a test of our own: no unused declarations, names in snake
//! case, typed and described variables, described outputs, pinned versions, no provider in a module.

use crate::project::{files, generated, kinds};
use hcl_edit::structure::{Block, Body};
use std::path::Path;

struct Module {
    blocks: Vec<Block>,
    text: String,
}

impl Module {
    fn read(folder: &Path) -> Self {
        let mut blocks = Vec::new();
        let mut text = String::new();
        for entry in std::fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                let file = std::fs::read_to_string(&path).expect("the file can be read");
                let body: Body =
                    file.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                blocks.extend(body.into_blocks());
                text.push_str(&file);
            }
        }
        Self { blocks, text }
    }

    fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> + 'a {
        self.blocks.iter().filter(move |block| block.ident.as_str() == kind)
    }

    fn refers_to(&self, name: &str) -> bool {
        self.text.match_indices(name).any(|(at, _)| {
            !self.text[at + name.len()..]
                .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        })
    }
}

fn label(block: &Block, index: usize) -> String {
    block.labels[index].as_str().to_owned()
}

#[test]
fn every_generated_module_keeps_the_rules() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let mut folders: Vec<_> = files(&project.root, "versions.tf")
            .into_iter()
            .map(|file| file.parent().expect("a folder").to_owned())
            .collect();
        folders.sort();
        assert!(folders.len() >= 4, "{kind}: the root, some modules and an example");
        for folder in folders {
            let module = Module::read(&folder);
            let place =
                format!("{kind}: {}", folder.strip_prefix(&project.root).unwrap().display());
            keeps_the_rules(&module, &place);
            let is_child = folder.parent().is_some_and(|parent| parent.ends_with("modules"));
            assert_eq!(module.blocks("provider").count(), usize::from(!is_child), "{place}");
            assert!(folder.join("README.md").is_file(), "{place} has no page");
        }
    }
}

fn keeps_the_rules(module: &Module, place: &str) {
    for variable in module.blocks("variable") {
        let name = label(variable, 0);
        assert!(variable.body.has_attribute("type"), "{place}: variable {name} has no type");
        assert!(
            variable.body.has_attribute("description"),
            "{place}: variable {name} has no description"
        );
        assert!(module.refers_to(&format!("var.{name}")), "{place}: variable {name} is unused");
        // Its own checks are no use.
        let declared = files_but_variables(module);
        assert!(
            declared.contains(&format!("var.{name}")),
            "{place}: variable {name} is only checked"
        );
    }
    for output in module.blocks("output") {
        assert!(output.body.has_attribute("description"), "{place}: an output has no description");
    }
    for locals in module.blocks("locals") {
        for attribute in locals.body.attributes() {
            let name = attribute.key.as_str();
            assert!(module.refers_to(&format!("local.{name}")), "{place}: local {name} is unused");
        }
    }
    for data in module.blocks("data") {
        let address = format!("data.{}.{}", label(data, 0), label(data, 1));
        assert!(module.refers_to(&address), "{place}: {address} is unused");
    }
    for block in &module.blocks {
        for name in block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str) {
            let snake =
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(snake, "{place}: `{name}` is no snake case");
        }
    }
    let terraform: Vec<_> = module.blocks("terraform").collect();
    assert_eq!(terraform.len(), 1, "{place}");
    assert!(terraform[0].body.has_attribute("required_version"), "{place}");
    assert!(module.text.contains("required_version = \">= 1.7\""), "{place}");
    assert!(module.text.contains("version = \">= 5.100\""), "{place}");
    // Deprecated in version 6 of the provider, or new there.
    assert!(!module.text.contains("aws_region"), "{place}");
    for managed in [
        "AmazonS3FullAccess",
        "AmazonAthenaFullAccess",
        "AWSGlueServiceRole",
        "AdministratorAccess",
    ] {
        assert!(!module.text.contains(managed), "{place} uses {managed}");
    }
}

/// The module's text without its `variable` blocks.
fn files_but_variables(module: &Module) -> String {
    module
        .blocks
        .iter()
        .filter(|block| block.ident.as_str() != "variable")
        .map(|block| {
            Body::from_iter([hcl_edit::structure::Structure::Block(block.clone())]).to_string()
        })
        .collect()
}

#[test]
fn the_lifecycle_never_expires_a_current_export() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let file = project.root.join("modules/lake/main.tf");
        // The lifecycle of a bucket that exists is its owner's.
        let Ok(text) = std::fs::read_to_string(&file) else {
            assert!(config.contains("bucket = true"), "{kind}");
            continue;
        };
        let body: Body = text.parse().expect("HCL");
        let rules: Vec<_> = body
            .get_blocks("resource")
            .filter(|block| label(block, 0) == "aws_s3_bucket_lifecycle_configuration")
            .flat_map(|block| block.body.get_blocks("rule"))
            .collect();
        assert!(rules.len() >= 3, "{kind}");
        for rule in rules {
            let expires = rule
                .body
                .get_blocks("expiration")
                .any(|block| block.body.has_attribute("days") || block.body.has_attribute("date"));
            let filter = rule.body.get_blocks("filter").next().expect("a filter").body.to_string();
            assert!(
                !expires || filter.contains("var.results_prefix"),
                "{kind}: current objects expire outside the results of queries: {rule:?}"
            );
        }
    }
}
