//! An order-independent checksum of a table, made twice: from the source database and from the
//! exported Parquet. The two sides share the form of a value and nothing else.

mod parquet;
mod server;
mod sqlite;
mod value;

pub use parquet::{Columns, ParquetTable, ParquetTableError};
pub use server::{ServerError, server_fingerprint};
pub use sqlite::{SourceError, source_fingerprint};
pub use value::{Target, Unfit};

use sha2::{Digest as _, Sha256};

/// The checksum of a table's rows, whatever their order: the sum of the rows' digests, so that a row
/// that is there twice counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Rows.
    pub rows: u64,
    /// The sum, modulo 2^128, of the first 16 bytes of each row's SHA-256.
    pub sum: u128,
}

impl Fingerprint {
    /// Adds a row in its canonical form.
    pub(crate) fn add(&mut self, row: &[u8]) {
        let digest = Sha256::digest(row);
        let mut first = [0_u8; 16];
        for (to, from) in first.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
    }

    /// Adds all rows of another part of the same table.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x} over {} rows", self.sum, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_number_does() {
        let of = |rows: &[&[u8]]| {
            let mut sum = Fingerprint::default();
            for row in rows {
                sum.add(row);
            }
            sum
        };
        assert_eq!(of(&[b"a", b"b"]), of(&[b"b", b"a"]));
        assert_ne!(of(&[b"a", b"a"]), of(&[b"b", b"b"]));
        assert_ne!(of(&[b"a", b"a"]), of(&[b"a"]));
        let mut merged = of(&[b"a"]);
        merged.merge(of(&[b"b"]));
        assert_eq!(merged, of(&[b"b", b"a"]));
    }
}
