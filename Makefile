# `make test` sets up what it needs and runs everything; the other targets are parts of daily work.

.PHONY: test set-up generated bench

test:
	@scripts/test.sh

set-up:
	@scripts/set-up-tests.sh

# Writes anew what is generated and committed; `make test` fails when it has drifted.
generated:
	cargo run --quiet -- --config examples/snapshot-to-athena/snaplake.toml generate --out terraform/snapshot-to-athena

bench:
	cargo bench --bench iam
