output "staging_database" {
  description = "Name of the Glue database in which a run checks an export."
  value       = aws_glue_catalog_database.staging.name
}
