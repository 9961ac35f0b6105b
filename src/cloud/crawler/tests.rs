use super::*;
use crate::cloud::storage::PutOptions;
use crate::cloud::testing::{Memory, caller};
use datafusion::arrow::array::{Int32Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use std::sync::Arc;

fn put(store: &Memory, key: &str, columns: &[&str]) {
    let columns = columns.iter().map(|name| match name.strip_prefix('s') {
        Some(_) => (*name, Arc::new(StringArray::from(vec!["x"])) as _),
        None => (*name, Arc::new(Int32Array::from(vec![1])) as _),
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let body = writer.into_inner().unwrap().into();
    let objects: &dyn ObjectStore = store;
    objects.put(&caller(), "lake", key, body, PutOptions::default()).unwrap();
}

fn export() -> Memory {
    let store = Memory::new();
    put(&store, "x/id/shop/shop.orders/1/part-00000.gz.parquet", &["Id", "total", "s_note"]);
    put(&store, "x/id/shop/shop.orders/1/part-00001.gz.parquet", &["Id", "total", "s_note"]);
    put(&store, "x/id/shop/shop.order_lines/1/part-00000.gz.parquet", &["Id", "total", "s_note"]);
    put(&store, "x/id/shop/shop.order-lines/1/part-00000.gz.parquet", &["a"]);
    for key in ["x/id/shop/shop.orders/1/_SUCCESS", "x/id/export_info_id.json"] {
        let objects: &dyn ObjectStore = &store;
        let body = b"{\"a\":1}".to_vec().into();
        objects.put(&caller(), "lake", key, body, PutOptions::default()).unwrap();
    }
    store.databases.lock().unwrap().insert("staging".into(), BTreeMap::new());
    store
}

fn request() -> CrawlRequest {
    CrawlRequest {
        crawler_name: "shop-crawler".into(),
        targets: vec![S3Target { path: "s3://lake/x/id/".into(), ..S3Target::default() }],
        database: "staging".into(),
        configuration: r#"{"Version":1.0,"Grouping":{"TableLevelConfiguration":5}}"#.into(),
        ..CrawlRequest::default()
    }
}

fn run(request: &CrawlRequest, store: &Memory) -> Result<CrawlOutcome, CrawlError> {
    crawl(request, store, store, &caller())
}

#[test]
fn each_folder_at_the_table_level_is_a_table() {
    let store = export();
    let outcome = run(&request(), &store).unwrap();
    let [hashed, lines, orders] = outcome.created.as_slice() else { panic!("{outcome:?}") };
    assert_eq!([hashed.as_str(), orders.as_str()], ["shop_order_lines", "shop_orders"]);
    assert!(lines.starts_with("shop_order_lines_") && lines.len() == 16 + 1 + 32, "{lines}");
    let tables = store.databases.lock().unwrap()["staging"].clone();
    let json = serde_json::to_value(&tables["shop_orders"].definition).unwrap();
    let sd = &json["StorageDescriptor"];
    assert_eq!(sd["Location"], "s3://lake/x/id/shop/shop.orders/");
    let columns: Vec<(&str, &str)> = sd["Columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| (column["Name"].as_str().unwrap(), column["Type"].as_str().unwrap()))
        .collect();
    assert_eq!(columns, [("id", "int"), ("total", "int"), ("s_note", "string")]);
    assert_eq!(json["PartitionKeys"][0]["Name"], "partition_0");
    assert_eq!(json["Parameters"]["classification"], "parquet");
    assert_eq!(json["Parameters"]["UPDATED_BY_CRAWLER"], "shop-crawler");
    assert_eq!(json["Parameters"]["recordCount"], "2");
    let partitions = store.partitions.lock().unwrap();
    let partitions = &partitions[&("staging".to_owned(), "shop_orders".to_owned())];
    assert_eq!(partitions[0].definition.values, ["1"]);
    assert!(outcome.log.iter().any(|line| line.contains("export_info_id.json is not Parquet")));
}

#[test]
fn without_a_level_alike_siblings_merge() {
    let store = export();
    let mut request = request();
    request.configuration = String::new();
    request.targets[0].exclusions = vec!["shop/shop.order-lines/**".into(), "*.json".into()];
    let outcome = run(&request, &store).unwrap();
    assert_eq!(outcome.created, ["id"]);
    let table = store.databases.lock().unwrap()["staging"]["id"].clone();
    assert_eq!(table.definition.partition_keys.len(), 3);
    assert!(!outcome.log.iter().any(|line| line.contains("WARN")));
}

#[test]
fn a_second_crawl_changes_only_what_changed() {
    let store = export();
    run(&request(), &store).unwrap();
    let again = run(&request(), &store).unwrap();
    assert_eq!((again.created.len(), again.updated.len(), again.deleted.len()), (0, 0, 0));

    put(&store, "x/id/shop/shop.orders/2/part-00000.gz.parquet", &["Id", "total", "s_note", "new"]);
    let mut log = request();
    log.update_behavior = UpdateBehavior::Log;
    let kept = run(&log, &store).unwrap();
    assert_eq!(kept.updated, [""; 0]);
    let key = ("staging".to_owned(), "shop_orders".to_owned());
    assert_eq!(store.partitions.lock().unwrap()[&key].len(), 2);
    let updated = run(&request(), &store).unwrap();
    assert_eq!(updated.updated, ["shop_orders"]);

    let keys: Vec<String> = store.keys();
    for key in keys.iter().filter(|key| key.contains("shop.orders/")) {
        let objects: &dyn ObjectStore = &store;
        objects.delete(&caller(), "lake", key).unwrap();
    }
    let mut delete = request();
    delete.delete_behavior = DeleteBehavior::DeleteFromDatabase;
    assert_eq!(run(&delete, &store).unwrap().deleted, ["shop_orders"]);
}

#[test]
fn a_new_export_does_not_take_the_old_one_s_tables() {
    let store = export();
    run(&request(), &store).unwrap();
    put(&store, "x/id2/shop/shop.orders/1/part-00000.gz.parquet", &["Id"]);
    let mut next = request();
    next.targets[0].path = "s3://lake/x/id2".into();
    let outcome = run(&next, &store).unwrap();
    assert!(outcome.created[0].starts_with("shop_orders_"), "{outcome:?}");
}

#[test]
fn the_role_needs_its_rights() {
    for action in [
        "s3:ListBucket",
        "s3:GetObject",
        "glue:GetDatabase",
        "glue:CreateTable",
        "glue:BatchCreatePartition",
    ] {
        let store = export();
        store.deny(action);
        let error = run(&request(), &store).unwrap_err().to_string();
        assert!(error.contains(action), "{error}");
    }
    let mut wrong = request();
    wrong.configuration = r#"{"Grouping":{"TableLevelConfiguration":0}}"#.into();
    assert!(matches!(run(&wrong, &export()), Err(CrawlError::Configuration(_))));
}
