//! JUnit XML, which build servers show as tests
//! (<https://github.com/testmoapp/junitxml> describes the common form).

use std::fmt::Write as _;

/// A group of cases.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The group within the suite.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How it went.
    pub result: CaseResult,
}

/// How a case went.
#[derive(Debug, Clone)]
pub enum CaseResult {
    /// Well.
    Passed,
    /// Not well: in a line, and at length.
    Failed(String, String),
    /// It could not be decided, for this reason, and so has not passed.
    Undecided(String),
    /// It does not apply, for this reason.
    Skipped(String),
}

/// The suites as an XML document.
#[must_use]
pub fn junit(suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<_> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let _ = writeln!(out, "<testsuites name=\"snaplake\" {}>", counts(&all));
    for suite in suites {
        let counts = counts(&suite.cases.iter().collect::<Vec<_>>());
        let _ = writeln!(out, "  <testsuite name=\"{}\" {counts}>", escape(&suite.name));
        for case in &suite.cases {
            let head = format!(
                "    <testcase classname=\"{}\" name=\"{}\"",
                escape(&case.class),
                escape(&case.name)
            );
            let _ = match &case.result {
                CaseResult::Passed => writeln!(out, "{head}/>"),
                CaseResult::Failed(message, text) => writeln!(
                    out,
                    "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                    escape(message),
                    escape(text)
                ),
                CaseResult::Undecided(message) => writeln!(
                    out,
                    "{head}>\n      <error message=\"{}\"/>\n    </testcase>",
                    escape(message)
                ),
                CaseResult::Skipped(message) => writeln!(
                    out,
                    "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>",
                    escape(message)
                ),
            };
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Case]) -> String {
    let of = |wanted: fn(&CaseResult) -> bool| cases.iter().filter(|it| wanted(&it.result)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        of(|it| matches!(it, CaseResult::Failed(..))),
        of(|it| matches!(it, CaseResult::Undecided(_))),
        of(|it| matches!(it, CaseResult::Skipped(_)))
    )
}

/// Text as XML 1.0 takes it in attributes and elements: what it has no character for is replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_escaped() {
        let case = |name: &str, result| Case { class: "c".into(), name: name.into(), result };
        let cases = vec![
            case("<a&\"b\">\u{1}", CaseResult::Passed),
            case("b", CaseResult::Failed("no".into(), "line 1\nline 2".into())),
            case("c", CaseResult::Skipped("nothing to do".into())),
            case("d", CaseResult::Undecided("unknown".into())),
        ];
        let xml = junit(&[Suite { name: "s".into(), cases }]);
        assert!(xml.contains("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("name=\"&lt;a&amp;&quot;b&quot;&gt;\u{fffd}\""), "{xml}");
        assert!(xml.contains("line 1&#10;line 2"), "{xml}");
    }
}
