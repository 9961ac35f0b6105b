output "bucket" {
  description = "Name of the lake bucket."
  value       = aws_s3_bucket.lake.id
}

output "bucket_arn" {
  description = "ARN of the lake bucket."
  value       = aws_s3_bucket.lake.arn
}

output "log_bucket" {
  description = "Name of the bucket that takes access logs."
  value       = aws_s3_bucket.logs.id
}

output "key_arn" {
  description = "ARN of the key that the lake is encrypted with."
  value       = aws_kms_key.lake.arn
}

output "bucket_policy" {
  description = "The bucket's policy, as JSON."
  value       = data.aws_iam_policy_document.bucket.json
}

output "log_bucket_policy" {
  description = "The log bucket's policy, as JSON."
  value       = data.aws_iam_policy_document.logs.json
}

output "key_policy" {
  description = "The key's policy, as JSON."
  value       = aws_kms_key.lake.policy
}
