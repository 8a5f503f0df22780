use std::future::Future;

use micro_core::{Call, Error, Response, Result};
use tokio::task::JoinHandle;

/// A call that runs whether or not it is polled, as one with a streamed request must. Dropping it still cancels it.
pub(crate) fn eager(answer: impl Future<Output = Result<Response>> + Send + 'static) -> Call {
    let mut task = AbortOnDrop(tokio::spawn(answer));
    Call::boxed(async move {
        match (&mut task.0).await {
            Ok(result) => result,
            Err(error) => Err(Error::internal("the call ended without an answer").with_source(error)),
        }
    })
}

/// A task that lives no longer than its owner.
#[derive(Debug)]
pub(crate) struct AbortOnDrop<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
