locals {
  name       = "example"
  account_id = "123456789012"
  region     = "ap-northeast-1"
  partition  = "aws"
  tags = {
    example = "complete"
    owner   = "data-platform"
  }
}

module "catalog" {
  source = "../../modules/catalog"

  name             = local.name
  staging_database = "${local.name}_staging"
  tags             = local.tags
}

module "athena" {
  source = "../../modules/athena"

  account_id           = local.account_id
  region               = local.region
  partition            = local.partition
  bucket_arn           = "arn:${local.partition}:s3:::${local.name}-lake-${local.account_id}"
  prefix               = "exports"
  results_prefix       = "athena-results"
  key_arn              = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  database             = local.name
  workgroup            = local.name
  role_name            = "${local.name}-analyst"
  iam_path             = "/snaplake/"
  permissions_boundary = null
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
  key_arn              = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  database             = local.name
  staging_database     = module.catalog.staging_database
  workgroup            = local.name
  source_id            = "${local.name}-db"
  export_role_arn      = "arn:aws:iam::123456789012:role/platform/rds-export"
  role_name            = "${local.name}-runner"
  iam_path             = "/snaplake/"
  permissions_boundary = null
  tags                 = local.tags
}
