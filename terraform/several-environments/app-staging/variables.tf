variable "account_id" {
  description = "Id of the AWS account that the pipeline lives in."
  type        = string
  default     = "123456789012"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The account id must be twelve digits."
  }
}

variable "region" {
  description = "AWS region of the database, the buckets, the key and the catalog."
  type        = string
  default     = "us-west-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "The region must look like ap-northeast-1."
  }
}

variable "partition" {
  description = "AWS partition of the region: aws, aws-cn, aws-us-gov and so on."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = can(regex("^aws(-[a-z]+)*$", var.partition))
    error_message = "The partition must be aws or begin with aws-."
  }
}

variable "bytes_scanned_cutoff" {
  description = "The most that one query may scan, in bytes."
  type        = number
  default     = 1000000000000
  nullable    = false

  validation {
    condition     = var.bytes_scanned_cutoff >= 10000000
    error_message = "Athena takes no limit under 10,000,000 bytes."
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
  default = {
    service = "app"
  }
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Tags that begin with aws: belong to AWS."
  }
}
