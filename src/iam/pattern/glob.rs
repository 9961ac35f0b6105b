//! The matcher: linear in the text, whatever the pattern.
//!
//! The pattern is cut at its stars. The first piece must begin the text and the last one end it; each
//! piece between is looked for once, from the left, behind the one before: whenever any placement
//! matches, the leftmost one does. Finding a piece is linear: the standard library's two-way search
//! for plain text, and a bit-parallel automaton (shift-and) for a piece with `?`, whose cost is the
//! text's length times the piece's length over 64.

/// A pattern of text, `*` and `?`, ready to match.
#[derive(Debug, Clone)]
pub(crate) enum Glob {
    /// Anything: `*`.
    Any,
    /// No wildcard at all.
    Exact(Box<str>),
    /// Text and one star at the end.
    Prefix(Box<str>),
    /// Everything else.
    Pieces(Box<Pieces>),
}

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// This character.
    Char(char),
    /// Any one character: `?`.
    One,
    /// Any run of characters: `*`.
    Star,
}

/// A pattern cut at its stars.
#[derive(Debug, Clone)]
pub(crate) struct Pieces {
    first: Piece,
    middle: Vec<Piece>,
    /// `None` when there is no star: the first piece is all there is.
    last: Option<Piece>,
}

/// What stands between two stars.
#[derive(Debug, Clone)]
enum Piece {
    Plain(Box<str>),
    Holes(Holes),
}

impl Glob {
    /// A pattern as it is written, `*` and `?` being wildcards.
    #[cfg(test)]
    pub(crate) fn new(pattern: &str) -> Self {
        Self::from_elements(&elements(pattern))
    }

    pub(crate) fn from_elements(elements: &[Element]) -> Self {
        let mut pieces = elements.split(|element| *element == Element::Star).map(Piece::new);
        let first = pieces.next().unwrap_or_else(|| Piece::Plain("".into()));
        let mut middle: Vec<Piece> = pieces.collect();
        let last = middle.pop();
        middle.retain(|piece| !matches!(piece, Piece::Plain(text) if text.is_empty()));
        match (first, last) {
            (Piece::Plain(text), None) => Self::Exact(text),
            (Piece::Plain(text), Some(Piece::Plain(end)))
                if end.is_empty() && middle.is_empty() =>
            {
                if text.is_empty() {
                    Self::Any
                } else {
                    Self::Prefix(text)
                }
            }
            (first, last) => Self::Pieces(Box::new(Pieces { first, middle, last })),
        }
    }

    /// The text that it stands for, when it stands for one only.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.as_bytes().starts_with(prefix.as_bytes()),
            Self::Pieces(pieces) => pieces.matches(text),
        }
    }
}

/// Takes a pattern's text apart, `*` and `?` being wildcards.
pub(crate) fn elements(pattern: &str) -> Vec<Element> {
    pattern
        .chars()
        .map(|character| match character {
            '*' => Element::Star,
            '?' => Element::One,
            other => Element::Char(other),
        })
        .collect()
}

impl Pieces {
    fn matches(&self, text: &str) -> bool {
        let Some(mut rest) = self.first.strip_start(text) else { return false };
        let Some(last) = &self.last else { return rest.is_empty() };
        for piece in &self.middle {
            match piece.find(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.ends(rest)
    }
}

impl Piece {
    fn new(elements: &[Element]) -> Self {
        let plain: Option<String> = elements
            .iter()
            .map(|element| match element {
                Element::Char(character) => Some(*character),
                _ => None,
            })
            .collect();
        match plain {
            Some(text) => Self::Plain(text.into()),
            None => Self::Holes(Holes::new(elements)),
        }
    }

    /// The text behind this piece, when the text begins with it.
    fn strip_start<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Plain(plain) => text.strip_prefix(&**plain),
            Self::Holes(holes) => {
                let mut characters = text.chars();
                for wanted in &holes.wanted {
                    let found = characters.next()?;
                    if wanted.is_some_and(|wanted| wanted != found) {
                        return None;
                    }
                }
                Some(characters.as_str())
            }
        }
    }

    /// Whether the text ends with this piece.
    fn ends(&self, text: &str) -> bool {
        match self {
            Self::Plain(plain) => text.ends_with(&**plain),
            Self::Holes(holes) => {
                let mut characters = text.chars().rev();
                holes.wanted.iter().rev().all(|wanted| {
                    characters
                        .next()
                        .is_some_and(|found| wanted.is_none_or(|wanted| wanted == found))
                })
            }
        }
    }

    /// The text behind the leftmost place where this piece stands.
    fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Plain(plain) => text.get(text.find(&**plain)? + plain.len()..),
            Self::Holes(holes) => holes.find(text),
        }
    }
}

/// A piece with `?` in it, and the automaton that finds it.
#[derive(Debug, Clone)]
struct Holes {
    /// `None` is a `?`.
    wanted: Vec<Option<char>>,
    /// For each character of the piece, the places where it may stand, as bits; sorted.
    masks: Vec<(char, Box<[u64]>)>,
    /// The places where any character may stand.
    any: Box<[u64]>,
}

impl Holes {
    fn new(elements: &[Element]) -> Self {
        let wanted: Vec<Option<char>> = elements
            .iter()
            .map(|element| match element {
                Element::Char(character) => Some(*character),
                Element::One | Element::Star => None,
            })
            .collect();
        let mask = |fits: &dyn Fn(Option<char>) -> bool| -> Box<[u64]> {
            wanted
                .chunks(64)
                .map(|chunk| {
                    chunk
                        .iter()
                        .enumerate()
                        .filter(|(_, wanted)| fits(**wanted))
                        .fold(0, |bits, (place, _)| bits | 1 << place)
                })
                .collect()
        };
        let any = mask(&|wanted| wanted.is_none());
        let mut characters: Vec<char> = wanted.iter().copied().flatten().collect();
        characters.sort_unstable();
        characters.dedup();
        let masks = characters
            .into_iter()
            .map(|character| {
                (character, mask(&|wanted| wanted.is_none_or(|wanted| wanted == character)))
            })
            .collect();
        Self { wanted, masks, any }
    }

    fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        let goal_bit = 1_u64 << ((self.wanted.len() - 1) % 64);
        let mut state = vec![0_u64; self.any.len()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let mask = match self.masks.binary_search_by_key(&character, |(known, _)| *known) {
                Ok(index) => self.masks.get(index).map_or(&self.any, |(_, mask)| mask),
                Err(_) => &self.any,
            };
            let mut carry = 1;
            for (bits, mask) in state.iter_mut().zip(mask) {
                let out = *bits >> 63;
                *bits = (*bits << 1 | carry) & mask;
                carry = out;
            }
            if state.last().is_some_and(|bits| bits & goal_bit != 0) {
                return Some(characters.as_str());
            }
        }
        None
    }
}
