//! A text that two patterns have in common.

/// What stands at one place of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    One,
    Star,
}

/// A text that matches both a needed pattern and one of a policy; `None` when there is none.
/// `*` stands for any text and `?` for any one character. In the policy's pattern `${*}`, `${?}` and `${$}`
/// are these characters themselves, and any other variable is taken for a `*`, as it may be anything. Where
/// the character is either's choice, it is `free`.
#[must_use]
pub fn witness(needed: &str, pattern: &str, free: char) -> Option<String> {
    let (one, other) = (plain(needed), written(pattern));
    let reach = reach(&one, &other);
    let can =
        |i: usize, j: usize| reach.get(i).and_then(|row| row.get(j)).copied().unwrap_or(false);
    if !can(0, 0) {
        return None;
    }
    let mut text = String::new();
    let (mut i, mut j) = (0, 0);
    loop {
        match (one.get(i), other.get(j)) {
            (None, None) => return Some(text),
            // A star that can be nothing is nothing.
            (Some(Part::Star), _) if can(i + 1, j) => i += 1,
            (_, Some(Part::Star)) if can(i, j + 1) => j += 1,
            (Some(Part::Star), Some(part)) => {
                text.push(part.or(free));
                j += 1;
            }
            (Some(part), Some(Part::Star)) => {
                text.push(part.or(free));
                i += 1;
            }
            (Some(part), Some(with)) => {
                text.push(part.or(with.or(free)));
                i += 1;
                j += 1;
            }
            // One is at its end, and what is left of the other could not be nothing.
            (None, Some(_)) | (Some(_), None) => return None,
        }
    }
}

impl Part {
    /// The character that stands here, or else another.
    fn or(self, other: char) -> char {
        match self {
            Self::Char(character) => character,
            Self::One | Self::Star => other,
        }
    }

    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(one), Self::Char(other)) => one == other,
            _ => true,
        }
    }
}

/// Whether the rest of the one from `i` and of the other from `j` have a text in common, by `[i][j]`.
fn reach(one: &[Part], other: &[Part]) -> Vec<Vec<bool>> {
    let mut rows: Vec<Vec<bool>> = Vec::with_capacity(one.len() + 1);
    let mut below = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or(false);
            let can = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(Part::Star), None) => at(&below, j),
                (None, Some(Part::Star)) => at(&row, j + 1),
                (Some(Part::Star), Some(_)) | (Some(_), Some(Part::Star)) => {
                    at(&below, j) || at(&row, j + 1)
                }
                (Some(part), Some(with)) => part.meets(*with) && at(&below, j + 1),
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = can;
            }
        }
        rows.push(row.clone());
        below = row;
    }
    rows.reverse();
    rows
}

fn plain(pattern: &str) -> Vec<Part> {
    pattern.chars().map(part).collect()
}

fn part(character: char) -> Part {
    match character {
        '*' => Part::Star,
        '?' => Part::One,
        other => Part::Char(other),
    }
}

/// The parts of a policy's pattern, variables among them.
fn written(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let variable = rest.strip_prefix("${").and_then(|behind| behind.split_once('}'));
        rest = if let Some((name, behind)) = variable {
            parts.push(match name {
                "*" => Part::Char('*'),
                "?" => Part::Char('?'),
                "$" => Part::Char('$'),
                _ => Part::Star,
            });
            behind
        } else {
            parts.push(part(first));
            rest.get(first.len_utf8()..).unwrap_or_default()
        };
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By trying everything.
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|taken| matches(rest, &text[taken..])),
            (['?', rest @ ..], [_, text @ ..]) => matches(rest, text),
            ([wanted, rest @ ..], [found, text @ ..]) => wanted == found && matches(rest, text),
            _ => false,
        }
    }

    fn fits(pattern: &str, text: &str) -> bool {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        matches(&chars(pattern), &chars(text))
    }

    /// Every text of up to so many characters.
    fn texts(longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..longest {
            let longer: Vec<String> = all[from..]
                .iter()
                .flat_map(|text| ['a', 'b', 'z'].map(|end| format!("{text}{end}")))
                .collect();
            from = all.len();
            all.extend(longer);
        }
        all
    }

    #[test]
    fn what_is_in_common_is_found() {
        for (needed, pattern, expected) in [
            ("exports/*", "exports/2024/*", Some("exports/2024/")),
            ("exports/*", "*/2024/??", Some("exports/2024/zz")),
            ("table/shop/*", "table/shop/orders", Some("table/shop/orders")),
            ("exports/*", "results/*", None),
            ("a?c", "ab*", Some("abc")),
            ("a*", "a${*}b", Some("a*b")),
            ("home/*", "home/${aws:username}/x", Some("home//x")),
            ("*", "*", Some("")),
            ("", "?", None),
        ] {
            assert_eq!(witness(needed, pattern, 'z').as_deref(), expected, "{needed} {pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_witness_matches_both_and_there_is_one_if_any(
            one in "[ab*?]{0,4}", other in "[ab*?]{0,4}",
        ) {
            match witness(&one, &other, 'z') {
                Some(text) => prop_assert!(fits(&one, &text) && fits(&other, &text), "{text}"),
                None => {
                    let both = texts(6).into_iter().find(|it| fits(&one, it) && fits(&other, it));
                    prop_assert_eq!(both, None);
                }
            }
        }
    }
}
