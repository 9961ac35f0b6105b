locals {
  name                 = "shop"
  bucket               = "example-shop-lake"
  log_bucket           = "example-shop-lake-logs"
  prefix               = "exports"
  results_prefix       = "athena-results"
  database             = "shop"
  staging_database     = "shop_staging"
  workgroup            = "shop"
  source_id            = "shop-prod"
  iam_path             = "/snaplake/"
  permissions_boundary = null
  tags                 = merge(var.tags, { "snaplake:pipeline" = local.name })
  key_alias            = "alias/shop-lake"
}

module "lake" {
  source = "./modules/lake"

  name                              = local.name
  account_id                        = var.account_id
  partition                         = var.partition
  bucket                            = local.bucket
  log_bucket                        = local.log_bucket
  results_prefix                    = local.results_prefix
  key_alias                         = local.key_alias
  export_role_arn                   = module.export.role_arn
  query_result_retention_days       = var.query_result_retention_days
  noncurrent_version_retention_days = var.noncurrent_version_retention_days
  access_log_retention_days         = var.access_log_retention_days
  key_deletion_window_days          = var.key_deletion_window_days
  object_events                     = var.object_events
  force_destroy                     = var.force_destroy
  tags                              = local.tags
}

module "export" {
  source = "./modules/export"

  bucket_arn           = module.lake.bucket_arn
  key_arn              = module.lake.key_arn
  role_name            = "shop-export"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  tags                 = local.tags
}

module "catalog" {
  source = "./modules/catalog"

  name             = local.name
  database         = local.database
  staging_database = local.staging_database
  tags             = local.tags
}

module "athena" {
  source = "./modules/athena"

  name                 = local.name
  account_id           = var.account_id
  region               = var.region
  partition            = var.partition
  bucket               = module.lake.bucket
  bucket_arn           = module.lake.bucket_arn
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = module.lake.key_arn
  database             = module.catalog.database
  workgroup            = local.workgroup
  role_name            = "shop-analyst"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  bytes_scanned_cutoff = var.bytes_scanned_cutoff
  tags                 = local.tags
}

module "runner" {
  source = "./modules/runner"

  account_id           = var.account_id
  region               = var.region
  partition            = var.partition
  bucket_arn           = module.lake.bucket_arn
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = module.lake.key_arn
  database             = module.catalog.database
  staging_database     = module.catalog.staging_database
  workgroup            = module.athena.workgroup
  source_id            = local.source_id
  export_role_arn      = module.export.role_arn
  role_name            = "shop-runner"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  tags                 = local.tags
}
