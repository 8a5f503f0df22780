//! A call in a task of its own.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use micro_core::{Body, Call, Deadline, Dispatch, Error, Request, Response, Result};

use super::line::Line;
use super::place::Place;
use crate::http::Serving;
use crate::lane::inbox::Key;
use crate::lane::pump::pump;

/// What a task begins with.
pub(super) enum Begun {
    /// A request that nobody has looked at.
    Request(Request),
    /// A call that was polled once.
    Call(Call),
    /// An answer whose messages are a stream.
    Answer(Response),
}

/// Answers a call whose task panics, which nobody else would.
struct Guard<'a>(&'a Line, Key);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(self.1, &Error::internal("the handler panicked"));
        }
    }
}

/// Runs a call to its end.
pub(super) async fn run(serving: Arc<Serving>, line: Arc<Line>, key: Key, begun: Begun, place: Arc<Place>) {
    let _guard = Guard(&line, key);
    let result = match begun {
        Begun::Request(request) => {
            poll_fn(|cx| line.poll_room(cx)).await;
            measured(&serving.app, request, &place).await
        }
        Begun::Call(call) => call.await,
        Begun::Answer(response) => Ok(response),
    };
    let result = result.map_err(|error| error.or_id(&serving.options.service));
    if line.answer(key, &result)
        && let Ok(response) = result
        && let Body::Stream(stream) = response.body
    {
        pump(stream, &*line, key).await;
    }
}

/// A call whose first poll is measured, as it would be in place.
async fn measured(app: &Arc<dyn Dispatch>, request: Request, place: &Place) -> Result<Response> {
    let start = Deadline::now();
    let mut call = app.dispatch(request);
    let mut first = Some(start);
    poll_fn(|cx| {
        let polled = Pin::new(&mut call).poll(cx);
        if let Some(start) = first.take() {
            place.note(Deadline::now().nanos_from(start));
        }
        polled
    })
    .await
}
