//! What whoever runs the pipeline needs, call by call.

use super::{Topic, athena, page};
use crate::pipeline::{
    CatalogMode, Limit, Need, Pipeline, PrincipalKind, SnapshotChoice, Step, TableMaker,
};

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    preflight(pipeline, needs);
    snapshot(pipeline, needs);
    export(pipeline, needs);
    objects(pipeline, needs);
    match pipeline.catalog.mode {
        CatalogMode::Direct | CatalogMode::History => register(pipeline, needs),
        CatalogMode::Crawler => crawl(pipeline, needs),
    }
    catalog(pipeline, needs);
    queries(pipeline, needs);
    cancel(pipeline, needs);
}

fn topic<'a>(needs: &'a mut Vec<Need>, source: &'static str, resources: Vec<String>) -> Topic<'a> {
    Topic::new(needs, PrincipalKind::Runner, source, resources)
}

fn preflight(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    topic(needs, page::ATHENA_ACTIONS, vec![pipeline.workgroup_arn()]).need(
        Step::Preflight,
        "athena:GetWorkGroup",
        "the workgroup must be enabled and must write where this pipeline's results go",
    );
    for database in [pipeline.catalog.database.clone(), pipeline.staging_database()] {
        topic(needs, page::GLUE_ARNS, pipeline.glue_database(&database)).need(
            Step::Preflight,
            "glue:GetDatabase",
            "both databases must exist before anything is started",
        );
    }
    topic(needs, page::GLUE_ARNS, pipeline.glue_tables(&pipeline.staging_database())).need(
        Step::Preflight,
        "glue:GetTables",
        "what others have in the staging database may not bear a name that is needed there",
    );
    topic(needs, page::GLUE_ARNS, pipeline.glue_tables(&pipeline.catalog.database)).need(
        Step::Preflight,
        "glue:GetTables",
        "a resumed run does not go on when others have published something newer",
    );
    topic(needs, page::S3_ACTIONS, vec![pipeline.bucket_arn()]).need(
        Step::Preflight,
        "s3:GetBucketLocation",
        "exports go to buckets of their own region only",
    );
    topic(needs, page::KMS_ACTIONS, vec![pipeline.key_arn()]).need(
        Step::Preflight,
        "kms:DescribeKey",
        "a disabled key would fail the export after an hour",
    );
}

fn snapshot(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let cluster = pipeline.source.kind.is_cluster();
    let describe =
        if cluster { "rds:DescribeDBClusterSnapshots" } else { "rds:DescribeDBSnapshots" };
    let snapshots = vec![pipeline.snapshot_arn_pattern()];
    let source = vec![pipeline.source_arn()];
    match &pipeline.source.snapshot {
        SnapshotChoice::LatestAutomated | SnapshotChoice::LatestManual => {
            topic(needs, page::RDS_ACTIONS, source).need(
                Step::Snapshot,
                describe,
                "the newest snapshot of the source is looked up",
            );
        }
        SnapshotChoice::Arn(_) => {
            topic(needs, page::RDS_ACTIONS, snapshots).need(
                Step::Snapshot,
                describe,
                "the snapshot must exist and be available",
            );
        }
        SnapshotChoice::Create => {
            let (create, delete) = if cluster {
                ("rds:CreateDBClusterSnapshot", "rds:DeleteDBClusterSnapshot")
            } else {
                ("rds:CreateDBSnapshot", "rds:DeleteDBSnapshot")
            };
            let both = vec![pipeline.source_arn(), pipeline.snapshot_arn_pattern()];
            topic(needs, page::RDS_ACTIONS, both).need(
                Step::Snapshot,
                create,
                "the run makes a snapshot of its own",
            );
            topic(needs, page::RDS_ACTIONS, snapshots)
                .need(
                    Step::Snapshot,
                    "rds:AddTagsToResource",
                    "the snapshot bears the pipeline's tags from the start",
                )
                .need(Step::Snapshot, describe, "the run waits until its snapshot is available")
                .need(Step::Prune, delete, "a snapshot goes when the export made of it goes");
            topic(needs, page::RDS_ACTIONS, source).need(
                Step::Prune,
                describe,
                "the snapshots that earlier runs made are looked up",
            );
        }
    }
}

