//! What services do under a role: one table, each row with the page that says so.
//!
//! A row is written from AWS's pages, not from what our policies grant. An access that a service
//! makes here and that no row explains is a bug; the tests look for it.

use super::authorize::{Ask, Denied};
use super::caller::Caller;
use super::state::State;

/// The service principal of snapshot exports.
pub(crate) const EXPORT: &str = "export.rds.amazonaws.com";
/// The service principal of crawlers.
pub(crate) const GLUE: &str = "glue.amazonaws.com";
/// The service that queries as its caller.
pub(crate) const ATHENA: &str = "athena.amazonaws.com";

/// The service principal that delivers server access logs.
pub(crate) const S3_LOGS: &str = "logging.s3.amazonaws.com";

/// The operations of the grant that RDS gives itself: those which older versions of the page of
/// `StartExportTask` list for the key
/// (<https://docs.rs/rusoto_rds/0.46.0/rusoto_rds/struct.StartExportTaskMessage.html>).
pub(crate) const EXPORT_GRANT: [&str; 9] = [
    "Encrypt",
    "Decrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "DescribeKey",
    "RetireGrant",
];

/// One access of a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceAccess {
    /// Who makes it.
    pub(crate) service: &'static str,
    /// The IAM action.
    pub(crate) action: &'static str,
    /// When it is made.
    pub(crate) when: &'static str,
    /// The page that says so.
    pub(crate) source: &'static str,
}

const EXPORT_SETUP: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html";
const CRAWLER_ROLE: &str = "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html";
const GLUE_ROLE: &str =
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html";
const ATHENA_CATALOG: &str =
    "https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html";
const ATHENA_S3: &str = "https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html";
/// The managed policy's statement on results: Athena's own pages list these rights nowhere.
const ATHENA_RESULTS: &str =
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html";
const ATHENA_KMS: &str = "https://docs.aws.amazon.com/athena/latest/ug/encryption.html";
const S3_KMS: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html";

const S3_LOG_DELIVERY: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html";

/// Every access that a service makes here under a role, or as its caller.
pub(crate) const TABLE: &[ServiceAccess] = &[
    row(EXPORT, "sts:AssumeRole", "before anything", EXPORT_SETUP),
    row(EXPORT, "s3:GetBucketLocation", "before anything", EXPORT_SETUP),
    row(EXPORT, "s3:ListBucket", "before anything", EXPORT_SETUP),
    row(EXPORT, "s3:PutObject", "for each object", EXPORT_SETUP),
    row(EXPORT, "s3:GetObject", "to read back what it wrote", EXPORT_SETUP),
    row(EXPORT, "s3:DeleteObject", "to remove what is temporary", EXPORT_SETUP),
    row(EXPORT, "kms:GenerateDataKey", "S3 encrypts an object", S3_KMS),
    row(EXPORT, "kms:Decrypt", "S3 decrypts an object", S3_KMS),
    row(GLUE, "sts:AssumeRole", "before anything", CRAWLER_ROLE),
    row(GLUE, "logs:CreateLogGroup", "at the start of a crawl", GLUE_ROLE),
    row(GLUE, "logs:CreateLogStream", "at the start of a crawl", GLUE_ROLE),
    row(GLUE, "logs:PutLogEvents", "at the start of a crawl", GLUE_ROLE),
    row(GLUE, "s3:GetBucketLocation", "before it lists", GLUE_ROLE),
    row(GLUE, "s3:ListBucket", "lists what it crawls", GLUE_ROLE),
    row(GLUE, "s3:GetObject", "reads samples", CRAWLER_ROLE),
    row(GLUE, "kms:Decrypt", "S3 decrypts an object", CRAWLER_ROLE),
    row(GLUE, "glue:GetDatabase", "looks for its database", GLUE_ROLE),
    row(GLUE, "glue:GetTable", "looks for a table", GLUE_ROLE),
    row(GLUE, "glue:GetTables", "looks for tables", GLUE_ROLE),
    row(GLUE, "glue:CreateTable", "writes a new table", GLUE_ROLE),
    row(GLUE, "glue:UpdateTable", "writes a changed table", GLUE_ROLE),
    row(GLUE, "glue:DeleteTable", "removes what is gone", GLUE_ROLE),
    row(GLUE, "glue:GetPartitions", "looks for partitions", GLUE_ROLE),
    row(GLUE, "glue:BatchCreatePartition", "writes partitions", GLUE_ROLE),
    row(GLUE, "glue:UpdatePartition", "writes changed partitions", GLUE_ROLE),
    row(GLUE, "glue:BatchDeletePartition", "removes partitions", GLUE_ROLE),
    row(ATHENA, "glue:GetDatabase", "resolves a name", ATHENA_CATALOG),
    row(ATHENA, "glue:GetDatabases", "SHOW DATABASES", ATHENA_CATALOG),
    row(ATHENA, "glue:CreateDatabase", "CREATE DATABASE", ATHENA_CATALOG),
    row(ATHENA, "glue:DeleteDatabase", "DROP DATABASE", ATHENA_CATALOG),
    row(ATHENA, "glue:GetTable", "resolves a name", ATHENA_CATALOG),
    row(ATHENA, "glue:GetTables", "SHOW TABLES", ATHENA_CATALOG),
    row(ATHENA, "glue:CreateTable", "CREATE TABLE, CREATE VIEW", ATHENA_CATALOG),
    row(ATHENA, "glue:UpdateTable", "CREATE OR REPLACE VIEW, ALTER TABLE", ATHENA_CATALOG),
    row(ATHENA, "glue:DeleteTable", "DROP TABLE, DROP VIEW", ATHENA_CATALOG),
    row(ATHENA, "glue:GetPartitions", "reads a partitioned table", ATHENA_CATALOG),
    row(
        ATHENA,
        "glue:BatchCreatePartition",
        "ALTER TABLE ADD PARTITION, INSERT INTO",
        ATHENA_CATALOG,
    ),
    row(ATHENA, "glue:UpdatePartition", "ALTER TABLE SET LOCATION", ATHENA_CATALOG),
    row(ATHENA, "glue:BatchDeletePartition", "ALTER TABLE DROP PARTITION", ATHENA_CATALOG),
    row(ATHENA, "s3:GetBucketLocation", "looks where the results go", ATHENA_RESULTS),
    row(ATHENA, "s3:ListBucket", "lists a table's objects", ATHENA_S3),
    row(ATHENA, "s3:GetObject", "reads a table's objects", ATHENA_S3),
    row(ATHENA, "s3:PutObject", "writes results, and the files of a table", ATHENA_S3),
    row(ATHENA, "s3:ListBucketMultipartUploads", "writes results", ATHENA_RESULTS),
    row(ATHENA, "s3:ListMultipartUploadParts", "writes results", ATHENA_RESULTS),
    row(ATHENA, "s3:AbortMultipartUpload", "writes results", ATHENA_RESULTS),
    row(ATHENA, "s3:DeleteObject", "removes a table's data", ATHENA_S3),
    row(ATHENA, "kms:Decrypt", "S3 decrypts an object", ATHENA_KMS),
    row(ATHENA, "kms:GenerateDataKey", "S3 encrypts results", ATHENA_KMS),
    row(S3_LOGS, "s3:PutObject", "delivers access logs", S3_LOG_DELIVERY),
];

