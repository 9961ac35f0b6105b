output "database" {
  description = "Name of the Glue database that holds published tables and views."
  value       = aws_glue_catalog_database.live.name
}

output "staging_database" {
  description = "Name of the Glue database in which a run checks an export."
  value       = aws_glue_catalog_database.staging.name
}

output "tables" {
  description = "Names of the tables that Terraform makes."
  value       = sort([for table in aws_glue_catalog_table.live : table.name])
}
