# Queries the published tables through Athena.

data "aws_iam_policy_document" "analyst" {
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
    ]
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
    sid     = "ReadCatalog"
    actions = ["glue:GetTable"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.database}/*",
    ]
  }

  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/${var.results_prefix}/*"]
  }

  statement {
    sid     = "ReadPartitions"
    actions = ["glue:GetPartitions"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.database}/*",
    ]
  }

  statement {
    sid       = "ReadThroughLakeFormation"
    actions   = ["lakeformation:GetDataAccess"]
    resources = ["*"]
  }

  statement {
    sid = "UseLakeKey"
    actions = [
      "kms:Decrypt",
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

resource "aws_iam_policy" "analyst" {
  name        = var.role_name
  path        = var.iam_path
  description = "Queries the published tables through Athena"
  policy      = data.aws_iam_policy_document.analyst.json
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

resource "aws_iam_role" "analyst" {
  name                 = var.role_name
  path                 = var.iam_path
  description          = "Queries the published tables through Athena"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "analyst" {
  role       = aws_iam_role.analyst.name
  policy_arn = aws_iam_policy.analyst.arn
}
