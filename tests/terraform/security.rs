//! What is secure as generated, point by point, over every kind of project: no deployment needed.

use crate::project::{Project, files, generated, kinds};
use crate::support::snaplake;
use hcl_edit::structure::{Block, Body};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;

/// The managed resources of a project's child modules: type, name and body.
fn resources(project: &Project) -> Vec<(String, String, Body)> {
    let mut found = Vec::new();
    for file in files(&project.root.join("modules"), ".tf") {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let body: Body = text.parse().expect("HCL");
        found.extend(body.into_blocks().filter(|block| block.ident.as_str() == "resource").map(
            |block: Block| {
                let label = |index: usize| block.labels[index].as_str().to_owned();
                (label(0), label(1), block.body)
            },
        ));
    }
    found
}

fn named<'a>(resources: &'a [(String, String, Body)], kind: &str, name: &str) -> &'a Body {
    let found = resources.iter().find(|(of, called, _)| of == kind && called == name);
    &found.unwrap_or_else(|| panic!("no {kind}.{name}")).2
}

/// An argument as it is written, without spaces.
fn argument(body: &Body, name: &str) -> String {
    let found = body.get_attribute(name).unwrap_or_else(|| panic!("no {name} in {body}"));
    found.value.to_string().split_whitespace().collect()
}

fn block<'a>(body: &'a Body, name: &'a str) -> &'a Body {
    &body.get_blocks(name).next().unwrap_or_else(|| panic!("no {name} in {body}")).body
}

/// Every policy file with its name: `lake-bucket`, `owner/lake-key`.
fn policies(project: &Project) -> Vec<(String, Value)> {
    let folder = project.root.join("policies");
    files(&folder, ".json")
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&folder).expect("below").with_extension("");
            let text = std::fs::read_to_string(&file).expect("the file can be read");
            (name.to_string_lossy().into_owned(), serde_json::from_str(&text).expect("JSON"))
        })
        .collect()
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().expect("statements")
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[test]
fn buckets_are_private_versioned_logged_and_encrypted() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let resources = resources(&project);
        let buckets: Vec<_> = resources.iter().filter(|(of, ..)| of == "aws_s3_bucket").collect();
        assert_eq!(buckets.len(), if config.contains("\nbucket = true") { 0 } else { 2 }, "{kind}");
        for (_, name, body) in buckets {
            let access = named(&resources, "aws_s3_bucket_public_access_block", name);
            for switch in [
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            ] {
                assert_eq!(argument(access, switch), "true", "{kind}: {name}");
            }
            let versioning = named(&resources, "aws_s3_bucket_versioning", name);
            let versioning = block(versioning, "versioning_configuration");
            assert_eq!(argument(versioning, "status"), "\"Enabled\"", "{kind}: {name}");
            let owner = named(&resources, "aws_s3_bucket_ownership_controls", name);
            let owner = argument(block(owner, "rule"), "object_ownership");
            assert_eq!(owner, "\"BucketOwnerEnforced\"", "{kind}: {name}");
            assert_eq!(argument(body, "force_destroy"), "var.force_destroy", "{kind}: {name}");
            let kms = named(&resources, "aws_s3_bucket_server_side_encryption_configuration", name);
            let by = block(block(kms, "rule"), "apply_server_side_encryption_by_default");
            // S3 delivers access logs only to buckets with SSE-S3.
            let expected = if name == "logs" { "\"AES256\"" } else { "\"aws:kms\"" };
            assert_eq!(argument(by, "sse_algorithm"), expected, "{kind}: {name}");
        }
        if resources.iter().any(|(of, ..)| of == "aws_s3_bucket") {
            let logging = named(&resources, "aws_s3_bucket_logging", "lake");
            assert_eq!(argument(logging, "target_bucket"), "aws_s3_bucket.logs.id", "{kind}");
        }
        let text = std::fs::read_to_string(project.root.join("variables.tf")).expect("variables");
        if text.contains("force_destroy") {
            let body: Body = text.parse().expect("HCL");
            let variable = body
                .get_blocks("variable")
                .find(|block| block.labels[0].as_str() == "force_destroy")
                .expect("a variable");
            assert_eq!(argument(&variable.body, "default"), "false", "{kind}");
        }
    }
}

#[test]
fn keys_rotate_and_no_policy_lets_the_world_in() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        for (of, name, body) in resources(&project) {
            if of == "aws_kms_key" {
                assert_eq!(argument(&body, "enable_key_rotation"), "true", "{kind}: {name}");
            }
        }
        for (name, policy) in policies(&project) {
            for statement in statements(&policy).iter().filter(|it| it["Effect"] == "Allow") {
                let Some(principal) = statement.get("Principal") else { continue };
                let principals = principal.as_object();
                let principals =
                    principals.unwrap_or_else(|| panic!("{kind}: {name} lets everybody in"));
                for arn in principals.get("AWS").map(texts).unwrap_or_default() {
                    let account = arn.split(':').nth(4).unwrap_or_default();
                    assert_eq!(account.len(), 12, "{kind}: {name} names {arn}");
                    assert!(!arn.contains('*'), "{kind}: {name} names {arn}");
                }
            }
        }
    }
}

