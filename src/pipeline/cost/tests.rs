use super::*;
use crate::config;
use std::path::Path;

fn pipeline(extra: &str) -> Pipeline {
    let text = format!(
        "name = \"shop\"\naccount = \"123456789012\"\nregion = \"us-east-1\"\n{extra}\n\
         [lake]\nbucket = \"shop-lake\"\n"
    );
    let config = config::parse(Path::new("snaplake.toml"), &text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

const INSTANCE: &str = "[source]\nengine = \"mysql\"\ninstance = \"shop\"\ndatabase = \"shop\"\n";

fn basis() -> Basis {
    Basis {
        snapshot: 100 << 30,
        export: 50 << 30,
        objects: None,
        tables: 20,
        runs: 30,
        view_scan: 25,
        crawl: 10,
    }
}

fn item<'a>(estimate: &'a Estimate, id: &str) -> &'a Item {
    estimate.items.iter().find(|item| item.id == id).unwrap()
}

#[test]
fn a_bill_adds_up_to_the_millionth() {
    let prices = Prices::shipped().unwrap();
    let estimate = pipeline(INSTANCE).estimate(&basis(), CatalogMode::Direct, &prices);
    // By hand, from the table: 100 GB × $0.010; 50 GB × 3 × $0.023; 50 GB of a TB × $5.
    assert_eq!(item(&estimate, "snapshot-export").cost.exact(), "1.000000");
    assert_eq!(item(&estimate, "lake-storage").cost.exact(), "3.450000");
    assert_eq!(item(&estimate, "verification-scan").cost.exact(), "0.244141");
    // 6,400 files of 8 MiB, 20 markers, 2 manifests, 2 objects for each of 20 answers.
    assert_eq!(item(&estimate, "lake-writes").amount, 6_462);
    let sum: u64 = estimate.items.iter().map(|item| estimate.month_of(item).millionths()).sum();
    assert_eq!(sum, estimate.month().millionths());
    let kept: Money =
        estimate.items.iter().filter(|item| item.every == Every::Month).map(|item| item.cost).sum();
    assert_eq!(estimate.month(), estimate.run().times(30) + kept);
}

#[test]
fn a_crawler_costs_ten_minutes_at_least() {
    let prices = Prices::shipped().unwrap();
    let estimate = |crawl| {
        let basis = Basis { crawl, ..basis() };
        pipeline(INSTANCE).estimate(&basis, CatalogMode::Crawler, &prices)
    };
    assert_eq!(item(&estimate(1), "crawler").cost.exact(), "0.146667");
    assert_eq!(item(&estimate(30), "crawler").cost.exact(), "0.440000");
    let direct = pipeline(INSTANCE).estimate(&basis(), CatalogMode::Direct, &prices);
    assert!(direct.items.iter().all(|item| item.id != "crawler"));
    assert!(estimate(1).run() > direct.run());
}

#[test]
fn small_tables_pay_athenas_minimum_and_views_are_counted() {
    let prices = Prices::shipped().unwrap();
    let small = Basis { export: 1 << 20, ..basis() };
    let with_view = format!("{INSTANCE}[[views]]\nname = \"v\"\nsql = \"SELECT 1\"\n");
    let estimate = pipeline(&with_view).estimate(&small, CatalogMode::Direct, &prices);
    assert_eq!(item(&estimate, "verification-scan").amount, 20 * (10 << 20));
    assert_eq!(item(&estimate, "view-scan").amount, 4 * (10 << 20));
}

#[test]
fn snapshots_that_runs_make_are_kept_and_paid() {
    let prices = Prices::shipped().unwrap();
    let aurora = "[source]\nengine = \"aurora-mysql\"\ncluster = \"shop\"\ndatabase = \"shop\"\n\
                  snapshot = \"create\"\n";
    let estimate = pipeline(aurora).estimate(&basis(), CatalogMode::Direct, &prices);
    assert_eq!(item(&estimate, "snapshot-storage").cost.exact(), "6.300000");
    let make = INSTANCE.replace("database", "snapshot = \"create\"\ndatabase");
    let estimate = pipeline(&make).estimate(&basis(), CatalogMode::Direct, &prices);
    assert_eq!(item(&estimate, "snapshot-storage").cost.exact(), "28.500000");
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let prices = Prices::shipped().unwrap();
    let most = 1 << 55;
    let huge = Basis { snapshot: most, export: most, tables: 1_000_000, ..basis() };
    let estimate = pipeline(INSTANCE).estimate(&huge, CatalogMode::Crawler, &prices);
    assert!(estimate.month() > estimate.run());
}

#[test]
fn every_call_of_a_run_is_priced_or_free() {
    let pipeline = pipeline(INSTANCE);
    let priced: Vec<_> = pipeline
        .needs()
        .iter()
        .filter_map(|need| charged(need.action, false).map(|price| (need.action, price)))
        .collect();
    assert!(priced.contains(&("rds:StartExportTask", PriceId::SnapshotExport)));
    assert!(priced.contains(&("athena:StartQueryExecution", PriceId::Scan)));
    assert!(charged("iam:PassRole", false).is_none());
    assert!(charged("glue:GetCrawler", false).is_none());
}
