//! What `terraform apply` would have made, put into the cloud under the policies on disk.

use super::RehearseError;
use super::policies::FileOnDisk;
use crate::cloud::CloudHandle;
use crate::cloud::catalog::{Column, TableInput};
use crate::cloud::seed::{
    BucketSeed, CrawlerSeed, DatabaseSeed, KeySeed, PolicySeed, RoleSeed, SnapshotSeed, TopicSeed,
    WorkgroupSeed,
};
use crate::cloud::source::SourceAddress;
use crate::cloud::storage::Encryption;
use crate::pipeline::{
    CatalogMode, DocumentKind, LakeFormation, Pipeline, PrincipalKind, SnapshotChoice,
};

/// Puts everything into the cloud that exists before the first run.
pub(super) fn set(
    cloud: &CloudHandle,
    pipeline: &Pipeline,
    files: &[FileOnDisk],
    source_url: &SourceAddress,
) -> Result<(), RehearseError> {
    let seed = cloud.seed();
    let encryption = Encryption::Kms { key: pipeline.key_arn(), bucket_key: true };
    for principal in pipeline.principals() {
        let trust = documents(files, DocumentKind::Trust(principal.kind));
        let mut policies = documents(files, DocumentKind::Identity(principal.kind));
        policies.extend(handed_out(pipeline, principal.kind));
        seed.role(&RoleSeed {
            arn: principal.arn,
            trust: trust.into_iter().next().unwrap_or_else(|| PolicySeed::new("none", "{}")),
            policies,
            boundary: None,
        })?;
    }
    for policy in documents(files, DocumentKind::Key) {
        seed.key(&KeySeed {
            id: pipeline.key_arn(),
            policy,
            aliases: pipeline.key_alias().into_iter().collect(),
        })?;
    }
    seed.bucket(&BucketSeed {
        name: pipeline.lake.bucket.clone(),
        policy: documents(files, DocumentKind::Bucket).into_iter().next(),
        encryption: Some(encryption.clone()),
        tags: pipeline.tags.clone(),
    })?;
    seed.bucket_owner(&pipeline.lake.bucket, pipeline.bucket_account());
    if !pipeline.existing.bucket {
        seed.bucket(&BucketSeed {
            name: pipeline.log_bucket(),
            policy: documents(files, DocumentKind::LogBucket).into_iter().next(),
            encryption: None,
            tags: pipeline.tags.clone(),
        })?;
    }
    for database in [pipeline.catalog.database.clone(), pipeline.staging_database()] {
        seed.glue_database(&database)?;
    }
    for name in pipeline.terraform_tables() {
        seed.glue_table(&pipeline.catalog.database, made_by_terraform(pipeline, name))?;
    }
    seed.workgroup(&WorkgroupSeed {
        name: pipeline.athena.workgroup.clone(),
        results: Some(pipeline.results_location()),
        encryption: Some(encryption),
        enforced: true,
        bytes_scanned_cutoff: Some(pipeline.athena.scan_limit),
    })?;
    if pipeline.catalog.mode == CatalogMode::Crawler {
        seed.crawler(&CrawlerSeed {
            name: pipeline.crawler_name(),
            role: pipeline.role_arn(PrincipalKind::Crawler),
            database: pipeline.staging_database(),
            paths: vec![format!("s3://{}/{}", pipeline.lake.bucket, pipeline.exports_prefix())],
            table_prefix: None,
            configuration: None,
            update_behavior: Some("LOG".to_owned()),
            delete_behavior: Some("LOG".to_owned()),
            recrawl_behavior: None,
        })?;
    }
    if let Some(arn) = &pipeline.notify.sns_topic {
        topic(cloud, pipeline, arn)?;
    }
    database(cloud, pipeline, source_url, 3)
}

