//! What is wrong with a file, and where.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The text of the file that errors point into.
pub(super) type Text = Arc<NamedSource<String>>;

/// A file's text, fit for a terminal: characters that could steer one are replaced by harmless ones
/// of the same length in bytes, so that spans still hold.
pub(super) fn text(path: &Path, text: &str) -> Text {
    let shown: String = masked(text)
        .chars()
        .map(|c| match (c, c.len_utf8()) {
            ('\n' | '\t' | '\r', _) => c,
            // Bidirectional controls and the like print nothing of their own and move what follows.
            ('\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}', _) => {
                '\u{fffd}'
            }
            (c, 1) if c.is_control() => '?',
            (c, _) if c.is_control() => '\u{bf}',
            _ => c,
        })
        .collect();
    Arc::new(NamedSource::new(path.display().to_string(), shown).with_language("TOML"))
}

/// One problem: what is wrong, where, and what to write instead.
#[derive(Debug, Clone)]
pub struct ConfigError {
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    text: Text,
}

impl ConfigError {
    pub(super) fn new(text: &Text, span: &Range<usize>, message: impl Into<String>) -> Self {
        let mut error =
            Self { message: message.into(), help: None, labels: Vec::new(), text: text.clone() };
        error.label(span, None);
        error
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn and_at(mut self, span: &Range<usize>, label: &str) -> Self {
        self.label(span, Some(label.to_owned()));
        self
    }

    fn label(&mut self, span: &Range<usize>, label: Option<String>) {
        // Spans come from the same text, but a label past its end would hide the whole message.
        let end = self.text.inner().len();
        let span = span.start.min(end)..span.end.min(end);
        self.labels.push(LabeledSpan::new_with_span(label, span));
    }

    /// Whether it points at a place in the file at all.
    pub(super) fn has_place(&self) -> bool {
        self.labels.first().is_some_and(|label| !label.is_empty())
    }

    /// Where the problem starts, in bytes from the start of the file.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.labels.first().map_or(0, LabeledSpan::offset)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Every problem of a file, in the order of their places; never empty.
#[derive(Debug, Clone)]
pub struct ConfigErrors {
    /// The problems.
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [only] => only.fmt(f),
            errors => write!(f, "the configuration has {} problems", errors.len()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl Diagnostic for ConfigErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}

/// The text with its secrets starred out, byte for byte so that spans still hold: whatever stands before an
/// `@` in a URL, for a database's can carry a password, and the path of a web address that is a value, for a
/// webhook's is all that guards it.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        masked.push_str(before);
        let end = after.find(['"', '\'', '`', '\n', ' ']).unwrap_or(after.len());
        let (address, beyond) = after.split_at(end);
        let (hidden, shown) = address.split_at(address.rfind('@').unwrap_or(0));
        star(&mut masked, hidden);
        let path = shown.find('/').filter(|_| web_value(&masked, hidden.len()));
        let (shown, hidden) = shown.split_at(path.map_or(shown.len(), |at| at + 1));
        masked.push_str(shown);
        star(&mut masked, hidden);
        rest = beyond;
    }
    masked.push_str(rest);
    masked
}

/// Stars for each byte.
fn star(masked: &mut String, hidden: &str) {
    masked.extend(std::iter::repeat_n('*', hidden.len()));
}

/// Whether what was written last, but for `behind` bytes, is the scheme of a web address, and that the start
/// of a value: in comments addresses stand after other words.
fn web_value(written: &str, behind: usize) -> bool {
    let before = written.get(..written.len().saturating_sub(behind)).unwrap_or_default();
    ["https://", "http://"]
        .iter()
        .find_map(|scheme| before.strip_suffix(scheme))
        .is_some_and(|before| before.is_empty() || before.ends_with(['"', '\'']))
}

/// Text of the user's, within backticks, with nothing in it that could steer a terminal.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    let text = &masked(text);
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    shown = shown.replace("\\'", "'").replace("\\\"", "\"");
    if text.chars().count() > MOST {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown_and_moves_nothing() {
        let line = "source = \"ftp://u:pä@ss@h/d\" # see https://example.com";
        let shown = masked(line);
        assert_eq!(shown.len(), line.len());
        assert!(!shown.contains("pä") && !shown.contains("ss@"), "{shown}");
        assert!(shown.ends_with("@h/d\" # see https://example.com"), "{shown}");
    }

    #[test]
    fn the_path_of_a_webhook_is_not_shown() {
        let address = "https://hooks.slack.example/services/T0/B0/secret";
        let line = format!("slack_webhook_env = \"{address}\" # see https://example.com/page");
        let shown = masked(&line);
        assert_eq!(shown.len(), line.len());
        assert!(shown.contains("\"https://hooks.slack.example/***"), "{shown}");
        assert!(!shown.contains("T0") && !shown.contains("secret"), "{shown}");
        assert!(shown.ends_with("\" # see https://example.com/page"), "{shown}");
        assert!(!quoted(address).contains("secret"));
        assert!(!quoted("https://me:word@h/secret").contains("word"));
        assert!(!quoted("https://me:word@h/secret").contains("secret"));
    }
}
