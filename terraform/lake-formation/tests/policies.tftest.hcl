# The policies that Terraform renders equal the files in policies/, statement by statement. Runs with
# the real provider, no credentials and no network: what AWS would answer is given below.

provider "aws" {
  region                      = "ap-northeast-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target = module.lake.aws_kms_alias.lake
  values = {}
}

override_resource {
  target = module.lake.aws_kms_key.lake
  values = {
    arn    = "arn:aws:kms:ap-northeast-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    key_id = "00000000-0000-0000-0000-000000000000"
  }
}

override_resource {
  target = module.lake.aws_s3_bucket.lake
  values = {
    arn = "arn:aws:s3:::example-ledger-lake"
    id  = "example-ledger-lake"
  }
}

override_resource {
  target = module.lake.aws_s3_bucket.logs
  values = {
    arn = "arn:aws:s3:::example-ledger-lake-logs"
    id  = "example-ledger-lake-logs"
  }
}

override_resource {
  target = module.lake.aws_s3_bucket_lifecycle_configuration.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_lifecycle_configuration.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_logging.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_notification.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_notification.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_ownership_controls.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_ownership_controls.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_policy.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_policy.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_public_access_block.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_public_access_block.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_server_side_encryption_configuration.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_server_side_encryption_configuration.logs
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_versioning.lake
  values = {}
}

override_resource {
  target = module.lake.aws_s3_bucket_versioning.logs
  values = {}
}

override_resource {
  target = module.export.aws_iam_role.export
  values = {
    arn = "arn:aws:iam::123456789012:role/ledger-export"
  }
}

override_resource {
  target = module.export.aws_iam_role_policy.export
  values = {}
}

override_resource {
  target = module.catalog.aws_glue_catalog_database.live
  values = {}
}

override_resource {
  target = module.catalog.aws_glue_catalog_database.staging
  values = {}
}

override_resource {
  target = module.catalog.aws_glue_catalog_table.live
  values = {}
}

override_resource {
  target = module.athena.aws_athena_workgroup.lake
  values = {}
}

override_resource {
  target = module.athena.aws_iam_policy.analyst
  values = {
    arn = "arn:aws:iam::123456789012:policy/ledger-analyst"
  }
}

override_resource {
  target = module.athena.aws_iam_role.analyst
  values = {
    arn = "arn:aws:iam::123456789012:role/ledger-analyst"
  }
}

override_resource {
  target = module.athena.aws_iam_role_policy_attachment.analyst
  values = {}
}

override_resource {
  target = module.runner.aws_iam_policy.runner
  values = {
    arn = "arn:aws:iam::123456789012:policy/ledger-runner"
  }
}

override_resource {
  target = module.runner.aws_iam_role.runner
  values = {
    arn = "arn:aws:iam::123456789012:role/ledger-runner"
  }
}

override_resource {
  target = module.runner.aws_iam_role_policy_attachment.runner
  values = {}
}

override_resource {
  target = module.lake_formation.aws_lakeformation_permissions.databases
  values = {}
}

override_resource {
  target = module.lake_formation.aws_lakeformation_permissions.exports
  values = {}
}

override_resource {
  target = module.lake_formation.aws_lakeformation_permissions.tables
  values = {}
}

override_resource {
  target = module.lake_formation.aws_lakeformation_resource.exports
  values = {}
}

run "render" {
  command = apply
}

run "equal_the_files" {
  command = apply

  module {
    source = "./tests/compare"
  }

  variables {
    rendered = run.render.policies
  }

  assert {
    condition     = length(output.policies) > 0
    error_message = "There is nothing to compare."
  }

  assert {
    condition     = length(output.different) == 0
    error_message = "Terraform renders other policies than these files hold: ${join(", ", output.different)}."
  }
}
