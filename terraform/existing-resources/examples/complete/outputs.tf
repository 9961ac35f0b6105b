output "runner_policy_arn" {
  description = "ARN of the policy for whoever runs the pipeline."
  value       = module.runner.policy_arn
}
