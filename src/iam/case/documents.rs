//! Documents read before.

use crate::iam::policy::{Element, Policy, PolicyErrors, Statement};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

/// How many documents are kept: cases of one file share few, and a file of many different ones
/// shall not fill the memory.
const MOST: usize = 10_000;

/// What kind of document stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a principal: no `Principal`, but resources. Session policies, boundaries and service control
    /// policies are alike.
    Principal,
    /// Of a resource: each statement names principals.
    Resource,
    /// Of a VPC endpoint or a resource control policy.
    Boundless,
}

/// How many of the documents that were used last are tried first.
const RECENT: usize = 8;

/// Documents by their text, so that each is read and checked once.
#[derive(Debug, Default)]
pub struct Documents {
    known: HashMap<Arc<str>, Reading, Quick>,
    /// The documents used last, the very last first.
    recent: Vec<(Arc<str>, Reading)>,
}

/// A document, or why it is none.
type Reading = Result<Known, Arc<str>>;

#[derive(Debug, Clone)]
struct Known {
    policy: Arc<Policy>,
    /// Why it cannot be a principal's, or a resource's.
    not_principal: Option<Arc<str>>,
    not_resource: Option<Arc<str>>,
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
        let first = |wrong: &dyn Fn(&Statement) -> Option<&'static str>| {
            policy.statements().iter().enumerate().find_map(|(index, statement)| {
                wrong(statement).map(|message| Arc::from(format!("statement {index} {message}")))
            })
        };
        let not_principal = first(&|statement| match (&statement.principal, &statement.resource) {
            (Some(Element::Only(_)), _) => {
                Some("has a `Principal`, which only resource policies may")
            }
            (Some(Element::AllBut(_)), _) => {
                Some("has a `NotPrincipal`, which only resource policies may")
            }
            (None, None) => Some("has neither `Resource` nor `NotResource`"),
            (None, Some(_)) => None,
        });
        let not_resource = first(&|statement| {
            statement.principal.is_none().then_some("has neither `Principal` nor `NotPrincipal`")
        });
        Self { policy: Arc::new(policy), not_principal, not_resource }
    }

    /// The document, where it may stand in such a place.
    fn fit(&self, kind: Kind) -> Result<Arc<Policy>, Arc<str>> {
        let misplaced = match kind {
            Kind::Principal => &self.not_principal,
            Kind::Resource => &self.not_resource,
            Kind::Boundless => &None,
        };
        match misplaced {
            Some(message) => Err(Arc::clone(message)),
            None => Ok(Arc::clone(&self.policy)),
        }
    }
}

/// A hasher for long texts: it multiplies eight bytes at a time, from a random start.
#[derive(Debug, Clone)]
struct Quick {
    seed: u64,
}

impl Default for Quick {
    fn default() -> Self {
        Self { seed: RandomState::new().hash_one(0_u8) | 1 }
    }
}

impl BuildHasher for Quick {
    type Hasher = QuickHasher;

    fn build_hasher(&self) -> QuickHasher {
        QuickHasher(self.seed)
    }
}

struct QuickHasher(u64);

impl QuickHasher {
    fn add(&mut self, word: u64) {
        let wide =
            u128::from(self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted, folded")]
        let folded = (wide >> 64) as u64 ^ wide as u64;
        self.0 = folded;
    }
}

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        self.add(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
    }
}
