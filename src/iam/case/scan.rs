//! A JSON reader for many small texts: it borrows what it can and skips what it need not read.

use std::borrow::Cow;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 64;

/// Reads a text from left to right.
#[derive(Debug, Clone)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

/// What is wrong, without a place: [`Scan::fail`] adds it.
pub(super) type Failed = String;

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    pub(super) fn fail<T>(&self, wanted: &str) -> Result<T, Failed> {
        let place = crate::iam::json::position(self.text, self.at);
        let found = match self.rest().chars().next() {
            Some(found) => format!("found `{}`", found.escape_debug()),
            None => "the text ends".to_owned(),
        };
        Err(format!(
            "no JSON at line {}, column {}: expected {wanted}, {found}",
            place.line, place.column
        ))
    }

    /// Takes a byte, if it is next.
    #[inline]
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Whether nothing but white space is left.
    pub(super) fn done(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Reads an object: `read` takes each key's value.
    pub(super) fn object(
        &mut self,
        mut read: impl FnMut(&mut Self, &str) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        if !self.take(b'{') {
            return self.fail("an object");
        }
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fail("a key in quotes");
            }
            let key = self.string()?;
            if !self.take(b':') {
                return self.fail("`:`");
            }
            read(self, &key)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return self.fail("`,` or `}`");
            }
        }
    }

    /// Reads a list: `read` takes each item.
    pub(super) fn list(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        if !self.take(b'[') {
            return self.fail("a list");
        }
        if self.take(b']') {
            return Ok(());
        }
        loop {
            read(self)?;
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return self.fail("`,` or `]`");
            }
        }
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Failed> {
        if self.peek() != Some(b'"') {
            return self.fail("a string");
        }
        let start = self.at;
        self.skip_string()?;
        let inner = self.text.get(start + 1..self.at - 1).unwrap_or("");
        if !inner.contains('\\') {
            return Ok(Cow::Borrowed(inner));
        }
        let quoted = self.text.get(start..self.at).unwrap_or("");
        serde_json::from_str(quoted).map(Cow::Owned).map_err(|error| format!("no JSON: {error}"))
    }

    /// Passes a string; escapes are not looked at.
    fn skip_string(&mut self) -> Result<(), Failed> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
            match rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
                None => {
                    self.at = self.text.len();
                    return self.fail("a closing quote");
                }
                Some(stop) => {
                    self.at += stop;
                    match self.byte() {
                        Some(b'"') => {
                            self.at += 1;
                            return Ok(());
                        }
                        Some(b'\\') => self.at = (self.at + 2).min(self.text.len()),
                        _ => return self.fail("no bare control character in a string"),
                    }
                }
            }
        }
    }

    /// Passes an object or list whose inside somebody else reads: brackets are only counted.
    pub(super) fn raw(&mut self) -> Result<&'a str, Failed> {
        match self.peek() {
            Some(b'{' | b'[') => {}
            _ => return self.value(0),
        }
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
            let Some(stop) =
                rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
            else {
                self.at = self.text.len();
                return self.fail("a closing bracket");
            };
            self.at += stop;
            match self.byte() {
                Some(b'"') => self.skip_string()?,
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                _ => {
                    depth -= 1;
                    self.at += 1;
                }
            }
            if depth == 0 {
                return Ok(self.text.get(start..self.at).unwrap_or(""));
            }
        }
    }

    /// Passes so many bytes.
    pub(super) fn pass(&mut self, length: usize) -> Option<&'a str> {
        let passed = self.rest().get(..length)?;
        self.at += length;
        Some(passed)
    }

    /// Passes any value, and checks it.
    pub(super) fn value(&mut self, depth: usize) -> Result<&'a str, Failed> {
        let first = self.peek();
        let start = self.at;
        if depth > MAX_DEPTH {
            return self.fail("fewer levels");
        }
        match first {
            Some(b'{') => self.object(|scan, _| scan.value(depth + 1).map(|_| ()))?,
            Some(b'[') => self.list(|scan| scan.value(depth + 1).map(|_| ()))?,
            Some(b'"') => {
                self.string()?;
            }
            _ => {
                let end = self
                    .rest()
                    .bytes()
                    .position(|byte| {
                        !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
                    })
                    .map_or(self.text.len(), |length| self.at + length);
                let word = self.text.get(start..end).unwrap_or("");
                if serde_json::from_str::<serde_json::Value>(word).is_err() {
                    return self.fail("a value");
                }
                self.at = end;
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or(""))
    }
}
