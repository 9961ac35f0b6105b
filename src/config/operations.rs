//! Settings of what surrounds a run.

/// What `snaplake cost` reckons with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSettings {
    /// How often the pipeline runs in a month; at least 1.
    pub runs_per_month: u32,
    /// A file of prices, relative to the configuration file.
    pub prices: Option<String>,
}

/// Where the journals of runs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalPlace {
    /// In a folder beside the configuration.
    #[default]
    Folder,
    /// In the lake's bucket, so that another machine can go on.
    Bucket,
}

/// Who is told of a run's start and end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifySettings {
    /// When; sorted.
    pub on: Vec<Moment>,
    /// Where the URL of a Slack webhook is found.
    pub slack: Option<SecretSource>,
    /// The ARN of an SNS topic.
    pub sns_topic: Option<String>,
    /// The ARN of the KMS key that the topic is encrypted with.
    pub sns_key: Option<String>,
}

/// A moment of a run that somebody may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It begins, or is resumed.
    Start,
    /// It came to its end.
    Success,
    /// It did not.
    Failure,
}

impl Moment {
    /// The word for it in the configuration.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// Where a secret is found; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Variable(String),
    /// In this file, relative to the configuration file.
    File(String),
}

/// The bytes that a size such as `100 GB` or `1 TiB` stands for: units are powers of 1000 or, with an
/// `i`, of 1024.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    super::rules::bytes(text.trim())
}
