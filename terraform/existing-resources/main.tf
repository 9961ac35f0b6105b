locals {
  name                 = "orders"
  bucket_arn           = "arn:${var.partition}:s3:::example-platform-lake"
  export_role_arn      = "arn:aws:iam::123456789012:role/platform/rds-export"
  prefix               = "rds/orders"
  results_prefix       = "athena-results/orders"
  database             = "platform_orders"
  staging_database     = "platform_orders_staging"
  workgroup            = "platform"
  source_id            = "orders-prod"
  iam_path             = "/"
  permissions_boundary = null
  tags                 = merge(var.tags, { "snaplake:pipeline" = local.name })
  key_arn              = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

module "catalog" {
  source = "./modules/catalog"

  name             = local.name
  staging_database = local.staging_database
  tags             = local.tags
}

module "athena" {
  source = "./modules/athena"

  account_id           = var.account_id
  region               = var.region
  partition            = var.partition
  bucket_arn           = local.bucket_arn
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = local.key_arn
  database             = local.database
  workgroup            = local.workgroup
  role_name            = "orders-analyst"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  tags                 = local.tags
}

module "runner" {
  source = "./modules/runner"

  account_id           = var.account_id
  region               = var.region
  partition            = var.partition
  bucket_arn           = local.bucket_arn
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = local.key_arn
  database             = local.database
  staging_database     = module.catalog.staging_database
  workgroup            = local.workgroup
  source_id            = local.source_id
  export_role_arn      = local.export_role_arn
  role_name            = "orders-runner"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  tags                 = local.tags
}
