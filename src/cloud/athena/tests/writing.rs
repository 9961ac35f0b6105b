//! CREATE TABLE AS, INSERT INTO, UNLOAD, parameters, and what a table's definition is told as.

use super::*;
use datafusion::parquet::file::reader::{FileReader as _, SerializedFileReader};

#[tokio::test]
async fn a_table_is_made_of_a_query() {
    let lake = lake();
    let outcome = lake
        .run(
            "CREATE TABLE made WITH (format = 'PARQUET', external_location = 's3://lake/made/') AS
              SELECT id, price, at, name, code, big, ratio FROM t",
        )
        .await
        .unwrap();
    assert_eq!(outcome.update_count, Some(3));
    assert_eq!(outcome.columns[0].name, "rows");
    assert!(outcome.bytes_scanned > 0);
    assert_eq!(outcome.manifest.as_deref(), Some("s3://lake/results/q1-manifest.csv"));
    let manifest =
        String::from_utf8(lake.store.content("results/q1-manifest.csv").to_vec()).unwrap();
    assert_eq!(manifest.lines().count(), 1);
    assert!(manifest.starts_with("s3://lake/made/q1_"), "{manifest}");
    for column in ["id", "price", "at", "name", "code", "big", "ratio"] {
        let sql = |table: &str| format!("SELECT {column} FROM {table} ORDER BY id");
        assert_eq!(lake.text(&sql("made")).await, lake.text(&sql("t")).await, "{column}");
    }
    let key = manifest.trim().strip_prefix("s3://lake/").unwrap();
    let reader = SerializedFileReader::new(lake.store.content(key)).unwrap();
    let compression = reader.metadata().row_group(0).column(0).compression();
    assert!(format!("{compression:?}").starts_with("GZIP"), "{compression:?}");
    assert!(
        lake.text("CREATE TABLE made AS SELECT 1 AS x").await.starts_with("TABLE_ALREADY_EXISTS")
    );
    let again = lake.run("CREATE TABLE IF NOT EXISTS made AS SELECT 1 AS x").await.unwrap();
    assert_eq!(again.update_count, Some(0));
    assert!(
        lake.text(
            "CREATE TABLE other WITH (external_location = 's3://lake/made/') AS SELECT 1 AS x"
        )
        .await
        .starts_with("HIVE_PATH_ALREADY_EXISTS: Target directory for table 'shop.other'")
    );
    assert_eq!(lake.text("CREATE TABLE hollow AS SELECT * FROM t WITH NO DATA").await, "");
    assert_eq!(lake.text("SELECT count(*) FROM hollow").await, "0");
    let shown = lake.text("SHOW CREATE TABLE hollow").await;
    assert!(shown.contains("`price` decimal(10,2)"), "{shown}");
    assert!(shown.contains("'s3://lake/results/Unsaved/1970/01/01/tables/q1'"), "{shown}");
    assert_eq!(
        lake.text("SHOW TBLPROPERTIES hollow").await,
        "EXTERNAL|TRUE\nhas_encrypted_data|false"
    );
    assert_eq!(lake.text("ALTER TABLE hollow SET TBLPROPERTIES ('a' = 'b')").await, "");
    assert_eq!(lake.text("SHOW TBLPROPERTIES hollow('a')").await, "a|b");
}

/// What `SHOW CREATE TABLE` says makes the same table again.
#[tokio::test]
async fn a_table_s_definition_can_be_run_again() {
    let lake = lake();
    let create = "CREATE EXTERNAL TABLE made (id int, price decimal(10,2))
        PARTITIONED BY (day string) STORED AS PARQUET LOCATION 's3://lake/nowhere/'
        TBLPROPERTIES ('classification'='parquet')";
    assert_eq!(lake.text(create).await, "");
    let shown = lake.text("SHOW CREATE TABLE made").await;
    assert_eq!(lake.text("DROP TABLE made").await, "");
    assert_eq!(lake.text(&shown).await, "", "{shown}");
    assert_eq!(lake.text("SHOW CREATE TABLE made").await, shown);
}

