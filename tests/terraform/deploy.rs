//! The generated Terraform against a stand-in for AWS: apply, a second plan, destroy.

use crate::project::{Project, generated, kinds};
use crate::support::tool;
use crate::tools::{Moto, Terraform, finish};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Stands for the id of a key that Terraform has yet to make.
const PLACEHOLDER: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn direct_registration_deploys_settles_and_goes_away() {
    deploys("direct");
}

#[test]
fn a_crawler_deploys_settles_and_goes_away() {
    deploys("crawler");
}

fn deploys(kind: &str) {
    let (_, config) = kinds().into_iter().find(|(name, _)| *name == kind).expect("the kind exists");
    let project = generated(&config);
    let Some(moto) = Moto::start() else { return };
    let Some(terraform) = Terraform::new(&project.root, Some(&moto.endpoint)) else { return };

    terraform.must(&["plan", "-out", "plan.tfplan", "-input=false", "-no-color"]);
    let (code, checked) = check(&project, &terraform.must(&["show", "-json", "plan.tfplan"]));
    assert_eq!(code, Some(1), "{checked}");
    assert!(checked.contains("known after apply"), "{checked}");
    assert!(!checked.contains("sufficient: all"), "what is unknown is not passed: {checked}");

    terraform.must(&["apply", "-input=false", "-no-color", "plan.tfplan"]);
    unchanged(&terraform, "right after the apply");
    policies_are_the_files(&project, &terraform);
    let (code, checked) = check(&project, &terraform.must(&["show", "-json"]));
    assert_eq!(code, Some(0), "{checked}");
    assert!(checked.contains("sufficient: all"), "{checked}");
    assert!(checked.contains("minimal: nothing can be taken away"), "{checked}");

    // What runs do is no drift: tables that appear and move, and a crawler that is pointed elsewhere.
    if !python(&moto, RUN) {
        return;
    }
    unchanged(&terraform, "after a run");

    // moto delivers access logs at once, and Terraform deletes no bucket that holds something.
    let logging = "-target=module.lake.aws_s3_bucket_logging.lake";
    terraform.must(&["destroy", logging, "-auto-approve", "-input=false", "-no-color"]);
    assert!(python(&moto, EMPTY_THE_LOGS));
    terraform.must(&["destroy", "-auto-approve", "-input=false", "-no-color"]);
    assert_eq!(terraform.must(&["state", "list"]), "", "nothing is left in the state");
    assert!(python(&moto, NOTHING_IS_LEFT));
}

