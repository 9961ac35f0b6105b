//! The root module: one call of each child module, its variables, outputs, tests and page.

use super::module::{self, Module, Output};
use super::modules::Policies;
use super::variables::{self, Variable};
use super::{Files, GenerateError, example, format, hcl, owners, pages, templates};
use crate::pipeline::{Document, KeyChoice, Pipeline, PrincipalKind};
use serde_json::json;
use std::path::PathBuf;

/// Writes the files of the root module.
///
/// # Errors
/// When a template and its data do not fit.
pub fn write_to(
    pipeline: &Pipeline,
    documents: &[Document],
    policies: &Policies,
    modules: &[Module],
    files: &mut Files,
) -> Result<(), GenerateError> {
    let calls = calls(modules, "./modules", |module, variable| source(modules, module, variable))?;
    let referred = variables::referred(&calls, "local");
    let locals: Vec<(&str, String)> = locals(pipeline)
        .into_iter()
        .filter(|(name, _)| referred.contains(name) || *name == "name")
        .collect();
    let main = format!("locals {}\n\n{calls}", hcl::object(&locals, 0));
    let provider = templates::terraform(
        "providers.tf",
        json!({ "region": "var.region", "account_id": "var.account_id" }),
    )?;
    let used = variables::used_in(&format!("{main}{provider}"));
    let default = |variable: &Variable| default(pipeline, variable);
    let outputs = outputs(modules);

    files.insert(PathBuf::from("main.tf"), format::format(&main));
    files.insert(PathBuf::from("providers.tf"), format::format(&provider));
    files.insert(PathBuf::from("versions.tf"), module::versions_file()?);
    files.insert(PathBuf::from("variables.tf"), module::variables_file(&used, default)?);
    files.insert(PathBuf::from("outputs.tf"), module::outputs_file(&outputs)?);
    example::write_to(pipeline, modules, files)?;
    let asks = owners::asks(pipeline, documents);
    pages::write_to(pipeline, (policies, asks), modules, (&used, &default), &outputs, files)
}

/// The calls of the child modules, each input in its place.
///
/// # Errors
/// When the template and its data do not fit.
pub fn calls(
    modules: &[Module],
    folder: &str,
    source: impl Fn(&Module, &Variable) -> String,
) -> Result<String, GenerateError> {
    let mut text = String::new();
    for module in modules {
        let inputs: Vec<_> = module
            .variables()
            .iter()
            .map(|variable| json!({ "name": variable.name, "value": source(module, variable) }))
            .collect();
        let call = json!({
            "name": module.name,
            "source": format!("{folder}/{}", module.name),
            "inputs": inputs,
        });
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&templates::terraform("call.tf", call)?);
    }
    Ok(text)
}

/// Where a module's input comes from in the root.
fn source(modules: &[Module], module: &Module, variable: &Variable) -> String {
    if let Some(source) = module.source(variable.name) {
        return source.to_owned();
    }
    from_module(modules, variable.name).unwrap_or_else(|| match variable.name {
        "name"
        | "bucket"
        | "bucket_arn"
        | "bucket_account_id"
        | "key_arn"
        | "database"
        | "staging_database"
        | "tables"
        | "partition_key"
        | "crawler_name"
        | "crawler_role_arn"
        | "export_role_arn"
        | "runner_role_arn"
        | "analyst_role_arn"
        | "location_role_arn"
        | "workgroup"
        | "log_bucket"
        | "prefix"
        | "results_prefix"
        | "key_alias"
        | "source_id"
        | "iam_path"
        | "permissions_boundary"
        | "tags" => format!("local.{}", variable.name),
        other => format!("var.{other}"),
    })
}

/// The output of another module that an input is, outside the module that makes it.
///
/// None where that module does not make it, because it exists already.
#[must_use]
pub fn from_module(modules: &[Module], input: &str) -> Option<String> {
    let (maker, output) = match input {
        "bucket" | "bucket_arn" | "key_arn" => ("lake", input),
        "database" | "staging_database" | "crawler_name" | "crawler_role_arn" => ("catalog", input),
        "workgroup" => ("athena", input),
        "export_role_arn" => ("export", "role_arn"),
        "runner_role_arn" => ("runner", "role_arn"),
        "analyst_role_arn" => ("athena", "role_arn"),
        _ => return None,
    };
    let module = modules.iter().find(|module| module.name == maker)?;
    module
        .outputs
        .iter()
        .any(|given| given.name == output)
        .then(|| format!("module.{maker}.{output}"))
}

