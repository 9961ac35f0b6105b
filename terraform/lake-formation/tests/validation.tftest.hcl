# Values that each variable refuses.

provider "aws" {
  region                      = "ap-northeast-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

run "refuses_account_id" {
  command = plan

  variables {
    account_id = "12345"
  }

  expect_failures = [var.account_id]
}

run "refuses_region" {
  command = plan

  variables {
    region = "Tokyo"
  }

  expect_failures = [var.region]
}

run "refuses_partition" {
  command = plan

  variables {
    partition = "azure"
  }

  expect_failures = [var.partition]
}

run "refuses_bytes_scanned_cutoff" {
  command = plan

  variables {
    bytes_scanned_cutoff = 9999999
  }

  expect_failures = [var.bytes_scanned_cutoff]
}

run "refuses_query_result_retention_days" {
  command = plan

  variables {
    query_result_retention_days = 0
  }

  expect_failures = [var.query_result_retention_days]
}

run "refuses_noncurrent_version_retention_days" {
  command = plan

  variables {
    noncurrent_version_retention_days = 1.5
  }

  expect_failures = [var.noncurrent_version_retention_days]
}

run "refuses_access_log_retention_days" {
  command = plan

  variables {
    access_log_retention_days = -1
  }

  expect_failures = [var.access_log_retention_days]
}

run "refuses_key_deletion_window_days" {
  command = plan

  variables {
    key_deletion_window_days = 6
  }

  expect_failures = [var.key_deletion_window_days]
}

run "refuses_tags" {
  command = plan

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}
