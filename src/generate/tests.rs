//! Properties of whole trees, also for values that no configuration would let through.

use super::{Files, files};
use crate::pipeline::{CatalogMode, KeyChoice, Pipeline};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use hcl_edit::visit::{Visit, visit_expr};
use proptest::prelude::*;
use std::path::Path;

pub(super) fn example() -> Pipeline {
    let text = include_str!("../../examples/snapshot-to-athena/snaplake.toml");
    let config =
        crate::config::parse_with(Path::new("snaplake.toml"), text, &|_| Ok("SELECT 1".to_owned()));
    Pipeline::from_config(&config.expect("the example is right")).expect("it has one pipeline")
}

/// Every string of a file that holds no template.
#[derive(Default)]
struct Strings(Vec<String>);

impl Visit for Strings {
    fn visit_expr(&mut self, expression: &Expression) {
        if let Expression::String(text) = expression {
            self.0.push(text.as_str().to_owned());
        }
        if let Expression::StringTemplate(template) = expression {
            // An escaped `${` is read as a template of literals alone.
            let literals: Option<String> = template
                .iter()
                .map(|element| element.as_literal().map(|text| text.as_str().to_owned()))
                .collect();
            self.0.extend(literals);
        }
        visit_expr(self, expression);
    }
}

fn strings(files: &Files, path: &str) -> Vec<String> {
    let text = files.get(Path::new(path)).expect("the file is generated");
    let body: Body = text.parse().unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
    let mut strings = Strings::default();
    strings.visit_body(&body);
    strings.0
}

fn every_file_is_hcl(files: &Files) {
    for (path, text) in files {
        if path.to_string_lossy().ends_with(".tf") || path.to_string_lossy().ends_with(".hcl") {
            let _: Body =
                text.parse().unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()));
        }
    }
}

#[test]
fn the_same_pipeline_gives_the_same_bytes() {
    assert_eq!(files(&example()).expect("files"), files(&example()).expect("files"));
}

#[test]
fn every_kind_of_pipeline_is_generated() {
    for mode in [CatalogMode::Direct, CatalogMode::Crawler] {
        for key in
            [KeyChoice::Create, KeyChoice::Existing("arn:aws:kms:eu-west-1:1:key/x".to_owned())]
        {
            let mut pipeline = example();
            pipeline.catalog.mode = mode;
            pipeline.lake.key = key.clone();
            let files = files(&pipeline).expect("files");
            every_file_is_hcl(&files);
            let has = |path: &str| files.contains_key(Path::new(path));
            assert_eq!(has("modules/catalog/crawler.tf"), mode == CatalogMode::Crawler);
            assert_eq!(has("modules/lake/key.tf"), key == KeyChoice::Create);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_value_reaches_a_file_unescaped(
        value in prop_oneof![".{1,40}", "[$%{}\"\\\\\n\r#/*<~a é|`]{1,24}"],
        key in "[$%{}\"\\\\\n =a.é-]{1,12}",
    ) {
        let mut pipeline = example();
        pipeline.lake.bucket.clone_from(&value);
        pipeline.athena.workgroup = format!("w{value}");
        pipeline.iam.permissions_boundary = Some(format!("b{value}"));
        pipeline.tags.insert(key.clone(), format!("t{value}"));
        let files = files(&pipeline).expect("files");
        every_file_is_hcl(&files);
        let main = strings(&files, "main.tf");
        for expected in [value.clone(), format!("w{value}"), format!("b{value}")] {
            prop_assert!(main.contains(&expected), "{expected:?} in {main:?}");
        }
        let variables = strings(&files, "variables.tf");
        prop_assert!(variables.contains(&format!("t{value}")), "{variables:?}");
    }
}
