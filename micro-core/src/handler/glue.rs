//! What turns an async method into an [`Endpoint`]: decode, run, encode. `#[handler]` emits calls of these.

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::answered::Answered;
use super::running::{Running, spawned};
use super::streamed::Streamed;
use super::{Endpoint, Kind};
use crate::stream::pipe::Reader;
use crate::{
    Body, BodyStream, Call, Context, Dispatch, Error, Format, Head, Message, Receiver, Request, Result,
    Sender, stream,
};

/// Where a handler's future runs.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Where its transport polls it.
    Here,
    /// In a task of its own: `#[endpoint(spawn)]`.
    Spawned,
}

/// A handler with the closure that calls one of its methods.
struct Glue<H, F, Q, R> {
    handler: Arc<H>,
    invoke: F,
    place: Place,
    messages: PhantomData<fn(Q) -> R>,
}

impl<H, F, Q: Message, R: Message> Glue<H, F, Q, R> {
    /// Refuses what the messages cannot be written in, before anything runs.
    fn check(head: &Head) -> Result<()> {
        if speaks::<Q, R>(head.format) {
            return Ok(());
        }
        let spoken = head.app.iter().flat_map(|app| app.formats.iter());
        let spoken = spoken.filter(|format| speaks::<Q, R>(*format)).map(Format::content_type);
        Err(Error::unsupported_format(head.format.content_type(), spoken))
    }

    /// The one message of a request that is not a stream.
    fn message(head: &Head, body: Body) -> Result<Q> {
        Self::check(head)?;
        let bytes = match body {
            Body::One(bytes) => bytes,
            Body::Empty => bytes::Bytes::new(),
            Body::Stream(_) => {
                return Err(Error::invalid_argument(format!(
                    "endpoint `{}` takes one message, not a stream of them",
                    head.route.endpoint()
                ))
                .not_reached());
            }
        };
        Q::decode(head.format, bytes).map_err(Error::not_reached)
    }

    fn endpoint(name: &'static str, kind: Kind, dispatch: impl Dispatch) -> Endpoint {
        Endpoint {
            name: Cow::Borrowed(name),
            kind,
            description: Cow::Borrowed(""),
            request: Q::schema(),
            response: R::schema(),
            idempotent: false,
            internal: false,
            speaks: speaks::<Q, R>,
            dispatch: Arc::new(dispatch),
        }
    }
}

fn speaks<Q: Message, R: Message>(format: Format) -> bool {
    Q::speaks(format) && R::speaks(format)
}

/// Declares one kind of endpoint: the function that makes it, and how its calls run.
macro_rules! kinds {
    ($($(#[$doc:meta])* $function:ident, $dispatch:ident, $kind:ident, fn($($argument:ty),*) -> $output:ty, |$glue:ident, $request:ident| $run:block;)*) => {$(
        $(#[$doc])*
        #[doc(hidden)]
        pub fn $function<H, Q, R, F, T>(name: &'static str, place: Place, handler: &Arc<H>, invoke: F) -> Endpoint
        where
            H: Send + Sync + 'static,
            Q: Message,
            R: Message,
            F: Fn(Arc<H>, Context, $($argument),*) -> T + Send + Sync + 'static,
            T: Future<Output = Result<$output>> + Send + 'static,
        {
            let glue = Glue::<H, F, Q, R> { handler: handler.clone(), invoke, place, messages: PhantomData };
            Glue::<H, F, Q, R>::endpoint(name, Kind::$kind, $dispatch(glue))
        }

        struct $dispatch<H, F, Q, R>(Glue<H, F, Q, R>);

        impl<H, Q, R, F, T> Dispatch for $dispatch<H, F, Q, R>
        where
            H: Send + Sync + 'static,
            Q: Message,
            R: Message,
            F: Fn(Arc<H>, Context, $($argument),*) -> T + Send + Sync + 'static,
            T: Future<Output = Result<$output>> + Send + 'static,
        {
            fn dispatch(&self, request: Request) -> Call {
                self.run(request).unwrap_or_else(|error| Call::ready(Err(error)))
            }
        }

        impl<H, Q, R, F, T> $dispatch<H, F, Q, R>
        where
            H: Send + Sync + 'static,
            Q: Message,
            R: Message,
            F: Fn(Arc<H>, Context, $($argument),*) -> T + Send + Sync + 'static,
            T: Future<Output = Result<$output>> + Send + 'static,
        {
            fn run(&self, $request: Request) -> Result<Call> {
                let $glue = &self.0;
                $run
            }
        }
    )*};
}

kinds! {
    /// One message there, one back.
    unary, Unary, Unary, fn(Q) -> R, |glue, request| {
        let message = Glue::<H, F, Q, R>::message(&request.head, request.body)?;
        let format = request.head.format;
        let running = Running::new(request.head, |context| (glue.invoke)(glue.handler.clone(), context, message));
        Ok(one(running, glue.place, format))
    };
    /// One message there, a stream back.
    server_stream, ServerStream, ServerStream, fn(Q, Sender<R>) -> (), |glue, request| {
        let Request { head, body } = request;
        let message = Glue::<H, F, Q, R>::message(&head, body)?;
        let (sender, answers) = stream::piped::<R>(head.format);
        let running = Running::new(head, |context| (glue.invoke)(glue.handler.clone(), context, message, sender));
        Ok(many(running, glue.place, answers))
    };
    /// A stream there, one message back.
    client_stream, ClientStream, ClientStream, fn(Receiver<Q>) -> R, |glue, request| {
        let Request { head, body } = request;
        Glue::<H, F, Q, R>::check(&head)?;
        let format = head.format;
        let receiver = Receiver::of_body(body, format);
        let running = Running::new(head, |context| (glue.invoke)(glue.handler.clone(), context, receiver));
        Ok(one(running, glue.place, format))
    };
    /// A stream each way.
    bidirectional, Bidirectional, Bidirectional, fn(Receiver<Q>, Sender<R>) -> (), |glue, request| {
        let Request { head, body } = request;
        Glue::<H, F, Q, R>::check(&head)?;
        let receiver = Receiver::of_body(body, head.format);
        let (sender, answers) = stream::piped::<R>(head.format);
        let running = Running::new(head, |context| (glue.invoke)(glue.handler.clone(), context, receiver, sender));
        Ok(many(running, glue.place, answers))
    };
}

/// Answers with the one message that the handler returns.
fn one<R: Message>(
    running: Running<impl Future<Output = Result<R>> + Send + 'static>,
    place: Place,
    format: Format,
) -> Call {
    match place {
        Place::Here => Call::boxed(Answered::new(running, format)),
        Place::Spawned => Call::boxed(spawned(Answered::new(running, format))),
    }
}

/// Answers with what the handler sends.
fn many(
    running: Running<impl Future<Output = Result<()>> + Send + 'static>,
    place: Place,
    answers: Reader,
) -> Call {
    Call::streaming(match place {
        Place::Here => BodyStream::new(Streamed::new(running, answers)),
        Place::Spawned => BodyStream::new(Streamed::new(spawned(running), answers)),
    })
}
