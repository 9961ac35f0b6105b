//! The names of crawled tables
//! (<https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html>, "how crawlers name tables").

use super::super::catalog::Table;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Table names are at most this long.
const LONGEST: usize = 128;

/// The name for the folder `root`: its last part, in lower case, with `_` for whatever is no letter
/// of ASCII, digit or underscore. A name that another table has, in the catalog or in this crawl,
/// gets a hash of the location at its end.
pub(super) fn choose(
    prefix: &str,
    root: &str,
    location: &str,
    existing: &BTreeMap<String, Table>,
    taken: &BTreeSet<String>,
) -> String {
    let last = root.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = sanitized(&format!("{prefix}{last}"));
    let free = |name: &String| {
        let other = existing.get(name).is_some_and(|table| {
            let held = table.definition.storage_descriptor.as_ref();
            let held = held.and_then(|sd| sd.location.as_deref()).unwrap_or_default();
            held.trim_end_matches('/') != location.trim_end_matches('/')
        });
        name.len() <= LONGEST && !other && !taken.contains(name)
    };
    if free(&name) {
        return name;
    }
    let short: String = name.chars().take(LONGEST - 33).collect();
    format!("{short}_{}", hash(location))
}

/// A name with only what a crawler leaves in it.
fn sanitized(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '_' })
        .collect()
}

/// 32 hexadecimal digits, as many as AWS appends; which hash it uses is not documented.
fn hash(location: &str) -> String {
    let digest = Sha256::digest(location.as_bytes());
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_folders() {
        let choose = |root: &str, taken: &[&str]| {
            let taken = taken.iter().map(|name| (*name).to_owned()).collect();
            choose("p_", root, "s3://b/x/", &BTreeMap::new(), &taken)
        };
        assert_eq!(choose("x/db/Shop.Order-Lines/", &[]), "p_shop_order_lines");
        assert_eq!(choose("x/日本", &[]), "p___");
        let hashed = choose("x/shop.a", &["p_shop_a"]);
        assert!(
            hashed.starts_with("p_shop_a_") && hashed.len() == "p_shop_a_".len() + 32,
            "{hashed}"
        );
        assert_eq!(choose(&"n".repeat(200), &[]).len(), 128);
    }
}
