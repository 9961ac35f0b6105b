//! Taking a file of cases apart: one object, a list of objects, or an object a line.

use super::scan::Scan;

/// A part of a file that should be a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The text of one case, brackets balanced.
    Case(&'a str),
    /// Text that is no JSON, and why.
    Broken(&'a str, String),
}

/// Takes a file apart. What is broken in it does not hide what comes after, as far as lines tell.
#[must_use]
pub fn split(text: &str) -> Vec<Piece<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut scan = Scan::new(text);
    if scan.peek() == Some(b'[') { list(text) } else { stream(text) }
}

fn list(text: &str) -> Vec<Piece<'_>> {
    let mut scan = Scan::new(text);
    let mut pieces = Vec::new();
    let mut start = 0;
    let read = scan.list(|scan| {
        scan.peek();
        start = scan.at();
        pieces.push(Piece::Case(scan.raw()?));
        start = scan.at();
        Ok(())
    });
    match read {
        Err(error) => pieces.push(Piece::Broken(text.get(start..).unwrap_or(""), error)),
        Ok(()) if !scan.done() => {
            let error = scan.fail::<()>("nothing after the list").err().unwrap_or_default();
            pieces.push(Piece::Broken(scan.rest(), error));
        }
        Ok(()) => {}
    }
    pieces
}

fn stream(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let line = rest.find('\n').and_then(|end| rest.get(..end)).unwrap_or(rest);
        let (piece, length) = whole_line(rest, line).unwrap_or_else(|| next(rest, line));
        pieces.push(piece);
        rest = rest.get(length..).unwrap_or("").trim_start();
    }
    pieces
}

/// A line that is an object of its own: it begins and ends like one, and so does the next begin, which
/// within one object no line could. Looking no closer saves reading every line twice.
fn whole_line<'a>(rest: &'a str, line: &'a str) -> Option<(Piece<'a>, usize)> {
    let object = line.trim_end();
    let after = rest.get(line.len()..)?.trim_start();
    let own = object.starts_with('{')
        && object.ends_with('}')
        && (after.is_empty() || after.starts_with('{'));
    own.then_some((Piece::Case(object), line.len()))
}

/// The next piece and its length. A value within a line is a case whatever it holds; one that goes on
/// over more lines must be JSON, or else an unclosed line would swallow the ones after it.
fn next<'a>(rest: &'a str, line: &'a str) -> (Piece<'a>, usize) {
    let mut scan = Scan::new(rest);
    let raw = scan.raw();
    if let Ok(raw) = &raw
        && (scan.at() <= line.len() || Scan::new(raw).value(0).is_ok())
    {
        return (Piece::Case(raw), scan.at());
    }
    // A broken object that was meant to go on over lines is one piece, up to the end.
    let meant = if matches!(line.trim_end(), "{" | "[") { rest } else { line };
    let error = Scan::new(meant).value(0).err().or_else(|| raw.err()).unwrap_or_default();
    (Piece::Broken(meant, error), meant.len())
}
