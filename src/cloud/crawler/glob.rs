//! Exclude patterns (<https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html>,
//! "include and exclude patterns").

/// Whether a key, relative to the target's path, matches a pattern: `*` within a folder, `**` across
/// folders, `?` one character, `[a-z]` and `[!a]` one of these, `{a,b}` either.
pub(super) fn matches(pattern: &str, key: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let key: Vec<char> = key.chars().collect();
    alternatives(&pattern).iter().any(|pattern| simple(pattern, &key))
}

/// A pattern without braces for each choice within them.
fn alternatives(pattern: &[char]) -> Vec<Vec<char>> {
    let Some(open) = pattern.iter().position(|c| *c == '{') else { return vec![pattern.to_vec()] };
    let rest = pattern.get(open + 1..).unwrap_or_default();
    let Some(close) = rest.iter().position(|c| *c == '}') else { return vec![pattern.to_vec()] };
    let head = pattern.get(..open).unwrap_or_default();
    let tail = rest.get(close + 1..).unwrap_or_default();
    let inside = rest.get(..close).unwrap_or_default();
    inside
        .split(|c| *c == ',')
        .flat_map(|choice| alternatives(&[head, choice, tail].concat()))
        .collect()
}

fn simple(pattern: &[char], key: &[char]) -> bool {
    match pattern {
        [] => key.is_empty(),
        ['*', '*', rest @ ..] => {
            (0..=key.len()).any(|skip| simple(rest, key.get(skip..).unwrap_or_default()))
        }
        ['*', rest @ ..] => {
            let folder = key.iter().position(|c| *c == '/').unwrap_or(key.len());
            (0..=folder).any(|skip| simple(rest, key.get(skip..).unwrap_or_default()))
        }
        ['?', rest @ ..] => {
            matches!(key, [first, others @ ..] if *first != '/' && simple(rest, others))
        }
        ['[', rest @ ..] => {
            let Some(close) = rest.iter().position(|c| *c == ']') else { return false };
            let (class, after) = rest.split_at(close);
            let after = after.get(1..).unwrap_or_default();
            matches!(key, [first, others @ ..]
                if *first != '/' && one_of(class, *first) && simple(after, others))
        }
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            matches!(key, [first, others @ ..] if first == literal && simple(rest, others))
        }
    }
}

fn one_of(class: &[char], character: char) -> bool {
    let (negated, class) = if let ['!', rest @ ..] = class { (true, rest) } else { (false, class) };
    let mut rest = class;
    let mut found = false;
    while let [first, others @ ..] = rest {
        rest = if let ['-', last, after @ ..] = others {
            found |= (*first..=*last).contains(&character);
            after
        } else {
            found |= *first == character;
            others
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_the_page_says() {
        for (pattern, key, expected) in [
            ("*.json", "a.json", true),
            ("*.json", "x/a.json", false),
            ("**.json", "x/a.json", true),
            ("x/**", "x/y/z", true),
            ("x?/*", "x1/a", true),
            ("*.{json,txt}", "a.txt", true),
            ("[a-c]*", "beta", true),
            ("[!a-c]*", "beta", false),
            ("\\*", "*", true),
            ("export_*", "export_info_x.json", true),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} {key}");
        }
    }
}
