use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use super::Call;
use crate::{Body, BodyStream, Deadline, Error, Frame, Response, Result, Source};

impl Call {
    /// The same call, ended at `deadline`: for transports that keep no clock of their own. A streamed answer is ended
    /// too. `doing` completes the error's text, "no time left while ..", and is written only if there is that error.
    pub fn until(
        self,
        deadline: Option<Deadline>,
        doing: impl Display + Clone + Send + Unpin + 'static,
    ) -> Self {
        let Some(deadline) = deadline else { return self };
        if deadline.is_past() {
            return Self::ready(Err(Deadline::error(&doing.to_string()).not_reached()));
        }
        Self::boxed(Limited { call: self, limit: Limit::new(deadline, doing) })
    }
}

/// What a call does whose time is up: a text, or what is written as one.
trait Doing: Display + Clone + Send + Unpin + 'static {}

impl<D: Display + Clone + Send + Unpin + 'static> Doing for D {}

/// A call that ends at a deadline.
struct Limited<D> {
    call: Call,
    limit: Limit<D>,
}

/// The body of its answer, which ends there too.
struct LimitedBody<D> {
    inner: BodyStream,
    limit: Limit<D>,
    over: bool,
}

struct Limit<D> {
    deadline: Deadline,
    timer: Pin<Box<Sleep>>,
    doing: D,
}

impl<D: Doing> Limit<D> {
    fn new(deadline: Deadline, doing: D) -> Self {
        Self { deadline, timer: Box::pin(sleep_until(deadline.instant().into())), doing }
    }

    /// Ready when the time is up.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        // What always has something to read may leave the timer nothing of what the task may do at a time, for ever.
        if coop::has_budget_remaining() || !self.deadline.is_past() {
            ready!(self.timer.as_mut().poll(cx));
        }
        Poll::Ready(Deadline::error(&self.doing.to_string()))
    }
}

impl<D: Doing> Future for Limited<D> {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let this = &mut *self;
        if let Poll::Ready(result) = Pin::new(&mut this.call).poll(cx) {
            let limit = &this.limit;
            return Poll::Ready(result.map(|mut response| {
                if let Body::Stream(inner) = response.body {
                    let limit = Limit::new(limit.deadline, limit.doing.clone());
                    let body = LimitedBody { inner, limit, over: false };
                    response.body = Body::Stream(BodyStream::new(body));
                }
                response
            }));
        }
        this.limit.poll(cx).map(Err)
    }
}

impl<D: Doing> Source for LimitedBody<D> {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.over {
            return Poll::Ready(None);
        }
        // First, as a stream that always has a frame would never let the clock speak.
        if !self.limit.deadline.is_past()
            && let Poll::Ready(frame) = self.inner.poll_frame(cx)
        {
            return Poll::Ready(frame);
        }
        let error = ready!(self.limit.poll(cx));
        self.over = true;
        // Dropping the stream is what cancels it.
        self.inner = BodyStream::empty();
        Poll::Ready(Some(Err(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Code;

    struct Never;

    impl Source for Never {
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_call_ends_at_its_deadline() {
        let deadline = Some(Deadline::after(Duration::from_millis(5)));
        let error = Call::boxed(std::future::pending()).until(deadline, "waiting").await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, true));

        let past = Some(Deadline::after(Duration::ZERO));
        let error = Call::boxed(std::future::pending()).until(past, "waiting").await.unwrap_err();
        assert!(!error.reached());
    }

    #[tokio::test]
    async fn a_call_that_always_has_something_to_read_ends_there_too() {
        let reads = std::future::poll_fn(|cx| {
            loop {
                ready!(coop::poll_proceed(cx)).made_progress();
            }
        });
        let call = Call::boxed(reads).until(Some(Deadline::after(Duration::from_millis(5))), "reading");
        let ended = tokio::time::timeout(Duration::from_secs(20), call).await.expect("it ends");
        assert_eq!(ended.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_streamed_answer_ends_there_too() {
        let deadline = Some(Deadline::after(Duration::from_millis(5)));
        let call = Call::ready(Ok(Response::new(Body::Stream(BodyStream::new(Never)))));
        let Body::Stream(mut stream) = call.until(deadline, "reading").await.unwrap().body else { panic!() };
        assert_eq!(stream.frame().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
        assert!(stream.frame().await.is_none());
    }
}
