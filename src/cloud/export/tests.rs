use super::*;
use crate::cloud::storage::Encryption;
use crate::cloud::testing::{Memory, caller};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};
use datafusion::parquet::schema::printer::print_schema;
use rusqlite::Connection;

const SQL: &str = "
    CREATE TABLE orders (id BIGINT UNSIGNED, total DECIMAL(10,2), at DATETIME(6), note VARCHAR(40),
        day DATE, code CHAR(2), ok TINYINT(1));
    INSERT INTO orders VALUES (9223372036854775807, 12.3, '2013-01-01 05:00:00.000001', '日本語', '2013-01-01', 'ab', 1),
        (2, -0.5, NULL, NULL, NULL, NULL, 0);
    CREATE TABLE empty (x INT);
    CREATE TABLE odd (x INT, \"bad name\" INT);
    CREATE TABLE \"a/b\" (x INT);";

fn database(sql: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.sqlite");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let url = format!("sqlite:{}", path.display());
    (folder, url)
}

fn request<'a>(
    url: &str,
    engine: &str,
    end: &'a (dyn Fn(u64) -> Timestamp + Sync),
) -> ExportRequest<'a> {
    ExportRequest {
        id: "shop-20260101-000000-abcd".into(),
        source_arn: "arn:aws:rds:us-east-1:111122223333:snapshot:rds:shop-2026-01-01-00-00".into(),
        engine: engine.into(),
        source_url: url.into(),
        held: None,
        database: "shop".into(),
        export_only: vec![],
        bucket: "lake".into(),
        prefix: "exports".into(),
        role_arn: "arn:aws:iam::111122223333:role/export".into(),
        kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/k".into(),
        snapshot_time: Timestamp::UNIX_EPOCH,
        task_start_time: Timestamp::UNIX_EPOCH,
        end_time: end,
    }
}

