//! The root module's page and its tests.

use super::module::{Module, Output, inputs_table, outputs_table};
use super::modules::Policies;
use super::variables::Variable;
use super::{Files, GenerateError, format, hcl, owners, templates};
use crate::pipeline::{CatalogMode, KeyChoice, LakeFormation, Pipeline, PrincipalKind};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A value that breaks a root variable's validation, for each that has one.
const REFUSED: &[(&str, &str)] = &[
    ("account_id", "\"12345\""),
    ("region", "\"Tokyo\""),
    ("partition", "\"azure\""),
    ("bytes_scanned_cutoff", "9999999"),
    ("query_result_retention_days", "0"),
    ("noncurrent_version_retention_days", "1.5"),
    ("access_log_retention_days", "-1"),
    ("key_deletion_window_days", "6"),
    ("tags", "{ \"aws:owner\" = \"x\" }"),
];

/// The default of a variable, if it has one.
type Default<'a> = &'a dyn Fn(&Variable) -> Option<String>;

/// Writes the page, the tests and what they need.
///
/// # Errors
/// When a template and its data do not fit.
pub fn write_to(
    pipeline: &Pipeline,
    (policies, asks): (&Policies, Vec<Value>),
    modules: &[Module],
    (variables, default): (&[Variable], Default<'_>),
    outputs: &[Output],
    files: &mut Files,
) -> Result<(), GenerateError> {
    let owned: BTreeSet<&str> = asks.iter().filter_map(|ask| ask["name"].as_str()).collect();
    let page = json!({
        "name": pipeline.name,
        "account": pipeline.account,
        "region": pipeline.region,
        "modules": modules.iter().map(|module| json!({ "name": module.name, "title": module.title })).collect::<Vec<_>>(),
        "inputs": inputs_table(variables, default),
        "outputs": outputs_table(outputs),
        "policies": policies.keys().filter(|name| !owned.contains(name.as_str())).collect::<Vec<_>>(),
        "existing": owners::existing(pipeline),
        "asks": asks,
        "bucket_exists": pipeline.existing.bucket,
        "workgroup_exists": pipeline.existing.workgroup,
        "bucket": pipeline.lake.bucket,
        "prefix": pipeline.lake.prefix,
        "results": pipeline.results_location(),
        "results_prefix": pipeline.results_prefix(),
        "makes": makes(modules),
        "lake_formation": pipeline.lake_formation.is_some(),
        "registered": pipeline.lake_formation.as_ref().is_some_and(LakeFormation::registered),
        "makes_tables": !pipeline.terraform_tables().is_empty(),
        "key": pipeline.key_arn(),
        "makes_key": pipeline.lake.key == KeyChoice::Create,
        "tests": modules.iter().any(|module| !module.policies.is_empty()),
        "runner": pipeline.role_arn(PrincipalKind::Runner),
        "crawler": pipeline.catalog.mode == CatalogMode::Crawler,
    });
    files.insert(PathBuf::from("README.md"), templates::page("readme.md", page)?);

    let provider = hcl::quoted(&pipeline.region);
    // Where every role, bucket and key exists already, Terraform renders no policy.
    if modules.iter().any(|module| !module.policies.is_empty()) {
        let rendered = json!({ "region": provider, "overrides": overrides(pipeline, modules) });
        let text = templates::terraform("policies.tftest.hcl", rendered)?;
        files.insert(PathBuf::from("tests/policies.tftest.hcl"), format::format(&text));
        let compare = templates::terraform("compare.tf", json!({}))?;
        files.insert(PathBuf::from("tests/compare/main.tf"), format::format(&compare));
    }

    let cases: Vec<Value> = REFUSED
        .iter()
        .filter(|(name, _)| variables.iter().any(|variable| variable.name == *name))
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let text = templates::terraform(
        "validation.tftest.hcl",
        json!({ "region": provider, "cases": cases }),
    )?;
    files.insert(PathBuf::from("tests/validation.tftest.hcl"), format::format(&text));
    Ok(())
}

/// What whoever applies the modules must be allowed to make: "buckets, a key and roles".
fn makes(modules: &[Module]) -> String {
    const KINDS: [(&[&str], &str, &str); 8] = [
        (&["aws_s3_bucket."], "a bucket", "buckets"),
        (&["aws_kms_key."], "a key", "keys"),
        (&["aws_iam_role."], "a role", "roles"),
        (&["aws_iam_policy.", "aws_iam_role_policy."], "a policy", "policies"),
        (&["aws_glue_catalog_database."], "a Glue database", "Glue databases"),
        (&["aws_glue_catalog_table."], "Glue tables", "Glue tables"),
        (&["aws_glue_crawler."], "a crawler", "crawlers"),
        (&["aws_athena_workgroup."], "a workgroup", "workgroups"),
    ];
    let resources: Vec<String> = modules.iter().flat_map(Module::resources).collect();
    let made: Vec<&str> = KINDS
        .into_iter()
        .filter_map(|(kinds, one, several)| {
            let is_one = |name: &&String| kinds.iter().any(|kind| name.starts_with(kind));
            match resources.iter().filter(is_one).count() {
                0 => None,
                1 => Some(one),
                _ => Some(several),
            }
        })
        .collect();
    match made.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What stands in for AWS's answers where a policy holds one: the ARNs and ids of new resources.
fn overrides(pipeline: &Pipeline, modules: &[Module]) -> Vec<Value> {
    let mut overrides = Vec::new();
    for module in modules {
        for resource in module.resources() {
            let values: Vec<(&str, String)> = match resource.as_str() {
                "aws_s3_bucket.lake" => vec![
                    ("arn", hcl::quoted(&pipeline.bucket_arn())),
                    ("id", hcl::quoted(&pipeline.lake.bucket)),
                ],
                "aws_s3_bucket.logs" => {
                    let arn = format!("arn:{}:s3:::{}", pipeline.partition, pipeline.log_bucket());
                    vec![("arn", hcl::quoted(&arn)), ("id", hcl::quoted(&pipeline.log_bucket()))]
                }
                "aws_kms_key.lake" => vec![
                    ("arn", hcl::quoted(&pipeline.key_arn())),
                    ("key_id", hcl::quoted(pipeline.key_id())),
                ],
                role if role.starts_with("aws_iam_role.") => {
                    let kind = PrincipalKind::ALL
                        .into_iter()
                        .find(|kind| role.ends_with(&format!(".{kind}")));
                    kind.map(|kind| ("arn", hcl::quoted(&pipeline.role_arn(kind))))
                        .into_iter()
                        .collect()
                }
                policy if policy.starts_with("aws_iam_policy.") => {
                    let name = policy.rsplit_once('.').map_or("", |(_, name)| name);
                    let (partition, account, path) =
                        (pipeline.partition, &pipeline.account, &pipeline.iam.path);
                    let arn = format!(
                        "arn:{partition}:iam::{account}:policy{path}{}-{name}",
                        pipeline.name
                    );
                    vec![("arn", hcl::quoted(&arn))]
                }
                _ => Vec::new(),
            };
            overrides.push(json!({
                "target": format!("module.{}.{resource}", module.name),
                "values": hcl::object(&values, 1),
            }));
        }
    }
    overrides
}
