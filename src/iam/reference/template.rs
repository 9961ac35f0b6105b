//! Placeholders in names and ARNs, and patterns that may mean the same thing.

/// Turns the placeholders of a documented form, `${Account}` or `<key>`, into `*`.
#[must_use]
pub fn as_glob(form: &str) -> String {
    let mut glob = String::with_capacity(form.len());
    let mut rest = form;
    while let Some(start) = rest.find(['$', '<']) {
        let (before, from) = rest.split_at(start);
        glob.push_str(before);
        let close = match from.strip_prefix("${") {
            Some(_) => from.find('}'),
            None if from.starts_with('<') => from.find('>'),
            None => None,
        };
        let Some((_, after)) = close.and_then(|close| from.split_at_checked(close + 1)) else {
            glob.push_str(from);
            return glob;
        };
        glob.push('*');
        rest = after;
    }
    glob.push_str(rest);
    glob
}

/// Whether a condition key as it stands in a policy is the one that a documented form names.
pub(super) fn names(form: &str, name: &str) -> bool {
    if form.eq_ignore_ascii_case(name) {
        return true;
    }
    // What stands for a placeholder is never empty.
    form.contains(['$', '<'])
        && glob(&as_glob(form).replace('*', "?*").to_ascii_lowercase(), &name.to_ascii_lowercase())
}

/// Whether a text matches a pattern with `*` and `?`. Going back only to the last `*` is enough,
/// and keeps hostile patterns cheap.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(&want) if want == b'?' || want == byte => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}

/// Whether some text matches both patterns. `*` and `?` mean in each what they mean in a policy.
///
/// ```
/// use snaplake::iam::reference::overlaps;
/// assert!(overlaps("arn:aws:s3:::*/*", "arn:aws:s3:::lake/data-*"));
/// assert!(!overlaps("arn:aws:s3:::*", "arn:aws:sqs:*:*:*"));
/// ```
#[must_use]
pub fn overlaps(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    // `reach[r]`: the rest of `left` from the current position and of `right` from `r` can be equal.
    let mut reach = vec![false; right.len() + 1];
    for l in (0..=left.len()).rev() {
        let mut next = vec![false; right.len() + 1];
        let at = |row: &[bool], index: usize| row.get(index).copied().unwrap_or(false);
        for r in (0..=right.len()).rev() {
            let can = match (left.get(l), right.get(r)) {
                (None, None) => true,
                (Some(b'*'), _) if at(&reach, r) => true,
                (_, Some(b'*')) if at(&next, r + 1) => true,
                (Some(b'*'), Some(_)) => at(&next, r + 1),
                (Some(_), Some(b'*')) => at(&reach, r),
                (Some(&a), Some(&b)) => (a == b || a == b'?' || b == b'?') && at(&reach, r + 1),
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let Some(cell) = next.get_mut(r) {
                *cell = can;
            }
        }
        reach = next;
    }
    reach.first().copied().unwrap_or(false)
}
