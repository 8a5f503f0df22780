use std::future::Future;

use micro_core::{Call, Error, Response, Result};
use tokio_util::task::AbortOnDropHandle;

/// A call that runs whether or not it is polled, as one with a streamed request must. Dropping it still cancels it.
/// Its error is made one of ours where it is polled.
pub(crate) fn eager<E>(answer: impl Future<Output = Result<Response, E>> + Send + 'static) -> Call
where
    E: Into<Error> + Send + 'static,
{
    let task = AbortOnDropHandle::new(tokio::spawn(answer));
    Call::boxed(async move {
        match task.await {
            Ok(result) => result.map_err(Into::into),
            Err(error) => Err(Error::internal("the call ended without an answer").with_source(error)),
        }
    })
}
