output "permissions" {
  description = "What each role may do with the tables of each database."
  value       = { for key, grant in aws_lakeformation_permissions.tables : key => sort(grant.permissions) }
}

output "location_arn" {
  description = "ARN of the folder that is registered."
  value       = aws_lakeformation_resource.exports.arn
}
