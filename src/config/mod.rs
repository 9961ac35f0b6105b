//! `snaplake.toml` as the user typed it: spans, defaults, JSON Schema.
