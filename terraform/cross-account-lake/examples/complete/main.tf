locals {
  name       = "example"
  account_id = "123456789012"
  region     = "eu-west-1"
  partition  = "aws"
  tags = {
    example = "complete"
    owner   = "data-platform"
  }
}

module "export" {
  source = "../../modules/export"

  bucket_arn           = "arn:${local.partition}:s3:::${local.name}-lake-${local.account_id}"
  key_arn              = "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"
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
  bucket               = "${local.name}-lake-${local.account_id}"
  bucket_arn           = "arn:${local.partition}:s3:::${local.name}-lake-${local.account_id}"
  bucket_account_id    = "210987654321"
  prefix               = "exports"
  results_prefix       = "athena-results"
  key_arn              = "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"
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
  bucket_arn           = "arn:${local.partition}:s3:::${local.name}-lake-${local.account_id}"
  prefix               = "exports"
  results_prefix       = "athena-results"
  key_arn              = "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"
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
