//! What a run costs, and a month of runs, by item. Pure: sizes and prices are handed in.
//!
//! Where AWS's bill depends on what cannot be known beforehand, the estimate takes the dearer side and
//! says so: free allowances, which belong to the account as a whole, are not subtracted.

mod money;
mod prices;

pub use money::Money;
pub use prices::{Price, PriceId, Prices, PricesError, SHIPPED};

use super::{CatalogMode, KeyChoice, Pipeline, SnapshotChoice};

/// What is known, or assumed, of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The size of the snapshot, in bytes.
    pub snapshot: u64,
    /// What one export takes in the lake as Parquet, in bytes.
    pub export: u64,
    /// How many objects that is, when it was counted.
    pub objects: Option<u64>,
    /// How many tables are exported.
    pub tables: u64,
    /// Runs in a month.
    pub runs: u64,
    /// The part of an export that one query of a view or of a check reads, in percent.
    pub view_scan: u64,
    /// How long a crawler takes, in minutes.
    pub crawl: u64,
}

/// The usual size of an export's files: RDS writes files of 1 to 10 MB
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/export-cluster-data.html>).
const FILE: u64 = 8 << 20;

/// What a query is charged at least, in bytes (<https://aws.amazon.com/athena/pricing/>).
const LEAST_SCAN: u64 = 10 << 20;

/// What a crawler is charged at least, in seconds, and the processing units that AWS's own example has
/// it use (<https://aws.amazon.com/glue/pricing/>).
const LEAST_CRAWL: u64 = 600;
const CRAWLER_UNITS: u64 = 2;

/// Ranged reads of an object each time that its table is read: its footer, and its columns.
const READS: u64 = 3;

/// Queries of a view in a run: a sample and a count, in the staging and in the live database.
const VIEW_QUERIES: u64 = 4;

/// Calls to the catalog for each table in a run, Athena's included, at the most.
const CATALOG_CALLS: u64 = 16;

/// When something is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// By each run.
    Run,
    /// By the month, however often it runs.
    Month,
}

/// Something on the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its stable name: `verification-scan`.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What is charged.
    pub price: PriceId,
    /// How much of it: bytes, DPU-seconds, requests, objects or keys.
    pub amount: u64,
    /// Whether that is by the run or by the month.
    pub every: Every,
    /// What that costs.
    pub cost: Money,
}

/// The bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// What it was reckoned from.
    pub basis: Basis,
    /// How tables get into the catalog.
    pub mode: CatalogMode,
    /// The items, runs' first.
    pub items: Vec<Item>,
}

impl Estimate {
    /// What one run costs.
    #[must_use]
    pub fn run(&self) -> Money {
        let by_run = self.items.iter().filter(|item| item.every == Every::Run);
        by_run.map(|item| item.cost).sum()
    }

    /// What a month costs: its runs, and what is kept.
    #[must_use]
    pub fn month(&self) -> Money {
        self.items.iter().map(|item| self.month_of(item)).sum()
    }

    /// What an item costs in a month.
    #[must_use]
    pub fn month_of(&self, item: &Item) -> Money {
        match item.every {
            Every::Run => item.cost.times(self.basis.runs),
            Every::Month => item.cost,
        }
    }
}

impl Pipeline {
    /// What the pipeline costs, with tables registered as `mode` says.
    #[must_use]
    pub fn estimate(&self, basis: &Basis, mode: CatalogMode, prices: &Prices) -> Estimate {
        let mut bill = Bill { prices, items: Vec::new() };
        self.run_items(basis, mode, &mut bill);
        self.month_items(basis, &mut bill);
        Estimate { basis: basis.clone(), mode, items: bill.items }
    }

