//! Calls over HTTP/1.1: one at a time on each socket, never one behind another, as go-micro mixes those up.

mod exchange;
mod pool;
mod socket;

use std::sync::Arc;

use http_body_util::Full;
use micro_core::{Body, Call, Head};

use self::exchange::exchange;
pub(super) use self::pool::Pool;
use super::answer::{self, Expected};
use super::request::{Shape, request, stamp};

/// A call with one message, or none.
pub(super) fn unary(pool: Arc<Pool>, head: &Head, number: u64, body: Body) -> Call {
    let request = match request(pool.target(), head, number, Shape::Http1) {
        Ok(request) => request,
        Err(error) => return Call::ready(Err(error)),
    };
    let bytes = match body {
        Body::One(bytes) => bytes,
        Body::Empty | Body::Stream(_) => bytes::Bytes::new(),
    };
    let mut request = request.map(|()| Full::new(bytes));
    let (format, deadline) = (head.format, head.deadline);
    Call::boxed(async move {
        let expected = Expected { target: pool.target().clone(), format };
        let place = pool.place(deadline).await?;
        stamp(&mut request, deadline)?;
        let (parts, body) = exchange(place, request).await?.into_parts();
        answer::read(parts, body, &expected).await
    })
}