fn export(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let snapshots = vec![pipeline.snapshot_arn_pattern()];
    topic(needs, page::RDS_ACTIONS, snapshots)
        .need(
            Step::Export,
            "rds:DescribeExportTasks",
            "an export of the snapshot that is under way is adopted, not repeated",
        )
        .need(Step::Export, "rds:StartExportTask", "the export is started")
        .need(Step::Await, "rds:DescribeExportTasks", "how far the export is, is asked for")
        .need(Step::LookAround, "rds:DescribeExportTasks", "`status` shows the latest export");

    let role = vec![pipeline.role_arn(PrincipalKind::Export)];
    let mut pass = topic(needs, page::PASS_ROLE, role);
    let service = "export.rds.amazonaws.com";
    pass = if pipeline.iam.confused_deputy_conditions {
        pass.limit(Limit::new("StringEquals", "iam:PassedToService", service))
    } else {
        pass.context("iam:PassedToService", service)
    };
    pass.need(Step::Export, "iam:PassRole", "StartExportTask hands the export role to RDS");

    let rds = format!("rds.{}.{}", pipeline.region, pipeline.dns_suffix());
    topic(needs, page::GRANT_FOR_AWS, vec![pipeline.key_arn()])
        .via("rds.amazonaws.com")
        .limit(Limit::new("Bool", "kms:GrantIsForAWSResource", "true"))
        .context("kms:ViaService", rds.clone())
        .need(
            Step::Export,
            "kms:CreateGrant",
            "RDS makes itself a grant on the key, as the caller of StartExportTask",
        );
    topic(needs, page::START_EXPORT_TASK, vec![pipeline.key_arn()])
        .via("rds.amazonaws.com")
        .context("kms:ViaService", rds)
        .need(
            Step::Export,
            "kms:DescribeKey",
            "RDS looks at the key, as the caller of StartExportTask",
        );
}

fn objects(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let exports = pipeline.exports_prefix();
    let crawls = pipeline.catalog.mode == CatalogMode::Crawler;
    let reading = if crawls { vec![Step::Verify] } else { vec![Step::Register, Step::Verify] };
    for step in reading {
        topic(needs, page::S3_ACTIONS, vec![pipeline.object_arn(&format!("{exports}*"))]).need(
            step,
            "s3:GetObject",
            "the export's manifests and Parquet footers are read",
        );
        topic(needs, page::S3_ACTIONS, vec![pipeline.bucket_arn()])
            .limit(Limit::new("StringLike", "s3:prefix", format!("{exports}*")))
            .need(step, "s3:ListBucket", "the export's files are compared with its manifests");
        topic(needs, page::S3_KMS, vec![pipeline.key_arn()]).via_s3(pipeline).need(
            step,
            "kms:Decrypt",
            "S3 decrypts the export's files as whoever reads them",
        );
    }
    topic(needs, page::S3_ACTIONS, vec![pipeline.bucket_arn()])
        .limit(Limit::new("StringLike", "s3:prefix", format!("{exports}*")))
        .need(Step::Publish, "s3:ListBucket", "the export must still be there")
        .need(Step::Prune, "s3:ListBucket", "exports past retention are looked up")
        .need(Step::LookAround, "s3:ListBucket", "`status` shows the exports that are kept");
    topic(needs, page::S3_ACTIONS, vec![pipeline.object_arn(&format!("{exports}*"))]).need(
        Step::Prune,
        "s3:DeleteObject",
        "the files of exports past retention are deleted",
    );
}

fn register(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let staging = pipeline.glue_tables(&pipeline.staging_database());
    topic(needs, page::GLUE_ARNS, staging)
        .need(Step::Register, "glue:GetTables", "leftovers of a killed run are looked up")
        .need(Step::Register, "glue:DeleteTable", "leftovers of a killed run are deleted")
        .need(
            Step::Register,
            "glue:CreateTable",
            "each exported table is registered in the staging database",
        );
    if pipeline.catalog.mode == CatalogMode::History {
        let staging = pipeline.glue_tables(&pipeline.staging_database());
        topic(needs, page::GLUE_ARNS, staging).need(
            Step::Register,
            "glue:BatchCreatePartition",
            "each exported table has its one partition in the staging database",
        );
        let staging = pipeline.glue_tables(&pipeline.staging_database());
        topic(needs, page::GLUE_ARNS, staging).need(
            Step::Register,
            "glue:GetPartitions",
            "a partition that an earlier attempt made is looked at",
        );
    }
}

fn crawl(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    topic(needs, page::GLUE_ACTIONS, vec![pipeline.crawler_arn()])
        .need(Step::Crawl, "glue:UpdateCrawler", "the crawler is pointed at the new export")
        .need(Step::Crawl, "glue:StartCrawler", "the crawler is started")
        .need(Step::Crawl, "glue:GetCrawler", "whether the crawler is done is asked for")
        .need(Step::Cancel, "glue:StopCrawler", "a crawl that is no longer wanted is stopped");
    let staging = pipeline.glue_tables(&pipeline.staging_database());
    topic(needs, page::GLUE_ARNS, staging)
        .need(Step::Crawl, "glue:GetTables", "what the crawler has found is looked up")
        .need(Step::Crawl, "glue:DeleteTable", "leftovers of a killed run are deleted")
        .need(Step::Crawl, "glue:CreateTable", "crawled tables get the names that views read");
}

