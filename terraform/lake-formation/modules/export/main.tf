# The role under which RDS writes snapshot exports to the lake.

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TrustService"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["export.rds.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "export" {
  name                 = var.role_name
  path                 = var.iam_path
  description          = "RDS writes snapshot exports to the lake bucket under this role"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

data "aws_iam_policy_document" "export" {
  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.bucket_arn]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]
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
    sid = "WriteExports"
    actions = [
      "s3:DeleteObject*",
      "s3:GetObject*",
      "s3:PutObject*",
    ]
    resources = ["${var.bucket_arn}/*"]
  }
}

resource "aws_iam_role_policy" "export" {
  name   = var.role_name
  role   = aws_iam_role.export.id
  policy = data.aws_iam_policy_document.export.json
}
