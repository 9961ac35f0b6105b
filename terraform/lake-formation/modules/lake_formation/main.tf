# What Lake Formation allows each role, beside what IAM allows it: both have to. Whoever applies this
# must be an administrator of the data lake.

locals {
  databases = {
    runner_live = {
      principal   = var.runner_role_arn
      database    = var.database
      permissions = ["DESCRIBE"]
    }
    runner_staging = {
      principal   = var.runner_role_arn
      database    = var.staging_database
      permissions = ["CREATE_TABLE", "DESCRIBE"]
    }
    analyst_live = {
      principal   = var.analyst_role_arn
      database    = var.database
      permissions = ["DESCRIBE"]
    }
  }

  tables = {
    runner_live = {
      principal   = var.runner_role_arn
      database    = var.database
      permissions = ["ALTER", "DESCRIBE"]
    }
    runner_staging = {
      principal   = var.runner_role_arn
      database    = var.staging_database
      permissions = ["DESCRIBE", "DROP", "SELECT"]
    }
    analyst_live = {
      principal   = var.analyst_role_arn
      database    = var.database
      permissions = ["DESCRIBE", "SELECT"]
    }
  }

  writers = {
    runner = var.runner_role_arn
  }
}

resource "aws_lakeformation_permissions" "databases" {
  for_each = local.databases

  catalog_id  = var.account_id
  principal   = each.value.principal
  permissions = each.value.permissions

  database {
    catalog_id = var.account_id
    name       = each.value.database
  }
}

# Every table that is there and will be.
resource "aws_lakeformation_permissions" "tables" {
  for_each = local.tables

  catalog_id  = var.account_id
  principal   = each.value.principal
  permissions = each.value.permissions

  table {
    catalog_id    = var.account_id
    database_name = each.value.database
    wildcard      = true
  }
}

# Who may point tables at the exports.
resource "aws_lakeformation_permissions" "exports" {
  for_each = local.writers

  catalog_id  = var.account_id
  principal   = each.value
  permissions = ["DATA_LOCATION_ACCESS"]

  data_location {
    catalog_id = var.account_id
    arn        = aws_lakeformation_resource.exports.arn
  }
}

# Lake Formation hands out what this role may read, to whom the permissions above let read it.
resource "aws_lakeformation_resource" "exports" {
  arn      = "${var.bucket_arn}/${var.prefix}"
  role_arn = var.location_role_arn
}
