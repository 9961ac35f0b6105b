//! Text that came from outside, made fit for a terminal.
//!
//! Both functions change nothing that they have changed already, so a text may pass through each layer that
//! it travels: an error's, a journal's, a report's.

/// Control characters and bidirectional controls as escapes, everything else as it is. Line breaks stay.
#[must_use]
pub fn lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// The same for a text that has to stay on one line.
#[must_use]
pub fn line(text: &str) -> String {
    escaped(text, |_| false)
}

fn escaped(text: &str, kept: fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !kept(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Whether a character moves the cursor, changes how others are shown, or hides among them.
/// Bidirectional controls: <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(lines("a\u{1b}[31mb\u{202e}"), "a\\u{1b}[31mb\\u{202e}");
        assert_eq!(lines("日本\nx"), "日本\nx");
        assert_eq!(line("a\nb\tc"), "a\\nb\\tc");
    }

    #[test]
    fn what_people_write_stays_and_nothing_is_escaped_twice() {
        let told = "column 'o.\"id\"' doesn't exist at C:\\data\n日本\u{7}";
        assert_eq!(line(&line(told)), line(told));
        assert_eq!(lines(&line(told)), line(told));
        assert_eq!(lines("it doesn't"), "it doesn't");
    }
}
