output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.lake.name
}

output "policy_arn" {
  description = "ARN of the policy, to attach to other roles."
  value       = aws_iam_policy.analyst.arn
}

output "policy" {
  description = "The policy, as JSON."
  value       = data.aws_iam_policy_document.analyst.json
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.analyst.arn
}

output "trust_policy" {
  description = "The role's trust policy, as JSON."
  value       = data.aws_iam_policy_document.trust.json
}
