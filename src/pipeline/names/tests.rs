use super::*;
use crate::config;
use std::path::Path;

const EXAMPLE: &str = include_str!("../../../examples/snapshot-to-athena/snaplake.toml");

fn pipeline(changes: &[(&str, &str)]) -> Pipeline {
    let text = changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Pipeline::from_config(&config::parse(Path::new("snaplake.toml"), &text).unwrap()).unwrap()
}

#[test]
fn the_pattern_of_automated_snapshots_leaves_out_other_sources() {
    let pattern = pipeline(&[]).snapshot_arn_pattern();
    let arn = |id: &str| format!("arn:aws:rds:ap-northeast-1:123456789012:cluster-snapshot:{id}");
    assert_eq!(pattern, arn("rds:shop-prod-????-??-??-??-??"));
    let covers = |id: &str| {
        // The evaluator's `?` is any one character, as a regular expression's dot is.
        pattern.len() == arn(id).len()
            && pattern.bytes().zip(arn(id).bytes()).all(|(p, b)| p == b'?' || p == b)
    };
    assert!(covers("rds:shop-prod-2025-10-14-16-03"));
    assert!(!covers("rds:shop-prod-eu-2025-10-14-16-03"));
    assert!(!covers("shop-prod-2025-10-14-16-03"));
}

#[test]
fn snapshots_of_every_choice_have_their_kind() {
    let instance = ("cluster = \"shop-prod\"", "instance = \"shop-prod\"");
    let mysql = ("\"aurora-mysql\"", "\"mysql\"");
    for (choice, expected) in [
        ("latest-automated", "snapshot:rds:shop-prod-????-??-??-??-??"),
        ("latest-manual", "snapshot:*"),
        ("create", "snapshot:shop-*"),
        ("arn:aws:rds:ap-northeast-1:123456789012:snapshot:one", "snapshot:one"),
    ] {
        let choice = ("\"latest-automated\"    #", &*format!("{choice:?} #"));
        let pipeline = pipeline(&[instance, mysql, choice]);
        let prefix = "arn:aws:rds:ap-northeast-1:123456789012:";
        assert_eq!(pipeline.snapshot_arn_pattern(), format!("{prefix}{expected}"));
        assert_eq!(pipeline.source_arn(), format!("{prefix}db:shop-prod"));
    }
}

#[test]
fn every_arn_is_of_the_regions_partition() {
    for (region, partition) in
        [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-3", "aws")]
    {
        let pipeline = pipeline(&[("ap-northeast-1", region)]);
        for need in pipeline.needs() {
            for resource in need.resources.iter().filter(|resource| *resource != "*") {
                assert!(resource.starts_with(&format!("arn:{partition}:")), "{resource}");
            }
        }
        for document in pipeline.documents() {
            let json = document.to_json();
            assert_eq!(
                json.matches("\"arn:").count(),
                json.matches(&format!("\"arn:{partition}:")).count(),
                "{json}"
            );
        }
    }
}

#[test]
fn the_longest_names_fit() {
    let name = "a".repeat(32);
    let pipeline = pipeline(&[("name = \"shop\"\n", &format!("name = {name:?}\n"))]);
    for principal in PrincipalKind::ALL {
        // https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
        assert!(pipeline.role_name(principal).len() <= 64);
    }
    let export = format!("{name}-20251014-160300-a1b2");
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html
    assert!(export.len() <= 60);
    for document in pipeline.documents() {
        document.check_size().unwrap();
    }
}

#[test]
fn an_existing_key_is_used_and_its_owner_told_what_to_add() {
    let arn = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let pipeline = pipeline(&[("key = \"create\"", &format!("key = {arn:?}"))]);
    assert_eq!((pipeline.key_arn().as_str(), pipeline.key_alias()), (arn, None));
    assert_eq!(pipeline.key_id(), "1234abcd-12ab-34cd-56ef-1234567890ab");
    let documents = pipeline.documents();
    let key: Vec<_> = documents.iter().filter(|one| one.file.ends_with("lake-key.json")).collect();
    assert_eq!(key.len(), 1);
    assert_eq!((key[0].file.as_str(), key[0].by_owner), ("policies/owner/lake-key.json", true));
    let actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
    assert_eq!(key[0].statements[0].actions, actions);
}
