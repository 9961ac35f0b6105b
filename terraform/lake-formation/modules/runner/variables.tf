variable "account_id" {
  description = "Id of the AWS account that the pipeline lives in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The account id must be twelve digits."
  }
}

variable "region" {
  description = "AWS region of the database, the buckets, the key and the catalog."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "The region must look like ap-northeast-1."
  }
}

variable "partition" {
  description = "AWS partition of the region: aws, aws-cn, aws-us-gov and so on."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^aws(-[a-z]+)*$", var.partition))
    error_message = "The partition must be aws or begin with aws-."
  }
}

variable "bucket_arn" {
  description = "ARN of the bucket that holds exports and query results."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:s3:::", var.bucket_arn))
    error_message = "The bucket's ARN must begin with arn:aws:s3::: or the like of another partition."
  }
}

variable "prefix" {
  description = "Key prefix of the exports, without slashes at its ends."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^/].*[^/]$|^[^/]$", var.prefix))
    error_message = "The prefix must not be empty, and must not begin or end with a slash."
  }
}

variable "results_prefix" {
  description = "Key prefix of Athena's query results, without slashes at its ends."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^/].*[^/]$|^[^/]$", var.results_prefix))
    error_message = "The results prefix must not be empty, and must not begin or end with a slash."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that the lake is encrypted with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.key_arn))
    error_message = "The key must be given by the ARN of a KMS key, not by an alias."
  }
}

variable "database" {
  description = "Name of the Glue database that holds published tables and views."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.database))
    error_message = "The database's name must have lowercase letters, digits and underscores only."
  }
}

variable "staging_database" {
  description = "Name of the Glue database in which a run checks an export."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.staging_database))
    error_message = "The staging database's name must have lowercase letters, digits and underscores only."
  }
}

variable "workgroup" {
  description = "Name of the Athena workgroup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,128}$", var.workgroup))
    error_message = "The workgroup's name must have up to 128 letters, digits, dots, underscores and hyphens."
  }
}

variable "source_id" {
  description = "Identifier of the DB instance or cluster whose snapshots are exported."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.source_id))
    error_message = "The identifier must begin with a letter and have up to 63 lowercase letters, digits and hyphens."
  }
}

variable "export_role_arn" {
  description = "ARN of the role under which RDS writes exports."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.export_role_arn))
    error_message = "The export role must be given by the ARN of an IAM role."
  }
}

variable "role_name" {
  description = "Name of the IAM role, and of the policy that it carries."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "The role's name must have up to 64 letters, digits and the characters + = , . @ _ -."
  }
}

variable "iam_path" {
  description = "Path of roles and policies."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.iam_path))
    error_message = "The path must begin and end with a slash."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null for none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/", var.permissions_boundary))
    error_message = "The permissions boundary must be the ARN of an IAM policy, or null."
  }
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Tags that begin with aws: belong to AWS."
  }
}