fn end(_: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn export(url: &str, engine: &str, store: &Memory) -> Result<ExportOutcome, ExportError> {
    run(&request(url, engine, &end), store, &caller(), &AtomicBool::new(false))
}

fn key(store: &Memory, contains: &str) -> String {
    store.keys().into_iter().find(|key| key.contains(contains)).unwrap()
}

#[test]
fn the_layout_is_that_of_rds() {
    let (_folder, url) = database(SQL);
    let store = Memory::new();
    let outcome = export(&url, "mysql", &store).unwrap();
    let root = "exports/shop-20260101-000000-abcd";
    let keys: Vec<String> = store
        .keys()
        .into_iter()
        .map(|key| match key.split_once("part-00000-") {
            Some((folder, rest)) => {
                assert_eq!(rest.len(), 36 + "-c000.gz.parquet".len(), "{rest}");
                format!("{folder}part-00000-*")
            }
            None => key,
        })
        .map(|key| key.strip_prefix(root).unwrap().to_owned())
        .collect();
    assert_eq!(
        keys,
        [
            "/export_info_shop-20260101-000000-abcd.json",
            "/export_tables_info_shop-20260101-000000-abcd_from_1_to_4.json",
            "/shop/shop.empty/1/_SUCCESS",
            "/shop/shop.empty/1/part-00000-*",
            "/shop/shop.orders/1/_SUCCESS",
            "/shop/shop.orders/1/part-00000-*",
        ]
    );
    let kms = Encryption::Kms {
        key: "arn:aws:kms:us-east-1:111122223333:key/k".into(),
        bucket_key: false,
    };
    assert!(store.objects.lock().unwrap().values().all(|(_, encryption)| *encryption == kms));
    let warning: serde_json::Value =
        serde_json::from_str(&outcome.warning_message.unwrap()).unwrap();
    assert_eq!(warning["skippedTables"][0]["tableName"], "shop.a/b");
    assert_eq!(warning["skippedTables"][1]["tableName"], "shop.odd");
    assert_eq!(warning["skippedTables"].as_array().unwrap().len(), 2);
    let files: Vec<u64> = outcome.tables.iter().map(|table| table.written.rows).collect();
    assert_eq!(files, [0, 2]);

    let store = Memory::new();
    export(&url, "aurora-postgresql", &store).unwrap();
    key(&store, "/shop/public.orders/1/part-00000-");
}

#[test]
fn the_manifests_say_what_was_exported() {
    let (_folder, url) = database(SQL);
    let store = Memory::new();
    export(&url, "mysql", &store).unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&store.content(&key(&store, name))).unwrap()
    };
    let info = read("export_info_");
    assert_eq!(info["status"], "COMPLETE");
    assert_eq!(info["exportedFilesPath"], "exports/shop-20260101-000000-abcd");
    assert!(info["totalExportedDataInGB"].as_f64().unwrap() > 0.0);
    let tables = read("export_tables_info_");
    let tables = tables["perTableStatus"].as_array().unwrap();
    let status: Vec<(&str, &str)> = tables
        .iter()
        .map(|table| (table["target"].as_str().unwrap(), table["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        status,
        [
            ("shop.a/b", "SKIPPED"),
            ("shop.empty", "COMPLETE"),
            ("shop.odd", "SKIPPED"),
            ("shop.orders", "COMPLETE"),
        ]
    );
    let mapping = &tables[3]["schemaMetadata"]["originalTypeMappings"];
    assert_eq!(mapping.as_array().unwrap().len(), 7);
    assert_eq!(mapping[0]["originalType"], "bigint unsigned");
    assert_eq!(mapping[0]["expectedExportedType"], "fixed_len_byte_array(9) (DECIMAL(20,0))");
    assert_eq!(mapping[3]["originalCharMaxLength"], 40);
}

#[test]
fn files_have_the_types_and_rows_of_the_source() {
    let (_folder, url) = database(SQL);
    let store = Memory::new();
    export(&url, "mysql", &store).unwrap();
    let file = store.content(&key(&store, "shop.orders/1/part-"));
    let reader = SerializedFileReader::new(file.clone()).unwrap();
    let mut printed = Vec::new();
    let root = reader.metadata().file_metadata().schema();
    print_schema(&mut printed, root);
    assert_eq!(
        String::from_utf8(printed).unwrap().trim(),
        "message spark_schema {\n  \
           OPTIONAL FIXED_LEN_BYTE_ARRAY (9) id (DECIMAL(20,0));\n  \
           OPTIONAL INT64 total (DECIMAL(10,2));\n  \
           OPTIONAL INT64 at (TIMESTAMP(MICROS,true));\n  \
           OPTIONAL BYTE_ARRAY note (STRING);\n  \
           OPTIONAL BYTE_ARRAY day (STRING);\n  \
           OPTIONAL BYTE_ARRAY code;\n  \
           OPTIONAL INT32 ok;\n}"
    );
    for column in reader.metadata().row_group(0).columns() {
        assert!(column.statistics().unwrap().min_bytes_opt().is_some(), "{column:?}");
        assert!(column.compression().to_string().starts_with("GZIP"));
    }
    // The same rows as the source, read by a reader that knows nothing of it.
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let rows = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none());
    let printed = pretty_format_batches(&[rows]).unwrap().to_string();
    let values: Vec<Vec<&str>> = printed
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("total"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(
        values,
        [
            [
                "9223372036854775807",
                "12.30",
                "2013-01-01T05:00:00.000001Z",
                "日本語",
                "2013-01-01",
                "6162",
                "1"
            ],
            ["2", "-0.50", "", "", "", "", "0"],
        ]
    );
}

#[test]
fn every_right_of_the_role_is_used() {
    let (_folder, url) = database(SQL);
    for action in
        ["s3:GetBucketLocation", "s3:ListBucket", "s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
    {
        let store = Memory::new();
        store.deny(action);
        let error = export(&url, "mysql", &store).unwrap_err();
        assert!(error.to_string().contains(action), "{error}");
    }
}

#[test]
fn failures_leave_no_finished_table() {
    let (_folder, url) = database("CREATE TABLE t (x INT); INSERT INTO t VALUES (1), ('a')");
    let store = Memory::new();
    let error = export(&url, "mysql", &store).unwrap_err();
    assert!(error.to_string().contains("whole number"), "{error}");
    assert_eq!(store.keys(), [""; 0]);
    assert_eq!(std::fs::read_dir(store.scratch()).unwrap().count(), 0);

    let (_folder, url) = database(SQL);
    let store = Memory::new();
    let error = run(&request(&url, "mysql", &end), &store, &caller(), &AtomicBool::new(true));
    assert!(matches!(error, Err(ExportError::Canceled)));
    assert!(!store.keys().iter().any(|key| key.contains("orders")));

    let mut wrong = request(&url, "mysql", &end);
    wrong.export_only = vec!["shop.nothing".into()];
    let error = run(&wrong, &store, &caller(), &AtomicBool::new(false)).unwrap_err();
    assert_eq!(error.to_string(), "`shop.nothing` of ExportOnly names nothing in the source");
    let error = export(&url, "oracle-ee", &store).unwrap_err();
    assert_eq!(error.to_string(), "the engine `oracle-ee` has no snapshot export");
}

#[test]
fn large_tables_become_several_files_of_bounded_size() {
    let (_folder, url) = database(
        "CREATE TABLE t (x INT, s TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
         WHERE i < 20000) INSERT INTO t SELECT i, hex(randomblob(20)) FROM n",
    );
    let store = Memory::new();
    let limits = Limits { row_group: 100_000, part: 500_000 };
    let cancel = AtomicBool::new(false);
    let outcome =
        run_within(&request(&url, "postgres", &end), &store, &caller(), &cancel, limits).unwrap();
    let written = &outcome.tables[0].written;
    assert_eq!(written.rows, 20_000);
    assert!(written.keys.len() > 1, "{:?}", written.keys);
    let (mut rows, mut groups) = (0, 0);
    for key in &written.keys {
        let reader = SerializedFileReader::new(store.content(key)).unwrap();
        rows += reader.metadata().file_metadata().num_rows();
        groups += reader.metadata().num_row_groups();
    }
    assert_eq!(rows, 20_000);
    assert!(groups > written.keys.len());
}
