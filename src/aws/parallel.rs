//! Several things at a time, in order.

use super::clock::BoxFuture;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use std::ops::ControlFlow;

/// Does something with each of `items`, at most `limit` at a time, and hands over the results in the
/// order of the items. When `each` breaks, nothing new is begun, and what is under way is dropped.
pub(crate) async fn in_parallel<'a, I: Send, T: Send>(
    limit: usize,
    items: Vec<I>,
    make: impl Fn(I) -> BoxFuture<'a, T> + Send,
    mut each: impl FnMut(T) -> ControlFlow<()> + Send,
) {
    let mut items = items.into_iter();
    let mut running: FuturesOrdered<BoxFuture<'a, T>> = FuturesOrdered::new();
    loop {
        while running.len() < limit
            && let Some(item) = items.next()
        {
            running.push_back(make(item));
        }
        match running.next().await {
            Some(result) => {
                if each(result).is_break() {
                    return;
                }
            }
            None => return,
        }
    }
}

/// The same for things that may fail: the results, or the first failure.
pub(crate) async fn try_in_parallel<'a, I: Send, T: Send, E: Send>(
    limit: usize,
    items: Vec<I>,
    make: impl Fn(I) -> BoxFuture<'a, Result<T, E>> + Send,
) -> Result<Vec<T>, E> {
    let mut results = Vec::with_capacity(items.len());
    let mut failure = None;
    in_parallel(limit, items, make, |result| match result {
        Ok(result) => {
            results.push(result);
            ControlFlow::Continue(())
        }
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })
    .await;
    match failure {
        Some(error) => Err(error),
        None => Ok(results),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn results_come_in_order_and_no_more_run_than_allowed() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results = try_in_parallel(3, (0..20).collect(), |n: u64| {
            let (now, most) = (&now, &most);
            Box::pin(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(20 - n)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok::<u64, ()>(n)
            })
        })
        .await;
        assert_eq!(results, Ok((0..20).collect()));
        assert_eq!(most.into_inner(), 3);
    }

    #[tokio::test]
    async fn the_first_failure_ends_it() {
        let begun = AtomicUsize::new(0);
        let result = try_in_parallel(1, vec![1, 2, 3], |n: u64| {
            begun.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { if n == 2 { Err(n) } else { Ok(n) } })
        })
        .await;
        assert_eq!(result, Err(2));
        assert_eq!(begun.into_inner(), 2);
    }
}
