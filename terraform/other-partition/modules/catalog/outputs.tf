output "database" {
  description = "Name of the Glue database that holds published tables and views."
  value       = aws_glue_catalog_database.live.name
}

output "staging_database" {
  description = "Name of the Glue database in which a run checks an export."
  value       = aws_glue_catalog_database.staging.name
}

output "crawler_name" {
  description = "Name of the Glue crawler."
  value       = aws_glue_crawler.staging.name
}

output "crawler_role_arn" {
  description = "ARN of the role under which the Glue crawler works."
  value       = aws_iam_role.crawler.arn
}

output "crawler_policy" {
  description = "The crawler role's policy, as JSON."
  value       = data.aws_iam_policy_document.crawler.json
}

output "crawler_trust_policy" {
  description = "The crawler role's trust policy, as JSON."
  value       = data.aws_iam_policy_document.trust.json
}
