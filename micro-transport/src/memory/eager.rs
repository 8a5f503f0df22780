//! Calls that go on whether or not they are polled.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use micro_core::{Body, BodyStream, Call, Deadline, Error, Frame, Response, Result, Source};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::waiting::Waiting;

/// How far a streamed answer runs ahead of its reader, in bytes.
const WINDOW: usize = 256 * 1024;

/// What a frame takes of the window at least, as small ones cost memory too.
const LEAST: usize = 256;

/// A frame with its part of the window, which is free when the frame is taken; `None` is the end.
type Sent = (Option<Result<Frame>>, Option<OwnedSemaphorePermit>);

/// Runs a call in a task of its own, which ends when the answer is not waited for any more.
pub(super) fn start(call: Call, limit: Option<(Deadline, Waiting)>) -> Call {
    let Ok(runtime) = Handle::try_current() else {
        let error = Error::failed_precondition("a call that sends a stream is made within a tokio runtime");
        return Call::ready(Err(error.not_reached()));
    };
    let (head, answer) = oneshot::channel();
    runtime.spawn(run(until(call, limit.clone()), limit, head));
    Call::boxed(async move { answer.await.unwrap_or_else(|_| Err(stopped())) })
}

/// Lets a call run until its time is up.
pub(super) fn until(call: Call, limit: Option<(Deadline, Waiting)>) -> Call {
    match limit {
        Some((deadline, waiting)) => call.until(Some(deadline), waiting),
        None => call,
    }
}

async fn run(call: Call, limit: Option<(Deadline, Waiting)>, mut head: oneshot::Sender<Result<Response>>) {
    let result = tokio::select! {
        biased;
        () = head.closed() => return,
        result = call => result,
    };
    let (sender, frames) = mpsc::unbounded_channel();
    let mut streamed = None;
    let result = result.map(|mut response| {
        if let Body::Stream(stream) = &mut response.body {
            let ahead = BodyStream::new(Ahead { frames, over: false });
            streamed = Some(std::mem::replace(stream, ahead));
        }
        response
    });
    if head.send(result).is_err() {
        return;
    }
    let Some(stream) = streamed else { return };
    tokio::select! {
        biased;
        () = sender.closed() => {}
        () = pump(stream, &sender) => {}
        // A reader that has stopped does not keep the handler past its time.
        error = past(limit) => {
            let _ = sender.send((Some(Err(error)), None));
        }
    }
}

/// Moves frames to the reader as long as the window has room for them.
async fn pump(mut stream: BodyStream, sender: &mpsc::UnboundedSender<Sent>) {
    let window = Arc::new(Semaphore::new(WINDOW));
    loop {
        let frame = stream.frame().await;
        let size = match &frame {
            Some(Ok(Frame::Data(bytes))) => bytes.len().clamp(LEAST, WINDOW),
            _ => {
                let _ = sender.send((frame, None));
                return;
            }
        };
        // A window that fits into 32 bits, and is never closed.
        let room = window.clone().acquire_many_owned(size as u32).await.ok();
        if sender.send((frame, room)).is_err() {
            return;
        }
    }
}

async fn past(limit: Option<(Deadline, Waiting)>) -> Error {
    let Some((deadline, waiting)) = limit else { return pending().await };
    tokio::time::sleep_until(deadline.instant().into()).await;
    Deadline::error(&waiting.to_string())
}

/// A streamed answer that is made ahead of its reader.
struct Ahead {
    frames: mpsc::UnboundedReceiver<Sent>,
    over: bool,
}

impl Source for Ahead {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = match ready!(self.frames.poll_recv(cx)) {
            Some((frame, _)) => frame,
            None => Some(Err(stopped())),
        };
        self.over = !matches!(frame, Some(Ok(Frame::Data(_))));
        Poll::Ready(frame)
    }
}

/// The error of a call whose task was ended from outside.
fn stopped() -> Error {
    Error::cancelled("the runtime that ran the call is shutting down")
}
