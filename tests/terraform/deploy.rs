//! The generated Terraform against a stand-in for AWS: apply, a second plan, destroy.

use crate::catalog_mode;
use crate::project::{Project, direct, example, generated};
use crate::support::{repository, tool};
use crate::tools::{Moto, Terraform, finish};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Stands for the id of a key that Terraform has yet to make.
const PLACEHOLDER: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn a_lake_with_everything_made_deploys_settles_and_goes_away() {
    deploys("snapshot-to-athena", "ap-northeast-1", "example-shop-lake", "shop");
}

#[test]
fn a_crawler_on_a_key_that_exists_deploys_settles_and_goes_away() {
    deploys("crawler", "ap-northeast-1", "example-service-lake", "service");
}

#[test]
fn another_partition_deploys_settles_and_goes_away() {
    deploys("other-partition", "us-gov-west-1", "example-cases-lake", "cases");
}

#[test]
fn another_region_deploys_settles_and_goes_away() {
    deploys("nightly-aggregates", "eu-central-1", "example-sales-lake", "sales");
}

#[test]
fn one_of_several_environments_deploys_settles_and_goes_away() {
    deploys("several-environments", "us-west-2", "example-app-staging-lake", "app_staging");
}

#[test]
fn a_lake_of_another_account_deploys_settles_and_goes_away() {
    deploys("cross-account-lake", "eu-west-1", "example-data-team-lake", "billing");
}

#[test]
fn what_exists_is_used_and_left_alone() {
    deploys("existing-resources", "ap-northeast-1", "example-platform-lake", "platform_orders");
}

#[test]
fn a_governed_catalog_with_tables_of_terraforms_deploys_settles_and_goes_away() {
    deploys("lake-formation", "ap-northeast-1", "example-ledger-lake", "ledger");
}

fn deploys(name: &str, region: &'static str, bucket: &'static str, database: &'static str) {
    let config = example(name);
    let project = generated(&config);
    let Some(mut moto) = Moto::start() else { return };
    moto.about = vec![("AWS_DEFAULT_REGION", region), ("BUCKET", bucket), ("DATABASE", database)];
    let Some(terraform) = Terraform::new(&project.root, Some(&moto.endpoint)) else { return };
    let makes_bucket = !config.contains("\nbucket = true");
    let makes_key = !config.contains("\nkey = \"arn:");
    let script = repository().join("examples").join(name).join("make-them.py");
    if script.exists() {
        let text = std::fs::read_to_string(&script).expect("the script can be read");
        if python(&moto, &text).is_none() {
            return;
        }
    }
    let Some(before) = python(&moto, INVENTORY) else { return };

    terraform.must(&["plan", "-out", "plan.tfplan", "-input=false", "-no-color"]);
    let plan = terraform.must(&["show", "-json", "plan.tfplan"]);
    let (code, checked) = check(&project, &plan, false);
    if makes_bucket {
        assert_eq!(code, Some(1), "{checked}");
        assert!(checked.contains("known after apply"), "{checked}");
        assert!(!checked.contains("sufficient: all"), "what is unknown is not passed: {checked}");
    }

    terraform.must(&["apply", "-input=false", "-no-color", "plan.tfplan"]);
    unchanged(&terraform, "right after the apply");
    policies_are_the_files(&project, &terraform);
    let state = terraform.must(&["show", "-json"]);
    if config.contains("_role = ") {
        let (code, checked) = check(&project, &state, false);
        assert_eq!(code, Some(1), "what an owner has to add is not known: {checked}");
        assert!(checked.contains("policies/owner/export.json"), "{checked}");
    }
    let (code, checked) = check(&project, &state, !makes_bucket || !makes_key);
    assert_eq!(code, Some(0), "{checked}");
    assert!(checked.contains("sufficient: all"), "{checked}");
    assert!(checked.contains("minimal: nothing can be taken away"), "{checked}");

    // What runs do is no drift: tables that appear and move, and a crawler that is pointed elsewhere.
    python(&moto, RUN).expect("there is Python");
    unchanged(&terraform, "after a run");
    let moved = python(&moto, LIVE).expect("there is Python");
    assert!(moved.contains("/exports/2/shop/shop.orders/"), "planning moves nothing back: {moved}");

    match name {
        "snapshot-to-athena" => {
            catalog_mode::changes_there_and_back(&project, &terraform, &config);
        }
        "lake-formation" => {
            catalog_mode::changes_with_tables_of_terraforms(&project, &terraform, &config);
        }
        _ => {}
    }

    // moto delivers access logs at once, and Terraform deletes no bucket that holds something.
    if makes_bucket {
        let logging = "-target=module.lake.aws_s3_bucket_logging.lake";
        terraform.must(&["destroy", logging, "-auto-approve", "-input=false", "-no-color"]);
        python(&moto, EMPTY_THE_LOGS).expect("there is Python");
    }
    if name == "nightly-aggregates" {
        an_export_keeps_its_bucket_and_its_key(&moto, &terraform);
    }
    // The provider waits for a sign of moto's that a grant of Lake Formation's is gone, and gets none.
    if config.contains("[lake_formation]") {
        terraform.must(&["state", "rm", "module.lake_formation"]);
    }
    terraform.must(&["destroy", "-auto-approve", "-input=false", "-no-color"]);
    assert_eq!(terraform.must(&["state", "list"]), "", "nothing is left in the state");
    let after = python(&moto, INVENTORY).expect("there is Python");
    assert_eq!(before, after, "nothing is left, and nothing of others is gone");
}

