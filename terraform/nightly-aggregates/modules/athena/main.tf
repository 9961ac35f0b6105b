# The workgroup that analysts and runs query through; its settings win over any client's.

resource "aws_athena_workgroup" "lake" {
  name        = var.workgroup
  description = "Queries on the tables of ${var.name}"
  state       = "ENABLED"
  # Athena deletes no workgroup that queries were run in, unless their history may go with it. The history is no
  # data: results are in the bucket, which a destroy does not empty.
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_cutoff

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.bucket}/${var.results_prefix}/"
      expected_bucket_owner = var.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}