    fn run_items(&self, basis: &Basis, mode: CatalogMode, bill: &mut Bill<'_>) {
        let views = self.views.len() as u64;
        let typed = self.typed(basis);
        let (checks, counted) = (self.data_checks(), self.counted(basis));
        let objects =
            basis.objects.unwrap_or_else(|| basis.export.div_ceil(FILE)).max(basis.tables);
        // Files and their markers, the manifests, and Athena's answers: one and its metadata a query.
        let queries = basis.tables + (views + typed) * VIEW_QUERIES + checks + counted;
        let writes = objects + basis.tables + 2 + queries * 2;
        let part = percent(objects, basis.view_scan);
        // The typed views are one a table, and together read what one view of all tables does.
        let typed_reads = if typed > 0 { part.max(typed) * VIEW_QUERIES } else { 0 };
        let counted_reads = if counted > 0 { objects } else { 0 };
        let query_reads = part * (views * VIEW_QUERIES + checks) + typed_reads + counted_reads;
        let crawl_reads = if mode == CatalogMode::Crawler { objects } else { 0 };
        let reads = (objects + query_reads) * READS + objects + crawl_reads + queries;

        bill.by_run(
            "snapshot-export",
            "export of the whole snapshot",
            PriceId::SnapshotExport,
            basis.snapshot,
        );
        bill.by_run("lake-writes", "writing and listing objects", PriceId::Writes, writes);
        bill.by_run("lake-reads", "reading objects", PriceId::Reads, reads);
        // Without a bucket key RDS and S3 ask KMS for each object, which is the dearer case.
        bill.by_run(
            "key-requests",
            "encrypting and decrypting",
            PriceId::KeyRequests,
            writes + reads,
        );
        bill.by_run(
            "catalog-requests",
            "calls to the catalog",
            PriceId::CatalogRequests,
            (basis.tables + views + typed) * CATALOG_CALLS,
        );
        bill.by_run(
            "verification-scan",
            "verification reads every table once",
            PriceId::Scan,
            scanned(basis.export, basis.tables),
        );
        let part = percent(basis.export, basis.view_scan);
        if views > 0 {
            bill.by_run(
                "view-scan",
                "views are tried before and after they go live",
                PriceId::Scan,
                (part.max(LEAST_SCAN)).saturating_mul(views * VIEW_QUERIES),
            );
        }
        if typed > 0 {
            bill.by_run(
                "typed-view-scan",
                "typed views are tried likewise, one a table",
                PriceId::Scan,
                scanned(part, typed).saturating_mul(VIEW_QUERIES),
            );
        }
        if checks + counted > 0 {
            let queries = part.max(LEAST_SCAN).saturating_mul(checks);
            bill.by_run(
                "check-scan",
                "checks read the export and count live rows",
                PriceId::Scan,
                queries.saturating_add(scanned(basis.export, counted)),
            );
        }
        if self.notify.sns_topic.is_some() {
            let told = self.messages();
            bill.by_run("messages", "messages to the topic", PriceId::Messages, told);
        }
        if mode == CatalogMode::Crawler {
            let seconds = (basis.crawl * 60).max(LEAST_CRAWL);
            bill.by_run("crawler", "crawler", PriceId::Crawler, seconds * CRAWLER_UNITS);
        }
    }

    /// How many typed views there are: one a table, where they are asked for.
    #[must_use]
    pub fn typed(&self, basis: &Basis) -> u64 {
        if self.typed_views.is_some() { basis.tables } else { 0 }
    }

    /// How many checks of the configuration are queries of the export: those that must find nothing, and
    /// those of freshness.
    #[must_use]
    pub fn data_checks(&self) -> u64 {
        (self.checks.queries.len() + self.checks.freshness.len()) as u64
    }

    /// How many live tables are counted, because the change of their rows is bound.
    fn counted(&self, basis: &Basis) -> u64 {
        let of = &self.checks.row_change_of;
        let bound = of.values().filter(|bound| bound.is_some()).count() as u64;
        match self.checks.row_change {
            Some(_) => basis.tables.saturating_sub(of.len() as u64 - bound),
            None => bound.min(basis.tables),
        }
    }

