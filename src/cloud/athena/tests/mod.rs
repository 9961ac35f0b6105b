use super::*;
use crate::cloud::catalog::{Column, SerDeInfo, StorageDescriptor, TableInput};
use crate::cloud::export::{self, ExportRequest};
use crate::cloud::testing::{Memory, caller};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A lake with one exported database `shop`.
struct Lake {
    store: Arc<Memory>,
    enforced: bool,
}

impl Lake {
    fn new(sql: &str, engine: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source.sqlite");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let store = Arc::new(Memory::new());
        let end = |_: u64| Timestamp::UNIX_EPOCH;
        let request = ExportRequest {
            id: "e".into(),
            source_arn: String::new(),
            engine: engine.into(),
            source_url: format!("sqlite:{}", path.display()).into(),
            held: None,
            database: "shop".into(),
            export_only: vec![],
            bucket: "lake".into(),
            prefix: "x".into(),
            role_arn: String::new(),
            kms_key_arn: "k".into(),
            snapshot_time: Timestamp::UNIX_EPOCH,
            task_start_time: Timestamp::UNIX_EPOCH,
            end_time: &end,
        };
        export::run(&request, store.as_ref(), &caller(), &AtomicBool::new(false)).unwrap();
        store.databases.lock().unwrap().insert("shop".into(), BTreeMap::new());
        store.databases.lock().unwrap().insert("default".into(), BTreeMap::new());
        Self { store, enforced: false }
    }

    fn table(self, name: &str, folder: &str, columns: &[(&str, &str)]) -> Self {
        let column = |(name, kind): &(&str, &str)| Column {
            name: (*name).to_owned(),
            r#type: Some((*kind).to_owned()),
            ..Column::default()
        };
        let input = TableInput {
            name: name.to_owned(),
            table_type: Some("EXTERNAL_TABLE".to_owned()),
            storage_descriptor: Some(StorageDescriptor {
                columns: columns.iter().map(column).collect(),
                location: Some(format!("s3://lake/x/e/shop/{folder}")),
                serde_info: Some(SerDeInfo {
                    serialization_library: Some(PARQUET_SERDE.to_owned()),
                    ..SerDeInfo::default()
                }),
                ..StorageDescriptor::default()
            }),
            ..TableInput::default()
        };
        let catalog: &dyn CatalogStore = self.store.as_ref();
        catalog.create_table(&caller(), "shop", input).unwrap();
        self
    }

    async fn run(&self, sql: &str) -> Result<QueryOutcome, QueryError> {
        self.run_with(sql, &[]).await
    }

    async fn run_with(&self, sql: &str, values: &[&str]) -> Result<QueryOutcome, QueryError> {
        let request = QueryRequest {
            sql: sql.into(),
            database: "shop".into(),
            catalog: "AwsDataCatalog".into(),
            parameters: values.iter().map(ToString::to_string).collect(),
            query_execution_id: "q1".into(),
            output_location: "s3://lake/results/".into(),
            encryption: None,
            bytes_cutoff: None,
            enforced: self.enforced,
            submitted: Timestamp::UNIX_EPOCH,
        };
        execute(&request, self.store.clone(), self.store.clone(), &caller()).await
    }

