//! What AWS takes as a name: each rule once, with the page it comes from.
//!
//! A rule is a shape (lengths, and the characters that may stand first, last and between) that the
//! JSON Schema shows as a pattern, and whatever else a shape cannot say.

mod list;
mod operations;

pub(super) use list::*;
pub(super) use operations::*;

/// A rule for text.
pub(super) struct Rule {
    /// What the text is, for messages: `bucket name`.
    pub noun: &'static str,
    /// What is right, in one sentence without a period.
    pub what: &'static str,
    /// The page that says so.
    pub source: &'static str,
    /// The characters that may come first, in the notation of a regular expression's class.
    pub first: &'static str,
    /// The characters that may come between.
    pub rest: &'static str,
    /// The characters that may come last.
    pub last: &'static str,
    /// The fewest characters.
    pub min: usize,
    /// The most characters.
    pub max: usize,
    /// What the shape cannot say.
    pub also: fn(&str) -> Result<(), String>,
}

impl Rule {
    /// What is wrong with a value, in words that follow "bucket name `x`".
    pub fn check(&self, value: &str) -> Result<(), String> {
        let length = value.chars().count();
        if length == 0 && self.min > 0 {
            return Err("is empty".into());
        }
        if let Some(bad) = value.chars().find(|c| !contains(self.rest, *c)) {
            return Err(format!("must not hold {}", shown(bad)));
        }
        if let Some(bad) = value.chars().next().filter(|c| !contains(self.first, *c)) {
            return Err(format!("must not start with {}", shown(bad)));
        }
        if let Some(bad) = value.chars().next_back().filter(|c| !contains(self.last, *c)) {
            return Err(format!("must not end with {}", shown(bad)));
        }
        if length < self.min {
            return Err(format!("is shorter than {} characters", self.min));
        }
        if length > self.max {
            return Err(format!("has {length} characters, more than {}", self.max));
        }
        (self.also)(value)
    }

    /// The shape as a regular expression; none where it needs Unicode classes, which not every
    /// validator knows.
    pub fn pattern(&self) -> Option<String> {
        if self.rest.contains('\\') {
            return None;
        }
        let Self { first, rest, last, min, max, .. } = self;
        Some(match (min, max) {
            (0, max) => format!("^[{rest}]{{0,{max}}}$"),
            (1, 1) => format!("^[{first}]$"),
            (1, max) => format!("^[{first}]([{rest}]{{0,{}}}[{last}])?$", max - 2),
            (min, max) => format!("^[{first}][{rest}]{{{},{}}}[{last}]$", min - 2, max - 2),
        })
    }
}

fn shown(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        '\n' | '\r' => "a line break".into(),
        '`' => "a backtick".into(),
        '"' => "a quote".into(),
        '\'' => "an apostrophe".into(),
        c => format!("`{}`", c.escape_debug()),
    }
}

/// Whether a class such as `a-z0-9._-` holds a character. A hyphen that stands first or last is
/// itself; `\p{L}` and `\p{N}` stand for letters and digits of any script.
fn contains(class: &str, c: char) -> bool {
    if class.contains("\\p{L}") && c.is_alphabetic() || class.contains("\\p{N}") && c.is_numeric() {
        return true;
    }
    let class: Vec<char> = class.replace("\\p{L}", "").replace("\\p{N}", "").chars().collect();
    let mut rest = class.as_slice();
    loop {
        rest = match rest {
            [] => return false,
            [from, '-', to, ..] if (*from..=*to).contains(&c) => return true,
            [_, '-', _, rest @ ..] => rest,
            [one, ..] if *one == c => return true,
            [_, rest @ ..] => rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_name() {
        assert!(contains("a-z0-9._-", 'q'));
        assert!(contains("a-z0-9._-", '-'));
        assert!(contains("a-z0-9._-", '.'));
        assert!(!contains("a-z0-9._-", 'A'));
        assert!(!contains("a-z0-9._-", '/'));
        assert!(contains("\\p{L}\\p{N} _", '本'));
        assert!(!contains("\\p{L}\\p{N} _", '\n'));
    }

    #[test]
    fn every_rule_says_where_it_comes_from() {
        for rule in ALL {
            assert!(rule.source.starts_with("https://"), "{}", rule.noun);
            assert!(rule.min <= rule.max, "{}", rule.noun);
            assert!(!rule.what.ends_with('.'), "{}", rule.noun);
        }
    }

    #[test]
    fn nothing_that_could_leave_its_quotes_passes_a_rule() {
        for rule in ALL.iter().filter(|rule| rule.noun != "SQL" && rule.noun != "file name") {
            for bad in ["a\"b", "a${b", "%{a", "a\nb", "a;b", "a\\b", "a\u{1b}[0m", "a`b", "a\0"] {
                assert!(rule.check(bad).is_err(), "{} takes {bad:?}", rule.noun);
            }
        }
    }
}