    fn messages(&self) -> u64 {
        use super::Moment::{Failure, Start, Success};
        let told = |moment| u64::from(self.notify.on.contains(&moment));
        told(Start) + told(Success).max(told(Failure))
    }

    fn month_items(&self, basis: &Basis, bill: &mut Bill<'_>) {
        let kept = u64::from(self.retention.exports);
        bill.by_month(
            "lake-storage",
            "exports kept in the lake",
            PriceId::Storage,
            basis.export.saturating_mul(kept),
        );
        if self.source.snapshot == SnapshotChoice::Create {
            let price = if self.source.engine.is_aurora() {
                PriceId::AuroraSnapshotStorage
            } else {
                PriceId::SnapshotStorage
            };
            bill.by_month(
                "snapshot-storage",
                "snapshots kept with their exports",
                price,
                basis.snapshot.saturating_mul(kept),
            );
        }
        if self.lake.key == KeyChoice::Create {
            bill.by_month("key", "the lake's KMS key", PriceId::Key, 1);
        }
        let objects = (basis.tables + self.views.len() as u64 + self.typed(basis)) * 2 + 2;
        bill.by_month(
            "catalog-objects",
            "tables and views in the catalog",
            PriceId::CatalogObjects,
            objects,
        );
    }
}

/// What queries are charged that together read so many bytes. It is unknown which reads how much: the most
/// is charged when one reads all, and each of the others what is charged at least.
fn scanned(bytes: u64, queries: u64) -> u64 {
    match queries.checked_sub(1) {
        Some(others) => bytes.max(LEAST_SCAN).saturating_add(others * LEAST_SCAN),
        None => 0,
    }
}

/// So many percent of an amount, rounded up.
#[must_use]
pub fn percent(amount: u64, percent: u64) -> u64 {
    let part = (u128::from(amount) * u128::from(percent)).div_ceil(100);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// The price that an IAM action's call, or the work that it starts, is charged by; none for what is
/// free.
#[must_use]
pub fn charged(action: &str, aurora: bool) -> Option<PriceId> {
    Some(match action {
        "rds:StartExportTask" => PriceId::SnapshotExport,
        "rds:CreateDBClusterSnapshot" if aurora => PriceId::AuroraSnapshotStorage,
        "rds:CreateDBSnapshot" | "rds:CreateDBClusterSnapshot" => PriceId::SnapshotStorage,
        "s3:PutObject" | "s3:PutObject*" | "s3:ListBucket" => PriceId::Writes,
        "s3:GetObject" | "s3:GetObject*" => PriceId::Reads,
        "kms:Decrypt" | "kms:DescribeKey" | "kms:GenerateDataKey" | "kms:CreateGrant" => {
            PriceId::KeyRequests
        }
        "glue:StartCrawler" => PriceId::Crawler,
        "athena:StartQueryExecution" => PriceId::Scan,
        "sns:Publish" => PriceId::Messages,
        _ if action.starts_with("glue:") && !action.contains("Crawler") => PriceId::CatalogRequests,
        _ => return None,
    })
}

struct Bill<'a> {
    prices: &'a Prices,
    items: Vec<Item>,
}

impl Bill<'_> {
    fn by_run(&mut self, id: &'static str, title: &'static str, price: PriceId, amount: u64) {
        self.add(id, title, price, amount, Every::Run);
    }

    fn by_month(&mut self, id: &'static str, title: &'static str, price: PriceId, amount: u64) {
        self.add(id, title, price, amount, Every::Month);
    }

    fn add(
        &mut self,
        id: &'static str,
        title: &'static str,
        price: PriceId,
        amount: u64,
        every: Every,
    ) {
        let cost = self.prices.cost(price, amount);
        self.items.push(Item { id, title, price, amount, every, cost });
    }
}

#[cfg(test)]
mod tests;
