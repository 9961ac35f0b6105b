//! Patterns whose stars may pass colons.
//!
//! "If the `*` wildcard is the last character of a resource ARN segment, it can expand to match beyond
//! the colon boundaries"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>):
//! `arn:aws:rds:*` covers everything of RDS. A star followed by other characters stays within its
//! segment, as `?` does.
//!
//! Where the stars differ, the leftmost place of a piece need not be the right one, so the pattern runs
//! as an automaton, all its states at once as bits: the cost is the text's length times the pattern's
//! length over 64.

use super::Target;
use super::glob::Element;
use super::template::{Lookup, Template, Token, value};

/// A `Resource` in which a star ends one of the first five fields.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    /// What every match begins with.
    prefix: Box<str>,
    /// Field by field: a match within the segments is one across them, too, and sooner found.
    fields: Option<Box<[Template; 6]>>,
    tokens: Box<[Token]>,
    /// Ready where there are no variables.
    automaton: Option<Automaton>,
}

impl Crossing {
    /// Takes a pattern; `None` when no star ends one of the first five fields.
    pub(super) fn new(tokens: &[Token], fields: Option<Box<[Template; 6]>>) -> Option<Self> {
        let crosses = parts(tokens, |_| Some("")).is_some_and(|parts| {
            parts.iter().any(|part| matches!(part, Part::Star { colons: true, head: true }))
        });
        if !crosses {
            return None;
        }
        let literal = tokens.iter().map_while(|token| match token {
            Token::Element(Element::Char(character)) => Some(*character),
            _ => None,
        });
        let prefix: String = literal.collect();
        let automaton = parts(tokens, |_| None).map(|parts| Automaton::new(&parts));
        Some(Self { prefix: prefix.into(), fields, tokens: tokens.into(), automaton })
    }

    pub(super) fn matches<'a>(&self, target: &Target<'_>, lookup: &impl Lookup<'a>) -> bool {
        let text = target.text();
        if !text.starts_with(&*self.prefix) {
            return false;
        }
        if let Some(fields) = &self.fields
            && target.matches_fields(fields, lookup)
        {
            return true;
        }
        match &self.automaton {
            Some(automaton) => automaton.matches(text),
            None => parts(&self.tokens, |token| value(token, lookup))
                .is_some_and(|parts| Automaton::new(&parts).matches(text)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Char(char),
    One { colons: bool },
    Star { colons: bool, head: bool },
}

/// What each token may match; `None` when a variable has no value.
fn parts<'t>(
    tokens: &'t [Token],
    fill: impl Fn(&'t Token) -> Option<&'t str>,
) -> Option<Vec<Part>> {
    let mut parts = Vec::with_capacity(tokens.len());
    let mut colons = 0;
    for (index, token) in tokens.iter().enumerate() {
        // The sixth field may hold colons itself.
        let head = colons < 5;
        match token {
            Token::Element(Element::Char(character)) => {
                colons += usize::from(*character == ':');
                parts.push(Part::Char(*character));
            }
            Token::Element(Element::One) => parts.push(Part::One { colons: !head }),
            Token::Element(Element::Star) => {
                let ends = matches!(
                    tokens.get(index + 1),
                    None | Some(Token::Element(Element::Char(':')))
                );
                parts.push(Part::Star { colons: ends || !head, head });
            }
            Token::Variable { .. } => parts.extend(fill(token)?.chars().map(Part::Char)),
        }
    }
    Some(parts)
}

/// State `i` is: the first `i` parts that are no stars have matched.
#[derive(Debug, Clone)]
struct Automaton {
    /// For each character of the pattern, the states that it leads to; sorted.
    leads: Vec<(char, Box<[u64]>)>,
    /// The states that any other character leads to.
    any: Box<[u64]>,
    /// The states in which a star takes any character, and any but a colon.
    stays: Box<[u64]>,
    stays_within: Box<[u64]>,
    accepting: usize,
}

impl Automaton {
    fn new(parts: &[Part]) -> Self {
        let length = parts.iter().filter(|part| !matches!(part, Part::Star { .. })).count();
        let words = length / 64 + 1;
        let empty = || vec![0_u64; words].into_boxed_slice();
        let set = |bits: &mut [u64], state: usize| {
            if let Some(word) = bits.get_mut(state / 64) {
                *word |= 1 << (state % 64);
            }
        };
        let mut characters: Vec<char> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Char(character) => Some(*character),
                _ => None,
            })
            .chain([':'])
            .collect();
        characters.sort_unstable();
        characters.dedup();
        let mut leads: Vec<(char, Box<[u64]>)> =
            characters.into_iter().map(|character| (character, empty())).collect();
        let (mut any, mut stays, mut stays_within) = (empty(), empty(), empty());
        let mut state = 0;
        for part in parts {
            match part {
                Part::Star { colons: true, .. } => set(&mut stays, state),
                Part::Star { colons: false, .. } => set(&mut stays_within, state),
                Part::Char(character) => {
                    state += 1;
                    if let Ok(index) = leads.binary_search_by_key(character, |it| it.0)
                        && let Some((_, bits)) = leads.get_mut(index)
                    {
                        set(bits, state);
                    }
                }
                Part::One { colons } => {
                    state += 1;
                    set(&mut any, state);
                    for (character, bits) in &mut leads {
                        if *colons || *character != ':' {
                            set(bits, state);
                        }
                    }
                }
            }
        }
        Self { leads, any, stays, stays_within, accepting: length }
    }

    fn matches(&self, text: &str) -> bool {
        let mut states = vec![0_u64; self.any.len()];
        if let Some(first) = states.first_mut() {
            *first = 1;
        }
        for character in text.chars() {
            let leads = match self.leads.binary_search_by_key(&character, |it| it.0) {
                Ok(index) => self.leads.get(index).map_or(&self.any, |(_, bits)| bits),
                Err(_) => &self.any,
            };
            let mut carry = 0;
            let stays = self.stays.iter().zip(&self.stays_within);
            for ((bits, leads), (stays, within)) in states.iter_mut().zip(leads).zip(stays) {
                let out = *bits >> 63;
                let within = if character == ':' { 0 } else { *within };
                *bits = ((*bits << 1 | carry) & leads) | (*bits & (stays | within));
                carry = out;
            }
        }
        states.get(self.accepting / 64).is_some_and(|bits| bits >> (self.accepting % 64) & 1 == 1)
    }
}
