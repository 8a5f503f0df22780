//! The two ends of a stream of messages: [`Sender`] and [`Receiver`].

pub(crate) mod pipe;
mod receiver;
mod sender;

use std::pin::Pin;
use std::task::{Context, Poll};

use self::pipe::{Reader, Taken};
pub use self::receiver::Receiver;
pub(crate) use self::receiver::over;
pub use self::sender::Sender;
use crate::{BodyStream, Format, Frame, Message, Result, Source};

/// A sender, and the body that what it sends comes out of.
pub(crate) fn channel<T: Message>(format: Format) -> (Sender<T>, BodyStream) {
    let (writer, reader) = pipe::pipe();
    (Sender::new(writer, format), BodyStream::new(Piped(reader)))
}

/// The body of what a sender sends.
struct Piped(Reader);

impl Source for Piped {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        match self.0.take(cx) {
            Taken::Frame(frame) => Poll::Ready(Some(Ok(frame))),
            Taken::End => Poll::Ready(None),
            Taken::Nothing => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
