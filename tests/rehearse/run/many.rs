//! Many tables and many objects: how fast an export's footers are read, and in how much memory.
//!
//! The objects are those of a server that makes them up: manifests, and for each file the same small Parquet
//! file, each answer as late as S3's. What reads them is another process, so that the memory is its own.
//! `SNAPLAKE_TEST_TABLES` and `SNAPLAKE_TEST_FILES` (files a table) say how many; 1,000 and 100 for the full
//! proof.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]
#![expect(clippy::print_stdout, reason = "what was measured is told with `--nocapture`")]

use super::stage::config;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use snaplake::aws::{Clients, Settings, StaticCredentials, Stop};
use snaplake::pipeline::Pipeline;
use snaplake::verify::{self, compare};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How late an object comes. AWS speaks of 100 to 200 milliseconds for small ones, so this is less than
/// what concurrency saves:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>.
const LATENCY: Duration = Duration::from_millis(30);
const EXPORT: &str = "tiny-20240310-060000-abcd";
const ROWS: i64 = 10;

fn pipeline() -> Pipeline {
    let text = config("direct", "latest-automated");
    let (text, _) = text.split_once("[[views]]").unwrap();
    Pipeline::from_config(&snaplake::config::parse(Path::new("snaplake.toml"), text).unwrap())
        .unwrap()
}

/// Everything that is in the made-up bucket.
struct Store {
    parquet: Vec<u8>,
    tables: usize,
    files: usize,
}

impl Store {
    fn new(tables: usize, files: usize) -> Self {
        Self { parquet: parquet_file(), tables, files }
    }

    fn root() -> String {
        format!("exports/{EXPORT}/")
    }

    fn key(&self, at: usize) -> String {
        let (root, manifests) = (Self::root(), 2);
        match at {
            0 => format!("{root}export_info_{EXPORT}.json"),
            1 => format!("{root}export_tables_info_{EXPORT}_from_1_to_{}.json", self.tables),
            _ => {
                let (table, file) =
                    ((at - manifests) / (self.files + 1), (at - manifests) % (self.files + 1));
                let folder = format!("{root}tiny/tiny.t{table:04}/1/");
                match file {
                    0 => format!("{folder}_SUCCESS"),
                    file => format!(
                        "{folder}part-{file:05}-0b2c7d9e-1f53-4a76-8b1e-2f1d6c7a9e00-c000.gz.parquet"
                    ),
                }
            }
        }
    }

    fn count(&self) -> usize {
        2 + self.tables * (self.files + 1)
    }

    fn body(&self, key: &str) -> Vec<u8> {
        if key.ends_with(".parquet") {
            self.parquet.clone()
        } else if key.contains("export_info_") {
            json!({"exportTaskIdentifier": EXPORT, "status": "COMPLETE"}).to_string().into_bytes()
        } else if key.contains("export_tables_info_") {
            let tables: Vec<Value> = (0..self.tables)
                .map(|table| {
                    json!({"target": format!("tiny.t{table:04}"), "status": "COMPLETE",
                        "schemaMetadata": {"originalTypeMappings": [
                            {"columnName": "id", "originalType": "bigint", "expectedExportedType": "int64"},
                            {"columnName": "name", "originalType": "varchar",
                             "expectedExportedType": "binary (UTF8)"}]}})
                })
                .collect();
            json!({ "perTableStatus": tables }).to_string().into_bytes()
        } else {
            Vec::new()
        }
    }

    /// A page of a listing: from the token on, a thousand keys.
    fn page(&self, from: usize) -> String {
        let to = (from + 1000).min(self.count());
        let mut xml = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
        for at in from..to {
            let key = self.key(at);
            let size =
                if key.ends_with(".parquet") { self.parquet.len() } else { self.body(&key).len() };
            write!(xml, "<Contents><Key>{key}</Key><Size>{size}</Size></Contents>").unwrap();
        }
        let more = to < self.count();
        write!(xml, "<IsTruncated>{more}</IsTruncated>").unwrap();
        if more {
            write!(xml, "<NextContinuationToken>{to}</NextContinuationToken>").unwrap();
        }
        xml + "</ListBucketResult>"
    }

