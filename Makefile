# `make test` sets up what it needs and runs everything; the other targets are parts of daily work.

.PHONY: test set-up generated bench

test:
	@scripts/test.sh

set-up:
	@scripts/set-up-tests.sh

# Writes anew what is generated and committed; `make test` fails when it has drifted.
generated:
	cargo build --quiet
	@for example in examples/*/; do name=$$(basename $$example); \
	  cargo run --quiet -- --config examples/$$name/snaplake.toml generate --out terraform/$$name || exit 1; done

bench:
	cargo bench --bench iam
