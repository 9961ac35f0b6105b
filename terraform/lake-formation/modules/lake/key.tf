# The key that everything in the lake bucket is encrypted with.

resource "aws_kms_key" "lake" {
  description             = "Encrypts the exports and query results of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_window_days
  tags                    = var.tags

  # A key policy's resource is the key it belongs to, always written `*`, which is why this is no
  # `aws_iam_policy_document`: linters take that `*` for every key.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "DelegateToAccount"
        Effect = "Allow"
        Principal = {
          AWS = "arn:${var.partition}:iam::${var.account_id}:root"
        }
        Action   = "kms:*"
        Resource = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "lake" {
  name          = var.key_alias
  target_key_id = aws_kms_key.lake.key_id
}