/// A destroy that finds an export leaves the bucket, and the key without which nobody could read it.
fn an_export_keeps_its_bucket_and_its_key(moto: &Moto, terraform: &Terraform) {
    python(moto, LEAVE_AN_EXPORT).expect("there is Python");
    let destroy = terraform.run(&["destroy", "-auto-approve", "-input=false", "-no-color"]);
    assert_eq!(destroy.status.code(), Some(1), "the bucket is not empty");
    let said = String::from_utf8_lossy(&destroy.stderr).into_owned();
    assert!(said.contains("BucketNotEmpty"), "{said}");
    let left = terraform.must(&["state", "list"]);
    let left: Vec<&str> = left.lines().filter(|address| !address.contains(".data.")).collect();
    assert_eq!(left, ["module.lake.aws_kms_key.lake", "module.lake.aws_s3_bucket.lake"]);
    python(moto, EMPTY_THE_LAKE).expect("there is Python");
}

/// How `iam check` of a plan or a state ends, and what it says.
fn check(project: &Project, shown: &str, assume_owners: bool) -> (Option<i32>, String) {
    let file = project.root.with_file_name("shown.json");
    std::fs::write(&file, shown).expect("the file is written");
    let folder = project.root.parent().expect("a folder");
    let several = !folder.join("snaplake.toml").exists();
    let config =
        if several { folder.with_file_name("snaplake.toml") } else { folder.join("snaplake.toml") };
    let mut command = crate::support::snaplake(folder);
    command.arg("--config").arg(config);
    if several {
        command.args(["--pipeline", "app-staging"]);
    }
    command.args(["iam", "check", "--plan", "shown.json"]);
    if assume_owners {
        command.arg("--assume-owners");
    }
    let output = command.output().expect("snaplake runs");
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
        .filter(|file| !file.parent().is_some_and(|folder| folder.ends_with("owner")))
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

/// Runs a script with boto3 against the server and gives what it prints; `None` when there is no Python
/// to run it.
fn python(moto: &Moto, script: &str) -> Option<String> {
    let python = tool("python3")?;
    let mut command = Command::new(python);
    command
        .args(["-c", script])
        .env("AWS_ENDPOINT_URL", &moto.endpoint)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_DEFAULT_REGION", "ap-northeast-1")
        .envs(moto.about.iter().copied());
    let output = finish(&mut command, Duration::from_mins(1));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const RUN: &str = r"
import boto3, json, os
bucket, database = os.environ['BUCKET'], os.environ['DATABASE']
glue = boto3.client('glue')
def table(location):
    return {'Name': 'orders', 'TableType': 'EXTERNAL_TABLE',
            'StorageDescriptor': {'Location': location, 'Columns': [{'Name': 'id', 'Type': 'bigint'}]}}
def orders():
    return next((t for t in glue.get_tables(DatabaseName=database)['TableList'] if t['Name'] == 'orders'), None)
before = orders()
if before is None:
    glue.create_table(DatabaseName=database, TableInput=table(f's3://{bucket}/exports/1/shop/shop.orders/'))
else:
    # Terraform made it; a run knows it for its own, and fills it.
    assert before['Parameters']['snaplake.pipeline'], before
    assert not before.get('StorageDescriptor', {}).get('Columns'), before
    glue.update_table(DatabaseName=database, TableInput=table(f's3://{bucket}/exports/1/shop/shop.orders/'))
glue.update_table(DatabaseName=database, TableInput=table(f's3://{bucket}/exports/2/shop/shop.orders/'))
assert orders()['StorageDescriptor']['Location'].endswith('/exports/2/shop/shop.orders/')
# moto lacks UpdateCrawler: the crawler is made anew, as a run leaves it.
for name in glue.list_crawlers()['CrawlerNames']:
    old = glue.get_crawler(Name=name)['Crawler']
    region = glue.meta.region_name
    partition = glue.meta.partition
    tags = glue.get_tags(ResourceArn=f'arn:{partition}:glue:{region}:123456789012:crawler/{name}')['Tags']
    glue.delete_crawler(Name=name)
    glue.create_crawler(Name=name, Role=old['Role'], DatabaseName=old['DatabaseName'], Description=old['Description'],
        Targets={'S3Targets': [{'Path': f's3://{bucket}/exports/2/shop/'}]},
        Configuration=json.dumps({'Version': 1.0}), TablePrefix='x_', Tags=tags,
        RecrawlPolicy={'RecrawlBehavior': 'CRAWL_EVERYTHING'},
        SchemaChangePolicy={'UpdateBehavior': 'LOG', 'DeleteBehavior': 'LOG'})
";

const LIVE: &str = r"
import boto3, os
for table in boto3.client('glue').get_tables(DatabaseName=os.environ['DATABASE'])['TableList']:
    print(table['Name'], table.get('StorageDescriptor', {}).get('Location'))
";

const EMPTY_THE_LOGS: &str = r"
import boto3, os
logs = os.environ['BUCKET'] + '-logs'
# moto reads no conditions, so the refusal of plain HTTP refuses everything.
boto3.client('s3').delete_bucket_policy(Bucket=logs)
boto3.resource('s3').Bucket(logs).object_versions.delete()
";

const LEAVE_AN_EXPORT: &str = r"
import boto3, os
s3, bucket = boto3.client('s3'), os.environ['BUCKET']
# moto reads no conditions, so the refusal of plain HTTP refuses everything.
s3.delete_bucket_policy(Bucket=bucket)
s3.put_object(Bucket=bucket, Key='exports/2/part', Body=b'rows')
";

const EMPTY_THE_LAKE: &str = r"
import boto3, os
boto3.resource('s3').Bucket(os.environ['BUCKET']).object_versions.delete()
";

const INVENTORY: &str = r"
import boto3, json
client = boto3.client
left = {
    'buckets': [b['Name'] for b in client('s3').list_buckets()['Buckets']],
    'roles': [r['Arn'] for r in client('iam').list_roles()['Roles']],
    'policies': client('iam').list_policies(Scope='Local')['Policies'],
    'databases': [d['Name'] for d in client('glue').get_databases()['DatabaseList']],
    'crawlers': client('glue').list_crawlers()['CrawlerNames'],
    'workgroups': [w['Name'] for w in client('athena').list_work_groups()['WorkGroups'] if w['Name'] != 'primary'],
    'keys': [k for k in client('kms').list_keys()['Keys']
             if client('kms').describe_key(KeyId=k['KeyId'])['KeyMetadata']['KeyState'] != 'PendingDeletion'
             and client('kms').describe_key(KeyId=k['KeyId'])['KeyMetadata']['KeyManager'] == 'CUSTOMER'],
}
print(json.dumps(left, sort_keys=True, default=str))
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

/// What a plan imports; it must destroy nothing.
fn imported(terraform: &Terraform) -> BTreeSet<String> {
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
    imported
}

#[test]
fn what_another_state_has_is_imported_and_nothing_is_made_anew() {
    let project = generated(&direct());
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
    let imported = imported(&terraform);
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

/// A lake that somebody made by hand, without Terraform.
const BY_HAND: &str = r#"
import boto3, json
s3, glue, iam, kms = (boto3.client(it) for it in ('s3', 'glue', 'iam', 'kms'))
s3.create_bucket(Bucket='example-shop-lake', CreateBucketConfiguration={'LocationConstraint': 'ap-northeast-1'})
s3.put_bucket_policy(Bucket='example-shop-lake', Policy=json.dumps({'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::123456789012:root'}, 'Action': 's3:GetObject',
     'Resource': 'arn:aws:s3:::example-shop-lake/*'}]}))