    fn answer(&self, path: &str, range: Option<(usize, usize)>) -> Vec<u8> {
        let (status, body) = match path.split_once('?') {
            Some((_, query)) if query.contains("list-type=2") => {
                let token =
                    query.split('&').find_map(|part| part.strip_prefix("continuation-token="));
                ("200 OK", self.page(token.map_or(0, |token| token.parse().unwrap())).into_bytes())
            }
            _ => {
                let path = path.split('?').next().unwrap();
                let whole = self.body(path.trim_start_matches('/').split_once('/').unwrap().1);
                match range {
                    Some((first, last)) => {
                        ("206 Partial Content", whole[first..=last.min(whole.len() - 1)].to_vec())
                    }
                    None => ("200 OK", whole),
                }
            }
        };
        let mut answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend(body);
        answer
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut pending = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                if stream.read_buf(&mut pending).await? == 0 {
                    return Ok(());
                }
            };
            let head = String::from_utf8_lossy(&pending[..end]).to_lowercase();
            let path = String::from_utf8_lossy(&pending[..end]);
            let path = path.split(' ').nth(1).unwrap().to_owned();
            pending.drain(..end);
            let range =
                head.lines().find_map(|line| line.strip_prefix("range: bytes=")).map(|range| {
                    let (first, last) = range.trim().split_once('-').unwrap();
                    (first.parse().unwrap(), last.parse().unwrap())
                });
            tokio::time::sleep(LATENCY).await;
            stream.write_all(&self.answer(&path, range)).await?;
        }
    }
}

fn parquet_file() -> Vec<u8> {
    let schema =
        parse_message_type("message m { optional int64 id; optional binary name (STRING); }")
            .unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).unwrap();
    let mut group = file.next_row_group().unwrap();
    let ids: Vec<i64> = (1..=ROWS).collect();
    let names: Vec<ByteArray> =
        ids.iter().map(|id| ByteArray::from(format!("name {id}").into_bytes())).collect();
    let levels = vec![1; ids.len()];
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&names, Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str, otherwise: usize) -> usize {
    variable(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// The most memory that this process has had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The process that is measured; no test by itself.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Some(endpoint) = variable("SNAPLAKE_MANY_ENDPOINT") else { return };
    let pipeline = pipeline();
    let clients = Clients::connect(Settings {
        region: Some(pipeline.region.clone()),
        endpoint_url: Some(endpoint),
        credentials: Some(StaticCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "example".to_owned(),
            session_token: None,
        }),
        ..Settings::default()
    })
    .await
    .unwrap();
    let begun = Instant::now();
    let found = verify::inspect(&clients, &pipeline, EXPORT, &[], &Stop::default()).await.unwrap();
    let files: usize = found.tables.iter().map(|table| table.files.len()).sum();
    let mut rows = 0;
    for table in &found.tables {
        rows += table.footers.rows;
        let checks = compare::manifest(table)
            .into_iter()
            .chain(compare::objects(table))
            .chain([
                compare::footers(table),
                compare::catalog(&table.footers, &table.columns().unwrap()),
            ])
            .chain(compare::announced(table));
        for check in checks {
            assert!(!check.is_failed(), "{check:?}");
        }
    }
    let took = begun.elapsed();
    let memory = most_memory();
    // The same objects, one by one: as many as tell how long one takes.
    let all = found.tables.iter().flat_map(|table| &table.files);
    let sample: Vec<_> = all.take(number("SNAPLAKE_MANY_SAMPLE", 40)).collect();
    let begun = Instant::now();
    for file in &sample {
        let tail = clients.read(&pipeline.lake.bucket, &file.key, Some((0, file.size - 1))).await;
        verify::footer::parse(&tail.unwrap().into_bytes(), file.size).unwrap();
    }
    let each = begun.elapsed().as_secs_f64() / f64::from(u32::try_from(sample.len()).unwrap());
    let told = json!({"tables": found.tables.len(), "files": files, "rows": rows, "memory": memory,
        "seconds": took.as_secs_f64(), "each": each});
    std::fs::write(variable("SNAPLAKE_MANY_ANSWER").unwrap(), told.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_footers_are_read_at_a_time_and_in_little_memory() {
    let (tables, files) = (number("SNAPLAKE_TEST_TABLES", 100), number("SNAPLAKE_TEST_FILES", 5));
    let store = Arc::new(Store::new(tables, files));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(store.clone().serve(stream));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.json");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "run::many::child", "--nocapture", "--test-threads=1"])
        .env("SNAPLAKE_MANY_ENDPOINT", endpoint)
        .env("SNAPLAKE_MANY_ANSWER", &answer);
    let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    server.abort();
    let told: Value = serde_json::from_slice(&std::fs::read(answer).unwrap()).unwrap();
    let all = tables * files;
    assert_eq!(
        (told["tables"].as_u64(), told["files"].as_u64()),
        (Some(tables as u64), Some(all as u64))
    );
    assert_eq!(told["rows"].as_i64(), Some(ROWS * i64::try_from(all).unwrap()));
    let one_by_one = told["each"].as_f64().unwrap() * f64::from(u32::try_from(all).unwrap());
    let factor = one_by_one / told["seconds"].as_f64().unwrap();
    println!("{told}: {factor:.1} times as fast as one by one ({one_by_one:.0} s)");
    assert!(told["memory"].as_u64().unwrap() < 256 * 1024, "{told}");
    // A slow machine spends its time on something else than waiting: the full proof is for a free one.
    assert!(factor >= 5.0 || tables * files < 10_000 && factor >= 2.0, "{factor}: {told}");
}
