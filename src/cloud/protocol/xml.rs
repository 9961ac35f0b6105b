//! Writing XML, with everything escaped.

use std::fmt::Display;

/// An XML document under construction.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// Opens an element in a namespace.
    pub(crate) fn open_in(&mut self, name: &str, namespace: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(" xmlns=\"");
        self.escape(namespace);
        self.text.push_str("\">");
    }

    /// Closes an element.
    pub(crate) fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    /// An element around what `inside` writes.
    pub(crate) fn nest(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        inside(self);
        self.close(name);
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.nest(name, |xml| xml.escape(&value));
    }

    /// An element with text, when there is some.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A list: an element around one element a value.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        element: &str,
        values: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.nest(name, |xml| {
            for value in values {
                xml.nest(element, |xml| write(xml, value));
            }
        });
    }

    /// Text without an element.
    pub(crate) fn escape(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\r' => self.text.push_str("&#13;"),
                // Not characters of XML 1.0, in no form.
                '\u{0}'..='\u{8}'
                | '\u{b}'
                | '\u{c}'
                | '\u{e}'..='\u{1f}'
                | '\u{fffe}'
                | '\u{ffff}' => self.text.push('\u{fffd}'),
                other => self.text.push(other),
            }
        }
    }

    /// What another builder has written.
    pub(crate) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// The document.
    pub(crate) fn into_string(self) -> String {
        self.text
    }
}
