//! Taking over what a team already has: `import` blocks for the resources that stand in another
//! Terraform state, and the `removed` blocks with which that state lets them go.
//!
//! <https://developer.hashicorp.com/terraform/language/import>,
//! <https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources>

use super::{GenerateError, format, hcl, modules};
use crate::pipeline::{Held, Pipeline, PrincipalKind};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The file that holds the `import` blocks. It is no part of the tree: once applied it has done its
/// work, and whoever applied it may delete it.
pub const FILE: &str = "imports.tf";

/// The first line of [`FILE`], by which snaplake knows its own.
pub const HEADER: &str = "# Written by `snaplake generate --adopt`; delete it once it is applied.";

/// One resource that is taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Its address in the generated module.
    pub to: String,
    /// What the provider imports it by.
    pub id: String,
    /// Its address in the state that has it now; empty where it was found in the account.
    pub from: String,
}

/// What a state holds of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// What is taken over, by its new address.
    pub adopted: Vec<Adopted>,
    /// What stands in the state and cannot be kept as it is, and what to do about it.
    pub conflicts: Vec<String>,
}

/// Why a state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is no JSON, or no state.
    #[error("{0}")]
    NoState(String),
    /// The pipeline itself cannot be generated.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

/// Finds the pipeline's resources among those that an account has. Whether a state owns them already
/// is not known from an account.
///
/// # Errors
/// When the pipeline cannot be generated.
pub fn adopt_held(pipeline: &Pipeline, held: &[Held]) -> Result<Adoption, AdoptError> {
    let resources: Vec<Value> = held
        .iter()
        .map(|held| {
            // No configuration has an address like this one.
            json!({ "mode": "managed", "type": held.kind, "address": "", "values": held.values })
        })
        .collect();
    find(pipeline, &resources.iter().collect::<Vec<_>>())
}

/// Finds the pipeline's resources in a state, given as `terraform show -json` prints it.
///
/// # Errors
/// When the text is no such state.
pub fn adopt(pipeline: &Pipeline, state: &str) -> Result<Adoption, AdoptError> {
    let state: Value = serde_json::from_str(state)
        .map_err(|error| AdoptError::NoState(format!("no JSON: {error}")))?;
    let Some(root) = state.pointer("/values/root_module") else {
        return Err(AdoptError::NoState("it holds no `values.root_module`".to_owned()));
    };
    let mut found = Vec::new();
    collect(root, &mut found);
    find(pipeline, &found)
}

fn find(pipeline: &Pipeline, found: &[&Value]) -> Result<Adoption, AdoptError> {
    let mut adoption = Adoption::default();
    for module in modules::all(pipeline, &modules::policies(&pipeline.documents()))? {
        for resource in module.resources() {
            let address = format!("module.{}.{resource}", module.name);
            for (to, wanted) in instances(pipeline, &address, &resource) {
                adopt_one(pipeline, found, &resource, to, &wanted, &mut adoption);
            }
        }
    }
    adopt_key(pipeline, found, &mut adoption);
    adoption.adopted.sort_by(|one, other| one.to.cmp(&other.to));
    Ok(adoption)
}

/// The attributes by which a resource is known.
type Wanted = Vec<(&'static str, String)>;

/// Each resource that a block declares: its address, and the attributes by which it is known.
fn instances(pipeline: &Pipeline, address: &str, resource: &str) -> Vec<(String, Wanted)> {
    if resource != "aws_glue_catalog_table.live" {
        return vec![(address.to_owned(), wanted(pipeline, resource))];
    }
    let tables = pipeline.terraform_tables().into_iter();
    tables
        .map(|name| {
            let to = format!("{address}[{}]", hcl::quoted(&name));
            (to, vec![("database_name", pipeline.catalog.database.clone()), ("name", name)])
        })
        .collect()
}

/// Takes one resource over, if it is there.
fn adopt_one(
    pipeline: &Pipeline,
    found: &[&Value],
    resource: &str,
    to: String,
    wanted: &Wanted,
    adoption: &mut Adoption,
) {
    let same = found.iter().find(|held| {
        text(held, "type") == resource.split_once('.').map_or("", |(kind, _)| kind)
            && wanted.iter().all(|(key, value)| attribute(held, key) == Some(value.as_str()))
    });
    let Some(held) = same.filter(|_| !wanted.is_empty()) else { return };
    let from = text(held, "address").to_owned();
    // A state that has the resource where it belongs is the generated module's own.
    if from == to {
        return;
    }
    let path = attribute(held, "path");
    if let Some(path) = path.filter(|path| *path != pipeline.iam.path) {
        adoption.conflicts.push(format!(
            "`{from}` has the path `{}`, and moving it would make it anew; set `path` under `[iam]` to that path",
            path.escape_debug()
        ));
        return;
    }
    adoption.adopted.push(Adopted { to, id: import_id(held), from });
}

/// The key has no name of its own: it is the one that the pipeline's alias stands for.
fn adopt_key(pipeline: &Pipeline, found: &[&Value], adoption: &mut Adoption) {
    let to = "module.lake.aws_kms_key.lake";
    let Some(alias) = pipeline.key_alias() else { return };
    let id = found
        .iter()
        .find(|held| {
            text(held, "type") == "aws_kms_alias" && attribute(held, "name") == Some(alias.as_str())
        })
        .and_then(|held| attribute(held, "target_key_id"));
    let key = found.iter().find(|held| {
        text(held, "type") == "aws_kms_key" && id.is_some() && attribute(held, "key_id") == id
    });
    if let (Some(key), Some(id)) = (key, id)
        && text(key, "address") != to
    {
        let from = text(key, "address").to_owned();
        adoption.adopted.push(Adopted { to: to.to_owned(), id: id.to_owned(), from });
    }
}

fn collect<'a>(module: &'a Value, found: &mut Vec<&'a Value>) {
    let resources = list(module, "resources");
    found.extend(resources.filter(|resource| text(resource, "mode") == "managed"));
    for child in list(module, "child_modules") {
        collect(child, found);
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A text among a resource's attributes.
fn attribute<'a>(resource: &'a Value, name: &str) -> Option<&'a str> {
    resource.get("values")?.get(name)?.as_str()
}