s3.put_object(Bucket='example-shop-lake', Key='exports/shop/1/part', Body=b'here before Terraform')
# AWS says the usage of every key; moto only of those that were given one.
key = kms.create_key(KeyUsage='ENCRYPT_DECRYPT')['KeyMetadata']['KeyId']
kms.create_alias(AliasName='alias/shop-lake', TargetKeyId=key)
glue.create_database(DatabaseInput={'Name': 'shop'})
glue.create_table(DatabaseName='shop', TableInput={'Name': 'orders', 'TableType': 'EXTERNAL_TABLE',
    'Description': 'by hand', 'Parameters': {'snaplake.pipeline': 'shop'},
    'StorageDescriptor': {'Location': 's3://example-shop-lake/exports/shop/1/', 'Columns': [{'Name': 'id', 'Type': 'int'}]}})
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole',
    'Principal': {'Service': 'export.rds.amazonaws.com'}}]}
iam.create_role(RoleName='shop-export', Path='/team/data/', AssumeRolePolicyDocument=json.dumps(trust))
iam.put_role_policy(RoleName='shop-export', PolicyName='shop-export', PolicyDocument=json.dumps(
    {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}]}))
boto3.client('athena').create_work_group(Name='shop', Tags=[{'Key': 'team', 'Value': 'data'}])
"#;

