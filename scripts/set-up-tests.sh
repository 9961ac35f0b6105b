#!/usr/bin/env bash
# Sets up what the tests need beside Rust, and prints the environment they read, as NAME=VALUE lines.
# Nothing is installed outside the repository's folder. With CI=true, what cannot be set up is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
missing() {
  if [ "${CI:-}" = true ]; then
    say "error: $*"
    exit 1
  fi
  say "note: $* (the tests that need it are skipped)"
}

# One virtual environment for each list of requirements, made anew when the list changes.
venv() {
  local folder=$1 requirements=$2 stamp
  stamp=$folder/.requirements
  if ! cmp -s "$requirements" "$stamp" 2>/dev/null; then
    say "setting up $folder from $requirements"
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 || return 1
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 || return 1
    cp "$requirements" "$stamp"
  fi
}

if command -v python3 >/dev/null; then
  if venv .venv tests/python/requirements.txt; then
    printf 'SNAPLAKE_TEST_VENV=%s\n' "$PWD/.venv"
  else
    missing "the Python tools could not be installed"
  fi
  if venv .venv-checkov tests/python/requirements-checkov.txt; then
    printf 'SNAPLAKE_CHECKOV_VENV=%s\n' "$PWD/.venv-checkov"
  else
    missing "checkov could not be installed"
  fi
else
  missing "python3 is not installed"
fi

# The servers that stand for production databases in tests/sources.
server() {
  local package=$1 program=$2
  # shellcheck disable=SC2086 # a pattern
  if ls $program >/dev/null 2>&1; then
    return
  fi
  if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $package"
    { apt-get update && apt-get install --yes --no-install-recommends "$package"; } >&2 || missing "$package could not be installed"
  else
    missing "$package is not installed"
  fi
}
server postgresql '/usr/lib/postgresql/*/bin/initdb'
server mariadb-server-core /usr/sbin/mariadbd

if command -v terraform >/dev/null; then
  mkdir -p .cache
  if [ -x scripts/terraform-cli-config.sh ]; then
    scripts/terraform-cli-config.sh .cache/terraform.rc >&2
    printf 'TF_CLI_CONFIG_FILE=%s\n' "$PWD/.cache/terraform.rc"
  fi
else
  missing "terraform is not installed"
fi