#[tokio::test]
async fn partitions_are_written_and_limited() {
    let lake = lake();
    let made = "CREATE TABLE parts WITH (external_location = 's3://lake/parts',
        partitioned_by = ARRAY['name', 'day']) AS
        SELECT id, name, CASE id WHEN 2 THEN DATE '2020-01-02' ELSE DATE '2020-01-01' END AS day FROM t";
    assert_eq!(lake.run(made).await.unwrap().update_count, Some(3));
    assert_eq!(
        lake.text("SELECT id, name, day FROM parts ORDER BY id").await,
        "1|alpha|2020-01-01\n2|日本|2020-01-02\n3|-|2020-01-01"
    );
    assert_eq!(lake.text("SELECT id FROM parts WHERE name = 'alpha'").await, "1");
    assert!(
        lake.store.keys().iter().any(|key| key.starts_with("parts/name=alpha/day=2020-01-01/q1_"))
    );
    let insert =
        "INSERT INTO parts VALUES (4, 'a/b=c', DATE '2020-01-03'), (5, 'alpha', DATE '2020-01-01')";
    assert_eq!(lake.run(insert).await.unwrap().update_count, Some(2));
    assert_eq!(
        lake.text("SELECT id, name FROM parts WHERE id > 3 ORDER BY id").await,
        "4|a/b=c\n5|alpha"
    );
    assert!(
        lake.store.keys().iter().any(|key| key.starts_with("parts/name=a%2Fb%3Dc/day=2020-01-03/"))
    );
    // Its partition has moved: what is inserted follows.
    assert_eq!(lake.text("ALTER TABLE parts ADD PARTITION (name = 'far', day = '2020-02-02') LOCATION 's3://lake/far/away/'").await, "");
    let insert = "INSERT INTO parts (day, name, id) SELECT DATE '2020-02-02', 'far', 6";
    assert_eq!(lake.run(insert).await.unwrap().update_count, Some(1));
    assert!(lake.store.keys().iter().any(|key| key.starts_with("far/away/q1_")));
    assert_eq!(lake.text("SELECT id FROM parts WHERE name = 'far'").await, "6");

    let many = |count: usize| {
        let rows: Vec<_> = (0..count).map(|n| format!("({n}, 'k{n}')")).collect();
        format!("INSERT INTO wide SELECT * FROM (VALUES {}) AS v(id, k)", rows.join(", "))
    };
    let create = "CREATE EXTERNAL TABLE wide (id int) PARTITIONED BY (k string) STORED AS PARQUET
        LOCATION 's3://lake/wide/'";
    assert_eq!(lake.text(create).await, "");
    assert_eq!(
        lake.text(&many(101)).await,
        "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets"
    );
    assert_eq!(lake.text("SELECT count(*) FROM wide").await, "0");
    assert_eq!(lake.run(&many(100)).await.unwrap().update_count, Some(100));
    assert_eq!(lake.text("SELECT count(*), count(DISTINCT k) FROM wide").await, "100|100");
}

#[tokio::test]
async fn what_cannot_be_inserted_is_refused() {
    let lake = lake();
    let create = "CREATE EXTERNAL TABLE w (a int, b double, c string, d decimal(10,2), e timestamp, f smallint)
        STORED AS PARQUET LOCATION 's3://lake/w/'";
    assert_eq!(lake.text(create).await, "");
    assert_eq!(
        lake.run("INSERT INTO w VALUES (1, 2, 'x', 3.25, DATE '2020-01-01', NULL)")
            .await
            .unwrap()
            .update_count,
        Some(1)
    );
    assert_eq!(lake.text("SELECT * FROM w").await, "1|2.0|x|3.25|2020-01-01 00:00:00.000|-");
    for (sql, expected) in [
        (
            "INSERT INTO w (a) VALUES ('x')",
            "TYPE_MISMATCH: Insert query has mismatched column types: Table: [integer], Query: [varchar]",
        ),
        (
            "INSERT INTO w (a) SELECT big FROM t",
            "TYPE_MISMATCH: Insert query has mismatched column types: Table: [integer], Query: [bigint]",
        ),
        ("INSERT INTO w (f) VALUES (1)", "TYPE_MISMATCH"),
        ("INSERT INTO w VALUES (1)", "TYPE_MISMATCH"),
        ("INSERT INTO w (a, a) VALUES (1, 2)", "DUPLICATE_COLUMN_NAME"),
        ("INSERT INTO w (zz) VALUES (1)", "COLUMN_NOT_FOUND"),
        ("INSERT INTO nowhere VALUES (1)", "TABLE_NOT_FOUND"),
        ("INSERT OVERWRITE w VALUES (1)", "SYNTAX_ERROR"),
        ("CREATE TABLE x WITH (format = 'ORC') AS SELECT 1 AS a", "REHEARSAL_CANNOT_RUN"),
        (
            "CREATE TABLE x WITH (table_type = 'ICEBERG', is_external = false) AS SELECT 1 AS a",
            "REHEARSAL_CANNOT_RUN",
        ),
        (
            "CREATE TABLE x WITH (bucketed_by = ARRAY['a'], bucket_count = 3) AS SELECT 1 AS a",
            "REHEARSAL_CANNOT_RUN: a bucketed table",
        ),
        (
            "CREATE TABLE x WITH (write_compression = 'SNAPPY') AS SELECT 1 AS a",
            "REHEARSAL_CANNOT_RUN",
        ),
        (
            "CREATE TABLE x WITH (nonsense = 3) AS SELECT 1 AS a",
            "INVALID_TABLE_PROPERTY: Table property 'nonsense' does not exist",
        ),
        (
            "CREATE TABLE x WITH (external_location = 'file:///etc') AS SELECT 1 AS a",
            "HIVE_INVALID_METADATA",
        ),
        (
            "CREATE TABLE x WITH (external_location = 's3://lake') AS SELECT 1 AS a",
            "HIVE_INVALID_METADATA",
        ),
        (
            "CREATE TABLE x AS SELECT count(*) FROM t",
            "SYNTAX_ERROR: Column name not specified at position 1",
        ),
        (
            "CREATE TABLE x WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b",
            "HIVE_COLUMN_ORDER_MISMATCH",
        ),
        (
            "CREATE TABLE x WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a",
            "INVALID_TABLE_PROPERTY: Table contains only partition columns",
        ),
        (
            "CREATE TABLE x WITH (partitioned_by = ARRAY['z']) AS SELECT 1 AS a",
            "INVALID_TABLE_PROPERTY",
        ),
        ("CREATE TABLE x (a int)", "REHEARSAL_CANNOT_RUN"),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://lake/u/' WITH (format = 'TEXTFILE')",
            "REHEARSAL_CANNOT_RUN",
        ),
        ("UNLOAD (SELECT 1 AS a) TO 's3://lake/u/'", "INVALID_TABLE_PROPERTY"),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://lake/x/' WITH (format = 'PARQUET')",
            "HIVE_PATH_ALREADY_EXISTS",
        ),
        ("UNLOAD (SELECT 1 AS a", "SYNTAX_ERROR"),
    ] {
        let answer = lake.text(sql).await;
        assert!(answer.starts_with(expected), "{sql}\n{answer}");
    }
    assert!(!lake.text("SHOW TABLES").await.lines().any(|name| name == "x"));
}

