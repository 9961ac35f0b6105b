//! Work that goes on while the API that started it has long answered.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Something under way in real time; its result comes once.
#[derive(Debug, Clone)]
pub(crate) struct Job<T> {
    result: watch::Receiver<Option<T>>,
    cancel: Arc<AtomicBool>,
}

impl<T: Clone + Send + Sync + 'static> Job<T> {
    /// Starts work that blocks.
    pub(crate) fn blocking(work: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> Self {
        let (sender, result) = watch::channel(None);
        let cancel = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&cancel);
        tokio::task::spawn_blocking(move || {
            // Nobody may be left to hear it.
            let _ = sender.send(Some(work(&seen)));
        });
        Self { result, cancel }
    }

    /// Starts work that waits.
    pub(crate) fn waiting(work: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, result) = watch::channel(None);
        tokio::spawn(async move {
            let done = work.await;
            let _ = sender.send(Some(done));
        });
        Self { result, cancel: Arc::default() }
    }

    /// Asks the work to stop.
    pub(crate) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// The result if it is there.
    pub(crate) fn peek(&self) -> Option<T> {
        self.result.borrow().clone()
    }

    /// The result; `None` when the work panicked.
    pub(crate) async fn wait(&self) -> Option<T> {
        let mut result = self.result.clone();
        match result.wait_for(Option::is_some).await {
            Ok(done) => done.clone(),
            Err(_) => None,
        }
    }
}
