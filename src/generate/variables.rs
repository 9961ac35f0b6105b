//! The variables that modules may declare: each described and checked once, wherever it is used.

use std::collections::BTreeSet;

/// A check on a variable's value.
#[derive(Debug, Clone, Copy)]
pub struct Validation {
    /// The HCL condition.
    pub condition: &'static str,
    /// What to tell whoever breaks it; a whole sentence, as Terraform asks.
    pub message: &'static str,
}

/// A variable: the same name means the same thing in every module.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its HCL type.
    pub kind: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its default in a child module, as HCL; `None` where the caller has to say.
    pub default: Option<&'static str>,
    /// Whether `null` means something.
    pub nullable: bool,
    /// What its value has to fulfil.
    pub validations: &'static [Validation],
}

impl Variable {
    const fn required(
        name: &'static str,
        description: &'static str,
        validations: &'static [Validation],
    ) -> Self {
        Self { name, kind: "string", description, default: None, nullable: false, validations }
    }

    const fn days(
        name: &'static str,
        description: &'static str,
        default: &'static str,
        validations: &'static [Validation],
    ) -> Self {
        Self {
            name,
            kind: "number",
            description,
            default: Some(default),
            nullable: false,
            validations,
        }
    }
}

const fn check(condition: &'static str, message: &'static str) -> Validation {
    Validation { condition, message }
}

