//! A service without a network: a router, called by a client that hands it each request as it is.

use std::sync::Arc;

use micro::{
    App, Body, Call, Caller, Client, Dispatch, Format, Handler, Head, Request, Result, Route, Router,
};
use micro_codec::JSON;

pub(crate) struct Direct(Router);

impl Dispatch for Direct {
    fn dispatch(&self, request: Request) -> Call {
        self.0.dispatch(request)
    }
}

impl Caller for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }
}

/// A router of the service `test` with one handler.
pub(crate) fn router(handler: impl Handler) -> Router {
    let mut router = Router::new(Arc::new(App::new("test", micro_codec::formats())));
    router.handle(handler).unwrap();
    router
}

/// A client of the service `test` with one handler.
pub(crate) fn client(handler: impl Handler) -> Client {
    Client::new(Arc::new(Direct(router(handler))), JSON)
}

/// Sends one body, and reads the body of the answer as text.
pub(crate) async fn send(
    router: &Router,
    endpoint: &str,
    format: Format,
    body: &'static str,
) -> Result<String> {
    let head = Head::new(Route::new("test", endpoint), format);
    match router.dispatch(Request::new(head, Body::One(body.into()))).await?.body {
        Body::One(bytes) => Ok(String::from_utf8(bytes.to_vec()).unwrap()),
        other => panic!("one message was to come, not {other:?}"),
    }
}
