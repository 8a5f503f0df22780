//! One request and its response on a socket.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use micro_core::{Error, Result};
use tokio::net::TcpStream;

use super::pool::Place;
use crate::http::client::error;

/// Sends a request, and waits for the head of its response. Dropping it, or the body before its end, resets the
/// socket: nothing else tells the peer that nobody waits, and a late answer would be taken for the next call's.
///
/// # Errors
/// [`Code::Unavailable`](micro_core::Code::Unavailable) when the connection breaks; not reached if nothing was written.
pub(super) async fn exchange(mut place: Place, request: Request<Full<Bytes>>) -> Result<Response<Answer>> {
    place.socket.begin();
    let before = place.socket.written();
    let mut response = pin!(place.socket.sender.try_send_request(request));
    let result = poll_fn(|cx| {
        place.socket.drive(cx);
        response.as_mut().poll(cx)
    })
    .await;
    match result {
        Ok(response) => {
            let (parts, incoming) = response.into_parts();
            // Another coding than that ends with its connection.
            let chunked = incoming.size_hint().exact().is_none()
                && parts
                    .headers
                    .get_all(header::TRANSFER_ENCODING)
                    .iter()
                    .next_back()
                    .is_some_and(is_chunked);
            let answer = Answer { incoming, place: Some(place), chunked, taken: 0 };
            Ok(Response::from_parts(parts, answer))
        }
        Err(error) if error.message().is_some() || place.socket.written() == before => {
            let cause = place.socket.broken().unwrap_or(error.error());
            Err(error::not_sent(place.target().address(), error::root(cause)))
        }
        Err(error) => Err(failure(&place, error.error())),
    }
}

/// The error of a call whose request was written.
fn failure(place: &Place, cause: &hyper::Error) -> Error {
    let address = place.target().address();
    if cause.is_parse_too_large() {
        // A head that cannot be read is still there; one that was read tells a length of about 2^64.
        if !place.socket.unused().starts_with(b"HTTP/") {
            return error::answer_too_large(address, None, place.target().options().max_message);
        }
        return error::unreadable(address, "its head is larger than 256 KiB, or has more than 100 lines");
    }
    if cause.is_parse() {
        return error::unreadable(address, format_args!("it is no HTTP/1.1 ({})", error::root(cause)));
    }
    error::broken(address, error::root(cause))
}

impl Answer {
    /// The stream of a connection that the peer speaks something else on from now on, and what has come of that.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the connection breaks; the call may have been seen.
    pub(super) async fn into_rest(mut self) -> Result<(TcpStream, BytesMut)> {
        let left = poll_fn(|cx| {
            let Some(place) = &mut self.place else { return Poll::Ready(None) };
            place.socket.drive(cx);
            if place.socket.is_over() { Poll::Ready(place.socket.take_left()) } else { Poll::Pending }
        });
        match (left.await, &self.place) {
            (Some((stream, came)), _) => Ok((stream, BytesMut::from(came))),
            (None, Some(place)) => {
                let address = place.target().address();
                let cause = place.socket.broken().map(|error| error::root(error).to_string());
                Err(error::broken(address, cause.as_deref().unwrap_or("it is closed")))
            }
            (None, None) => Err(Error::internal("the connection of an answer was given back")),
        }
    }
}

/// Whether a body with these codings comes in chunks.
fn is_chunked(codings: &HeaderValue) -> bool {
    let last = codings.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
    last.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

/// The body of a response. When it has been read to its end, the socket goes back to its pool.
pub(super) struct Answer {
    incoming: Incoming,
    place: Option<Place>,
    chunked: bool,
    /// How much of it was given on.
    taken: u64,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(place) = &mut this.place else { return Poll::Ready(None) };
        place.socket.drive(cx);
        match ready!(Pin::new(&mut this.incoming).poll_frame(cx)) {
            Some(Ok(frame)) => {
                this.taken += frame.data_ref().map_or(0, Bytes::len) as u64;
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(cause)) => {
                let error = if this.chunked && place.socket.announced() == u64::MAX {
                    // No number holds the size of a chunk, which was read no further.
                    let limit = place.target().options().max_message;
                    error::answer_too_large(place.target().address(), None, limit)
                } else {
                    failure(place, &cause)
                };
                this.place = None;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                if let Some(place) = this.place.take() {
                    place.give_back(cx);
                }
                Poll::Ready(None)
            }
        }
    }

    /// Of an answer in chunks it is at least as much as they have told of.
    fn size_hint(&self) -> SizeHint {
        let mut hint = self.incoming.size_hint();
        if let Some(place) = self.place.as_ref().filter(|_| self.chunked) {
            hint.set_lower(place.socket.announced().saturating_sub(self.taken));
        }
        hint
    }
}
