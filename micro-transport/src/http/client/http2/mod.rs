//! Calls over HTTP/2: many on each of a few connections.

mod begun;
mod body;
mod driver;
mod keep_alive;
mod pump;
mod session;
mod watched;

use std::sync::Arc;

use bytes::Bytes;
use h2::client::ResponseFuture;
use micro_core::{Body, BodyStream, Call, Error, Head, Response, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use self::body::Answer;
use self::pump::{Failed, Pump};
pub(super) use self::session::Session;
use self::session::Slot;
use super::answer::{self, Expected};
use super::group::Group;
use super::request::{Shape, request, stamp};

/// A call with one message, or none.
pub(super) fn unary(group: Arc<Group<Session>>, head: &Head, number: u64, body: Body) -> Call {
    let mut request = match request(group.target(), head, number, Shape::Unary) {
        Ok(request) => request,
        Err(error) => return Call::ready(Err(error)),
    };
    let bytes = match body {
        Body::One(bytes) => bytes,
        Body::Empty | Body::Stream(_) => Bytes::new(),
    };
    let (format, deadline, size) = (head.format, head.deadline, size(head));
    Call::boxed(async move {
        let mut slot = group.slot(deadline).await?;
        drop(group);
        slot.takes(size)?;
        stamp(&mut request, deadline)?;
        let (response, mut sender) = slot.send(request, bytes.is_empty())?;
        if !bytes.is_empty() {
            // Fails only where the answer does, which tells more.
            let _ = sender.send_data(bytes, true);
        }
        Exchange::new(slot, &response).answer(response, format).await
    })
}

/// A call with a stream of messages. A task of its own sends them, whether or not the call is polled.
pub(super) fn streamed(group: Arc<Group<Session>>, head: &Head, number: u64, body: BodyStream) -> Call {
    let mut request = match request(group.target(), head, number, Shape::Streamed) {
        Ok(request) => request,
        Err(error) => return Call::ready(Err(error)),
    };
    let Ok(runtime) = Handle::try_current() else {
        let error = Error::failed_precondition("a streamed call has to be made inside of a Tokio runtime");
        return Call::ready(Err(error.not_reached()));
    };
    let (opened, opening) = oneshot::channel();
    let failed = Failed::default();
    let failure = failed.clone();
    let (format, deadline, size) = (head.format, head.deadline, size(head));
    let pump = AbortOnDropHandle::new(runtime.spawn(async move {
        let open = async {
            let mut slot = group.slot(deadline).await?;
            drop(group);
            slot.takes(size)?;
            stamp(&mut request, deadline)?;
            let (response, sender) = slot.send(request, false)?;
            Ok((Exchange::new(slot, &response), response, sender))
        };
        match open.await {
            Ok((exchange, response, sender)) => {
                // Where nobody waits for it, this task is about to be ended as well.
                let _ = opened.send(Ok((exchange, response)));
                pump::run(body, sender, &failure).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        }
    }));
    Call::boxed(async move {
        let pump = (pump, failed);
        let (exchange, response) = opening.await.unwrap_or_else(|_| {
            Err(Error::cancelled("the runtime that sends the stream is shutting down"))
        })?;
        exchange.with(pump).answer(response, format).await
    })
}

/// How large the metadata and the names of a call are among the headers (RFC 9113, section 10.5.1). All else is small.
fn size(head: &Head) -> u64 {
    let of = |value: micro_core::metadata::ValueRef<'_>| match value.as_bytes().len() {
        length if value.is_binary() => length.div_ceil(3) * 4,
        length => length,
    };
    // The endpoint is written twice.
    let names = head.route.service().len() + 2 * head.route.endpoint().len();
    let metadata = head.metadata.iter().map(|(key, value)| key.as_str().len() + of(value) + 32);
    metadata.chain([names]).sum::<usize>() as u64
}

/// A request that is on its way.
struct Exchange {
    slot: Slot,
    /// The number of its stream, until its answer begins.
    unanswered: Option<u32>,
    /// What sends its messages, if they are a stream.
    sent: Option<(Pump, Failed)>,
}

impl Exchange {
    fn new(slot: Slot, response: &ResponseFuture) -> Self {
        Self { slot, unanswered: Some(response.stream_id().as_u32()), sent: None }
    }

    fn with(mut self, sent: (Pump, Failed)) -> Self {
        self.sent = Some(sent);
        self
    }

    async fn answer(mut self, response: ResponseFuture, format: micro_core::Format) -> Result<Response> {
        let expected = Expected { target: self.slot.target().clone(), format };
        let (parts, body) = response.await.map_err(|cause| self.lost(&cause))?.into_parts();
        self.unanswered = None;
        answer::read(parts, Answer::new(body, self), &expected).await
    }

    /// The error of a call whose stream broke.
    fn lost(&self, cause: &h2::Error) -> Error {
        let own = self.sent.as_ref().and_then(|(_, failed)| failed.take());
        own.unwrap_or_else(|| self.slot.lost(cause, self.unanswered))
    }
}
