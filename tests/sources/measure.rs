//! How fast a server is exported, and in how much memory; not a test, for it needs a large table.
//!
//! `SNAPLAKE_MEASURE=postgres://… cargo test --release --test sources measure -- --ignored --nocapture`

#![expect(clippy::print_stdout, reason = "what was measured is told with `--nocapture`")]

use crate::export::export;
use std::time::Instant;

#[test]
#[ignore = "measures a database that SNAPLAKE_MEASURE names"]
fn measure() {
    let url = std::env::var("SNAPLAKE_MEASURE").unwrap();
    let engine = if url.starts_with("postgres") { "postgres" } else { "mysql" };
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let outcome = export(folder.path(), engine, &url, None).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let rows: u64 = outcome.tables.iter().map(|table| table.written.rows).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!("{rows} rows, {} bytes of Parquet, {seconds:.1} s, {peak}", outcome.bytes);
}
