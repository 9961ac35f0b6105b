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
    fn conditions_look_at_each_field_alone(
        pattern in "arn:[a*?]{0,2}:[a*]{0,2}:[a*]{0,2}:[a*]{0,2}:[ab*?:]{0,5}",
        text in "arn:[a]{0,2}:[a]{0,2}:[a]{0,2}:[a]{0,2}:[ab:]{0,5}",
    ) {
        let pattern_fields: Vec<&str> = pattern.splitn(6, ':').collect();
        let text_fields: Vec<&str> = text.splitn(6, ':').collect();
        let expected = pattern_fields.iter().zip(&text_fields).all(|(pattern, text)| {
            naive(&elements(pattern), &text.chars().collect::<Vec<_>>())
        });
        let found = ArnPattern::of_condition(&pattern, true).unwrap();
        prop_assert_eq!(
            found.matches(&Target::new(&text), &Values(&[])), expected, "{} against {}", pattern, text
        );
    }

    #[test]
    fn stars_at_the_end_of_a_field_pass_colons(
        pattern in "arn:[a*?]{0,3}(:[a*?]{0,3}){1,5}", text in "arn(:[a]{0,2}){2,7}",
    ) {
        let Ok(compiled) = ArnPattern::of_resource(&pattern, true) else {
            prop_assert!(pattern.matches(':').count() < 5, "{}", pattern);
            return Ok(());
        };
        let characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(
            compiled.matches(&Target::new(&text), &Values(&[])),
            naive_resource(&pattern.chars().collect::<Vec<_>>(), &characters, 0),
            "{} against {}", pattern, text
        );
    }
}

/// The definition of a `Resource`'s stars, word for word.
fn naive_resource(pattern: &[char], text: &[char], colons: usize) -> bool {
    let within = |it: &char| *it != ':' || colons >= 5;
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        (['*', after @ ..], text) => {
            let crossing = after.first().is_none_or(|it| *it == ':');
            let most = text.iter().take_while(|it| crossing || within(it)).count();
            (0..=most).any(|taken| naive_resource(after, &text[taken..], colons))
        }
        (['?', after @ ..], [found, text @ ..]) => {
            within(found) && naive_resource(after, text, colons)
        }
        ([wanted, after @ ..], [found, text @ ..]) => {
            let colons = colons + usize::from(*wanted == ':');
            wanted == found && naive_resource(after, text, colons)
        }
        (_, []) => false,
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
    let pattern = format!("arn:*:{}b", "*a*a?:".repeat(300));
    let pattern = ArnPattern::of_resource(&pattern, true).unwrap();
    let text = format!("arn:aws:x:::{}", "a:".repeat(50_000));
    let start = Instant::now();
    assert!(!pattern.matches(&Target::new(&text), &Values(&[])));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn variables_are_filled() {
    let values = Values(&[("aws:username", "an*a"), ("aws:principaltag/team", "blue")]);
    let matches = |pattern: &str, text: &str| {
        ArnPattern::of_resource(pattern, true).unwrap().matches(&Target::new(text), &values)
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
    let literal = ArnPattern::of_resource("arn:aws:s3:::b/${aws:username}", false).unwrap();
    assert!(literal.matches(&Target::new("arn:aws:s3:::b/${aws:username}"), &values));
}

#[test]
fn broken_variables_are_errors() {
    for pattern in ["arn:aws:s3:::b/${aws:username", "arn:aws:s3:::${}", "arn:aws:s3:::${a:b, c}"] {
        assert!(ArnPattern::of_resource(pattern, true).is_err(), "{pattern}");
    }
    for pattern in ["bucket", "arn:aws:s3", "*:aws:s3:::b", ""] {
        assert_eq!(
            ArnPattern::of_resource(pattern, true).unwrap_err(),
            TemplateError::NoArn,
            "{pattern}"
        );
    }
}

#[test]
fn actions_match_whatever_their_case() {
    assert!(matches_action("S3:get*", "s3:GetObject") && matches_action("*", "S3:GetObject"));
    assert!(!matches_action("s3:Get*", "s3:PutObject"));
}

#[test]
fn stars_pass_colons_beside_each_other_and_in_long_patterns() {
    let matches = |pattern: &str, text: &str| {
        ArnPattern::of_resource(pattern, true).unwrap().matches(&Target::new(text), &Values(&[]))
    };
    for run in 1..6 {
        let text = format!("arn:aws:{}:1:2:end", "a".repeat(run));
        assert!(matches("arn:aws:*a*:end", &text), "{text}");
    }
    assert!(!matches("arn:aws:*a*:end", "arn:aws:b:1:2:end"));
    // More states than a word has bits.
    for length in [50, 55, 63, 64, 65, 120, 130, 200] {
        let tail = "b".repeat(length);
        let pattern = format!("arn:aws:x*:{tail}");
        assert!(matches(&pattern, &format!("arn:aws:xyz:q:r:{tail}")), "{length}");
        assert!(!matches(&pattern, &format!("arn:aws:xyz:q:r:{tail}b")), "{length}");
        assert!(!matches(&pattern, &format!("arn:aws:xyz:q:r:{}", "b".repeat(length - 1))));
    }
}
