#!/usr/bin/env bash
# Mutation testing of the IAM engine's evaluator: changes it in one place at a time and sees whether a
# test notices. Needs `cargo install cargo-mutants`; arguments are passed on to it.
#
# `scripts/mutants.sh explain` does so with what explains a denial.
#
# The engine depends on nothing else of snaplake. It is put into a crate of its own, so that a mutant is
# built in seconds; lint, composer and reference data stay out. The evaluator's judges are the cases and the unit
# tests, not the random tests of `properties.rs`.
set -euo pipefail
cd "$(dirname "$0")/.."

crate=${CARGO_TARGET_DIR:-target}/iam-mutants
rm -rf "$crate/src" "$crate/tests"
mkdir -p "$crate/src/judges" "$crate/tests"
cp -r src/iam "$crate/src/iam"
cp -r tests/iam "$crate/tests/iam"
cp tests/iam/{corpus,properties}.rs "$crate/src/judges"
rm -r "$crate"/src/iam/{lint,compose,managed,reference} "$crate/src/iam/compose.rs"
sed -i -E '/^pub mod (lint|compose|managed|reference);$/d' "$crate/src/iam/mod.rs"

cat >"$crate/Cargo.toml" <<'TOML'
[package]
name = "iam-mutants"
version = "0.0.0"
edition = "2024"
publish = false
autotests = false

[lib]
name = "snaplake"
doctest = false

[dependencies]
base64 = "0.23"
foldhash = { version = "0.2", default-features = false }
jiff = "0.2"
serde_json = { version = "1", features = ["preserve_order"] }
strsim = "0.11"
thiserror = "2"

[dev-dependencies]
insta = "1.49"
proptest = { version = "1.12", default-features = false, features = ["std"] }
tempfile = "3"

[profile.dev]
debug = false

[profile.dev.package."*"]
opt-level = 2

[workspace]
TOML

cat >"$crate/src/lib.rs" <<'RUST'
//! The engine and its judges in one crate.
extern crate self as snaplake;

#[allow(dead_code, unused_imports)]
pub mod iam;

#[cfg(test)]
mod judges {
    mod corpus;
    mod properties;

    mod support {
        use std::path::Path;
        use std::process::Command;

        pub fn repository() -> &'static Path {
            Path::new(env!("CARGO_MANIFEST_DIR"))
        }

        /// There is no binary here; what runs it is skipped.
        pub fn snaplake(_: &Path) -> Command {
            Command::new("snaplake")
        }
    }
}
RUST

cp Cargo.lock "$crate"
cd "$crate"

# What explains a denial is judged by the property over random requests and policies that its proposals allow; the
# random numbers are the same each time.
export PROPTEST_RNG_SEED=1
files=(
  evaluate.rs 'evaluate/*.rs' condition.rs 'condition/*.rs' pattern.rs 'pattern/*.rs' policy.rs policy/compiled.rs
  'policy/compiled/*.rs' policy/kind.rs request.rs 'request/*.rs' arn.rs case.rs 'case/*.rs'
)
skipped=(--skip judges::properties)
if [ "${1:-}" = explain ]; then
  shift
  files=(explain.rs 'explain/*.rs')
  skipped=()
fi
exec cargo mutants --no-shuffle --jobs "${JOBS:-1}" --minimum-test-timeout 20 \
  "${files[@]/#/--file=src/iam/}" "$@" -- --lib -- --skip the_command_line_decides_alike "${skipped[@]}"
