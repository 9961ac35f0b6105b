//! Whether one pattern allows everything that another does.

/// Whether everything that matches `narrow` also matches `wide`. Case does not count, as in actions;
/// ARNs that differ by case only are not composed together. `*` stands for any text and `?` for any
/// one character, and in the narrow pattern only a `*` of the wide one stands for a `*`.
#[must_use]
pub fn covers(wide: &str, narrow: &str) -> bool {
    let wide: Vec<char> = wide.chars().collect();
    let narrow: Vec<char> = narrow.chars().collect();
    // The furthest that each prefix of the wide pattern reaches, row by row: linear in both lengths.
    let mut row: Vec<bool> = vec![false; narrow.len() + 1];
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    for &w in &wide {
        let mut next: Vec<bool> = Vec::with_capacity(row.len());
        let mut before_next = false;
        let mut before_row = false;
        for (at, &here) in row.iter().enumerate() {
            let last = at.checked_sub(1).and_then(|at| narrow.get(at));
            let reached = match (w, last) {
                // Nothing, or one more character of any kind, wildcards included.
                ('*', _) => here || before_next,
                (_, None) => false,
                ('?', Some(n)) => before_row && *n != '*',
                (w, Some(n)) => before_row && w.eq_ignore_ascii_case(n),
            };
            next.push(reached);
            before_next = reached;
            before_row = here;
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}
