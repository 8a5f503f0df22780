use std::fmt::{self, Debug, Formatter};
use std::future::poll_fn;
use std::marker::PhantomData;

use super::pipe::Writer;
use crate::{Format, Message, Metadata, Result};

/// The sending end of a stream: a handler's answers, or a caller's requests. Dropping it ends the stream in this
/// direction (the half close); the other direction goes on.
pub struct Sender<T> {
    writer: Writer,
    format: Format,
    message: PhantomData<fn(T)>,
}

impl<T: Message> Sender<T> {
    pub(crate) fn new(writer: Writer, format: Format) -> Self {
        Self { writer, format, message: PhantomData }
    }

    /// Sends a message. Waits while those before it have not been taken, but for a few small ones, so a sender is never
    /// further ahead of a slow reader than by them and its transport's window.
    ///
    /// Cancel safe: when the future is dropped before it is ready, the message was not sent.
    ///
    /// # Errors
    /// [`Code::Cancelled`](crate::Code::Cancelled) when the other side does not read any more (its answer says why),
    /// and what encoding says.
    pub async fn send(&mut self, message: T) -> Result<()> {
        if !self.writer.is_ready() {
            self.ready().await?;
        }
        self.writer.send(&message, self.format)
    }

    /// Waits until a message would be taken at once.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn ready(&mut self) -> Result<()> {
        poll_fn(|cx| self.writer.poll_ready(cx)).await
    }

    /// Waits until the other side does not read any more.
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.writer.poll_abandoned(cx)).await;
    }

    /// Ends the stream with metadata after its last message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn finish(mut self, trailers: Metadata) -> Result<()> {
        self.ready().await?;
        self.writer.put_trailers(trailers);
        Ok(())
    }
}

impl<T> Debug for Sender<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("format", &self.format).finish_non_exhaustive()
    }
}
