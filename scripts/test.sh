#!/usr/bin/env bash
# Everything that has to pass: `make test`. Ends with one line that adds up all test runners' counts.
set -euo pipefail
cd "$(dirname "$0")/.."

# Installs while the compiler works: the one waits for the network, the other for the processor.
mkdir -p target
scripts/set-up-tests.sh >target/set-up.env &
installing=$!
trap 'kill "$installing" 2>/dev/null || true' EXIT

step() { printf '\n== %s\n' "$*"; "$@"; }
step cargo fmt --all --check
step cargo clippy --locked --all-targets --quiet -- --deny warnings
RUSTDOCFLAGS='--deny warnings' step cargo doc --locked --no-deps --quiet

wait "$installing"
trap - EXIT
while IFS='=' read -r name value; do
  export "$name=$value"
done <target/set-up.env

log=target/test.log
export SNAPLAKE_SKIPPED=$PWD/target/skipped.txt
: >"$SNAPLAKE_SKIPPED"
status=0
step cargo test --locked --no-fail-fast 2>&1 | tee "$log" || status=$?

if [ -s "$SNAPLAKE_SKIPPED" ]; then
  printf '\n== skipped, and why\n'
  sort -u "$SNAPLAKE_SKIPPED"
fi
printf '\n'
awk -v skipped="$(sort -u "$SNAPLAKE_SKIPPED" | wc -l)" '
  /^test result:/ { passed += $4; failed += $6 }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
' "$log"
exit "$status"
