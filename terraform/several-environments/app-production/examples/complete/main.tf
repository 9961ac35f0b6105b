locals {
  name       = "example"
  account_id = "210987654321"
  region     = "us-west-2"
  partition  = "aws"
  tags = {
    example = "complete"
    owner   = "data-platform"
  }
}

module "lake" {
  source = "../../modules/lake"

  name                              = local.name
  account_id                        = local.account_id
  partition                         = local.partition
  bucket                            = "${local.name}-lake-${local.account_id}"
  log_bucket                        = "${local.name}-lake-${local.account_id}-logs"
  results_prefix                    = "athena-results"
  key_alias                         = "alias/${local.name}-lake"
  export_role_arn                   = module.export.role_arn
  query_result_retention_days       = 14
  noncurrent_version_retention_days = 7
  access_log_retention_days         = 90
  key_deletion_window_days          = 10
  object_events                     = true
  force_destroy                     = false
  tags                              = local.tags
}

module "export" {
  source = "../../modules/export"

  bucket_arn           = module.lake.bucket_arn
  key_arn              = module.lake.key_arn
  role_name            = "${local.name}-export"
  iam_path             = "/snaplake/"
  permissions_boundary = null
  tags                 = local.tags
}

module "catalog" {
  source = "../../modules/catalog"

  name             = local.name
  database         = local.name
  staging_database = "${local.name}_staging"
  tags             = local.tags
}

module "athena" {
  source = "../../modules/athena"

  name                 = local.name
  account_id           = local.account_id
  region               = local.region
  partition            = local.partition
  bucket               = module.lake.bucket
  bucket_arn           = module.lake.bucket_arn
  prefix               = "exports"
  results_prefix       = "athena-results"
  key_arn              = module.lake.key_arn
  database             = module.catalog.database
  workgroup            = local.name
  role_name            = "${local.name}-analyst"
  iam_path             = "/snaplake/"
  permissions_boundary = null
  bytes_scanned_cutoff = 10000000000
  tags                 = local.tags
}

module "runner" {
  source = "../../modules/runner"

  account_id           = local.account_id
  region               = local.region
  partition            = local.partition
  bucket_arn           = module.lake.bucket_arn
  prefix               = "exports"
  results_prefix       = "athena-results"
  key_arn              = module.lake.key_arn
  database             = module.catalog.database
  staging_database     = module.catalog.staging_database
  workgroup            = module.athena.workgroup
  source_id            = "${local.name}-db"
  export_role_arn      = module.export.role_arn
  role_name            = "${local.name}-runner"
  iam_path             = "/snaplake/"
  permissions_boundary = null
  tags                 = local.tags
}
