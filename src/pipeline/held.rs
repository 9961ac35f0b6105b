//! What an account has, in Terraform's words.

use std::collections::BTreeMap;

/// A resource that an account has, as a state would hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Terraform's type: `aws_s3_bucket`.
    pub kind: &'static str,
    /// Its attributes; `id` is what the provider imports it by.
    pub values: BTreeMap<&'static str, String>,
}

impl Held {
    /// A resource of a type of Terraform's, by what the provider imports it by.
    #[must_use]
    pub fn new(kind: &'static str, id: &str) -> Self {
        Self { kind, values: BTreeMap::from([("id", id.to_owned())]) }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, attribute: &'static str, value: &str) -> Self {
        self.values.insert(attribute, value.to_owned());
        self
    }
}
