//! The two ends of a stream of messages: [`Sender`] and [`Receiver`].

mod messages;
pub(crate) mod pipe;
mod receiver;
mod sender;
mod turn;

use std::pin::Pin;
use std::task::{Context, Poll};

pub use self::messages::{Messages, Piece};
use self::pipe::{Reader, Taken};
pub use self::receiver::Receiver;
pub(crate) use self::receiver::over;
pub use self::sender::Sender;
use crate::{BodyStream, Format, Frame, Message, Pulled, Result, Source};

/// A sender, and the body that what it sends comes out of.
pub(crate) fn channel<T: Message>(format: Format) -> (Sender<T>, BodyStream) {
    let (sender, reader) = piped(format);
    (sender, BodyStream::new(Piped { reader, messages: Messages::default() }))
}

/// A sender, and where what it sends is read.
pub(crate) fn piped<T: Message>(format: Format) -> (Sender<T>, Reader) {
    let (writer, reader) = pipe::pipe();
    (Sender::new(writer, format), reader)
}

/// The body of what a sender sends.
struct Piped {
    reader: Reader,
    /// What was taken, and is handed out one by one.
    messages: Messages,
}

impl Source for Piped {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let Self { reader, messages } = &mut *self;
        if let Some(message) = messages.pop() {
            return Poll::Ready(Some(Ok(Frame::Data(message))));
        }
        Poll::Ready(match reader.take(cx, messages) {
            Taken::Messages => messages.pop().map(|message| Ok(Frame::Data(message))),
            Taken::Trailers(trailers) => Some(Ok(Frame::Trailers(trailers))),
            Taken::End => None,
            Taken::Nothing => return Poll::Pending,
        })
    }

    fn poll_messages(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        messages: &mut Messages,
    ) -> Poll<Pulled> {
        if !self.messages.is_empty() {
            std::mem::swap(&mut self.messages, messages);
            return Poll::Ready(Pulled::Messages);
        }
        Poll::Ready(match self.reader.take(cx, messages) {
            Taken::Messages => Pulled::Messages,
            Taken::Trailers(trailers) => Pulled::End(Some(trailers)),
            Taken::End => Pulled::End(None),
            Taken::Nothing => return Poll::Pending,
        })
    }
}

#[cfg(test)]
mod tests;
