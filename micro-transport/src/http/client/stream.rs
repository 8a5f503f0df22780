//! A streamed answer: the messages in the envelopes of a body.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use micro_core::{Error, Frame, Result, Source};

use super::answer::{Expected, Incoming};
use super::error;
use crate::http::envelope::{Decoder, End, Envelope};

/// The messages of an answer, as they are wanted: a piece of the body is taken when the messages of the one before are.
pub(super) struct Envelopes<B> {
    // Gone when the stream is over, so that its connection is free.
    body: Option<B>,
    decoder: Decoder,
    expected: Expected,
    /// What was looked at to know whether the answer is an error.
    first: Option<Result<Frame>>,
}

impl<B: Incoming> Envelopes<B> {
    /// Waits for the first message, the end, or the error of the call.
    ///
    /// # Errors
    /// The error of the call.
    pub(super) async fn open(body: B, expected: &Expected) -> Result<Self> {
        let decoder = Decoder::new(expected.target.options().max_message);
        let mut stream = Self { body: Some(body), decoder, expected: expected.clone(), first: None };
        stream.first = match poll_fn(|cx| stream.poll_next(cx)).await {
            Some(Err(error)) => return Err(error),
            first => first,
        };
        Ok(stream)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let frame = match ready!(self.poll_envelope(cx)) {
            Ok(Some(Envelope::Message(bytes))) => return Poll::Ready(Some(Ok(Frame::Data(bytes)))),
            Ok(Some(Envelope::End(End { error: Some(error), .. }))) | Err(error) => Some(Err(error)),
            Ok(Some(Envelope::End(end))) if !end.trailers.is_empty() => {
                Some(Ok(Frame::Trailers(end.trailers)))
            }
            Ok(Some(Envelope::End(_)) | None) => None,
        };
        // Most peers end the body with the stream: looking once spares them a reset.
        if let Some(body) = &mut self.body {
            let _ = Pin::new(body).poll_frame(cx);
        }
        self.body = None;
        Poll::Ready(frame)
    }

    /// The next envelope; `None` after the end.
    fn poll_envelope(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Envelope>>> {
        let address = self.expected.target.address();
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(None)) };
        loop {
            if let Some(envelope) = self.decoder.next().map_err(|error| error::of_envelope(address, error))? {
                return Poll::Ready(Ok(Some(envelope)));
            }
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        self.decoder.push(piece);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Err(cut(address))),
            }
        }
    }
}

fn cut(address: &micro_core::Address) -> Error {
    error::broken(address, "the stream was cut off")
}

impl<B: Incoming> Source for Envelopes<B> {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.poll_next(cx),
        }
    }
}
