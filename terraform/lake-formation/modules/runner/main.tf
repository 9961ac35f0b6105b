# Runs the pipeline: snapshot, export, verification, publication, pruning.

data "aws_iam_policy_document" "runner" {
  statement {
    sid       = "CancelExport"
    actions   = ["rds:CancelExportTask"]
    resources = ["*"]
  }

  statement {
    sid     = "EmptyStaging"
    actions = ["glue:DeleteTable"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid = "Export"
    actions = [
      "rds:DescribeExportTasks",
      "rds:StartExportTask",
    ]
    resources = ["arn:${var.partition}:rds:${var.region}:${var.account_id}:snapshot:rds:${var.source_id}-????-??-??-??-??"]
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.bucket_arn]
  }

  statement {
    sid     = "FindDatabases"
    actions = ["glue:GetDatabase"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/default",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
    ]
  }

  statement {
    sid       = "FindSnapshots"
    actions   = ["rds:DescribeDBSnapshots"]
    resources = ["arn:${var.partition}:rds:${var.region}:${var.account_id}:db:${var.source_id}"]
  }

  statement {
    sid       = "FindUploads"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [var.bucket_arn]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.results_prefix}/*"]
    }
  }

  statement {
    sid       = "ListObjects2"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.prefix}/*"]
    }
  }

  statement {
    sid     = "MoveTables"
    actions = ["glue:UpdateTable"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.database}/*",
    ]
  }

  statement {
    sid       = "PassExportRole"
    actions   = ["iam:PassRole"]
    resources = [var.export_role_arn]
  }

  statement {
    sid       = "PruneExports"
    actions   = ["s3:DeleteObject"]
    resources = ["${var.bucket_arn}/${var.prefix}/*"]
  }

  statement {
    sid = "Query"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["arn:${var.partition}:athena:${var.region}:${var.account_id}:workgroup/${var.workgroup}"]
  }

  statement {
    sid = "ReadCatalog"
    actions = [
      "glue:GetTable",
      "glue:GetTables",
    ]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.database}/*",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject"]
    resources = [
      "${var.bucket_arn}/${var.results_prefix}/*",
      "${var.bucket_arn}/${var.prefix}/*",
    ]
  }

  statement {
    sid     = "ReadPartitions"
    actions = ["glue:GetPartitions"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid       = "ReadThroughLakeFormation"
    actions   = ["lakeformation:GetDataAccess"]
    resources = ["*"]
  }

  statement {
    sid     = "RegisterTables"
    actions = ["glue:CreateTable"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid       = "ShareKeyWithExport"
    actions   = ["kms:CreateGrant"]
    resources = [var.key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid = "UseLakeKey"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKey",
    ]
    resources = [var.key_arn]
  }

  statement {
    sid = "WriteResults"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = ["${var.bucket_arn}/${var.results_prefix}/*"]
  }
}

resource "aws_iam_policy" "runner" {
  name        = var.role_name
  path        = var.iam_path
  description = "Runs the pipeline: snapshot, export, verification, publication, pruning"
  policy      = data.aws_iam_policy_document.runner.json
  tags        = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TrustPeople"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${var.partition}:iam::${var.account_id}:root"]
    }
  }
}

resource "aws_iam_role" "runner" {
  name                 = var.role_name
  path                 = var.iam_path
  description          = "Runs the pipeline: snapshot, export, verification, publication, pruning"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "runner" {
  role       = aws_iam_role.runner.name
  policy_arn = aws_iam_policy.runner.arn
}
