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

variable "log_bucket" {
  description = "Name of the bucket that takes the lake bucket's access logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.log_bucket))
    error_message = "The log bucket's name must have 3 to 63 lowercase letters, digits, dots and hyphens."
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

variable "key_alias" {
  description = "Alias of the KMS key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^alias/[A-Za-z0-9/_-]+$", var.key_alias)) && !startswith(var.key_alias, "alias/aws/")
    error_message = "The alias must begin with alias/ and must not begin with alias/aws/."
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

variable "query_result_retention_days" {
  description = "Days after which query results are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.query_result_retention_days >= 1 && floor(var.query_result_retention_days) == var.query_result_retention_days
    error_message = "The number of days must be a whole number of at least 1."
  }
}

variable "noncurrent_version_retention_days" {
  description = "Days for which deleted and overwritten objects can be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_retention_days >= 1 && floor(var.noncurrent_version_retention_days) == var.noncurrent_version_retention_days
    error_message = "The number of days must be a whole number of at least 1."
  }
}

variable "access_log_retention_days" {
  description = "Days after which access logs are deleted."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.access_log_retention_days >= 1 && floor(var.access_log_retention_days) == var.access_log_retention_days
    error_message = "The number of days must be a whole number of at least 1."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for the key's deletion and the deletion."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS deletes a key after 7 to 30 days."
  }
}

variable "object_events" {
  description = "Whether the buckets send the events of their objects to EventBridge."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying also deletes what the buckets hold; leave it false where exports matter."
  type        = bool
  default     = false
  nullable    = false
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
