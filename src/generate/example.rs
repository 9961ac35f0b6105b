//! `examples/complete`: the child modules put together in a root of one's own, every input given.

use super::module::{self, Module, Output};
use super::variables::{self, Variable};
use super::{Files, GenerateError, format, hcl, root, templates};
use crate::pipeline::{Pipeline, PrincipalKind};
use serde_json::json;
use std::path::PathBuf;

/// Writes the example.
///
/// # Errors
/// When a template and its data do not fit.
pub fn write_to(
    pipeline: &Pipeline,
    modules: &[Module],
    files: &mut Files,
) -> Result<(), GenerateError> {
    let calls = root::calls(modules, "../../modules", |module, variable| {
        value(pipeline, modules, module, variable)
    })?;
    let locals = [
        ("name", hcl::quoted("example")),
        ("account_id", hcl::quoted(&pipeline.account)),
        ("region", hcl::quoted(&pipeline.region)),
        ("partition", hcl::quoted(pipeline.partition)),
        (
            "tags",
            hcl::object(
                &[("example", hcl::quoted("complete")), ("owner", hcl::quoted("data-platform"))],
                1,
            ),
        ),
    ];
    let provider = templates::terraform(
        "providers.tf",
        json!({ "region": "local.region", "account_id": "local.account_id" }),
    )?;
    let outputs = [
        Output::new("bucket", "Name of the lake bucket.", "module.lake.bucket"),
        Output::new(
            "export_role_arn",
            "ARN of the role under which RDS writes exports.",
            "module.export.role_arn",
        ),
        Output::new(
            "runner_policy_arn",
            "ARN of the policy for whoever runs the pipeline.",
            "module.runner.policy_arn",
        ),
        Output::new("workgroup", "Name of the Athena workgroup.", "module.athena.workgroup"),
    ];
    let outputs: Vec<Output> = outputs
        .into_iter()
        .filter(|output| {
            modules.iter().any(|module| {
                let given = module.outputs.iter();
                given
                    .into_iter()
                    .any(|given| output.value == format!("module.{}.{}", module.name, given.name))
            })
        })
        .collect();
    let used = format!("{calls}{provider}");
    let referred = variables::referred(&used, "local");
    let locals: Vec<_> = locals
        .into_iter()
        .filter(|(name, _)| *name == "account_id" || referred.contains(name))
        .collect();
    let folder = PathBuf::from("examples/complete");
    let main = format!("locals {}\n\n{calls}", hcl::object(&locals, 0));
    files.insert(folder.join("main.tf"), format::format(&main));
    files.insert(folder.join("providers.tf"), format::format(&provider));
    files.insert(folder.join("versions.tf"), module::versions_file()?);
    files.insert(folder.join("outputs.tf"), module::outputs_file(&outputs)?);
    files.insert(folder.join("README.md"), templates::page("complete.md", json!({}))?);
    Ok(())
}

/// The value of an input in the example.
fn value(pipeline: &Pipeline, modules: &[Module], module: &Module, variable: &Variable) -> String {
    let own = module.source(variable.name).is_some();
    if let Some(source) = root::from_module(modules, variable.name).filter(|_| !own) {
        return source;
    }
    let text = match variable.name {
        "bucket" => "\"${local.name}-lake-${local.account_id}\"",
        "log_bucket" => "\"${local.name}-lake-${local.account_id}-logs\"",
        "bucket_arn" => "\"arn:${local.partition}:s3:::${local.name}-lake-${local.account_id}\"",
        "bucket_account_id" => return hcl::quoted(pipeline.bucket_account()),
        "export_role_arn" => return hcl::quoted(&pipeline.role_arn(PrincipalKind::Export)),
        "crawler_role_arn" => return hcl::quoted(&pipeline.role_arn(PrincipalKind::Crawler)),
        "runner_role_arn" => return hcl::quoted(&pipeline.role_arn(PrincipalKind::Runner)),
        "analyst_role_arn" => return hcl::quoted(&pipeline.role_arn(PrincipalKind::Analyst)),
        "location_role_arn" => {
            return hcl::quoted(pipeline.location_role().unwrap_or_default());
        }
        "prefix" => "\"exports\"",
        "results_prefix" => "\"athena-results\"",
        "key_alias" => "\"alias/${local.name}-lake\"",
        "database" | "workgroup" => "local.name",
        "staging_database" => "\"${local.name}_staging\"",
        "tables" => "[\"customers\", \"orders\"]",
        "partition_key" => "\"snapshot_date\"",
        "crawler_name" => "\"${local.name}-crawler\"",
        "source_id" => "\"${local.name}-db\"",
        "iam_path" => "\"/snaplake/\"",
        "permissions_boundary" => "null",
        "bytes_scanned_cutoff" => "10000000000",
        "query_result_retention_days" => "14",
        "noncurrent_version_retention_days" => "7",
        "access_log_retention_days" => "90",
        "key_deletion_window_days" => "10",
        "object_events" => "true",
        "force_destroy" => "false",
        "role_name" => return format!("\"${{local.name}}-{}\"", role(module.name)),
        "key_arn" => return hcl::quoted(&pipeline.key_arn()),
        // The account, its region and partition, the name and the tags.
        other => return format!("local.{other}"),
    };
    text.to_owned()
}

/// Whose role a module makes.
fn role(module: &str) -> &str {
    match module {
        "athena" => "analyst",
        "catalog" => "crawler",
        other => other,
    }
}