#[test]
fn what_an_account_has_is_imported_and_nothing_is_made_anew() {
    let tables = "[catalog]\ntables = \"terraform\"";
    let project = generated(&direct().replace("[catalog]", tables));
    let Some(moto) = Moto::start() else { return };
    if python(&moto, BY_HAND).is_none() {
        return;
    }
    let output = crate::support::snaplake(project.root.parent().expect("a folder"))
        .args(["generate", "--adopt-account", "--endpoint-url", &moto.endpoint])
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .output()
        .expect("snaplake runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("not known from the account"), "{printed}");

    let Some(terraform) = Terraform::new(&project.root, Some(&moto.endpoint)) else { return };
    assert_eq!(terraform.must(&["fmt", "-check", "-recursive", "-no-color"]), "");
    terraform.must(&["plan", "-out", "plan.tfplan", "-input=false", "-no-color"]);
    let imported = imported(&terraform);
    let expected: BTreeSet<String> = [
        "module.athena.aws_athena_workgroup.lake",
        "module.catalog.aws_glue_catalog_database.live",
        "module.catalog.aws_glue_catalog_table.live[\"orders\"]",
        "module.export.aws_iam_role.export",
        "module.export.aws_iam_role_policy.export",
        "module.lake.aws_kms_alias.lake",
        "module.lake.aws_kms_key.lake",
        "module.lake.aws_s3_bucket.lake",
        "module.lake.aws_s3_bucket_policy.lake",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(imported, expected);
}
