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
  default     = "eu-west-1"
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
