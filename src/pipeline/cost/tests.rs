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
    // The other 19 tables are charged 10 MiB each, however small they are.
    assert_eq!(item(&estimate, "verification-scan").amount, (50 << 30) + 19 * (10 << 20));
    assert_eq!(item(&estimate, "verification-scan").cost.exact(), "0.245047");
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
fn typed_views_are_tried_like_any_other_view() {
    let prices = Prices::shipped().unwrap();
    let of = |more: &str| {
        let estimate =
            pipeline(&format!("{INSTANCE}{more}")).estimate(&basis(), CatalogMode::Direct, &prices);
        (estimate.run(), estimate)
    };
    let (plain, without) = of("");
    let (typed, with) = of("[typed_views]\nenabled = true\n");
    assert!(without.items.iter().all(|item| item.id != "typed-view-scan"));
    // A quarter of each table by each of four queries, and 10 MiB at least of all but one table.
    let part = (50_u64 << 30) / 4 + 19 * (10 << 20);
    assert_eq!(item(&with, "typed-view-scan").amount, 4 * part);
    assert!(typed > plain);
    for (id, more) in [
        // A sample and a count of 20 views in two databases, each with its metadata.
        ("lake-writes", 20 * 4 * 2),
        ("catalog-requests", 20 * CATALOG_CALLS),
        ("catalog-objects", 20 * 2),
    ] {
        assert_eq!(item(&with, id).amount - item(&without, id).amount, more, "{id}");
    }
    assert!(item(&with, "lake-reads").amount > item(&without, "lake-reads").amount);
}

#[test]
fn checks_of_the_data_are_charged() {
    let prices = Prices::shipped().unwrap();
    let scan = |more: &str| {
        let estimate =
            pipeline(&format!("{INSTANCE}{more}")).estimate(&basis(), CatalogMode::Direct, &prices);
        estimate.items.iter().find(|item| item.id == "check-scan").map(|item| item.amount)
    };
    let check = "[[checks]]\nname = \"c\"\nsql = \"SELECT 1\"\n";
    let fresh = "[[freshness]]\ntable = \"o\"\ncolumn = \"at\"\nmax_age = \"1 day\"\n";
    let quarter = (50_u64 << 30) / 4;
    assert_eq!(scan(""), None);
    assert_eq!(scan(check), Some(quarter));
    assert_eq!(scan(&format!("{check}{fresh}")), Some(2 * quarter));
    // The live tables whose rows are bound are counted: all of them, or those that are named.
    let all = scan("[verify]\nrow_change = \"5%\"\n").unwrap();
    assert_eq!(all, (50 << 30) + 19 * (10 << 20));
    let two = "[verify]\nrow_change_of = { a = \"5%\", b = \"5%\", c = \"any\" }\n";
    assert_eq!(scan(two), Some((50 << 30) + (10 << 20)));
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
