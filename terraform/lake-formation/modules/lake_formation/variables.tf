variable "account_id" {
  description = "Id of the AWS account that the pipeline lives in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The account id must be twelve digits."
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

variable "runner_role_arn" {
  description = "ARN of the role that runs the pipeline."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.runner_role_arn))
    error_message = "The runner's role must be given by the ARN of an IAM role."
  }
}

variable "analyst_role_arn" {
  description = "ARN of the role that queries the published tables."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.analyst_role_arn))
    error_message = "The analysts' role must be given by the ARN of an IAM role."
  }
}

variable "location_role_arn" {
  description = "ARN of the role with which Lake Formation reads the exports."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.location_role_arn))
    error_message = "The location's role must be given by the ARN of an IAM role."
  }
}
