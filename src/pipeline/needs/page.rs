//! The AWS pages that the needs come from.

pub const START_EXPORT_TASK: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html";
pub const RDS_ACTIONS: &str =
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html";
pub const S3_KMS: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html";
pub const S3_ACTIONS: &str =
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html";
pub const KMS_ACTIONS: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html";
pub const GLUE_ARNS: &str =
    "https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html";
pub const GLUE_ACTIONS: &str =
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html";
pub const CRAWLER_DATA: &str =
    "https://docs.aws.amazon.com/glue/latest/dg/define-crawler-configure-security-settings.html";
pub const GLUE_SERVICE_ROLE: &str =
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html";
pub const ATHENA_ACTIONS: &str =
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html";
pub const ATHENA_GLUE: &str =
    "https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html";
pub const ATHENA_S3: &str = "https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html";
pub const ATHENA_LAKE_FORMATION: &str =
    "https://docs.aws.amazon.com/athena/latest/ug/lf-athena-user-permissions.html";
pub const ATHENA_MANAGED: &str =
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html";
pub const ATHENA_KMS: &str = "https://docs.aws.amazon.com/athena/latest/ug/encryption.html";
pub const PASS_ROLE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html";
pub const GRANT_FOR_AWS: &str =
    "https://docs.aws.amazon.com/kms/latest/developerguide/grant-authorization.html";
pub const SNS_ACTIONS: &str =
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html";
pub const SNS_KMS: &str = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html";
pub const S3_CONDITIONAL: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html";
