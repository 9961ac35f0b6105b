output "policy_arn" {
  description = "ARN of the policy, to attach to other roles."
  value       = aws_iam_policy.runner.arn
}

output "policy" {
  description = "The policy, as JSON."
  value       = data.aws_iam_policy_document.runner.json
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.runner.arn
}

output "trust_policy" {
  description = "The role's trust policy, as JSON."
  value       = data.aws_iam_policy_document.trust.json
}