/// The row that explains an access, if one does.
pub(crate) fn explain(service: &str, action: &str) -> Option<&'static ServiceAccess> {
    TABLE.iter().find(|row| row.service == service && row.action == action)
}

const fn row(
    service: &'static str,
    action: &'static str,
    when: &'static str,
    source: &'static str,
) -> ServiceAccess {
    ServiceAccess { service, action, when, source }
}

impl State {
    /// A service takes on a role: its trust policy must allow it, with the confused-deputy keys that
    /// services send
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
    ///
    /// # Errors
    /// [`Denied`] when the role does not trust the service, or does not exist.
    pub(crate) fn assume_for_service(
        &self,
        service: &str,
        role_arn: &str,
        source_arn: &str,
        call: &str,
        session: &str,
    ) -> Result<Caller, Denied> {
        let role = self.identities().role_by_arn(role_arn).ok_or_else(|| Denied {
            message: format!("the role {} does not exist", role_arn.escape_debug()),
        })?;
        let caller = Caller { service: Some(service.into()), ..Caller::new(service, call) };
        let ask = Ask::new("sts:AssumeRole", role_arn)
            .trusted_by(role)
            .with("aws:SourceAccount", self.settings.account.as_str())
            .with("aws:SourceArn", source_arn);
        self.authorize(&caller, &ask)?;
        let principal = super::identity::session_arn(role_arn, session);
        Ok(Caller { service: Some(service.into()), ..Caller::new(&principal, call) })
    }
}

/// A crawler's log: its group, its stream, its events
/// (<https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html>).
///
/// # Errors
/// [`Denied`] when the role may not write the log.
pub(crate) fn crawler_logs(state: &State, caller: &Caller, crawler: &str) -> Result<(), Denied> {
    let group = state.settings.arn("logs", "log-group:/aws-glue/crawlers");
    let stream = format!("{group}:log-stream:{crawler}");
    for (action, resource) in [
        ("logs:CreateLogGroup", &group),
        ("logs:CreateLogStream", &group),
        ("logs:PutLogEvents", &stream),
    ] {
        state.authorize(caller, &Ask::new(action, resource.as_str()))?;
    }
    Ok(())
}

/// What Athena must be allowed where results go, beside writing and reading them: the managed policy
/// grants it whatever the size of the result
/// (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html>).
///
/// # Errors
/// [`Denied`] when the caller lacks one of them.
pub(crate) fn athena_results(
    state: &State,
    caller: &Caller,
    location: &str,
    id: &str,
) -> Result<(), Denied> {
    let Some((bucket, prefix)) = super::athena::s3_url(location) else { return Ok(()) };
    let object = format!("{bucket}/{prefix}{id}");
    let on_bucket =
        |action: &'static str| Ask::new(action, state.settings.s3_arn(bucket)).in_bucket(bucket);
    let on_object =
        |action: &'static str| Ask::new(action, state.settings.s3_arn(&object)).in_bucket(bucket);
    for ask in [
        on_bucket("s3:ListBucket").with("s3:prefix", prefix),
        on_bucket("s3:ListBucketMultipartUploads").with("s3:prefix", prefix),
        on_object("s3:ListMultipartUploadParts"),
        on_object("s3:AbortMultipartUpload"),
    ] {
        state.authorize(caller, &ask)?;
    }
    Ok(())
}
