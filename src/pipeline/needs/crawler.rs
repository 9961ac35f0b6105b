//! What a Glue crawler needs under its role.
//!
//! AWS publishes no minimal list: it says "AWSGlueServiceRole or a scoped down version of it", which
//! is `glue:*` on everything and more. This is that policy's part for a crawler of S3 folders that
//! writes to one database: no connections (so nothing of EC2), no bucket of Glue's own, no jobs.

use super::{Topic, page};
use crate::pipeline::{Limit, Need, Pipeline, PrincipalKind, Step};

/// The log group of every crawler.
const LOG_GROUP: &str = "log-group:/aws-glue/crawlers";

pub(super) fn needs(pipeline: &Pipeline, needs: &mut Vec<Need>) {
    let exports = pipeline.exports_prefix();
    Topic::new(
        needs,
        PrincipalKind::Crawler,
        page::CRAWLER_DATA,
        vec![pipeline.object_arn(&format!("{exports}*"))],
    )
    .need(
        Step::Crawl,
        "s3:GetObject",
        "the crawler reads footers of the export's Parquet files",
    );
    Topic::new(needs, PrincipalKind::Crawler, page::GLUE_SERVICE_ROLE, vec![pipeline.bucket_arn()])
        .limit(Limit::new("StringLike", "s3:prefix", format!("{exports}*")))
        .need(
            Step::Crawl,
            "s3:ListBucket",
            "the crawler looks for folders and files in the export",
        );
    Topic::new(needs, PrincipalKind::Crawler, page::CRAWLER_DATA, vec![pipeline.key_arn()])
        .via_s3(pipeline)
        .need(Step::Crawl, "kms:Decrypt", "the export's files are encrypted with the lake's key");

    let staging = pipeline.staging_database();
    Topic::new(
        needs,
        PrincipalKind::Crawler,
        page::GLUE_SERVICE_ROLE,
        pipeline.glue_database(&staging),
    )
    .need(Step::Crawl, "glue:GetDatabase", "the crawler makes sure that its database exists");
    Topic::new(
        needs,
        PrincipalKind::Crawler,
        page::GLUE_SERVICE_ROLE,
        pipeline.glue_tables(&staging),
    )
    .need(Step::Crawl, "glue:GetTable", "the crawler compares what it finds with what is there")
    .need(Step::Crawl, "glue:GetTables", "the crawler looks for tables whose files are gone")
    .need(Step::Crawl, "glue:CreateTable", "the crawler makes a table of each table's folder")
    .need(Step::Crawl, "glue:UpdateTable", "the crawler changes tables whose files have changed")
    .need(Step::Crawl, "glue:GetPartitions", "the crawler compares the folders below a table's")
    .need(
        Step::Crawl,
        "glue:BatchCreatePartition",
        "the crawler makes partitions of the batch folders below a table's",
    )
    .need(
        Step::Crawl,
        "glue:UpdatePartition",
        "the crawler changes partitions along with a table whose files have changed",
    );
    let group = format!(
        "arn:{}:logs:{}:{}:{LOG_GROUP}",
        pipeline.partition, pipeline.region, pipeline.account
    );
    Topic::new(
        needs,
        PrincipalKind::Crawler,
        page::GLUE_SERVICE_ROLE,
        // The group itself, and the streams in it.
        vec![group.clone(), format!("{group}:*")],
    )
    .need(Step::Crawl, "logs:CreateLogGroup", "the account's first crawler makes the log group")
    .need(Step::Crawl, "logs:CreateLogStream", "each crawler logs to a stream of its own")
    .need(
        Step::Crawl,
        "logs:PutLogEvents",
        "the crawler says what it found and what went wrong",
    );
}