    /// A row a line, values with `|` between them, NULL as `-`; or the error.
    async fn text(&self, sql: &str) -> String {
        match self.run(sql).await {
            Err(error) => error.message,
            Ok(outcome) => {
                let row = |row: &Vec<Option<String>>| {
                    let values = row.iter().map(|value| value.as_deref().unwrap_or("-"));
                    values.collect::<Vec<_>>().join("|")
                };
                outcome.rows.iter().map(row).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

fn lake() -> Lake {
    Lake::new(
        "CREATE TABLE t (\"Id\" INT, price DECIMAL(10,2), at DATETIME(6), name VARCHAR(40), code CHAR(2),
            big BIGINT, ratio DOUBLE);
         INSERT INTO t VALUES (1, 12.3, '2013-01-01 05:00:00.0004', 'alpha', 'ab', 10, 0.5),
            (2, -0.5, '2014-06-30 23:59:59.9996', '日本', x'ff01', 20, 1e10),
            (3, NULL, NULL, NULL, NULL, NULL, NULL);",
        "mysql",
    )
    .table(
        "t",
        "shop.t/",
        &[
            ("id", "int"),
            ("price", "decimal(10,2)"),
            ("at", "timestamp"),
            ("name", "string"),
            ("code", "binary"),
            ("big", "bigint"),
            ("ratio", "double"),
        ],
    )
}

#[tokio::test]
async fn queries_answer_as_athena_prints() {
    let lake = lake();
    let all = "SELECT id, price, at, name, code, big, ratio FROM t ORDER BY id";
    assert_eq!(
        lake.text(all).await,
        "1|12.30|2013-01-01 05:00:00.000|alpha|61 62|10|0.5\n\
         2|-0.50|2014-07-01 00:00:00.000|日本|ff 01|20|1.0E10\n\
         3|-|-|-|-|-|-"
    );
    let verification = "SELECT COUNT(*), COUNT(\"price\"), MIN(\"price\"), MAX(\"at\"), \
        substr(MIN(\"name\"), 1, 1024), to_hex(substr(MAX(\"code\"), 1, 512)) FROM \"shop\".\"t\"";
    let outcome = lake.run(verification).await.unwrap();
    let row: Vec<&str> = outcome.rows[0].iter().map(|v| v.as_deref().unwrap()).collect();
    assert_eq!(row, ["3", "2", "-0.50", "2014-07-01 00:00:00.000", "alpha", "FF01"]);
    assert_eq!(outcome.columns[0].name, "_col0");
    assert_eq!(outcome.columns[2].r#type, "decimal");
    assert!(outcome.bytes_scanned > 0);
    assert_eq!(outcome.output.as_deref(), Some("s3://lake/results/q1.csv"));
    let csv = lake.store.content("results/q1.csv");
    assert!(csv.starts_with(b"\"_col0\",\"_col1\""), "{csv:?}");
    assert_eq!(lake.text("SELECT count(*) AS N FROM T WHERE ID > 1").await, "2");
    assert_eq!(lake.run("SELECT 1 AS Foo").await.unwrap().columns[0].name, "Foo");
}

#[tokio::test]
async fn a_flipped_byte_in_any_data_page_is_noticed() {
    let lake = lake();
    let key = lake.store.keys().into_iter().find(|key| key.ends_with(".parquet")).unwrap();
    let good = lake.store.content(&key);
    let metadata = {
        use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};
        let reader = SerializedFileReader::new(good.clone()).unwrap();
        reader.metadata().clone()
    };
    let sql =
        "SELECT min(id), max(price), min(at), max(name), min(code), max(big), max(ratio) FROM t";
    let truth = lake.text(sql).await;
    for column in metadata.row_group(0).columns() {
        let (start, length) = column.byte_range();
        // The gzip member's end: data, its CRC and its length.
        for back in [1, 5, 9] {
            let mut bad = good.to_vec();
            bad[usize::try_from(start + length - back).unwrap()] ^= 1;
            let entry = ("lake".to_owned(), key.clone());
            lake.store.objects.lock().unwrap().get_mut(&entry).unwrap().0 = bad.into();
            let answer = lake.text(sql).await;
            assert_ne!(answer, truth, "{}: {back} from the end", column.column_path());
            assert!(answer.contains("HIVE_BAD_DATA"), "{answer}");
        }
    }
}

#[tokio::test]
async fn files_are_held_against_the_catalog() {
    let lake = lake()
        .table("wrong", "shop.t/", &[("id", "string"), ("big", "bigint"), ("extra", "double")])
        .table("nowhere", "none/", &[("id", "int")])
        .table("other", "../..", &[("id", "int")]);
    let error = lake.text("SELECT max(id) FROM wrong").await;
    assert!(
        error.starts_with("HIVE_BAD_DATA: Field id's type INT32 in parquet file s3://lake/x/e/shop/shop.t/1/part-00000-"),
        "{error}"
    );
    assert!(
        error.ends_with("is incompatible with type varchar defined in table schema"),
        "{error}"
    );
    assert_eq!(lake.text("SELECT sum(big), count(extra) FROM wrong").await, "30|0");
    assert_eq!(lake.text("SELECT count(*) FROM nowhere").await, "0");
    assert_eq!(
        lake.text("SELECT * FROM nothing").await,
        "TABLE_NOT_FOUND: Table 'awsdatacatalog.shop.nothing' does not exist"
    );
    assert_eq!(
        lake.text("SELECT * FROM nowhere.t").await,
        "SCHEMA_NOT_FOUND: Schema 'nowhere' does not exist"
    );
    assert_eq!(
        lake.text("SELECT nope FROM t").await,
        "COLUMN_NOT_FOUND: Column 'nope' cannot be resolved"
    );
    assert!(lake.text("SELEC 1").await.starts_with("SYNTAX_ERROR: line 1:1"));
}

#[tokio::test]
async fn every_access_is_the_caller_s() {
    for (action, expected) in [
        ("s3:GetObject", "PERMISSION_DENIED: Permission denied on S3 path: s3://lake/x/e/"),
        ("s3:ListBucket", "PERMISSION_DENIED: Permission denied on S3 path: s3://lake/x/e/"),
        ("s3:PutObject", "PERMISSION_DENIED: Permission denied on S3 path: s3://lake/results/"),
        ("s3:GetBucketLocation", "PERMISSION_DENIED"),
        ("glue:GetDatabase", "Insufficient permissions to execute the query."),
        ("glue:GetTable", "Insufficient permissions to execute the query."),
        ("glue:GetPartitions", "Insufficient permissions to execute the query."),
    ] {
        let lake = lake();
        lake.store.deny(action);
        let error = lake.text("SELECT max(id) FROM t").await;
        assert!(error.starts_with(expected) && error.contains(action), "{action}: {error}");
    }
}

#[tokio::test]
async fn views_are_made_queried_replaced_and_dropped() {
    let lake = lake();
    let text = |sql| lake.text(sql);
    assert_eq!(text("CREATE VIEW v AS SELECT id, price AS p, big + 1 AS more FROM t;").await, "");
    assert_eq!(text("SELECT * FROM v WHERE id = 1").await, "1|12.30|11");
    assert_eq!(text("SELECT count(*) FROM shop.v").await, "3");
    assert!(text("CREATE VIEW v AS SELECT 1 AS one").await.starts_with("ALREADY_EXISTS"));
    assert_eq!(text("CREATE OR REPLACE VIEW \"v\" AS SELECT name FROM t WHERE id < 3").await, "");
    assert_eq!(
        text("CREATE VIEW w AS WITH c AS (SELECT * FROM v) SELECT max(name) AS n FROM c").await,
        ""
    );
    assert_eq!(text("SELECT n FROM w").await, "日本");
    assert_eq!(text("SHOW VIEWS").await, "v\nw");
    assert_eq!(text("SHOW TABLES LIKE '*t*'").await, "t");
    assert_eq!(text("SHOW COLUMNS IN v").await, "name");
    assert!(
        text("CREATE VIEW x AS SELECT count(*) FROM t")
            .await
            .contains("Column name not specified at position 1")
    );
    assert!(text("CREATE VIEW x AS SELECT nope FROM t").await.starts_with("COLUMN_NOT_FOUND"));
    assert!(
        text("CREATE OR REPLACE VIEW t AS SELECT 1 AS x").await.starts_with("TABLE_ALREADY_EXISTS")
    );
    assert_eq!(text("CREATE OR REPLACE VIEW v AS SELECT id AS name FROM t").await, "");
    let stale = text("SELECT * FROM w").await;
    assert!(stale.starts_with("VIEW_IS_STALE"), "{stale}");
    assert_eq!(text("DROP VIEW v").await, "");
    assert_eq!(text("DROP VIEW IF EXISTS v").await, "");
    assert!(text("SELECT * FROM w").await.starts_with("TABLE_NOT_FOUND"));
}

#[tokio::test]
async fn tables_and_partitions_are_made_and_moved() {
    let lake = lake();
    let text = |sql| lake.text(sql);
    let create =
        "CREATE EXTERNAL TABLE IF NOT EXISTS `made` (`id` int, price decimal(10,2), at timestamp)
        PARTITIONED BY (`day` string) STORED AS PARQUET LOCATION 's3://lake/nowhere/'";
    assert_eq!(text(create).await, "");
    assert_eq!(text(create).await, "");
    assert_eq!(text("SELECT count(*) FROM made").await, "0");
    let add = "ALTER TABLE made ADD PARTITION (day = '2020-01-01') LOCATION 's3://lake/x/e/shop/shop.t/1/'";
    assert_eq!(text(add).await, "");
    assert!(text(add).await.starts_with("ALREADY_EXISTS"));
    assert_eq!(text("SHOW PARTITIONS made").await, "day=2020-01-01");
    assert_eq!(text("SELECT max(id), max(day) FROM made").await, "3|2020-01-01");
    assert_eq!(text("SELECT count(*) FROM made WHERE day > '2021'").await, "0");
    assert!(text("ALTER TABLE made ADD PARTITION (other = '1')").await.starts_with("SYNTAX_ERROR"));
    assert_eq!(text("ALTER TABLE made DROP PARTITION (day = '2020-01-01')").await, "");
    assert_eq!(text("SELECT count(*) FROM made").await, "0");

    assert_eq!(text("ALTER TABLE t SET LOCATION 's3://lake/nowhere/'").await, "");
    assert_eq!(text("SELECT count(*) FROM t").await, "0");
    assert!(
        text("ALTER TABLE t SET LOCATION 'file:///etc'").await.starts_with("HIVE_INVALID_METADATA")
    );

    let object = |key: &str| {
        let file = lake.store.keys().into_iter().find(|key| key.ends_with(".parquet")).unwrap();
        let body = Body::Bytes(lake.store.content(&file));
        let objects: &dyn ObjectStore = lake.store.as_ref();
        objects.put(&caller(), "lake", key, body, PutOptions::default()).unwrap();
    };
    object("nowhere/day=a/part-0.parquet");
    object("nowhere/day=b/part-0.parquet");
    object("nowhere/stray/part-0.parquet");
    assert_eq!(text("MSCK REPAIR TABLE made").await, "");
    assert_eq!(text("SELECT day, count(*) FROM made GROUP BY day ORDER BY day").await, "a|3\nb|3");
    assert_eq!(text("DROP TABLE made").await, "");
    assert!(
        text("CREATE EXTERNAL TABLE c (a int) STORED AS ORC LOCATION 's3://b/'")
            .await
            .starts_with("REHEARSAL")
    );
    assert!(
        text("CREATE EXTERNAL TABLE c (a geo) STORED AS PARQUET LOCATION 's3://b/'")
            .await
            .starts_with("SYNTAX")
    );

    assert_eq!(text("CREATE DATABASE IF NOT EXISTS other").await, "");
    assert_eq!(text("SHOW DATABASES").await, "default\nother\nshop");
    assert!(text("DROP DATABASE shop").await.contains("is not empty"));
    assert_eq!(text("DROP DATABASE other").await, "");
}

#[test]
fn statements_are_classified() {
    let kind = |sql: &str| classify(sql).map(|k| (k.statement_type, k.substatement_type)).unwrap();
    assert_eq!(kind("/* x */ select 1"), ("DML", "SELECT"));
    assert_eq!(kind("WITH a AS (SELECT 1) SELECT * FROM a"), ("DML", "SELECT"));
    assert_eq!(kind("create or replace view a.b as select 1 x"), ("DDL", "CREATE_VIEW"));
    assert_eq!(kind("SHOW TABLES"), ("UTILITY", "SHOW_TABLES"));
    assert_eq!(kind("ALTER TABLE t SET LOCATION 's3://b/k/'"), ("DDL", "ALTER_TABLE_SET_LOCATION"));
    assert!(classify("SELECT 1; SELECT 2").is_err());
    assert!(classify("").is_err());
}

mod dialect;
mod writing;
