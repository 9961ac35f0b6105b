//! Whether one pattern allows everything that another does.

use std::str::Chars;

/// Whether everything that matches `narrow` also matches `wide`. Case does not count, as in actions;
/// ARNs that differ by case only are not composed together. `*` stands for any text and `?` for any
/// one character, and in the narrow pattern only a `*` of the wide one stands for a `*`.
#[must_use]
pub fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.chars(), narrow.chars());
    // Behind the last star of the wide pattern, and from where the star could take one character more.
    let mut star: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let (mut behind, mut rest) = (wide.clone(), narrow.clone());
        match (behind.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((behind.clone(), narrow.clone()));
                wide = behind;
            }
            (Some(w), Some(n)) if stands_for(w, n) => (wide, narrow) = (behind, rest),
            // An earlier star need not take more: what it left is what this one could have.
            _ => {
                let Some((behind, from)) = &mut star else { return false };
                if from.next().is_none() {
                    return false;
                }
                (wide, narrow) = (behind.clone(), from.clone());
            }
        }
    }
}

/// Whether a character of the wide pattern, no star, stands for one of the narrow.
fn stands_for(wide: char, narrow: char) -> bool {
    wide.eq_ignore_ascii_case(&narrow) || wide == '?' && narrow != '*'
}
