# Compares policies as sets of statements: AWS reads a single value and a list of one alike, and the
# order of a list's values means nothing.

variable "rendered" {
  description = "Policies as JSON, by the file that should hold the same."
  type        = map(string)
  nullable    = false
}

locals {
  texts = {
    rendered = var.rendered
    files    = { for name in keys(var.rendered) : name => file(name) }
  }

  normal = {
    for side, documents in local.texts : side => {
      for name, text in documents : name => jsonencode([
        for statement in flatten([jsondecode(text).Statement]) : {
          sid           = try(statement.Sid, "")
          effect        = statement.Effect
          actions       = sort(flatten([try(statement.Action, [])]))
          not_actions   = sort(flatten([try(statement.NotAction, [])]))
          resources     = sort(flatten([try(statement.Resource, [])]))
          not_resources = sort(flatten([try(statement.NotResource, [])]))
          principals    = try({ for kind, names in statement.Principal : kind => sort(flatten([names])) }, statement.Principal, "")
          conditions = {
            for operator, keys in try(statement.Condition, {}) : operator => {
              for key, values in keys : key => sort(flatten([values]))
            }
          }
        }
      ])
    }
  }
}

output "policies" {
  description = "The files compared."
  value       = keys(var.rendered)
}

output "different" {
  description = "The files that hold another policy than the one rendered."
  value       = [for name in keys(var.rendered) : name if local.normal.rendered[name] != local.normal.files[name]]
}
