# Refuses to work on any account but the one that the policies were made for.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}
