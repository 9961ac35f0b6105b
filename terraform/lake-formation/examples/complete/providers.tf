# Refuses to work on any account but the one that the policies were made for.
provider "aws" {
  region              = local.region
  allowed_account_ids = [local.account_id]
}
