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
        pattern in "arn:[a*?]{0,3}:a{1,2}(:[a*?]{0,3}){0,3}(:[a*?:]{0,4})?", text in "arn(:[a]{0,2}){5,7}",
    ) {
        let compiled = ArnPattern::of_resource(&pattern, true).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let expected = |pattern: &str| {
            naive_resource(&pattern.chars().collect::<Vec<_>>(), &characters, 0)
        };
        // Fields that are missing are stars.
        let whole = pattern.matches(':').count() >= 5 || pattern.ends_with('*');
        let completed = !whole && expected(&format!("{pattern}:*"));
        prop_assert_eq!(
            compiled.matches(&Target::new(&text), &Values(&[])),
            expected(&pattern) || completed,
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
    let pattern = format!("arn:*:x:{}b", "*a*a?:".repeat(300));
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
    for pattern in [
        "arn:aws:s3:::b/${aws:username",
        "arn:aws:s3:::${}",
        "arn:aws:s3:::${a:b, c}",
        "arn:aws:s3:::${ aws:username}",
        "arn:aws:s3:::${aws:username }",
        "arn:aws:s3:::${aws:username , 'c'}",
    ] {
        assert!(ArnPattern::of_resource(pattern, true).is_err(), "{pattern}");
    }
    assert!(ArnPattern::of_resource("arn:aws:s3:::${aws:PrincipalTag/a b}", true).is_ok());
    for pattern in ["bucket", "*:aws:s3:::b", ""] {
        assert_eq!(
            ArnPattern::of_resource(pattern, true).unwrap_err(),
            TemplateError::NoArn,
            "{pattern}"
        );
    }
}

#[test]
fn a_service_is_named() {
    for pattern in ["arn:aws", "arn:*", "arn:aws:*", "arn:aws:*:::b", "arn:aws:s?:::b"] {
        assert_eq!(
            ArnPattern::of_resource(pattern, true).unwrap_err(),
            TemplateError::AnyService,
            "{pattern}"
        );
    }
    assert!(ArnPattern::of_resource("arn:*:s3:::b", true).is_ok());
}

#[test]
fn fields_that_are_missing_are_stars() {
    for (pattern, incomplete) in [
        ("arn:aws:s3", true),
        ("arn:aws:s3:", true),
        ("arn:aws:s3::", true),
        ("arn:aws:s3:::*", false),
        ("arn:aws:s3:*", false),
    ] {
        let compiled = ArnPattern::of_resource(pattern, true).unwrap();
        assert!(compiled.matches(&Target::new("arn:aws:s3:::b/k"), &Values(&[])), "{pattern}");
        assert!(!compiled.matches(&Target::new("arn:aws:sqs:::b/k"), &Values(&[])), "{pattern}");
        assert_eq!(ArnPattern::is_incomplete(pattern), incomplete, "{pattern}");
    }
    assert!(!ArnPattern::is_incomplete("*"));
    assert!(!ArnPattern::is_incomplete("arn:aws:s3:::${aws:username}"));
    // A colon that a variable holds parts no fields.
    assert!(ArnPattern::is_incomplete("arn:aws:s3:${aws:PrincipalTag/a:b}"));
    // A star within may stand for the missing fields, too.
    for pattern in ["arn:aws:sqs:*:q", "arn:aws:sqs:*:1"] {
        let pattern = ArnPattern::of_resource(pattern, true).unwrap();
        assert!(pattern.matches(&Target::new("arn:aws:sqs:eu-west-1:1:q"), &Values(&[])));
        assert!(!pattern.matches(&Target::new("arn:aws:sqs:eu-west-1:2:r"), &Values(&[])));
    }
    let sqs = ArnPattern::of_resource("arn:aws:sqs:eu-west-1", true).unwrap();
    assert!(sqs.matches(&Target::new("arn:aws:sqs:eu-west-1:1:q"), &Values(&[])));
    assert!(!sqs.matches(&Target::new("arn:aws:sqs:eu-west-2:1:q"), &Values(&[])));
}

#[test]
fn a_variable_in_the_first_five_fields_of_a_resource_is_text() {
    let values = Values(&[("aws:principaltag/r", "eu-west-1"), ("aws:principalaccount", "1")]);
    let target = Target::new("arn:aws:sqs:eu-west-1:1:q");
    for pattern in [
        "arn:aws:sqs:${aws:PrincipalTag/r}:1:q",
        "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q",
        "arn:aws:sqs:*:${aws:PrincipalAccount}:*",
        "arn:aws:sqs:${aws:PrincipalTag/r, 'eu-west-1'}",
    ] {
        let pattern = ArnPattern::of_resource(pattern, true).unwrap();
        assert!(!pattern.matches(&target, &values), "{pattern:?}");
    }
}

#[test]
fn a_variable_may_be_all_of_an_arn_in_a_condition() {
    const ROLE: &str = "arn:aws:iam::1:role/x";
    let values =
        Values(&[("aws:principalarn", ROLE), ("aws:principaltag/t", "eu-west-1:1"), ("k:s", "*")]);
    let matches = |pattern: &str, text: &str| {
        ArnPattern::of_condition(pattern, true).unwrap().matches(&Target::new(text), &values)
    };
    assert!(matches("${aws:PrincipalArn}", ROLE));
    assert!(!matches("${aws:PrincipalArn}", "arn:aws:iam::1:role/y"));
    assert!(matches("${aws:PrincipalArn}/*", "arn:aws:iam::1:role/x/y"));
    assert!(matches("arn:aws:sns:${aws:PrincipalTag/t}:t*", "arn:aws:sns:eu-west-1:1:topic"));
    assert!(!matches("arn:aws:sns:${aws:PrincipalTag/t}", "arn:aws:sns:eu-west-1:1:topic"));
    assert!(!matches("arn:aws:sns:${aws:PrincipalTag/none}:1:t", "arn:aws:sns::1:t"));
    assert!(matches("${aws:PrincipalTag/none, 'arn:aws:s3:::b'}", "arn:aws:s3:::b"));
    // A value's star is text, and each field is looked at by itself.
    assert!(!matches("arn:aws:${k:s}:::b", "arn:aws:s3:::b"));
    assert!(!matches("arn:*:${aws:PrincipalTag/t}:b", "arn:aws:x:y:eu-west-1:1:b"));
    assert!(!matches("${aws:PrincipalTag/t}", "arn:aws:s3:::b"));
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
        let text = format!("arn:aws:s:{}:1:2:end:x", "a".repeat(run));
        assert!(matches("arn:aws:s:*a*:end:x", &text), "{text}");
    }
    assert!(!matches("arn:aws:s:*a*:end:x", "arn:aws:s:b:1:2:end:x"));
    // The sixth field may hold colons, also where a star before it has passed some.
    assert!(matches("arn:aws:s:*:1:a?b", "arn:aws:s:q:r:1:a:b"));
    assert!(!matches("arn:aws:s:*:1?:ab", "arn:aws:s:q:r:1::ab"));
    // More states than a word has bits.
    for length in [50, 55, 63, 64, 65, 120, 130, 200] {
        let tail = "b".repeat(length);
        let pattern = format!("arn:aws:s:x*:1:{tail}");
        assert!(matches(&pattern, &format!("arn:aws:s:xyz:q:r:1:{tail}")), "{length}");
        assert!(!matches(&pattern, &format!("arn:aws:s:xyz:q:r:1:{tail}b")), "{length}");
        assert!(!matches(&pattern, &format!("arn:aws:s:xyz:q:r:1:{}", "b".repeat(length - 1))));
    }
}
