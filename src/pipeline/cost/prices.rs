//! The table of prices: one file that is shipped, and what a user's own file says instead.

use super::Money;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table that is shipped.
pub const SHIPPED: &str = include_str!("prices.toml");

/// What AWS charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceId {
    /// Exporting a snapshot.
    SnapshotExport,
    /// Keeping a manual snapshot of an instance.
    SnapshotStorage,
    /// Keeping a manual snapshot of an Aurora cluster.
    AuroraSnapshotStorage,
    /// Keeping objects.
    Storage,
    /// PUT, COPY, POST and LIST requests.
    Writes,
    /// GET and all other requests.
    Reads,
    /// Keeping a KMS key.
    Key,
    /// Requests to KMS.
    KeyRequests,
    /// Databases, tables and partitions in the Glue catalog.
    CatalogObjects,
    /// Requests to the Glue catalog.
    CatalogRequests,
    /// Runs of a Glue crawler.
    Crawler,
    /// What Athena scans.
    Scan,
    /// Messages published to a topic.
    Messages,
}

const GB: u64 = 1 << 30;

impl PriceId {
    /// Every id.
    pub const ALL: [Self; 13] = [
        Self::SnapshotExport,
        Self::SnapshotStorage,
        Self::AuroraSnapshotStorage,
        Self::Storage,
        Self::Writes,
        Self::Reads,
        Self::Key,
        Self::KeyRequests,
        Self::CatalogObjects,
        Self::CatalogRequests,
        Self::Crawler,
        Self::Scan,
        Self::Messages,
    ];

    /// Its name in the file: `snapshot-export`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SnapshotExport => "snapshot-export",
            Self::SnapshotStorage => "snapshot-storage",
            Self::AuroraSnapshotStorage => "aurora-snapshot-storage",
            Self::Storage => "storage",
            Self::Writes => "writes",
            Self::Reads => "reads",
            Self::Key => "key",
            Self::KeyRequests => "key-requests",
            Self::CatalogObjects => "catalog-objects",
            Self::CatalogRequests => "catalog-requests",
            Self::Crawler => "crawler",
            Self::Scan => "scan",
            Self::Messages => "messages",
        }
    }

    /// How many of the smallest amounts (bytes, DPU-seconds, requests, objects, keys) make a unit.
    /// AWS's gigabytes and terabytes are powers of 1024
    /// (<https://aws.amazon.com/s3/faqs/>: a GB is 2 to the power of 30 bytes).
    fn unit(self) -> u64 {
        match self {
            Self::SnapshotExport
            | Self::SnapshotStorage
            | Self::AuroraSnapshotStorage
            | Self::Storage => GB,
            Self::Scan => GB << 10,
            Self::Crawler => 3600,
            Self::Writes
            | Self::Reads
            | Self::Key
            | Self::KeyRequests
            | Self::CatalogObjects
            | Self::CatalogRequests
            | Self::Messages => 1,
        }
    }
}

/// One price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// What `per` units cost.
    pub usd: Money,
    /// How many units that is.
    pub per: u64,
    /// The unit: `GB of snapshot`.
    pub unit: String,
    /// The page that says so; empty in a user's own file that does not say.
    pub source: String,
}

impl Price {
    /// As a person says it: `$5.00 per TB scanned`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.per {
            1 => format!("{} per {}", self.usd, self.unit),
            per => format!("{} per {per} {}s", self.usd, self.unit),
        }
    }
}

/// Every price, of one day and one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// The day on which they held.
    pub date: Date,
    /// The region.
    pub region: String,
    list: BTreeMap<PriceId, Price>,
}

/// A file of prices that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricesError {
    /// It is neither TOML nor JSON of the right form.
    #[error("not a table of prices: {0}")]
    Form(String),
    /// A name that stands for no price.
    #[error("there is no price `{}`", .0.escape_debug())]
    Unknown(String),
    /// An amount that is none.
    #[error("price `{id}` is `{}`", .usd.escape_debug())]
    Amount {
        /// Which price.
        id: &'static str,
        /// What was written.
        usd: String,
    },
    /// A unit that is not AWS's.
    #[error("price `{id}` is per `{}`, and AWS charges per {wanted}", .unit.escape_debug())]
    Unit {
        /// Which price.
        id: &'static str,
        /// What was written.
        unit: String,
        /// What it must be.
        wanted: String,
    },
    /// A day or a region that is none.
    #[error("the {what} is `{}`", .value.escape_debug())]
    Head {
        /// `date` or `region`.
        what: &'static str,
        /// What was written.
        value: String,
    },
    /// Per nothing.
    #[error("price `{id}` is per 0")]
    Nothing {
        /// Which price.
        id: &'static str,
    },
}

impl PricesError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Form(_) => "`snaplake cost --show-prices` writes the table that is shipped; \
                              change what differs"
                .to_owned(),
            Self::Unknown(_) => {
                let known: Vec<&str> = PriceId::ALL.iter().map(|id| id.id()).collect();
                format!("the prices are {}", known.join(", "))
            }
            Self::Amount { .. } => {
                "write dollars as text, with at most six decimals: `\"0.0004\"`; raise `per` for \
                 less"
                    .to_owned()
            }
            Self::Unit { .. } => "leave `unit` out, or convert the amount".to_owned(),
            Self::Head { what: "date", .. } => {
                "write the day on which the prices held: `\"2026-11-26\"`".to_owned()
            }
            Self::Head { .. } => "write the region's code: `\"us-east-1\"`".to_owned(),
            Self::Nothing { .. } => "`per` is how many units `usd` pays for; at least 1".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    date: String,
    region: String,
    #[serde(default)]
    prices: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    usd: String,
    per: Option<u64>,
    unit: Option<String>,
    source: Option<String>,
}

