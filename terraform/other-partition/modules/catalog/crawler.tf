# The crawler and the role under which it reads exports and registers their tables for a check.

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TrustService"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "crawler" {
  name                 = var.role_name
  path                 = var.iam_path
  description          = "The Glue crawler reads exports and registers their tables under this role"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

data "aws_iam_policy_document" "crawler" {
  statement {
    sid     = "FindDatabases"
    actions = ["glue:GetDatabase"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
    ]
  }

  statement {
    sid       = "ListObjects"
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
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid = "ReadCatalog"
    actions = [
      "glue:GetTable",
      "glue:GetTables",
    ]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/${var.prefix}/*"]
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
    sid     = "RegisterTables"
    actions = ["glue:CreateTable"]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }

  statement {
    sid       = "UseLakeKey"
    actions   = ["kms:Decrypt"]
    resources = [var.key_arn]
  }

  statement {
    sid = "WriteLog"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]
    resources = [
      "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws-glue/crawlers",
      "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws-glue/crawlers:*",
    ]
  }

  statement {
    sid = "WritePartitions"
    actions = [
      "glue:BatchCreatePartition",
      "glue:UpdatePartition",
    ]
    resources = [
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:catalog",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:database/${var.staging_database}",
      "arn:${var.partition}:glue:${var.region}:${var.account_id}:table/${var.staging_database}/*",
    ]
  }
}

resource "aws_iam_role_policy" "crawler" {
  name   = var.role_name
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}

resource "aws_glue_crawler" "staging" {
  # checkov:skip=CKV_AWS_195:What the crawler reads is encrypted with the lake's key already, it writes no data, and its logs hold names only
  name          = var.crawler_name
  description   = "Registers an export of ${var.name} in the staging database; started by runs"
  database_name = aws_glue_catalog_database.staging.name
  role          = aws_iam_role.crawler.arn
  tags          = var.tags

  s3_target {
    path = "s3://${var.bucket}/${var.prefix}/"
  }

  # Each run points the crawler at the export that it has just made, with the settings that suit it.
  lifecycle {
    ignore_changes = [
      configuration,
      recrawl_policy,
      s3_target,
      schema_change_policy,
      table_prefix,
    ]
  }

  depends_on = [aws_iam_role_policy.crawler]
}