fn catalog(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let staging = pipeline.glue_tables(&pipeline.staging_database());
    topic(needs, page::GLUE_ARNS, staging)
        .need(Step::CleanUp, "glue:GetTables", "what is left in the staging database is looked up")
        .need(Step::CleanUp, "glue:DeleteTable", "the staging database is emptied");
    let live = pipeline.glue_tables(&pipeline.catalog.database);
    topic(needs, page::GLUE_ARNS, live)
        .need(Step::Publish, "glue:GetTables", "what is live now is the way back")
        .need(Step::Publish, "glue:GetTable", "each pointer is read back after it has moved")
        .need(Step::Publish, "glue:UpdateTable", "a table is pointed at the verified export")
        .need(Step::Prune, "glue:GetTables", "what is live is never deleted")
        .need(Step::LookAround, "glue:GetTables", "`status` shows what is live");
    if pipeline.catalog.tables == TableMaker::Run {
        let live = pipeline.glue_tables(&pipeline.catalog.database);
        topic(needs, page::GLUE_ARNS, live).need(
            Step::Publish,
            "glue:CreateTable",
            "a table that is new is made",
        );
    } else {
        let live = pipeline.glue_tables(&pipeline.catalog.database);
        topic(needs, page::GLUE_ARNS, live).need(
            Step::Preflight,
            "glue:GetTables",
            "whether Terraform has made the tables is looked up",
        );
    }
    if pipeline.catalog.mode == CatalogMode::History {
        let live = pipeline.glue_tables(&pipeline.catalog.database);
        topic(needs, page::GLUE_ARNS, live)
            .need(Step::Publish, "glue:GetPartitions", "the partitions that are live are looked up")
            .need(Step::Publish, "glue:BatchCreatePartition", "the export is added as a partition")
            .need(
                Step::Publish,
                "glue:UpdatePartition",
                "a later export of the same day takes the place of the earlier one",
            )
            .need(
                Step::Publish,
                "glue:BatchDeletePartition",
                "a rollback drops the partitions of later exports",
            )
            .need(Step::Prune, "glue:GetPartitions", "an export with a partition is never deleted")
            .need(
                Step::Prune,
                "glue:BatchDeletePartition",
                "partitions of exports past retention are dropped before their files",
            )
            .need(Step::Prune, "glue:UpdateTable", "when partitions were dropped is noted");
    }
    if pipeline.makes_views() {
        let live = pipeline.glue_tables(&pipeline.catalog.database);
        topic(needs, page::GLUE_ARNS, live)
            .need(Step::Views, "glue:GetTables", "the views that are live now are the way back")
            .need(
                Step::Views,
                "glue:UpdateTable",
                "tables and views are moved back when a view does not work",
            );
    }
}

fn queries(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let principal = PrincipalKind::Runner;
    let live = &pipeline.catalog.database;
    let staging = &pipeline.staging_database();
    athena::query(pipeline, principal, &[Step::Verify], needs);
    athena::read(pipeline, principal, Step::Verify, staging, needs);
    if !pipeline.checks.is_empty() {
        athena::query(pipeline, principal, &[Step::Checks], needs);
        athena::read(pipeline, principal, Step::Checks, staging, needs);
    }
    if pipeline.checks.bounds_rows() {
        athena::read(pipeline, principal, Step::Checks, live, needs);
        topic(needs, page::GLUE_ARNS, pipeline.glue_tables(live)).need(
            Step::Checks,
            "glue:GetTables",
            "the live tables, whose rows the export's are compared with, are looked up",
        );
    }
    if pipeline.makes_views() {
        athena::query(pipeline, principal, &[Step::StageViews, Step::Views], needs);
        athena::read(pipeline, principal, Step::StageViews, staging, needs);
        athena::create_views(pipeline, Step::StageViews, staging, needs);
        athena::read(pipeline, principal, Step::Views, live, needs);
        athena::create_views(pipeline, Step::Views, live, needs);
    }
}

fn cancel(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    // The one action of a run that AWS scopes to nothing.
    topic(needs, page::RDS_ACTIONS, vec!["*".to_owned()]).need(
        Step::Cancel,
        "rds:CancelExportTask",
        "an export that is no longer wanted is cancelled",
    );
    topic(needs, page::ATHENA_ACTIONS, vec![pipeline.workgroup_arn()]).need(
        Step::Cancel,
        "athena:StopQueryExecution",
        "a query that is no longer wanted is stopped",
    );
}
