//! Build networked services: discovery, load balancing, RPC and streams behind one struct.
//!
//! A service is a struct with async methods under [`handler`], and messages are structs and enums under [`message`]:
//!
//! ```no_run
//! use micro::{Result, Service, handler, message};
//!
//! #[message]
//! pub struct CallRequest {
//!     #[field(1)]
//!     pub name: String,
//! }
//!
//! #[message]
//! pub struct CallResponse {
//!     #[field(1)]
//!     pub msg: String,
//! }
//!
//! struct Helloworld;
//!
//! #[handler]
//! impl Helloworld {
//!     /// Greets a person by name.
//!     async fn call(&self, request: CallRequest) -> Result<CallResponse> {
//!         Ok(CallResponse { msg: format!("Hello {}", request.name) })
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     Service::new("helloworld").handle(Helloworld).run().await
//! }
//! ```
//!
//! It listens, is in the registry as `helloworld`, answers `Helloworld.Call` in every format that is compiled in, over
//! HTTP/1.1 and HTTP/2 on one port, and stops in order. Others call it by its name:
//!
//! ```no_run
//! # use micro::{Result, Service, message};
//! # #[message] pub struct CallRequest { #[field(1)] pub name: String }
//! # #[message] pub struct CallResponse { #[field(1)] pub msg: String }
//! # async fn f() -> Result<()> {
//! let client = Service::new("caller").build()?.client();
//! let request = CallRequest { name: "Jane".into() };
//! let response: CallResponse = client.call(("helloworld", "Helloworld.Call"), request).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | you want | look at |
//! |---|---|
//! | endpoints, streams, a typed client | [`handler`], [`Sender`], [`Receiver`] |
//! | what may travel | [`message`], [`Message`], [`Json`] for other people's types |
//! | what a handler knows of its call | [`Context`] |
//! | to call | [`Client`]; which nodes: [`selector::SelectExt`] |
//! | errors | [`struct@Error`], [`Code`], [`ResultExt`], and [`derive@Error`] for your own |
//! | to run, name, limit, stop | [`Service`], [`Running`], [`Group`] |
//! | settings and defaults | [`Settings`], [`defaults`] |
//! | middleware | [`layer`] |
//! | tests without a network | [`testing::Cluster`] |
//! | a registry, transport, selector, codec, client or server of your own | [`registry::Registry`], [`transport::Transport`], [`selector::Selector`], [`codec::Codec`], [`Caller`], [`Server`]; [`Plugins`] gives it a name, and the `conformance` modules (feature `conformance`) test it |
//!
//! # Features
//!
//! `mdns`, `http`, `json`, `protobuf` and `msgpack` are on by default. A name that is not compiled in is an error that
//! says which feature it needs.

// What the macros emit begins with `::micro`, in this crate too.
extern crate self as micro;

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod debug;
pub mod defaults;
mod eager;
mod group;
pub mod layer;
mod limit;
pub mod plugins;
#[doc(hidden)]
pub mod private;
mod readiness;
mod record;
pub mod rpc;
mod selecting;
mod service;
mod settings;
pub mod testing;

pub use self::group::Group;
pub use self::plugins::Plugins;
pub use self::service::{Prepared, Running, Service};
pub use self::settings::{SETTINGS, Setting, Settings};

/// Service discovery: the trait, its records, its implementations.
pub mod registry {
    pub use micro_registry::*;
}

/// Load balancing: the trait, its implementations, and how a client chooses by call.
pub mod selector {
    pub use micro_selector::*;

    pub use crate::selecting::SelectExt;
}

/// What carries calls: the trait and its implementations.
pub mod transport {
    pub use micro_transport::*;
}

#[cfg(feature = "json")]
pub use micro_codec::JSON;
#[cfg(feature = "msgpack")]
pub use micro_codec::MSGPACK;
pub use micro_codec::{Json, RAW, formats};
#[cfg(feature = "protobuf")]
pub use micro_codec::{PROTOBUF, Proto};

/// The laws of clients and servers as tests; those of the other traits are beside them, as
/// `micro::registry::conformance` is.
#[cfg(feature = "conformance")]
pub use micro_core::{caller_conformance_tests, conformance, server_conformance_tests};

pub use micro_core::{
    Account, Address, Answer, App, AsKey, Body, BodyStream, Call, CallOptions, Caller, Client, Code, Context,
    Deadline, Dispatch, Endpoint, Error, Extensions, Feedback, Format, Formats, Frame, Handler, Head, Key,
    Kind, Listener, Message, Metadata, Origin, Outcome, Peer, Pick, Receiver, Request, RequestBuilder,
    Response, Result, ResultExt, Route, Router, Schema, Sender, Server, Shutdown, Slots, Source,
    TraceContext, codec, format, key, metadata,
};

#[doc = include_str!("docs/error.md")]
pub use micro_macros::Error;
#[doc = include_str!("docs/handler.md")]
pub use micro_macros::handler;
#[doc = include_str!("docs/message.md")]
pub use micro_macros::message;
