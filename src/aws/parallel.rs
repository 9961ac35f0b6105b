//! Several things at a time, in order.

use super::clock::BoxFuture;
use super::poll::Stop;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

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

/// The same for things that go on elsewhere unless they are told to stop: at the first failure `stop` is
/// asked, and what is under way is waited for.
pub(crate) async fn try_in_parallel_or_stop<'a, I: Send, T: Send, E: Send>(
    limit: usize,
    items: Vec<I>,
    stop: &Stop,
    make: impl Fn(I) -> BoxFuture<'a, Result<T, E>> + Send,
    mut each: impl FnMut(T) + Send,
) -> Result<(), E> {
    let failure = Mutex::new(None);
    let first = &failure;
    let noted = move |item| {
        let work = make(item);
        // Noted at once, not when its turn comes: those before it may take long.
        Box::pin(async move {
            match work.await {
                Ok(result) => Some(result),
                Err(error) => {
                    stop.ask();
                    first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    None
                }
            }
        }) as BoxFuture<'_, Option<T>>
    };
    in_parallel(limit, items, noted, |result| {
        if let Some(result) = result {
            each(result);
        }
        ControlFlow::Continue(())
    })
    .await;
    let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    failure.map_or(Ok(()), Err)
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

    #[tokio::test]
    async fn at_the_first_failure_the_others_are_told_to_stop_and_waited_for() {
        let (above, ended) = (Stop::default(), AtomicUsize::new(0));
        let stop = above.within();
        let result = try_in_parallel_or_stop(
            3,
            vec![1, 2, 3, 4],
            &stop,
            |n: u64| {
                let (stop, ended) = (&stop, &ended);
                Box::pin(async move {
                    if n != 2 {
                        stop.asked().await;
                    }
                    ended.fetch_add(1, Ordering::SeqCst);
                    if n == 2 { Err(n) } else { Ok(n) }
                })
            },
            |_| {},
        )
        .await;
        assert_eq!((result, ended.into_inner()), (Err(2), 4));
        assert!(!above.is_asked());
    }

    #[tokio::test]
    async fn a_request_within_another_is_asked_with_it() {
        let above = Stop::default();
        let stop = above.within().within();
        assert!(stop.check().is_ok());
        above.ask();
        stop.asked().await;
        assert!(stop.check().is_err());
    }
}
