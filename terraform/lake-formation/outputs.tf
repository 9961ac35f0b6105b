output "bucket" {
  description = "Name of the lake bucket."
  value       = module.lake.bucket
}

output "log_bucket" {
  description = "Name of the bucket that takes access logs."
  value       = module.lake.log_bucket
}

output "key_arn" {
  description = "ARN of the key that the lake is encrypted with."
  value       = module.lake.key_arn
}

output "export_role_arn" {
  description = "ARN of the role under which RDS writes exports."
  value       = module.export.role_arn
}

output "database" {
  description = "Name of the Glue database that holds published tables and views."
  value       = module.catalog.database
}

output "staging_database" {
  description = "Name of the Glue database in which a run checks an export."
  value       = module.catalog.staging_database
}

output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = module.athena.workgroup
}

output "analyst_policy_arn" {
  description = "ARN of the policy for whoever queries the published tables."
  value       = module.athena.policy_arn
}

output "analyst_role_arn" {
  description = "ARN of the role for whoever queries the published tables."
  value       = module.athena.role_arn
}

output "runner_policy_arn" {
  description = "ARN of the policy for whoever runs the pipeline."
  value       = module.runner.policy_arn
}

output "runner_role_arn" {
  description = "ARN of the role for whoever runs the pipeline."
  value       = module.runner.role_arn
}

output "policies" {
  description = "Every policy as Terraform renders it, by the file that holds the same policy."
  value = {
    "policies/lake-bucket.json"   = module.lake.bucket_policy
    "policies/log-bucket.json"    = module.lake.log_bucket_policy
    "policies/lake-key.json"      = module.lake.key_policy
    "policies/export.json"        = module.export.policy
    "policies/export-trust.json"  = module.export.trust_policy
    "policies/analyst.json"       = module.athena.policy
    "policies/analyst-trust.json" = module.athena.trust_policy
    "policies/runner.json"        = module.runner.policy
    "policies/runner-trust.json"  = module.runner.trust_policy
  }
}
