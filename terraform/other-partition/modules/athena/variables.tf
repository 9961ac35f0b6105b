variable "name" {
  description = "Name of the pipeline; the names of what it makes begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) > 0 && length(var.name) <= 64
    error_message = "The name must have 1 to 64 characters."
  }
}

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

variable "bucket" {
  description = "Name of the bucket that holds exports and query results."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "The bucket's name must have 3 to 63 lowercase letters, digits, dots and hyphens."
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

variable "workgroup" {
  description = "Name of the Athena workgroup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,128}$", var.workgroup))
    error_message = "The workgroup's name must have up to 128 letters, digits, dots, underscores and hyphens."
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

variable "bytes_scanned_cutoff" {
  description = "The most that one query may scan, in bytes."
  type        = number
  nullable    = false

  validation {
    condition     = var.bytes_scanned_cutoff >= 10000000
    error_message = "Athena takes no limit under 10,000,000 bytes."
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
