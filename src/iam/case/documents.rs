//! Documents read before.

use crate::iam::policy::{Kind, Policy, PolicyErrors};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// How many documents are kept: cases of one file share few, and a file of many different ones
/// shall not fill the memory.
const MOST: usize = 10_000;

/// How many of the documents that were used last are tried first.
const RECENT: usize = 8;

/// Documents by their text, so that each is read and checked once.
#[derive(Debug, Default)]
pub struct Documents {
    known: HashMap<Arc<str>, Reading, RandomState>,
    /// The documents used last, the very last first.
    recent: Vec<(Arc<str>, Reading)>,
}

/// A document, or why it is none.
type Reading = Result<Known, Arc<str>>;

#[derive(Debug, Clone)]
struct Known {
    policy: Arc<Policy>,
    /// For each kind of place, why it cannot stand there.
    misplaced: [Option<Arc<str>>; Kind::OF_CASES.len()],
}

impl Documents {
    /// No documents yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The length of the document that a text begins with, when it is one of those used last.
    ///
    /// An object ends at its own last bracket, so where a text begins with the whole of one, that one it
    /// is: no need to look for the bracket again.
    pub(super) fn begins(&mut self, text: &str) -> Option<usize> {
        let place = self.recent.iter().position(|(known, _)| text.starts_with(&**known))?;
        if let Some(earlier) = self.recent.get_mut(..=place) {
            earlier.rotate_right(1);
        }
        self.recent.first().map(|(known, _)| known.len())
    }

    pub(super) fn read(&mut self, text: &str, kind: Kind) -> Result<Arc<Policy>, Arc<str>> {
        if self.recent.first().is_none_or(|(known, _)| **known != *text) {
            let known = self.known(text);
            if text.starts_with('{') {
                self.recent.truncate(RECENT - 1);
                self.recent.insert(0, known);
            } else {
                return known.1.and_then(|known| known.fit(kind));
            }
        }
        match self.recent.first() {
            Some((_, Ok(known))) => known.fit(kind),
            Some((_, Err(message))) => Err(Arc::clone(message)),
            None => Err("the document was not kept".into()),
        }
    }

    fn known(&mut self, text: &str) -> (Arc<str>, Reading) {
        if let Some((text, known)) = self.known.get_key_value(text) {
            return (Arc::clone(text), known.clone());
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let read = Policy::parse(text)
            .map(Known::new)
            .map_err(|errors: PolicyErrors| Arc::from(errors.to_string()));
        let text: Arc<str> = text.into();
        self.known.insert(Arc::clone(&text), read.clone());
        (text, read)
    }
}

impl Known {
    fn new(policy: Policy) -> Self {
        let misplaced = Kind::OF_CASES.map(|kind| {
            policy.statements().iter().enumerate().find_map(|(index, statement)| {
                let why = kind.refuses(statement)?.why;
                Some(Arc::from(format!("statement {index} {why}")))
            })
        });
        Self { policy: Arc::new(policy), misplaced }
    }

    /// The document, where it may stand in such a place.
    fn fit(&self, kind: Kind) -> Result<Arc<Policy>, Arc<str>> {
        match Kind::OF_CASES.iter().zip(&self.misplaced).find(|(it, _)| **it == kind) {
            Some((_, Some(message))) => Err(Arc::clone(message)),
            _ => Ok(Arc::clone(&self.policy)),
        }
    }
}