/// The attributes by which a resource of the pipeline is known; none where it has no name of its own.
fn wanted(pipeline: &Pipeline, resource: &str) -> Wanted {
    let Some((kind, name)) = resource.split_once('.') else { return Vec::new() };
    let role = || {
        let kind = PrincipalKind::ALL.into_iter().find(|kind| kind.id() == name);
        kind.map(|kind| pipeline.role_name(kind)).unwrap_or_default()
    };
    match kind {
        bucket if bucket.starts_with("aws_s3_bucket") => {
            let name =
                if name == "logs" { pipeline.log_bucket() } else { pipeline.lake.bucket.clone() };
            vec![("bucket", name)]
        }
        "aws_kms_alias" => pipeline.key_alias().map(|alias| ("name", alias)).into_iter().collect(),
        "aws_iam_role" | "aws_iam_policy" => vec![("name", role())],
        "aws_iam_role_policy" => vec![("role", role()), ("name", role())],
        "aws_iam_role_policy_attachment" => {
            let (partition, account, path) =
                (pipeline.partition, &pipeline.account, &pipeline.iam.path);
            let arn = format!("arn:{partition}:iam::{account}:policy{path}{}", role());
            vec![("role", role()), ("policy_arn", arn)]
        }
        "aws_glue_catalog_database" if name == "staging" => {
            vec![("name", pipeline.staging_database())]
        }
        "aws_glue_catalog_database" => vec![("name", pipeline.catalog.database.clone())],
        "aws_glue_crawler" => vec![("name", pipeline.crawler_name())],
        "aws_athena_workgroup" => vec![("name", pipeline.athena.workgroup.clone())],
        _ => Vec::new(),
    }
}

/// What the provider imports a resource by: its id in the state, but for attachments, whose id there
/// is made up (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policy_attachment#import>).
fn import_id(held: &Value) -> String {
    let value = |name| attribute(held, name).unwrap_or_default();
    if text(held, "type") == "aws_iam_role_policy_attachment" {
        format!("{}/{}", value("role"), value("policy_arn"))
    } else {
        value("id").to_owned()
    }
}

impl Adoption {
    /// The text of [`FILE`].
    #[must_use]
    pub fn imports(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for adopted in &self.adopted {
            let _ = write!(
                text,
                "\nimport {{\n  to = {}\n  id = {}\n}}\n",
                adopted.to,
                hcl::quoted(&adopted.id)
            );
        }
        format::format(&text)
    }

