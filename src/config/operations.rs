//! Settings of what surrounds a run.

/// What `snaplake cost` reckons with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSettings {
    /// How often the pipeline runs in a month; at least 1.
    pub runs_per_month: u32,
    /// A file of prices, relative to the configuration file.
    pub prices: Option<String>,
}

/// The bytes that a size such as `100 GB` or `1 TiB` stands for: units are powers of 1000 or, with an
/// `i`, of 1024.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    super::rules::bytes(text.trim())
}
