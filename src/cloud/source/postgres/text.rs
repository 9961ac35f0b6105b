//! COPY's text format (<https://www.postgresql.org/docs/current/sql-copy.html>, "Text Format").

use crate::cloud::source::RowSink;

/// Takes lines apart, across the boundaries of messages.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rest: Vec<u8>,
    /// The unescaped values of a line, one after the other.
    values: Vec<u8>,
    /// Where each value ends; none for NULL.
    ends: Vec<Option<usize>>,
}

impl Rows {
    pub(super) fn push<E>(&mut self, chunk: &[u8], row: &mut RowSink<'_, E>) -> Result<(), E> {
        let mut lines = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_none() {
                self.rest.extend_from_slice(line);
            } else if self.rest.is_empty() {
                self.line(line, row)?;
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.line(&whole, row)?;
            }
        }
        Ok(())
    }

    fn line<E>(&mut self, line: &[u8], row: &mut RowSink<'_, E>) -> Result<(), E> {
        self.values.clear();
        self.ends.clear();
        for field in line.split(|byte| *byte == b'\t') {
            if field == b"\\N" {
                self.ends.push(None);
                continue;
            }
            let mut bytes = field.iter().copied();
            while let Some(byte) = bytes.next() {
                let plain = match byte {
                    b'\\' => match bytes.next() {
                        Some(b'b') => 8,
                        Some(b't') => b'\t',
                        Some(b'n') => b'\n',
                        Some(b'v') => 11,
                        Some(b'f') => 12,
                        Some(b'r') => b'\r',
                        Some(other) => other,
                        None => b'\\',
                    },
                    byte => byte,
                };
                self.values.push(plain);
            }
            self.ends.push(Some(self.values.len()));
        }
        let mut start = 0;
        let values: Vec<Option<&[u8]>> = self
            .ends
            .iter()
            .map(|end| {
                let end = (*end)?;
                let value = self.values.get(start..end);
                start = end;
                value
            })
            .collect();
        row(&values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_wherever_they_are_cut() {
        let text = b"a\\tb\t\\N\t\n\\\\N\tx\\ny\t\\\\\n";
        for cut in 0..text.len() {
            let mut found: Vec<Vec<Option<Vec<u8>>>> = Vec::new();
            let mut rows = Rows::default();
            let mut keep = |row: &[Option<&[u8]>]| {
                found.push(row.iter().map(|value| value.map(<[u8]>::to_vec)).collect());
                Ok::<(), ()>(())
            };
            let (first, second) = text.split_at(cut);
            rows.push(first, &mut keep).unwrap();
            rows.push(second, &mut keep).unwrap();
            let value = |text: &str| Some(text.as_bytes().to_vec());
            assert_eq!(
                found,
                [
                    vec![value("a\tb"), None, value("")],
                    vec![value("\\N"), value("x\ny"), value("\\")]
                ]
            );
        }
    }
}