/// The names that the configuration settles.
fn locals(pipeline: &Pipeline) -> Vec<(&'static str, String)> {
    let mut locals = vec![
        ("name", hcl::quoted(&pipeline.name)),
        ("bucket", hcl::quoted(&pipeline.lake.bucket)),
        (
            "bucket_arn",
            format!("\"arn:${{var.partition}}:s3:::{}\"", hcl::escape(&pipeline.lake.bucket)),
        ),
        ("bucket_account_id", hcl::quoted(pipeline.bucket_account())),
        ("export_role_arn", hcl::quoted(&pipeline.role_arn(PrincipalKind::Export))),
        ("crawler_role_arn", hcl::quoted(&pipeline.role_arn(PrincipalKind::Crawler))),
        ("runner_role_arn", hcl::quoted(&pipeline.role_arn(PrincipalKind::Runner))),
        ("analyst_role_arn", hcl::quoted(&pipeline.role_arn(PrincipalKind::Analyst))),
        ("log_bucket", hcl::quoted(&pipeline.log_bucket())),
        ("prefix", hcl::quoted(&pipeline.lake.prefix)),
        ("results_prefix", hcl::quoted(pipeline.results_prefix().trim_end_matches('/'))),
        ("database", hcl::quoted(&pipeline.catalog.database)),
        ("staging_database", hcl::quoted(&pipeline.staging_database())),
        ("tables", hcl::list(&quoted(&pipeline.terraform_tables()), 1)),
        ("partition_key", hcl::quoted(pipeline.partition().unwrap_or_default())),
        ("crawler_name", hcl::quoted(&pipeline.crawler_name())),
        ("workgroup", hcl::quoted(&pipeline.athena.workgroup)),
        ("source_id", hcl::quoted(pipeline.source.kind.id())),
        ("iam_path", hcl::quoted(&pipeline.iam.path)),
        (
            "permissions_boundary",
            pipeline.iam.permissions_boundary.as_deref().map_or("null".to_owned(), hcl::quoted),
        ),
        // Whatever else is given, the pipeline's own tag says whose a resource is.
        ("tags", "merge(var.tags, { \"snaplake:pipeline\" = local.name })".to_owned()),
    ];
    if let Some(alias) = pipeline.key_alias() {
        locals.push(("key_alias", hcl::quoted(&alias)));
    }
    if let Some(role) = pipeline.location_role() {
        locals.push(("location_role_arn", hcl::quoted(role)));
    }
    if let KeyChoice::Existing(arn) = &pipeline.lake.key {
        locals.push(("key_arn", hcl::quoted(arn)));
    }
    locals
}

fn quoted(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| hcl::quoted(text)).collect()
}

/// The default of a root variable: the configuration's value, else the child modules' default.
fn default(pipeline: &Pipeline, variable: &Variable) -> Option<String> {
    Some(match variable.name {
        "account_id" => hcl::quoted(&pipeline.account),
        "region" => hcl::quoted(&pipeline.region),
        "partition" => hcl::quoted(pipeline.partition),
        "bytes_scanned_cutoff" => pipeline.athena.scan_limit.to_string(),
        "tags" => {
            let tags: Vec<(&str, String)> = pipeline
                .tags
                .iter()
                .map(|(key, value)| (key.as_str(), hcl::quoted(value)))
                .collect();
            hcl::object(&tags, 1)
        }
        _ => return variable.default.map(str::to_owned),
    })
}

fn outputs(modules: &[Module]) -> Vec<Output> {
    let wanted: [(&'static str, &str, &str, &'static str); 12] = [
        ("bucket", "lake", "bucket", "Name of the lake bucket."),
        ("log_bucket", "lake", "log_bucket", "Name of the bucket that takes access logs."),
        ("key_arn", "lake", "key_arn", "ARN of the key that the lake is encrypted with."),
        (
            "export_role_arn",
            "export",
            "role_arn",
            "ARN of the role under which RDS writes exports.",
        ),
        (
            "database",
            "catalog",
            "database",
            "Name of the Glue database that holds published tables and views.",
        ),
        (
            "staging_database",
            "catalog",
            "staging_database",
            "Name of the Glue database in which a run checks an export.",
        ),
        ("crawler_name", "catalog", "crawler_name", "Name of the Glue crawler."),
        ("workgroup", "athena", "workgroup", "Name of the Athena workgroup."),
        (
            "analyst_policy_arn",
            "athena",
            "policy_arn",
            "ARN of the policy for whoever queries the published tables.",
        ),
        (
            "analyst_role_arn",
            "athena",
            "role_arn",
            "ARN of the role for whoever queries the published tables.",
        ),
        (
            "runner_policy_arn",
            "runner",
            "policy_arn",
            "ARN of the policy for whoever runs the pipeline.",
        ),
        ("runner_role_arn", "runner", "role_arn", "ARN of the role for whoever runs the pipeline."),
    ];
    let mut outputs: Vec<Output> = wanted
        .into_iter()
        .filter(|(_, module, output, _)| {
            modules.iter().any(|candidate| {
                candidate.name == *module
                    && candidate.outputs.iter().any(|given| given.name == *output)
            })
        })
        .map(|(name, module, output, description)| {
            Output::new(name, description, &format!("module.{module}.{output}"))
        })
        .collect();
    let policies: Vec<(&str, String)> = modules
        .iter()
        .flat_map(|module| {
            module
                .policies
                .iter()
                .map(|(output, file)| (file.as_str(), format!("module.{}.{output}", module.name)))
        })
        .collect();
    outputs.push(Output::new(
        "policies",
        "Every policy as Terraform renders it, by the file that holds the same policy.",
        &hcl::object(&policies, 1),
    ));
    outputs
}
