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

/// Documents by their text, so that each is read and checked once.
#[derive(Debug, Default)]
pub struct Documents {
    known: HashMap<Box<str>, Result<Known, Arc<str>>, Quick>,
}

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

    pub(super) fn read(&mut self, text: &str, kind: Kind) -> Result<Arc<Policy>, Arc<str>> {
        if !self.known.contains_key(text) {
            if self.known.len() >= MOST {
                self.known.clear();
            }
            let read = Policy::parse(text)
                .map(Known::new)
                .map_err(|errors: PolicyErrors| Arc::from(errors.to_string()));
            self.known.insert(text.into(), read);
        }
        let known = self.known.get(text).ok_or("the document was not kept")?;
        let known = known.as_ref().map_err(Arc::clone)?;
        let misplaced = match kind {
            Kind::Principal => &known.not_principal,
            Kind::Resource => &known.not_resource,
            Kind::Boundless => &None,
        };
        match misplaced {
            Some(message) => Err(Arc::clone(message)),
            None => Ok(Arc::clone(&known.policy)),
        }
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
