# The policies that Terraform renders equal the files in policies/, statement by statement. Runs with
# the real provider, no credentials and no network: what AWS would answer is given below.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target = module.export.aws_iam_role.export
  values = {
    arn = "arn:aws:iam::123456789012:role/billing-export"
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
  target = module.athena.aws_athena_workgroup.lake
  values = {}
}

override_resource {
  target = module.athena.aws_iam_policy.analyst
  values = {
    arn = "arn:aws:iam::123456789012:policy/billing-analyst"
  }
}

override_resource {
  target = module.athena.aws_iam_role.analyst
  values = {
    arn = "arn:aws:iam::123456789012:role/billing-analyst"
  }
}

override_resource {
  target = module.athena.aws_iam_role_policy_attachment.analyst
  values = {}
}

override_resource {
  target = module.runner.aws_iam_policy.runner
  values = {
    arn = "arn:aws:iam::123456789012:policy/billing-runner"
  }
}

override_resource {
  target = module.runner.aws_iam_role.runner
  values = {
    arn = "arn:aws:iam::123456789012:role/billing-runner"
  }
}

override_resource {
  target = module.runner.aws_iam_role_policy_attachment.runner
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