/// Every variable, in the order in which modules declare them.
pub const ALL: &[Variable] = &[
    Variable::required(
        "name",
        "Name of the pipeline; the names of what it makes begin with it.",
        &[check(
            "length(var.name) > 0 && length(var.name) <= 64",
            "The name must have 1 to 64 characters.",
        )],
    ),
    Variable::required(
        "account_id",
        "Id of the AWS account that the pipeline lives in.",
        &[check(
            "can(regex(\"^[0-9]{12}$\", var.account_id))",
            "The account id must be twelve digits.",
        )],
    ),
    Variable::required(
        "region",
        "AWS region of the database, the buckets, the key and the catalog.",
        &[check(
            "can(regex(\"^[a-z]{2,}(-[a-z]+)+-[0-9]+$\", var.region))",
            "The region must look like ap-northeast-1.",
        )],
    ),
    Variable::required(
        "partition",
        "AWS partition of the region: aws, aws-cn, aws-us-gov and so on.",
        &[check(
            "can(regex(\"^aws(-[a-z]+)*$\", var.partition))",
            "The partition must be aws or begin with aws-.",
        )],
    ),
    Variable::required(
        "bucket",
        "Name of the bucket that holds exports and query results.",
        &[check(
            "can(regex(\"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$\", var.bucket))",
            "The bucket's name must have 3 to 63 lowercase letters, digits, dots and hyphens.",
        )],
    ),
    Variable::required(
        "bucket_arn",
        "ARN of the bucket that holds exports and query results.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:s3:::\", var.bucket_arn))",
            "The bucket's ARN must begin with arn:aws:s3::: or the like of another partition.",
        )],
    ),
    Variable::required(
        "bucket_account_id",
        "Id of the AWS account that owns the bucket.",
        &[check(
            "can(regex(\"^[0-9]{12}$\", var.bucket_account_id))",
            "The account id must be twelve digits.",
        )],
    ),
    Variable::required(
        "log_bucket",
        "Name of the bucket that takes the lake bucket's access logs.",
        &[check(
            "can(regex(\"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$\", var.log_bucket))",
            "The log bucket's name must have 3 to 63 lowercase letters, digits, dots and hyphens.",
        )],
    ),
    Variable::required(
        "prefix",
        "Key prefix of the exports, without slashes at its ends.",
        &[check(
            "can(regex(\"^[^/].*[^/]$|^[^/]$\", var.prefix))",
            "The prefix must not be empty, and must not begin or end with a slash.",
        )],
    ),
    Variable::required(
        "results_prefix",
        "Key prefix of Athena's query results, without slashes at its ends.",
        &[check(
            "can(regex(\"^[^/].*[^/]$|^[^/]$\", var.results_prefix))",
            "The results prefix must not be empty, and must not begin or end with a slash.",
        )],
    ),
    Variable::required(
        "key_alias",
        "Alias of the KMS key.",
        &[check(
            "can(regex(\"^alias/[A-Za-z0-9/_-]+$\", var.key_alias)) && !startswith(var.key_alias, \"alias/aws/\")",
            "The alias must begin with alias/ and must not begin with alias/aws/.",
        )],
    ),
    Variable::required(
        "key_arn",
        "ARN of the KMS key that the lake is encrypted with.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$\", var.key_arn))",
            "The key must be given by the ARN of a KMS key, not by an alias.",
        )],
    ),
    Variable::required(
        "database",
        "Name of the Glue database that holds published tables and views.",
        &[check(
            "can(regex(\"^[a-z0-9_]{1,255}$\", var.database))",
            "The database's name must have lowercase letters, digits and underscores only.",
        )],
    ),
    Variable::required(
        "staging_database",
        "Name of the Glue database in which a run checks an export.",
        &[check(
            "can(regex(\"^[a-z0-9_]{1,255}$\", var.staging_database))",
            "The staging database's name must have lowercase letters, digits and underscores only.",
        )],
    ),
    Variable {
        name: "tables",
        kind: "set(string)",
        description: "Names of the tables that are to be there.",
        default: None,
        nullable: false,
        validations: &[check(
            "alltrue([for table in var.tables : length(table) >= 1 && length(table) <= 255 && table == lower(table)])",
            "The name of a table must have 1 to 255 characters, and none of them an uppercase letter.",
        )],
    },
    Variable::required(
        "partition_key",
        "Name of the column by which the tables are partitioned: the date of an export.",
        &[check(
            "can(regex(\"^[a-z0-9_]{1,255}$\", var.partition_key))",
            "The partition key's name must have lowercase letters, digits and underscores only.",
        )],
    ),
    Variable::required(
        "crawler_name",
        "Name of the Glue crawler.",
        &[check(
            "length(var.crawler_name) > 0 && length(var.crawler_name) <= 255",
            "The crawler's name must have 1 to 255 characters.",
        )],
    ),
    Variable::required(
        "workgroup",
        "Name of the Athena workgroup.",
        &[check(
            "can(regex(\"^[a-zA-Z0-9._-]{1,128}$\", var.workgroup))",
            "The workgroup's name must have up to 128 letters, digits, dots, underscores and hyphens.",
        )],
    ),
    Variable::required(
        "source_id",
        "Identifier of the DB instance or cluster whose snapshots are exported.",
        &[check(
            "can(regex(\"^[a-z][a-z0-9-]{0,62}$\", var.source_id))",
            "The identifier must begin with a letter and have up to 63 lowercase letters, digits and hyphens.",
        )],
    ),
    Variable::required(
        "export_role_arn",
        "ARN of the role under which RDS writes exports.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\", var.export_role_arn))",
            "The export role must be given by the ARN of an IAM role.",
        )],
    ),
    Variable::required(
        "crawler_role_arn",
        "ARN of the role under which the Glue crawler works.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\", var.crawler_role_arn))",
            "The crawler's role must be given by the ARN of an IAM role.",
        )],
    ),
    Variable::required(
        "runner_role_arn",
        "ARN of the role that runs the pipeline.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\", var.runner_role_arn))",
            "The runner's role must be given by the ARN of an IAM role.",
        )],
    ),
    Variable::required(
        "analyst_role_arn",
        "ARN of the role that queries the published tables.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\", var.analyst_role_arn))",
            "The analysts' role must be given by the ARN of an IAM role.",
        )],
    ),
    Variable::required(
        "location_role_arn",
        "ARN of the role with which Lake Formation reads the exports.",
        &[check(
            "can(regex(\"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\", var.location_role_arn))",
            "The location's role must be given by the ARN of an IAM role.",
        )],
    ),
    Variable::required(
        "role_name",
        "Name of the IAM role, and of the policy that it carries.",
        &[check(
            "can(regex(\"^[A-Za-z0-9+=,.@_-]{1,64}$\", var.role_name))",
            "The role's name must have up to 64 letters, digits and the characters + = , . @ _ -.",
        )],
    ),
    Variable {
        name: "iam_path",
        kind: "string",
        description: "Path of roles and policies.",
        default: Some("\"/\""),
        nullable: false,
        validations: &[check(
            "can(regex(\"^/([!-~]+/)?$\", var.iam_path))",
            "The path must begin and end with a slash.",
        )],
    },
    Variable {
        name: "permissions_boundary",
        kind: "string",
        description: "ARN of the policy that bounds the role; null for none.",
        default: Some("null"),
        nullable: true,
        validations: &[check(
            "var.permissions_boundary == null || can(regex(\"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/\", var.permissions_boundary))",
            "The permissions boundary must be the ARN of an IAM policy, or null.",
        )],
    },
    Variable {
        name: "bytes_scanned_cutoff",
        kind: "number",
        description: "The most that one query may scan, in bytes.",
        default: None,
        nullable: false,
        validations: &[check(
            "var.bytes_scanned_cutoff >= 10000000",
            "Athena takes no limit under 10,000,000 bytes.",
        )],
    },
    Variable::days(
        "query_result_retention_days",
        "Days after which query results are deleted.",
        "30",
        &[check(
            "var.query_result_retention_days >= 1 && floor(var.query_result_retention_days) == var.query_result_retention_days",
            "The number of days must be a whole number of at least 1.",
        )],
    ),
    Variable::days(
        "noncurrent_version_retention_days",
        "Days for which deleted and overwritten objects can be brought back.",
        "30",
        &[check(
            "var.noncurrent_version_retention_days >= 1 && floor(var.noncurrent_version_retention_days) == var.noncurrent_version_retention_days",
            "The number of days must be a whole number of at least 1.",
        )],
    ),
    Variable::days(
        "access_log_retention_days",
        "Days after which access logs are deleted.",
        "365",
        &[check(
            "var.access_log_retention_days >= 1 && floor(var.access_log_retention_days) == var.access_log_retention_days",
            "The number of days must be a whole number of at least 1.",
        )],
    ),
    Variable::days(
        "key_deletion_window_days",
        "Days between asking for the key's deletion and the deletion.",
        "30",
        &[check(
            "var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30",
            "KMS deletes a key after 7 to 30 days.",
        )],
    ),
    Variable {
        name: "object_events",
        kind: "bool",
        description: "Whether the buckets send the events of their objects to EventBridge.",
        default: Some("false"),
        nullable: false,
        validations: &[],
    },
    Variable {
        name: "force_destroy",
        kind: "bool",
        description: "Whether destroying also deletes what the buckets hold; leave it false where exports matter.",
        default: Some("false"),
        nullable: false,
        validations: &[],
    },
    Variable {
        name: "tags",
        kind: "map(string)",
        description: "Tags of every resource that takes tags.",
        default: Some("{}"),
        nullable: false,
        validations: &[check(
            "alltrue([for key in keys(var.tags) : !startswith(lower(key), \"aws:\")])",
            "Tags that begin with aws: belong to AWS.",
        )],
    },
];

/// The variables that a module's text refers to, in the order of [`ALL`].
#[must_use]
pub fn used_in(text: &str) -> Vec<Variable> {
    let names = referred(text, "var");
    ALL.iter().filter(|variable| names.contains(variable.name)).copied().collect()
}

/// Every name that the text refers to as `<namespace>.<name>`.
#[must_use]
pub fn referred<'a>(text: &'a str, namespace: &str) -> BTreeSet<&'a str> {
    let prefix = format!("{namespace}.");
    let ends = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
    text.match_indices(&prefix)
        .filter_map(|(at, _)| text.get(at + prefix.len()..)?.split(ends).next())
        .collect()
}