#[test]
fn plain_http_is_refused_for_all_that_is_the_pipelines() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let mut seen = 0;
        for (name, policy) in policies(&project) {
            if !name.ends_with("lake-bucket") && !name.ends_with("log-bucket") {
                continue;
            }
            seen += 1;
            let deny = statements(&policy)
                .iter()
                .find(|it| it["Condition"]["Bool"]["aws:SecureTransport"] == "false")
                .unwrap_or_else(|| panic!("{kind}: {name} takes plain HTTP"));
            assert_eq!(deny["Effect"], "Deny", "{kind}: {name}");
            assert_eq!(deny["Principal"], "*", "{kind}: {name}");
            assert_eq!(deny["Action"], "s3:*", "{kind}: {name}");
            assert_eq!(texts(&deny["Resource"]).len(), 2, "{kind}: {name}: {deny}");
        }
        assert!(seen >= 1, "{kind}");
    }
}

/// A service that delivers or acts for somebody else must say for whom, where AWS documents that it does:
/// for access logs always, for exports and crawlers when asked for.
#[test]
fn services_are_trusted_for_this_account_only_where_they_can_be() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let asked = config.contains("confused_deputy_conditions = true");
        for (name, policy) in policies(&project) {
            for statement in statements(&policy) {
                if statement["Effect"] != "Allow" || statement["Principal"]["Service"].is_null() {
                    continue;
                }
                let bound = statement["Condition"]["StringEquals"]["aws:SourceAccount"].is_string()
                    && statement["Condition"]["ArnLike"]["aws:SourceArn"].is_string();
                assert_eq!(bound, asked || name == "log-bucket", "{kind}: {name}: {statement}");
            }
        }
    }
}

#[test]
fn workgroups_enforce_encryption_and_a_scan_limit() {
    for (kind, config) in kinds() {
        let project = generated(&config);
        let resources = resources(&project);
        let Some((.., body)) = resources.iter().find(|(of, ..)| of == "aws_athena_workgroup")
        else {
            assert!(config.contains("\nworkgroup = true"), "{kind}");
            continue;
        };
        // Or it could not be destroyed once a query was run in it.
        assert_eq!(argument(body, "force_destroy"), "true", "{kind}");
        let settings = block(body, "configuration");
        assert_eq!(argument(settings, "enforce_workgroup_configuration"), "true", "{kind}");
        let limit = argument(settings, "bytes_scanned_cutoff_per_query");
        assert_eq!(limit, "var.bytes_scanned_cutoff", "{kind}");
        let results = block(settings, "result_configuration");
        assert!(results.has_attribute("expected_bucket_owner"), "{kind}");
        let by = block(results, "encryption_configuration");
        assert_eq!(argument(by, "encryption_option"), "\"SSE_KMS\"", "{kind}");
        assert_eq!(argument(by, "kms_key_arn"), "var.key_arn", "{kind}");
    }
}

/// What the bucket's policy says of an upload, as the evaluator reads it: the role may upload anything.
fn upload(project: &Project, role: &str, context: &Value) -> String {
    let (_, policy) = policies(project)
        .into_iter()
        .find(|(name, _)| name.ends_with("lake-bucket"))
        .expect("a policy of the bucket");
    let anything = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}});
    let mut all = json!({"aws:SecureTransport": "true", "aws:PrincipalArn": role});
    let more = context.as_object().expect("an object").clone();
    all.as_object_mut().expect("an object").extend(more);
    let object = "arn:aws:s3:::example-shop-lake/exports/shop/1/part";
    let case = json!({
        "name": "upload",
        "request": {"principal": role, "action": "s3:PutObject", "resource": object,
                    "resource_account": "123456789012", "context": all},
        "identity_policies": [{"name": "anything", "policy": anything}],
        "resource_policy": policy,
    });
    let mut child = snaplake(&project.root)
        .args(["iam", "evaluate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("snaplake starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(format!("{case}\n").as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("snaplake ends");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    answer["decision"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn uploads_with_other_encryption_are_refused_and_exports_are_not_broken() {
    const KIND: &str = "s3:x-amz-server-side-encryption";
    const KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    const CUSTOMER: &str = "s3:x-amz-server-side-encryption-customer-algorithm";
    let project = generated(&crate::project::direct());
    let export = "arn:aws:iam::123456789012:role/team/data/shop-export";
    let anna = "arn:aws:iam::123456789012:role/anna";
    let other = "arn:aws:kms:ap-northeast-1:123456789012:key/ffffffff-0000-0000-0000-000000000000";
    let lake = "arn:aws:kms:ap-northeast-1:123456789012:key/00000000-0000-0000-0000-000000000000";
    let refused = "explicitly_denied";
    for (who, context, expected) in [
        (anna, json!({}), "allowed"),
        (anna, json!({KIND: "aws:kms", KEY: lake}), "allowed"),
        (anna, json!({KIND: "AES256"}), refused),
        (anna, json!({KIND: "aws:kms", KEY: other}), refused),
        (anna, json!({CUSTOMER: "AES256"}), refused),
        (anna, json!({KIND: "aws:kms", KEY: lake, CUSTOMER: "AES256"}), refused),
        (anna, json!({"aws:SecureTransport": "false"}), refused),
        (export, json!({}), "allowed"),
        (export, json!({KIND: "aws:kms", KEY: lake}), "allowed"),
        // RDS may name the key in a form of its own.
        (export, json!({KIND: "aws:kms", KEY: "alias/shop-lake"}), "allowed"),
        (export, json!({KIND: "AES256"}), refused),
        (export, json!({CUSTOMER: "AES256"}), refused),
    ] {
        assert_eq!(upload(&project, who, &context), expected, "{who} with {context}");
    }
}
