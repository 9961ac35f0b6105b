//! The needs, derived from the shape of a pipeline: no need, no grant.

mod analyst;
mod athena;
mod crawler;
mod export;
mod journal;
mod notify;
pub(super) mod page;
mod runner;

use super::{CatalogMode, Need, Pipeline, PrincipalKind, Step};

pub(super) use athena::ATHENA;

impl Pipeline {
    /// Everything that the pipeline's principals have to be allowed, by principal and step.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        export::needs(self, &mut needs);
        if self.catalog.mode == CatalogMode::Crawler {
            crawler::needs(self, &mut needs);
        }
        runner::needs(self, &mut needs);
        analyst::needs(self, &mut needs);
        journal::needs(self, &mut needs);
        notify::needs(self, &mut needs);
        needs.sort_by_key(|need| (need.principal, need.step));
        needs
    }

    /// What every request about a Glue table or database also asks about.
    pub(super) fn glue_database(&self, database: &str) -> Vec<String> {
        vec![self.catalog_arn(), self.database_arn(database)]
    }

    /// The catalog, the database, and all tables in it.
    pub(super) fn glue_tables(&self, database: &str) -> Vec<String> {
        vec![self.catalog_arn(), self.database_arn(database), self.table_arn(database, "*")]
    }
}

/// Needs of one principal for one topic, put together a line each.
struct Topic<'a> {
    needs: &'a mut Vec<Need>,
    principal: PrincipalKind,
    resources: Vec<String>,
    limits: Vec<super::Limit>,
    context: Vec<(&'static str, String)>,
    via: Option<&'static str>,
    source: &'static str,
}

impl<'a> Topic<'a> {
    fn new(
        needs: &'a mut Vec<Need>,
        principal: PrincipalKind,
        source: &'static str,
        resources: Vec<String>,
    ) -> Self {
        let (limits, context) = (Vec::new(), Vec::new());
        Self { needs, principal, resources, limits, context, via: None, source }
    }

    fn limit(mut self, limit: super::Limit) -> Self {
        self.limits.push(limit);
        self
    }

    fn context(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }

    /// Of needs of a KMS key: it is S3 that asks for it, of objects under the key. "Amazon S3 then makes a FAS request
    /// to AWS KMS": <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>;
    /// the value: <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>.
    fn via_s3(self, pipeline: &Pipeline) -> Self {
        let service = format!("s3.{}.{}", pipeline.region, pipeline.dns_suffix());
        self.context("kms:ViaService", service).context("aws:ViaAWSService", "true")
    }

    fn via(mut self, service: &'static str) -> Self {
        self.via = Some(service);
        self
    }

    fn need(self, step: Step, action: &'static str, reason: &'static str) -> Self {
        self.needs.push(Need {
            principal: self.principal,
            step,
            action,
            resources: self.resources.clone(),
            limits: self.limits.clone(),
            context: self.context.clone(),
            via: self.via,
            sid: sid(action),
            reason,
            source: self.source,
        });
        self
    }
}

/// What the statement is called that allows an action: by what it is for, so that it stays the same
/// whatever else a pipeline needs.
fn sid(action: &str) -> &'static str {
    match action {
        "athena:GetQueryExecution"
        | "athena:GetQueryResults"
        | "athena:GetWorkGroup"
        | "athena:StartQueryExecution"
        | "athena:StopQueryExecution" => "Query",
        "glue:BatchCreatePartition" | "glue:UpdatePartition" => "WritePartitions",
        "glue:BatchDeletePartition" => "DropPartitions",
        "glue:CreateTable" => "RegisterTables",
        "glue:DeleteTable" => "EmptyStaging",
        "glue:GetCrawler" | "glue:StartCrawler" | "glue:StopCrawler" | "glue:UpdateCrawler" => {
            "Crawl"
        }
        "glue:GetDatabase" => "FindDatabases",
        "glue:GetPartitions" => "ReadPartitions",
        "glue:GetTable" | "glue:GetTables" => "ReadCatalog",
        "glue:UpdateTable" => "MoveTables",
        "iam:PassRole" => "PassExportRole",
        "kms:CreateGrant" => "ShareKeyWithExport",
        "kms:Decrypt" | "kms:DescribeKey" | "kms:GenerateDataKey" => "UseLakeKey",
        "lakeformation:GetDataAccess" => "ReadThroughLakeFormation",
        "logs:CreateLogGroup" | "logs:CreateLogStream" | "logs:PutLogEvents" => "WriteLog",
        "rds:AddTagsToResource" | "rds:CreateDBClusterSnapshot" | "rds:CreateDBSnapshot" => {
            "CreateSnapshot"
        }
        "rds:CancelExportTask" => "CancelExport",
        "rds:DeleteDBClusterSnapshot" | "rds:DeleteDBSnapshot" => "PruneSnapshots",
        "rds:DescribeDBClusterSnapshots" | "rds:DescribeDBSnapshots" => "FindSnapshots",
        "rds:DescribeExportTasks" | "rds:StartExportTask" => "Export",
        "sns:Publish" => "Notify",
        "s3:DeleteObject" => "PruneExports",
        "s3:GetBucketLocation" => "FindBucket",
        "s3:ListBucketMultipartUploads" => "FindUploads",
        "s3:GetObject" => "ReadObjects",
        "s3:ListBucket" => "ListObjects",
        "s3:AbortMultipartUpload" | "s3:ListMultipartUploadParts" | "s3:PutObject" => {
            "WriteResults"
        }
        "s3:DeleteObject*" | "s3:GetObject*" | "s3:PutObject*" => "WriteExports",
        _ => "Other",
    }
}
