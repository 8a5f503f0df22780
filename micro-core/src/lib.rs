//! The seams of `micro`: what a call is, what answers it, and what travels.
//!
//! Users depend on `micro`, which re-exports what they need; this crate is for those who write a transport, a codec, a
//! client or a server. It does no I/O, and spawns nothing but the handlers that ask for a task of their own.
//!
//! One shape runs through everything: a [`Request`] goes into a [`Dispatch`] and a [`Call`] comes out, which is a future
//! of a [`Response`]. A [`Router`] is a `Dispatch`, so is a connection of a transport, so is a client (a [`Caller`]):
//! a proxy is a router whose fallback is a client, and a layer fits every place.
//!
//! | module of this crate | what is in it |
//! |---|---|
//! | the root | the call: [`Request`], [`Call`], [`Response`], [`Body`], [`Dispatch`]; the user's side: [`Client`], [`Context`], [`Handler`], [`Message`], [`Error`] |
//! | [`codec`] | the trait of content types, [`Codec`](codec::Codec) |
//! | [`format`](mod@format) | the content types that a process speaks |
//! | [`metadata`] | what travels beside a message |
//! | [`glue`] | what `#[handler]` emits |

mod account;
mod address;
mod app;
mod body;
mod call;
mod client;
pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod deadline;
mod dispatch;
mod error;
mod extensions;
pub mod format;
mod handler;
mod message;
pub mod metadata;
mod name;
mod options;
mod origin;
mod peer;
mod pick;
mod request;
mod response;
mod route;
mod schema;
mod shutdown;
mod stream;
#[cfg(test)]
mod testing;

pub use self::account::Account;
pub use self::address::Address;
pub use self::app::App;
pub use self::body::{Body, BodyStream, Frame, Pulled, Source};
pub use self::call::{Call, Slots};
pub use self::client::{Answer, Client, RequestBuilder};
pub use self::codec::{Place, Value};
pub use self::context::{Context, TraceContext};
pub use self::deadline::Deadline;
pub use self::dispatch::{Caller, Dispatch, Listener, Server};
pub use self::error::{Code, Error, Result, ResultExt};
pub use self::extensions::Extensions;
pub use self::format::{Format, Formats};
pub use self::handler::{Endpoint, Handler, Kind, Router};
pub use self::message::Message;
pub use self::metadata::{AsKey, Key, Metadata, key};
pub use self::name::{Name, NameMap};
pub use self::options::CallOptions;
pub use self::origin::Origin;
pub use self::peer::Peer;
pub use self::pick::{Feedback, Outcome, Pick};
pub use self::request::{Head, Request};
pub use self::response::Response;
pub use self::route::Route;
pub use self::schema::Schema;
pub use self::shutdown::Shutdown;
pub use self::stream::{Messages, Piece, Receiver, Sender};

/// What `#[handler]` emits calls of. Not for people: it changes with the macro.
#[doc(hidden)]
pub mod glue {
    pub use crate::handler::glue::{Place, bidirectional, client_stream, server_stream, unary};
}
