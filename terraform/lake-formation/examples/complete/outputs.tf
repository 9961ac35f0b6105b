output "bucket" {
  description = "Name of the lake bucket."
  value       = module.lake.bucket
}

output "export_role_arn" {
  description = "ARN of the role under which RDS writes exports."
  value       = module.export.role_arn
}

output "runner_policy_arn" {
  description = "ARN of the policy for whoever runs the pipeline."
  value       = module.runner.policy_arn
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = module.athena.workgroup
}