impl Prices {
    /// The prices that are shipped.
    ///
    /// # Errors
    /// Never, as a test shows: the file is compiled in.
    pub fn shipped() -> Result<Self, PricesError> {
        let none = Self { date: Date::ZERO, region: String::new(), list: BTreeMap::new() };
        none.with(SHIPPED)
    }

    /// These prices, with what a user's file says instead. TOML, or JSON when it begins with a brace.
    ///
    /// # Errors
    /// When the file is not of the form, names a price that is none, or an amount that is none.
    pub fn with(mut self, text: &str) -> Result<Self, PricesError> {
        let file: File = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| PricesError::Form(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| PricesError::Form(error.message().to_owned()))?
        };
        self.date = file
            .date
            .parse()
            .map_err(|_| PricesError::Head { what: "date", value: file.date.clone() })?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if file.region.is_empty() || !file.region.bytes().all(plain) {
            return Err(PricesError::Head { what: "region", value: file.region });
        }
        self.region = file.region;
        for (name, entry) in file.prices {
            let Some(id) = PriceId::ALL.into_iter().find(|id| id.id() == name) else {
                return Err(PricesError::Unknown(name));
            };
            let Some(usd) = Money::parse(&entry.usd) else {
                return Err(PricesError::Amount { id: id.id(), usd: entry.usd });
            };
            let per = entry.per.unwrap_or(1);
            if per == 0 {
                return Err(PricesError::Nothing { id: id.id() });
            }
            let before = self.list.get(&id);
            let unit = match (entry.unit, before.map(|before| before.unit.clone())) {
                (Some(unit), Some(wanted)) if unit != wanted => {
                    return Err(PricesError::Unit { id: id.id(), unit, wanted });
                }
                (Some(unit), _) | (None, Some(unit)) => unit,
                (None, None) => String::new(),
            };
            let source = entry.source.unwrap_or_default();
            self.list.insert(id, Price { usd, per, unit, source });
        }
        Ok(self)
    }

    /// A price; nothing is free, but a price that is not there costs nothing, which a test rules out.
    #[must_use]
    pub fn get(&self, id: PriceId) -> Option<&Price> {
        self.list.get(&id)
    }

    /// What an amount costs: bytes, DPU-seconds, requests, objects or keys.
    #[must_use]
    pub fn cost(&self, id: PriceId, amount: u64) -> Money {
        self.get(id)
            .map_or(Money::ZERO, |price| price.usd.of(amount, price.per.saturating_mul(id.unit())))
    }

    /// Every price, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (PriceId, &Price)> {
        self.list.iter().map(|(id, price)| (*id, price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_has_every_price_with_its_page() {
        let prices = Prices::shipped().unwrap();
        assert_eq!(prices.region, "us-east-1");
        for id in PriceId::ALL {
            let price = prices.get(id).unwrap();
            assert!(price.usd > Money::ZERO, "{}", id.id());
            assert!(price.source.starts_with("https://aws.amazon.com/"), "{}", id.id());
            assert!(!price.unit.is_empty(), "{}", id.id());
        }
    }

    #[test]
    fn a_file_of_ones_own_replaces_what_it_names() {
        let own = "date = \"2027-01-01\"\nregion = \"ap-northeast-1\"\n\
                   [prices.storage]\nusd = \"0.025\"\n";
        let prices = Prices::shipped().unwrap().with(own).unwrap();
        assert_eq!(prices.cost(PriceId::Storage, 10 << 30).exact(), "0.250000");
        assert_eq!(prices.cost(PriceId::Scan, 1 << 40).exact(), "5.000000");
        assert_eq!(prices.date.to_string(), "2027-01-01");
        let json = r#"{"date": "2027-01-01", "region": "eu-west-1",
                       "prices": {"writes": {"usd": "0.01", "per": 100}}}"#;
        let prices = Prices::shipped().unwrap().with(json).unwrap();
        assert_eq!(prices.cost(PriceId::Writes, 100).exact(), "0.010000");
    }

    #[test]
    fn what_is_no_price_is_refused_with_help() {
        let head = "date = \"2027-01-01\"\nregion = \"us-east-1\"\n";
        for (file, part) in [
            ("[prices.scan]\nusd = \"5\"\n", "not a table of prices"),
            (&format!("{head}[prices.scam]\nusd = \"5\"\n"), "no price `scam`"),
            (&format!("{head}[prices.scan]\nusd = \"-5\"\n"), "price `scan` is `-5`"),
            (&format!("{head}[prices.scan]\nusd = 5.0\n"), "not a table of prices"),
            (&format!("{head}[prices.scan]\nusd = \"5\"\nper = 0\n"), "per 0"),
            (&format!("{head}[prices.scan]\nusd = \"5\"\nunit = \"GB\"\n"), "per TB scanned"),
            ("date = \"x\"\nregion = \"us-east-1\"\n", "the date is `x`"),
            ("date = \"2027-01-01\"\nregion = \"US\\u001b\"\n", "the region is"),
            ("{\"date\": 1}", "not a table of prices"),
        ] {
            let error = Prices::shipped().unwrap().with(file).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert!(!error.help().is_empty());
            assert!(!error.to_string().contains('\u{1b}'));
        }
    }
}
