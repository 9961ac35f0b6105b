use super::glob::{Element, elements};
use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

struct Values(&'static [(&'static str, &'static str)]);

impl Lookup<'static> for Values {
    fn single(&self, key: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

/// The definition itself, word for word; exponential, so only for short texts.
fn naive(pattern: &[Element], text: &[char]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        ([Element::Star, pattern @ ..], text) => {
            (0..=text.len()).any(|taken| naive(pattern, &text[taken..]))
        }
        ([Element::One, pattern @ ..], [_, text @ ..]) => naive(pattern, text),
        ([Element::Char(wanted), pattern @ ..], [found, text @ ..]) => {
            wanted == found && naive(pattern, text)
        }
        (_, []) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn agrees_with_the_definition(pattern in "[abé*?]{0,9}", text in "[abé]{0,12}") {
        let characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(
            Glob::new(&pattern).matches(&text),
            naive(&elements(&pattern), &characters),
            "{} against {}", pattern, text
        );
    }

    #[test]
    fn a_long_piece_with_holes_is_found(
        before in "[ab]{0,40}", piece in "[ab]{60,150}", after in "[ab]{0,40}", hole in 0_usize..60,
    ) {
        let mut holed: Vec<char> = piece.chars().collect();
        holed[hole] = '?';
        let pattern = format!("*{}*", holed.into_iter().collect::<String>());
        prop_assert!(
            Glob::new(&pattern).matches(&format!("{before}{piece}{after}")),
            "{} in {}", pattern, piece
        );
        let shorter = format!("{before}{}", &piece[1..]);
        if !shorter.contains(&piece[hole + 1..]) {
            prop_assert!(!Glob::new(&pattern).matches(&shorter));
        }
    }

    #[test]
    fn fields_keep_wildcards_to_themselves(
        pattern in "arn:[a*]{0,2}:[a*]{0,2}:[a*]{0,2}:[a*]{0,2}:[ab*?:]{0,5}",
        text in "arn:[a]{0,2}:[a]{0,2}:[a]{0,2}:[a]{0,2}:[ab:]{0,5}",
    ) {
        let pattern_fields: Vec<&str> = pattern.splitn(6, ':').collect();
        let text_fields: Vec<&str> = text.splitn(6, ':').collect();
        let expected = pattern_fields.iter().zip(&text_fields).all(|(pattern, text)| {
            naive(&elements(pattern), &text.chars().collect::<Vec<_>>())
        });
        let found = ArnPattern::new(&pattern, true).unwrap().matches(&Target::new(&text), &Values(&[]));
        prop_assert_eq!(found, expected, "{} against {}", pattern, text);
    }
}

#[test]
fn hostile_patterns_take_linear_time() {
    let text = "a".repeat(200_000);
    let holes = "?a".repeat(60);
    for pattern in [
        "a*".repeat(2_000) + "b",
        "*a".repeat(2_000) + "b",
        "*aaaaaaaaaaaaaaaaab".repeat(50),
        format!("*{holes}b*{holes}b"),
        format!("{holes}*{holes}*b"),
    ] {
        let glob = Glob::new(&pattern);
        let start = Instant::now();
        assert!(!glob.matches(&text));
        assert!(start.elapsed() < Duration::from_secs(2), "{pattern:.40} took too long");
    }
}

#[test]
fn variables_are_filled() {
    let values = Values(&[("aws:username", "an*a"), ("aws:principaltag/team", "blue")]);
    let matches = |pattern: &str, text: &str| {
        ArnPattern::new(pattern, true).unwrap().matches(&Target::new(text), &values)
    };
    assert!(matches("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/an*a/x"));
    assert!(!matches("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/anna/x"));
    assert!(matches("arn:aws:s3:::b/*/${AWS:UserName}", "arn:aws:s3:::b/x/an*a"));
    assert!(!matches("arn:aws:s3:::b/${aws:userid}/*", "arn:aws:s3:::b//x"));
    assert!(matches("arn:aws:s3:::b/${aws:userid, 'no, body}'}/*", "arn:aws:s3:::b/no, body}/x"));
    assert!(matches(
        "arn:aws:s3:::${aws:PrincipalTag/team}-b/${*}${?}${$}",
        "arn:aws:s3:::blue-b/*?$"
    ));
    assert!(!matches("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x"));
    let literal = ArnPattern::new("arn:aws:s3:::b/${aws:username}", false).unwrap();
    assert!(literal.matches(&Target::new("arn:aws:s3:::b/${aws:username}"), &values));
}

#[test]
fn broken_variables_are_errors() {
    for pattern in ["arn:aws:s3:::b/${aws:username", "arn:aws:s3:::${}", "arn:aws:s3:::${a:b, c}"] {
        assert!(ArnPattern::new(pattern, true).is_err(), "{pattern}");
    }
    for pattern in ["bucket", "arn:aws:s3", "*:aws:s3:::b", ""] {
        assert_eq!(ArnPattern::new(pattern, true).unwrap_err(), TemplateError::NoArn, "{pattern}");
    }
}
