output "role_arn" {
  description = "ARN of the role to give to StartExportTask."
  value       = aws_iam_role.export.arn
}

output "policy" {
  description = "The role's policy, as JSON."
  value       = data.aws_iam_policy_document.export.json
}

output "trust_policy" {
  description = "The role's trust policy, as JSON."
  value       = data.aws_iam_policy_document.trust.json
}
