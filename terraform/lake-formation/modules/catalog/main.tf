# The Glue databases. That the tables of `tables.tf` are there is Terraform's; what they show, and every
# view, is published by runs, so that moving a table to a new export is no drift.

resource "aws_glue_catalog_database" "live" {
  name        = var.database
  description = "Tables and views that ${var.name} has verified and published"
  tags        = var.tags
}

resource "aws_glue_catalog_database" "staging" {
  name        = var.staging_database
  description = "Where runs of ${var.name} look at an export before they publish it; empty between runs"
  tags        = var.tags
}