/// What stands for the rights that Lake Formation hands out where the exports' folder is registered: the
/// rehearsal cloud has no Lake Formation. The runner reads the files with rights of its own besides.
///
/// <https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html>
fn handed_out(pipeline: &Pipeline, kind: PrincipalKind) -> Option<PolicySeed> {
    let registered = pipeline.lake_formation.as_ref().is_some_and(LakeFormation::registered);
    let own = pipeline.bucket_account() == pipeline.account;
    if kind != PrincipalKind::Analyst || !registered || !own {
        return None;
    }
    let exports = pipeline.exports_prefix();
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": pipeline.object_arn(&format!("{exports}*"))},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": pipeline.bucket_arn(),
         "Condition": {"StringLike": {"s3:prefix": format!("{exports}*")}}},
    ]});
    Some(PolicySeed::new("what Lake Formation hands out", policy.to_string()))
}

/// A table as Terraform makes it: nobody has filled it yet.
fn made_by_terraform(pipeline: &Pipeline, name: String) -> TableInput {
    let date = pipeline.partition().map(|key| Column {
        name: key.to_owned(),
        r#type: Some("date".to_owned()),
        ..Column::default()
    });
    let parameters = [
        ("EXTERNAL", "TRUE"),
        ("classification", "parquet"),
        ("snaplake.pipeline", pipeline.name.as_str()),
    ];
    TableInput {
        name,
        table_type: Some("EXTERNAL_TABLE".to_owned()),
        partition_keys: date.into_iter().collect(),
        parameters: parameters.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..TableInput::default()
    }
}

/// The topic that the configuration names, and its key: neither is this pipeline's own, and the key's
/// policy is the usual one that leaves everything to the account's policies.
fn topic(cloud: &CloudHandle, pipeline: &Pipeline, arn: &str) -> Result<(), RehearseError> {
    let seed = cloud.seed();
    let key = pipeline.notify.sns_key.clone();
    if let Some(key) = key.as_ref().filter(|key| **key != pipeline.key_arn()) {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Account", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": pipeline.account_root_arn()},
        }]});
        seed.key(&KeySeed {
            id: key.rsplit('/').next().unwrap_or(key).to_owned(),
            policy: PolicySeed::new("the topic's key", policy.to_string()),
            aliases: Vec::new(),
        })?;
    }
    seed.topic(&TopicSeed { arn: arn.to_owned(), key });
    Ok(())
}

/// The source database with one more snapshot, made `hours_ago`.
pub(super) fn database(
    cloud: &CloudHandle,
    pipeline: &Pipeline,
    source_url: &SourceAddress,
    hours_ago: u32,
) -> Result<(), RehearseError> {
    let source = &pipeline.source;
    let (automated, name) = match &source.snapshot {
        SnapshotChoice::LatestAutomated => (true, None),
        SnapshotChoice::LatestManual => (false, Some(format!("before-rehearsal-{hours_ago}h"))),
        SnapshotChoice::Create => (false, None),
        SnapshotChoice::Arn(arn) => {
            let name = arn.splitn(7, ':').nth(6).unwrap_or_default().to_owned();
            (name.starts_with("rds:"), Some(name))
        }
    };
    let snapshots = if source.snapshot == SnapshotChoice::Create {
        Vec::new()
    } else {
        vec![SnapshotSeed { name, automated, hours_ago, creating: false }]
    };
    cloud.seed().database(&DatabaseSeed {
        id: source.kind.id().to_owned(),
        cluster: source.kind.is_cluster(),
        engine: source.engine.as_str().to_owned(),
        engine_version: None,
        database: source.database.clone(),
        source_url: source_url.clone(),
        allocated_storage: 100,
        snapshots,
    })?;
    Ok(())
}

fn documents(files: &[FileOnDisk], kind: DocumentKind) -> Vec<PolicySeed> {
    files
        .iter()
        .filter(|file| file.kind == kind)
        .map(|file| PolicySeed::new(file.name.clone(), file.text.clone()))
        .collect()
}
