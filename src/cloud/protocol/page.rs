//! Lists in pages.

use crate::cloud::error::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page of `items` from where `token` points, and the token of the next page.
///
/// A token is the position in the list, sealed enough that nobody builds one by hand.
///
/// # Errors
/// With `code` when the token is none of ours.
pub(crate) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
    code: &'static str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start = match token {
        None => 0,
        Some(token) => {
            read(token).ok_or_else(|| ApiError::new(code, "The pagination token is not valid."))?
        }
    };
    let total = items.len();
    let end = start.saturating_add(size).min(total);
    let page = items.into_iter().skip(start).take(size).collect();
    let next = (end < total).then(|| URL_SAFE_NO_PAD.encode(format!("page:{end}")));
    Ok((page, next))
}

fn read(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("page:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let all = (0..25).collect::<Vec<_>>();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (items, next) = page(all.clone(), token.as_deref(), 10, "Bad").unwrap();
            seen.extend(items);
            let Some(next) = next else { break };
            token = Some(next);
        }
        assert_eq!(seen, all);
        assert_eq!(page(all, Some("page:3"), 10, "Bad").unwrap_err().code, "Bad");
    }
}