#[tokio::test]
async fn a_workgroup_may_say_where_tables_go() {
    let lake = Lake { enforced: true, ..lake() };
    let asked = "CREATE TABLE x WITH (external_location = 's3://lake/mine/') AS SELECT 1 AS a";
    assert!(
        lake.text(asked).await.starts_with("INVALID_TABLE_PROPERTY: The Create Table As Select")
    );
    assert_eq!(lake.text("CREATE TABLE x AS SELECT 1 AS a").await, "");
    assert!(lake.store.keys().iter().any(|key| key.starts_with("results/tables/q1/q1_")));
    assert_eq!(lake.text("SELECT a FROM x").await, "1");
}

#[tokio::test]
async fn unloaded_files_hold_the_rows() {
    let lake = lake();
    let unload = "UNLOAD (SELECT id, name FROM t WHERE id < 3) TO 's3://lake/out/' WITH (format = 'PARQUET', compression = 'NONE')";
    assert_eq!(lake.run(unload).await.unwrap().update_count, Some(2));
    let create =
        "CREATE EXTERNAL TABLE o (id int, name string) STORED AS PARQUET LOCATION 's3://lake/out/'";
    assert_eq!(lake.text(create).await, "");
    assert_eq!(lake.text("SELECT id, name FROM o ORDER BY id").await, "1|alpha\n2|日本");
}

#[tokio::test]
async fn question_marks_take_values_only() {
    let lake = lake();
    let sql = "SELECT name FROM t WHERE id = ? AND name = ?";
    let run = |values: &'static [&'static str]| lake.run_with(sql, values);
    let rows = run(&["1", "'alpha'"]).await.unwrap().rows;
    assert_eq!(rows, [[Some("alpha".to_owned())]]);
    assert!(run(&["1", "'it''s'"]).await.unwrap().rows.is_empty());
    for wrong in [&["1", "alpha"][..], &["1"], &["1 OR 1 = 1", "name"], &["1", "'a'; DROP TABLE t"]]
    {
        let error = lake.run_with(sql, wrong).await.unwrap_err();
        assert!(!error.is_rehearsal(), "{wrong:?} {error}");
    }
    assert!(lake.run(sql).await.is_err());
    let insert = "CREATE TABLE one AS SELECT ? AS a";
    assert_eq!(lake.run_with(insert, &["DATE '2020-02-29'"]).await.unwrap().update_count, Some(1));
    assert_eq!(lake.text("SELECT a FROM one").await, "2020-02-29");
    assert!(lake.run_with("DROP TABLE one", &["1"]).await.is_err());
}

#[tokio::test]
async fn what_writes_needs_the_rights_to_write() {
    let sql = "CREATE TABLE made WITH (external_location = 's3://lake/made/',
        partitioned_by = ARRAY['name']) AS SELECT id, name FROM t";
    for action in [
        "glue:CreateTable",
        "glue:BatchCreatePartition",
        "s3:PutObject",
        "s3:ListBucket",
        "glue:GetTable",
    ] {
        let lake = lake();
        lake.store.deny(action);
        let error = lake.text(sql).await;
        assert!(error.contains(action), "{action}: {error}");
    }
    let lake = lake();
    lake.run(sql).await.unwrap();
    lake.store.deny("glue:BatchCreatePartition");
    let error = lake.text("INSERT INTO made VALUES (7, 'new')").await;
    assert!(error.contains("glue:BatchCreatePartition"), "{error}");
    assert_eq!(
        lake.run("INSERT INTO made VALUES (7, 'alpha')").await.unwrap().update_count,
        Some(1)
    );
}
