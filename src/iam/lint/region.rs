//! Regions: `scripts/build-regions.py` takes their names from botocore.

use super::document::nearest;
use super::{Check, checks};
use crate::iam::reference::overlaps;

const DATA: &str = include_str!("regions.txt");

/// Every partition that is known, with its Regions.
fn partitions() -> impl Iterator<Item = (&'static str, std::str::SplitWhitespace<'static>)> {
    DATA.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut names = line.split_whitespace();
        Some((names.next()?, names))
    })
}

/// What is wrong with a Region: it is none, or none of a partition. AWS adds Regions all the time, so
/// that one that is not on the list and has a Region's form may be newer than the list.
pub(super) fn judge(
    region: &str,
    partition: Option<&str>,
    invalid: &'static Check,
) -> Option<(&'static Check, String, Option<String>)> {
    let shown = region.escape_debug();
    let partition = partition.filter(|name| partitions().any(|(known, _)| known == *name));
    if region.contains(['*', '?']) {
        let message = || format!("no Region has the form of `{shown}`");
        return (!may_match(region)).then(|| (invalid, message(), None));
    }
    let home = partitions().find(|(_, names)| names.clone().any(|name| name == region));
    if let Some((home, _)) = home {
        return partition.filter(|partition| *partition != home).map(|_| {
            let message = format!("`{shown}` is a Region of the partition `{home}`");
            (invalid, message, Some(format!("write `arn:{home}:`")))
        });
    }
    let known = partitions()
        .filter(|(name, _)| partition.is_none_or(|partition| partition == *name))
        .flat_map(|(_, names)| names);
    let help = nearest(region, known).map(|near| format!("did you mean `{near}`?"));
    Some(if is_form(region) {
        let message =
            format!("`{shown}` is not on botocore's list of Regions, as `snaplake` has it");
        (&checks::UNKNOWN_REGION, message, help)
    } else {
        (invalid, format!("`{shown}` is no Region"), help)
    })
}

/// `eu-west-1`, `us-gov-east-1`, `us-isob-east-1`: words and a number.
fn is_form(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [area, middle @ .., number] if !middle.is_empty() && middle.len() <= 3 => {
            letters(area)
                && middle.iter().all(letters)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether a pattern can mean a Region, or the nothing that stands for none.
pub(super) fn may_match(pattern: &str) -> bool {
    let fine =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-*?".contains(&byte);
    overlaps(pattern, "")
        || partitions().any(|(_, mut names)| names.any(|name| overlaps(pattern, name)))
        || (pattern.bytes().all(fine)
            && !pattern.starts_with(|first: char| first.is_ascii_digit())
            && overlaps(pattern, "*-*-*"))
}

/// Whether a text can stand where an ARN has its Region.
pub(super) fn is_possible(text: &str) -> bool {
    if text.contains(['*', '?']) { may_match(text) } else { text.is_empty() || is_form(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_region_has_the_form_of_one() {
        let mut count = 0;
        for (partition, names) in partitions() {
            assert!(super::super::resource::PARTITIONS.contains(&partition), "{partition}");
            for name in names {
                assert!(is_form(name) && may_match(name), "{name}");
                count += 1;
            }
        }
        assert!(count > 40, "only {count} Regions");
    }

    #[test]
    fn patterns_that_no_region_has_are_known() {
        for pattern in ["*", "us-*", "eu-*-1", "us-gov-????-1", "nz-*", "us-east-1*"] {
            assert!(may_match(pattern), "{pattern}");
        }
        for pattern in ["my-bucket/*", "123456789012*", "US-*", "role/*"] {
            assert!(!may_match(pattern), "{pattern}");
        }
    }
}