/// How `iam check` of a plan or a state ends, and what it says.
fn check(project: &Project, shown: &str) -> (Option<i32>, String) {
    let file = project.root.with_file_name("shown.json");
    std::fs::write(&file, shown).expect("the file is written");
    let output = crate::support::snaplake(project.root.parent().expect("a folder"))
        .args(["iam", "check", "--plan", "shown.json"])
        .output()
        .expect("snaplake runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn unchanged(terraform: &Terraform, when: &str) {
    let plan = terraform.run(&["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
    assert_eq!(plan.status.code(), Some(0), "{when}: {}", String::from_utf8_lossy(&plan.stdout));
}

/// Every policy in Terraform's state equals the file that snaplake wrote for it, and every file has
/// its policy in the state.
fn policies_are_the_files(project: &Project, terraform: &Terraform) {
    let state: Value = serde_json::from_str(&terraform.must(&["show", "-json"])).expect("JSON");
    let mut resources = Vec::new();
    collect(&state["values"]["root_module"], &mut resources);
    let key = resources.iter().find(|resource| resource["type"] == "aws_kms_key");
    let key = key.and_then(|key| key["values"]["key_id"].as_str()).unwrap_or(PLACEHOLDER);

    let mut seen = BTreeSet::new();
    for resource in &resources {
        let name = resource["name"].as_str().unwrap_or_default();
        let (file, attribute) = match resource["type"].as_str().unwrap_or_default() {
            "aws_iam_policy" | "aws_iam_role_policy" => (name.to_owned(), "policy"),
            "aws_iam_role" => (format!("{name}-trust"), "assume_role_policy"),
            "aws_s3_bucket_policy" if name == "lake" => ("lake-bucket".to_owned(), "policy"),
            "aws_s3_bucket_policy" => ("log-bucket".to_owned(), "policy"),
            "aws_kms_key" => ("lake-key".to_owned(), "policy"),
            _ => continue,
        };
        let deployed = resource["values"][attribute].as_str().expect("a policy");
        let deployed = deployed.replace(key, PLACEHOLDER);
        let path = project.root.join("policies").join(format!("{file}.json"));
        let written = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(normal(&deployed), normal(&written), "{file}");
        seen.insert(file);
    }
    let written: BTreeSet<String> = crate::project::files(&project.root.join("policies"), ".json")
        .iter()
        .map(|file| stem(file))
        .collect();
    assert_eq!(seen, written);
}

fn stem(file: &Path) -> String {
    file.file_stem().expect("a name").to_string_lossy().into_owned()
}

fn collect(module: &Value, resources: &mut Vec<Value>) {
    let managed = |resource: &&Value| resource["mode"] == "managed";
    resources.extend(module["resources"].as_array().into_iter().flatten().filter(managed).cloned());
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, resources);
    }
}

/// A policy with every value a sorted list: what AWS reads, however it is written.
fn normal(policy: &str) -> Value {
    let policy: Value = serde_json::from_str(policy).expect("a policy is JSON");
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    };
    let statements: Vec<Value> = statements
        .iter()
        .map(|statement| {
            let mut sorted = serde_json::Map::new();
            let mut entries: Vec<_> = statement.as_object().expect("an object").iter().collect();
            entries.sort_by_key(|(key, _)| (*key).clone());
            for (key, value) in entries {
                sorted.insert(key.clone(), values(value, key == "Sid" || key == "Effect"));
            }
            Value::Object(sorted)
        })
        .collect();
    json!({ "Version": policy["Version"], "Statement": statements })
}

fn values(value: &Value, scalar: bool) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| (*key).clone());
            entries.into_iter().map(|(key, value)| (key.clone(), values(value, false))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.sort_unstable();
            json!(items)
        }
        one if scalar => one.clone(),
        one => json!([one]),
    }
}

/// Runs a script with boto3 against the server; false when there is no Python to run it.
fn python(moto: &Moto, script: &str) -> bool {
    let Some(python) = tool("python3") else { return false };
    let mut command = Command::new(python);
    command
        .args(["-c", script])
        .env("AWS_ENDPOINT_URL", &moto.endpoint)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_DEFAULT_REGION", "ap-northeast-1");
    let output = finish(&mut command, Duration::from_mins(1));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

const RUN: &str = r"
import boto3, json
glue = boto3.client('glue')
def table(location):
    return {'Name': 'orders', 'TableType': 'EXTERNAL_TABLE',
            'StorageDescriptor': {'Location': location, 'Columns': [{'Name': 'id', 'Type': 'bigint'}]}}
glue.create_table(DatabaseName='shop', TableInput=table('s3://example-shop-lake/exports/1/shop/shop.orders/'))
glue.update_table(DatabaseName='shop', TableInput=table('s3://example-shop-lake/exports/2/shop/shop.orders/'))
# moto lacks UpdateCrawler: the crawler is made anew, as a run leaves it.
for name in glue.list_crawlers()['CrawlerNames']:
    old = glue.get_crawler(Name=name)['Crawler']
    tags = glue.get_tags(ResourceArn='arn:aws:glue:ap-northeast-1:123456789012:crawler/' + name)['Tags']
    glue.delete_crawler(Name=name)
    glue.create_crawler(Name=name, Role=old['Role'], DatabaseName=old['DatabaseName'], Description=old['Description'],
        Targets={'S3Targets': [{'Path': 's3://example-shop-lake/exports/2/shop/'}]},
        Configuration=json.dumps({'Version': 1.0}), TablePrefix='x_', Tags=tags,
        RecrawlPolicy={'RecrawlBehavior': 'CRAWL_EVERYTHING'},
        SchemaChangePolicy={'UpdateBehavior': 'LOG', 'DeleteBehavior': 'LOG'})
";

const EMPTY_THE_LOGS: &str = r"
import boto3
# moto reads no conditions, so the refusal of plain HTTP refuses everything.
boto3.client('s3').delete_bucket_policy(Bucket='example-shop-lake-logs')
boto3.resource('s3').Bucket('example-shop-lake-logs').object_versions.delete()
";

const NOTHING_IS_LEFT: &str = r"
import boto3
client = boto3.client
left = {
    'buckets': client('s3').list_buckets()['Buckets'],
    'roles': client('iam').list_roles()['Roles'],
    'policies': client('iam').list_policies(Scope='Local')['Policies'],
    'databases': client('glue').get_databases()['DatabaseList'],
    'crawlers': client('glue').list_crawlers()['CrawlerNames'],
    'workgroups': [w for w in client('athena').list_work_groups()['WorkGroups'] if w['Name'] != 'primary'],
    'keys': [k for k in client('kms').list_keys()['Keys']
             if client('kms').describe_key(KeyId=k['KeyId'])['KeyMetadata']['KeyState'] != 'PendingDeletion'
             and client('kms').describe_key(KeyId=k['KeyId'])['KeyMetadata']['KeyManager'] == 'CUSTOMER'],
}
left = {kind: found for kind, found in left.items() if found}
assert not left, left
";

/// A lake that a team made by hand, in a state of its own.
const OLD: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100" }
  }
}
provider "aws" { region = "ap-northeast-1" }
resource "aws_s3_bucket" "data" { bucket = "example-shop-lake" }
resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_kms_key" "data" {}
resource "aws_kms_alias" "data" {
  name          = "alias/shop-lake"
  target_key_id = aws_kms_key.data.key_id
}
resource "aws_glue_catalog_database" "data" { name = "shop" }
resource "aws_athena_workgroup" "data" {
  name = "shop"
  tags = { team = "data" }
}
"#;

