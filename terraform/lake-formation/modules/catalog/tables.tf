# The tables that are to be there, by name: Terraform makes them, and takes away those that are no
# longer asked for. It never changes one: what a table shows, and the export that it points at, is for
# runs to say.

resource "aws_glue_catalog_table" "live" {
  for_each = var.tables

  name          = each.value
  database_name = aws_glue_catalog_database.live.name
  table_type    = "EXTERNAL_TABLE"

  # By this a run knows the table for its pipeline's.
  parameters = {
    EXTERNAL            = "TRUE"
    classification      = "parquet"
    "snaplake.pipeline" = var.name
  }

  lifecycle {
    ignore_changes = [
      description,
      owner,
      parameters,
      partition_keys,
      storage_descriptor,
    ]
  }
}
