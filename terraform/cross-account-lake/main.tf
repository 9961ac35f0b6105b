locals {
  name                 = "billing"
  bucket               = "example-data-team-lake"
  bucket_arn           = "arn:${var.partition}:s3:::example-data-team-lake"
  bucket_account_id    = "210987654321"
  prefix               = "billing"
  results_prefix       = "athena-results/billing"
  database             = "billing"
  staging_database     = "billing_staging"
  workgroup            = "billing"
  source_id            = "billing-prod"
  iam_path             = "/"
  permissions_boundary = null
  tags                 = merge(var.tags, { "snaplake:pipeline" = local.name })
  key_arn              = "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

module "export" {
  source = "./modules/export"

  bucket_arn           = local.bucket_arn
  key_arn              = local.key_arn
  role_name            = "billing-export"
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
  bucket               = local.bucket
  bucket_arn           = local.bucket_arn
  bucket_account_id    = local.bucket_account_id
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = local.key_arn
  database             = module.catalog.database
  workgroup            = local.workgroup
  role_name            = "billing-analyst"
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
  bucket_arn           = local.bucket_arn
  prefix               = local.prefix
  results_prefix       = local.results_prefix
  key_arn              = local.key_arn
  database             = module.catalog.database
  staging_database     = module.catalog.staging_database
  workgroup            = module.athena.workgroup
  source_id            = local.source_id
  export_role_arn      = module.export.role_arn
  role_name            = "billing-runner"
  iam_path             = local.iam_path
  permissions_boundary = local.permissions_boundary
  tags                 = local.tags
}
