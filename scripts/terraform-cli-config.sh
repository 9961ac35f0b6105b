#!/usr/bin/env bash
# Writes a Terraform CLI configuration to the file named (default .cache/terraform.rc): providers come
# from an unpacked mirror where this machine has one, else from the public registry.
# A mirror is a folder named `registry.terraform.io`, as `terraform providers mirror` lays it out;
# SNAPLAKE_TF_MIRROR names the folder that holds it, if it is in none of the usual places.
# https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
set -euo pipefail

file=${1:-.cache/terraform.rc}
host=registry.terraform.io

mirror() {
  local folder
  for folder in \
    ${SNAPLAKE_TF_MIRROR:+"$SNAPLAKE_TF_MIRROR"} \
    "${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}/terraform/plugins" \
    "${HOME:-/nonexistent}/.terraform.d/plugins" \
    /usr/local/share/terraform/plugins \
    /usr/share/terraform/plugins \
    /var/lib/terraform/plugins; do
    if [ -d "$folder/$host/hashicorp/aws" ]; then
      (cd "$folder" && pwd)
      return
    fi
  done
  # Machines without a network keep theirs in places of their own, most often a folder or two deep.
  for folder in /opt /srv /usr/local /var/lib /mnt /home "${HOME:-/nonexistent}"; do
    [ -d "$folder" ] || continue
    folder=$(timeout 10 find "$folder" -maxdepth 4 -xdev -type d -name "$host" -path "*/$host" \
      -not -path '*/.terraform/*' -print -quit 2>/dev/null || true)
    if [ -n "$folder" ] && [ -d "$folder/hashicorp/aws" ]; then
      dirname "$folder"
      return
    fi
  done
}

mkdir -p "$(dirname "$file")"
found=$(mirror)
if [ -n "$found" ]; then
  printf 'Terraform providers: the mirror in %s\n' "$found"
  # `direct` is left for providers that the mirror lacks.
  cat >"$file" <<END
provider_installation {
  filesystem_mirror {
    path    = "$found"
    include = ["$host/hashicorp/aws"]
  }

  direct {
    exclude = ["$host/hashicorp/aws"]
  }
}
END
else
  printf 'Terraform providers: the public registry\n'
  # The provider takes hundreds of megabytes; one copy serves every test.
  cache=$(cd "$(dirname "$file")" && pwd)/terraform-plugins
  mkdir -p "$cache"
  printf 'plugin_cache_dir = "%s"\n' "$cache" >"$file"
fi