    /// What the other state has to be told, so that only one state owns each resource.
    #[must_use]
    pub fn removals(&self) -> String {
        let mut text = String::new();
        for adopted in self.adopted.iter().filter(|adopted| !adopted.from.is_empty()) {
            // A `removed` block names no single instance of a resource with `count` or `for_each`.
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if adopted.from.chars().all(plain) {
                let _ = writeln!(
                    text,
                    "removed {{\n  from = {}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n",
                    adopted.from
                );
            } else {
                let from = adopted.from.replace('\'', "'\\''");
                let from: String = from.chars().filter(|c| !c.is_control()).collect();
                let _ = writeln!(text, "# terraform state rm '{from}'\n");
            }
        }
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

/// Whether the file is snaplake's own, or not there, and so may be written.
#[must_use]
pub fn may_write(folder: &Path) -> bool {
    match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text.starts_with(HEADER),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline() -> Pipeline {
        super::super::tests::example()
    }

    fn state(resources: &Value) -> String {
        json!({ "values": { "root_module": { "resources": [], "child_modules": [{ "resources": resources }] } } })
            .to_string()
    }

    #[test]
    fn what_bears_the_pipelines_names_is_taken_over() {
        let pipeline = pipeline();
        let resources = json!([
            { "mode": "managed", "type": "aws_s3_bucket", "address": "aws_s3_bucket.old[\"x\"]",
              "values": { "bucket": pipeline.lake.bucket, "id": pipeline.lake.bucket } },
            { "mode": "managed", "type": "aws_s3_bucket", "address": "aws_s3_bucket.other",
              "values": { "bucket": "other", "id": "other" } },
            { "mode": "managed", "type": "aws_kms_alias", "address": "module.old.aws_kms_alias.key",
              "values": { "name": pipeline.key_alias(), "id": pipeline.key_alias(), "target_key_id": "abc" } },
            { "mode": "managed", "type": "aws_kms_key", "address": "module.old.aws_kms_key.key",
              "values": { "key_id": "abc", "id": "abc" } },
        ]);
        let adoption = adopt(&pipeline, &state(&resources)).expect("a state");
        let to: Vec<_> = adoption.adopted.iter().map(|adopted| adopted.to.as_str()).collect();
        assert_eq!(
            to,
            [
                "module.lake.aws_kms_alias.lake",
                "module.lake.aws_kms_key.lake",
                "module.lake.aws_s3_bucket.lake"
            ]
        );
        assert!(
            adoption.imports().contains("  to = module.lake.aws_kms_key.lake\n  id = \"abc\"\n")
        );
        let removals = adoption.removals();
        assert!(removals.contains("  from = module.old.aws_kms_key.key\n"), "{removals}");
        assert!(removals.contains("# terraform state rm 'aws_s3_bucket.old[\"x\"]'"), "{removals}");
        assert!(!removals.contains("other"), "{removals}");
    }

    #[test]
    fn a_role_that_would_be_made_anew_is_not_taken_over() {
        let pipeline = pipeline();
        let name = pipeline.role_name(PrincipalKind::Export);
        let resources = json!([{ "mode": "managed", "type": "aws_iam_role", "address": "aws_iam_role.export",
            "values": { "name": name, "id": name, "path": "/elsewhere/" } }]);
        let adoption = adopt(&pipeline, &state(&resources)).expect("a state");
        assert!(adoption.adopted.is_empty());
        assert!(adoption.conflicts[0].contains("`/elsewhere/`"), "{:?}", adoption.conflicts);
    }

    #[test]
    fn what_an_account_has_is_taken_over_and_no_state_is_told() {
        let pipeline = pipeline();
        let bucket = pipeline.lake.bucket.as_str();
        let alias = pipeline.key_alias().expect("a key is made");
        let held = [
            Held::new("aws_s3_bucket", bucket).with("bucket", bucket),
            Held::new("aws_s3_bucket", "other").with("bucket", "other"),
            Held::new("aws_kms_alias", &alias).with("name", &alias).with("target_key_id", "abc"),
            Held::new("aws_kms_key", "abc").with("key_id", "abc"),
        ];
        let adoption = adopt_held(&pipeline, &held).expect("it can be generated");
        let to: Vec<_> = adoption.adopted.iter().map(|adopted| adopted.to.as_str()).collect();
        assert_eq!(
            to,
            [
                "module.lake.aws_kms_alias.lake",
                "module.lake.aws_kms_key.lake",
                "module.lake.aws_s3_bucket.lake"
            ]
        );
        assert_eq!(adoption.removals(), "");
    }

    #[test]
    fn tables_are_taken_over_one_by_one_where_terraform_makes_them() {
        let mut pipeline = pipeline();
        pipeline.catalog.tables = crate::pipeline::TableMaker::Terraform;
        let names = pipeline.terraform_tables();
        let (name, database) = (names[0].as_str(), pipeline.catalog.database.as_str());
        let held = [
            Held::new("aws_glue_catalog_table", "1:x:y")
                .with("database_name", database)
                .with("name", name),
            Held::new("aws_glue_catalog_table", "1:x:z")
                .with("database_name", "other")
                .with("name", name),
        ];
        let adoption = adopt_held(&pipeline, &held).expect("it can be generated");
        assert_eq!(adoption.adopted.len(), 1);
        assert_eq!(
            adoption.adopted[0].to,
            format!("module.catalog.aws_glue_catalog_table.live[\"{name}\"]")
        );
        assert_eq!(adoption.adopted[0].id, "1:x:y");
    }

    #[test]
    fn the_modules_own_state_has_nothing_to_take_over() {
        let pipeline = pipeline();
        let resources = json!([{ "mode": "managed", "type": "aws_s3_bucket", "address": "module.lake.aws_s3_bucket.lake",
            "values": { "bucket": pipeline.lake.bucket, "id": pipeline.lake.bucket } }]);
        assert_eq!(adopt(&pipeline, &state(&resources)).expect("a state"), Adoption::default());
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for text in ["", "[]", "{\"format_version\":\"1.0\"}"] {
            assert!(matches!(adopt(&pipeline(), text), Err(AdoptError::NoState(_))), "{text}");
        }
    }
}
