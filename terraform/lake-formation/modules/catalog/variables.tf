variable "name" {
  description = "Name of the pipeline; the names of what it makes begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) > 0 && length(var.name) <= 64
    error_message = "The name must have 1 to 64 characters."
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

variable "tables" {
  description = "Names of the tables that are to be there."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for table in var.tables : length(table) >= 1 && length(table) <= 255 && table == lower(table)])
    error_message = "The name of a table must have 1 to 255 characters, and none of them an uppercase letter."
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