#[test]
fn what_another_state_has_is_imported_and_nothing_is_made_anew() {
    let (_, config) =
        kinds().into_iter().find(|(name, _)| *name == "direct").expect("the kind exists");
    let project = generated(&config);
    let Some(moto) = Moto::start() else { return };
    let old = project.root.with_file_name("old");
    std::fs::create_dir(&old).expect("a folder");
    std::fs::write(old.join("main.tf"), OLD).expect("the configuration is written");
    let Some(other) = Terraform::new(&old, Some(&moto.endpoint)) else { return };
    other.must(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    std::fs::write(old.join("state.json"), other.must(&["show", "-json"]))
        .expect("the state is written");

    let output = crate::support::snaplake(project.root.parent().expect("a folder"))
        .args(["generate", "--adopt", "old/state.json"])
        .output()
        .expect("snaplake runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));

    let terraform =
        Terraform::new(&project.root, Some(&moto.endpoint)).expect("terraform is installed");
    assert_eq!(terraform.must(&["fmt", "-check", "-recursive", "-no-color"]), "");
    terraform.must(&["plan", "-out", "plan.tfplan", "-input=false", "-no-color"]);
    let plan: Value =
        serde_json::from_str(&terraform.must(&["show", "-json", "plan.tfplan"])).expect("JSON");
    let mut imported = BTreeSet::new();
    for change in plan["resource_changes"].as_array().expect("changes") {
        let actions = &change["change"]["actions"];
        assert!(!actions.as_array().expect("actions").contains(&json!("delete")), "{change:#}");
        if !change["change"]["importing"].is_null() {
            imported.insert(change["address"].as_str().expect("an address").to_owned());
        }
    }
    let expected: BTreeSet<String> = [
        "module.athena.aws_athena_workgroup.lake",
        "module.catalog.aws_glue_catalog_database.live",
        "module.lake.aws_kms_alias.lake",
        "module.lake.aws_kms_key.lake",
        "module.lake.aws_s3_bucket.lake",
        "module.lake.aws_s3_bucket_versioning.lake",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(imported, expected);

    // The other state lets go of them, and destroys nothing.
    let removals = printed.split("apply it there first:\n\n").nth(1).expect("the removed blocks");
    let provider = OLD.split("resource ").next().expect("the provider");
    std::fs::write(old.join("main.tf"), format!("{provider}\n{removals}"))
        .expect("the configuration is written");
    other.must(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    assert_eq!(other.must(&["state", "list"]), "");
}
