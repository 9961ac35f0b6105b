//! Properties of whole trees, also for values that no configuration would let through.

use super::{Files, files};
use crate::pipeline::{CatalogMode, KeyChoice, LakeFormation, Pipeline, Registration, TableMaker};
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

/// Whether a string of some Terraform file is this text.
fn holds(files: &Files, wanted: &str) -> bool {
    let terraform = files.keys().filter(|path| path.extension().is_some_and(|it| it == "tf"));
    terraform.into_iter().any(|path| {
        let path = path.to_string_lossy();
        strings(files, &path).iter().any(|text| text == wanted)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_value_of_what_exists_reaches_a_file_unescaped(
        value in prop_oneof![".{1,40}", "[$%{}\"\\\\\n\r#/*<~a é|`]{1,24}"],
    ) {
        let mut pipeline = example();
        pipeline.catalog.mode = CatalogMode::Crawler;
        pipeline.catalog.tables = TableMaker::Terraform;
        pipeline.existing.bucket = true;
        pipeline.existing.bucket_account = Some(format!("account {value}"));
        pipeline.existing.export_role = Some(format!("export {value}"));
        pipeline.existing.crawler_role = Some(format!("crawler {value}"));
        pipeline.existing.runner_role = Some(format!("runner {value}"));
        pipeline.existing.analyst_role = Some(format!("analyst {value}"));
        pipeline.lake.key = KeyChoice::Existing(format!("key {value}"));
        pipeline.lake_formation =
            Some(LakeFormation { location: Registration::With(format!("location {value}")) });
        let files = files(&pipeline).expect("files");
        every_file_is_hcl(&files);
        for kind in ["account", "crawler", "runner", "analyst", "key", "location"] {
            let expected = format!("{kind} {value}");
            prop_assert!(holds(&files, &expected), "{expected:?}");
        }
    }

    #[test]
    fn no_partition_column_or_table_reaches_a_file_unescaped(
        value in prop_oneof![".{1,40}", "[$%{}\"\\\\\n\r#/*<~a é|`]{1,24}"],
    ) {
        let mut pipeline = example();
        pipeline.catalog.mode = CatalogMode::History;
        pipeline.catalog.tables = TableMaker::Terraform;
        pipeline.catalog.partition.clone_from(&value);
        pipeline.athena.results = format!("r{value}x");
        for table in &mut pipeline.source.tables {
            table.name.push_str(&value);
        }
        let files = files(&pipeline).expect("files");
        every_file_is_hcl(&files);
        prop_assert!(holds(&files, &value));
        let results = format!("r{value}x");
        prop_assert!(holds(&files, &results));
        for name in pipeline.terraform_tables() {
            prop_assert!(holds(&files, &name), "{name:?}");
        }
    }

    #[test]
    fn what_a_user_writes_is_refused_with_its_place_or_escaped(
        key in proptest::sample::select(WRITTEN),
        value in prop_oneof![
            "[a-z][a-z0-9_-]{2,20}",
            "[a-z]{1,4}[$%{}\"\\\\ é値|`]{1,6}[a-z]{1,4}",
            "arn:aws:iam::123456789012:role/[!-~é]{1,12}",
            ".{1,63}",
        ],
    ) {
        let (section, name) = key;
        let quoted = serde_json::to_string(&value).expect("a text");
        let base = "name = \"shop\"\naccount = \"123456789012\"\nregion = \"eu-west-1\"\n\
            source = { engine = \"mysql\", instance = \"shop\", database = \"shop\", tables = [\"orders\"] }\n";
        let (lake, more) = match (section, name) {
            ("lake", "bucket") => (format!("bucket = {quoted}"), String::new()),
            ("lake", _) => (format!("bucket = \"a-lake\"\n{name} = {quoted}"), String::new()),
            ("tags", _) => ("bucket = \"a-lake\"".to_owned(), format!("[tags]\nx = {quoted}")),
            ("lake_formation", _) => (
                "bucket = \"a-lake\"".to_owned(),
                format!("[lake_formation]\nenabled = true\n{name} = {quoted}"),
            ),
            _ => ("bucket = \"a-lake\"".to_owned(), format!("[{section}]\n{name} = {quoted}")),
        };
        let text = format!("{base}\n[lake]\n{lake}\n\n{more}\n");
        match crate::config::parse(Path::new("snaplake.toml"), &text) {
            Err(errors) => {
                prop_assert!(!errors.errors.is_empty());
                let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count();
                let wrong = text.rfind(&format!(" = {quoted}")).expect("it was written");
                for error in &errors.errors {
                    let said = error.to_string();
                    prop_assert!(!said.is_empty() && !said.chars().any(char::is_control), "{said:?}");
                    prop_assert_eq!(line(error.offset()), line(wrong), "{}", said);
                }
            }
            Ok(config) => {
                let pipeline = Pipeline::from_config(&config).expect("one pipeline");
                let files = files(&pipeline).expect("files");
                every_file_is_hcl(&files);
                prop_assert!(holds(&files, &value), "{section}.{name} = {value:?}");
            }
        }
    }
}

/// A module that bears no name of the pipeline's can be called for another one.
#[test]
fn the_catalogs_module_is_told_which_tables_there_are() {
    let catalog = |table: &str, partition: &str| {
        let mut pipeline = example();
        pipeline.catalog.mode = CatalogMode::History;
        pipeline.catalog.tables = TableMaker::Terraform;
        pipeline.catalog.partition = partition.to_owned();
        pipeline.source.tables.truncate(1);
        for one in &mut pipeline.source.tables {
            one.name = table.to_owned();
        }
        let files = files(&pipeline).expect("files");
        let main = files.get(Path::new("main.tf")).expect("a root").clone();
        assert!(main.contains(table) && main.contains(partition), "{main}");
        let of_module = files.into_iter().filter(|(path, _)| path.starts_with("modules/catalog"));
        of_module.collect::<Vec<_>>()
    };
    assert_eq!(catalog("apples", "day"), catalog("pears", "exported_on"));
}

/// Keys whose text reaches Terraform as it is.
const WRITTEN: &[(&str, &str)] = &[
    ("lake", "bucket"),
    ("lake", "prefix"),
    ("lake", "key"),
    ("catalog", "database"),
    ("athena", "workgroup"),
    ("athena", "results"),
    ("existing", "export_role"),
    ("lake_formation", "location"),
    ("iam", "path"),
    ("iam", "permissions_boundary"),
    ("tags", "x"),
];
