//! Calls over HTTP/1.1: one at a time on each socket, never one behind another, as go-micro mixes those up.

mod chunks;
mod exchange;
mod pool;
mod socket;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use micro_core::{Body, Call, Head, Response, Result};
use tokio::net::TcpStream;

use self::exchange::exchange;
pub(super) use self::pool::Pool;
use super::answer::{self, Expected};
use super::request::{Shape, request, stamp};
use crate::http::headers;

/// A call with one message, or none.
pub(super) fn unary(pool: Arc<Pool>, head: &Head, number: u64, body: Body) -> Call {
    let request = match request(pool.target(), head, number, Shape::Http1) {
        Ok(request) => request,
        Err(error) => return Call::ready(Err(error)),
    };
    let mut request = request.map(|()| Full::new(bytes(body)));
    let (format, deadline) = (head.format, head.deadline);
    Call::boxed(async move {
        let expected = Expected { target: pool.target().clone(), format };
        let place = pool.place(deadline).await?;
        stamp(&mut request, deadline)?;
        let (parts, body) = exchange(place, request).await?.into_parts();
        answer::read(parts, body, &expected).await
    })
}

/// What comes of a call that offers the lane.
pub(super) enum Offered {
    /// The peer takes it: the call is answered there. This is its connection, and what has come of it.
    Taken(TcpStream, BytesMut),
    /// The answer, in which nothing is said of the lane.
    Answered(Result<Response>),
}

/// The same, and the lane is offered with it. `not_taken` is called when the peer answers without taking it, before all of
/// the answer has come, and told whether that shows that it never will.
///
/// # Errors
/// Those of a call that has no answer.
pub(super) async fn offer(
    pool: &Arc<Pool>,
    head: &Head,
    number: u64,
    body: Body,
    not_taken: impl FnOnce(bool),
) -> Result<Offered> {
    let mut request = request(pool.target(), head, number, Shape::Http1)?.map(|()| Full::new(bytes(body)));
    headers::offer_lane(pool.target().authority(), request.headers_mut());
    let expected = Expected { target: pool.target().clone(), format: head.format };
    let place = pool.place(head.deadline).await?;
    stamp(&mut request, head.deadline)?;
    let response = exchange(place, request).await?;
    if headers::is_lane_accepted(&response) {
        let (stream, came) = response.into_body().into_rest().await?;
        return Ok(Offered::Taken(stream, came));
    }
    not_taken(headers::is_lane_refused(&response));
    let (parts, body) = response.into_parts();
    Ok(Offered::Answered(answer::read(parts, body, &expected).await))
}

fn bytes(body: Body) -> Bytes {
    match body {
        Body::One(bytes) => bytes,
        Body::Empty | Body::Stream(_) => Bytes::new(),
    }
}
