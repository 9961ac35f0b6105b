//! The request context.

/// The value of a context key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// A single value.
    One(String),
    /// A list of values, as `aws:TagKeys` is; an empty list is no value.
    Many(Vec<String>),
}

/// Context keys and their values; the case of keys does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// In lower case, as written, value; sorted by the first.
    entries: Vec<(Box<str>, Box<str>, ContextValue)>,
}

impl Context {
    /// A context without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same context with one more key; a key that is there already is replaced.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<ContextValue>) -> Self {
        self.insert(key, value);
        self
    }

    /// Sets a key, and says whether it was there already.
    pub fn insert(&mut self, key: &str, value: impl Into<ContextValue>) -> bool {
        let lower = key.to_ascii_lowercase().into_boxed_str();
        let entry = (lower, key.into(), value.into());
        match self.entries.binary_search_by(|it| it.0.cmp(&entry.0)) {
            Ok(index) => {
                if let Some(there) = self.entries.get_mut(index) {
                    *there = entry;
                }
                true
            }
            Err(index) => {
                self.entries.insert(index, entry);
                false
            }
        }
    }

    /// The value of a key, whatever its case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        self.get_lower(&key.to_ascii_lowercase())
    }

    /// The value of a key given in lower case.
    #[inline]
    pub(crate) fn get_lower(&self, key: &str) -> Option<&ContextValue> {
        // Contexts are short: comparing lengths first beats halving.
        self.entries.iter().find(|entry| *entry.0 == *key).map(|entry| &entry.2)
    }

    /// Keys as they were written, with their values, in the order of their lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.entries.iter().map(|entry| (&*entry.1, &entry.2))
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl From<&str> for ContextValue {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<String> for ContextValue {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl From<Vec<String>> for ContextValue {
    fn from(values: Vec<String>) -> Self {
        Self::Many(values)
    }
}

impl<const N: usize> From<[&str; N]> for ContextValue {
    fn from(values: [&str; N]) -> Self {
        Self::Many(values.into_iter().map(str::to_owned).collect())
    }
}

impl<K: AsRef<str>, V: Into<ContextValue>> FromIterator<(K, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs
            .into_iter()
            .fold(Self::new(), |context, (key, value)| context.with(key.as_ref(), value))
    }
}
