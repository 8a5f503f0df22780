//! The body of an answer over HTTP/2.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use micro_core::{Error, Result};

use super::Exchange;

/// The pieces of an answer's body, then its trailers. A piece that was taken makes room for another one: what is not
/// read stops its sender. Dropping it cancels the call.
pub(super) struct Answer {
    body: RecvStream,
    exchange: Exchange,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Data,
    Trailers,
    Over,
}

impl Answer {
    pub(super) fn new(body: RecvStream, exchange: Exchange) -> Self {
        Self { body, exchange, state: State::Data }
    }

    fn over(&mut self, result: Result<Option<Frame<Bytes>>, h2::Error>) -> Option<Result<Frame<Bytes>>> {
        self.state = State::Over;
        // Having answered, a peer may say so that it wants no more of the request (RFC 9113, section 8.1).
        let done = |cause: &h2::Error| cause.is_reset() && cause.reason() == Some(Reason::NO_ERROR);
        let result = if result.as_ref().is_err_and(done) { Ok(None) } else { result };
        result.map_err(|cause| self.exchange.lost(&cause)).transpose()
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.state == State::Data {
            match ready!(self.body.poll_data(cx)) {
                Some(Ok(piece)) => {
                    // Fails only for more than was taken.
                    let _ = self.body.flow_control().release_capacity(piece.len());
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
                Some(Err(cause)) => return Poll::Ready(self.over(Err(cause))),
                None => self.state = State::Trailers,
            }
        }
        if self.state == State::Trailers {
            let trailers = ready!(self.body.poll_trailers(cx));
            return Poll::Ready(self.over(trailers.map(|trailers| trailers.map(Frame::trailers))));
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        if self.body.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
