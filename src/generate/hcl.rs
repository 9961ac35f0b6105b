//! HCL text: the one place where a value becomes part of a Terraform file.
//!
//! A value can only reach a file as [`quoted`], or through the templates' `{{…}}`, which escapes with
//! [`escape`]. Both follow the quoted template syntax of HCL:
//! <https://developer.hashicorp.com/terraform/language/expressions/strings>.

use std::fmt::Write as _;

/// Escapes a value for use between double quotes: nothing in it is read as a quote, an escape, an
/// interpolation (`${`) or a directive (`%{`), and no control character is left as it is.
#[must_use]
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            // `$${` is a literal `${`, and `%%{` a literal `%{`; a dollar that stands before them is
            // a dollar, so each introducer is doubled on its own.
            '$' | '%' if characters.peek() == Some(&'{') => {
                escaped.push(character);
                escaped.push(character);
            }
            control if control.is_control() || is_invisible(control) => {
                let _ = write!(escaped, "\\U{:08x}", u32::from(control));
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// Characters that change how a line looks without being seen: line separators and the directional
/// overrides that let text read as something else than it is.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A value as a quoted HCL string.
#[must_use]
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", escape(value))
}

/// Expressions as an HCL list: on one line when there is one, else one a line, indented by `indent`
/// levels of two spaces.
#[must_use]
pub fn list(expressions: &[String], indent: usize) -> String {
    match expressions {
        [] => "[]".to_owned(),
        [only] if !only.contains('\n') => format!("[{only}]"),
        many => {
            let outer = "  ".repeat(indent);
            let mut text = "[\n".to_owned();
            for expression in many {
                let _ = writeln!(text, "{outer}  {expression},");
            }
            text.push_str(&outer);
            text.push(']');
            text
        }
    }
}

/// An HCL object of expressions, in the order given, indented by `indent` levels.
#[must_use]
pub fn object(entries: &[(&str, String)], indent: usize) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let outer = "  ".repeat(indent);
    let mut text = "{\n".to_owned();
    for (key, expression) in entries {
        let _ = writeln!(text, "{outer}  {} = {expression}", key_text(key));
    }
    text.push_str(&outer);
    text.push('}');
    text
}

/// A key of an object: bare when it is an identifier, else quoted.
fn key_text(key: &str) -> String {
    let bare = key.chars().next().is_some_and(|first| first.is_ascii_alphabetic())
        && key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if bare { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests;
