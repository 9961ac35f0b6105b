//! How long `generate` takes: one pipeline, and growing numbers of pipelines with ten tables each.
//!
//! `cargo bench --bench generate`

#![allow(clippy::pedantic, reason = "tests may be plainer than what is shipped")]
#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use snaplake::{config, generate, pipeline::Pipeline};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

const TABLES: usize = 10;

/// A configuration of so many pipelines that share a source of ten tables.
fn configuration(pipelines: usize) -> String {
    let tables: Vec<String> = (0..TABLES).map(|table| format!("\"shop.table_{table}\"")).collect();
    let mut text = format!(
        "account = \"123456789012\"\nregion = \"ap-northeast-1\"\n\n[source]\nengine = \"aurora-mysql\"\n\
         cluster = \"shop-prod\"\nsnapshot = \"latest-automated\"\ndatabase = \"shop\"\ntables = [{}]\n",
        tables.join(", ")
    );
    for number in 0..pipelines {
        let _ = write!(
            text,
            "\n[[pipelines]]\nname = \"p{number}\"\n[pipelines.lake]\nbucket = \"example-p{number}-lake\"\n\
             [pipelines.catalog]\ndatabase = \"p{number}\"\n[pipelines.athena]\nworkgroup = \"p{number}\"\n"
        );
    }
    text
}

/// From the text of the configuration to the text of every file.
fn work(text: &str) -> usize {
    let config =
        config::parse(Path::new("snaplake.toml"), text).unwrap_or_else(|error| panic!("{error}"));
    Pipeline::all(&config)
        .iter()
        .map(|pipeline| generate::files(pipeline).unwrap_or_else(|error| panic!("{error}")).len())
        .sum()
}

fn generation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    for pipelines in [1, 20, 100, 200] {
        let text = configuration(pipelines);
        group.throughput(Throughput::Elements(pipelines as u64));
        group.bench_with_input(BenchmarkId::new("pipelines", pipelines), &text, |bencher, text| {
            bencher.iter(|| work(black_box(text)));
        });
    }
    group.finish();
}

criterion_group!(benches, generation);
criterion_main!(benches);
