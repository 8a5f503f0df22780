//! Build networked services: discovery, load balancing, RPC and streams behind one struct.

// What the macros emit begins with `::micro`, in this crate too.
extern crate self as micro;

mod debug;
pub mod defaults;
mod eager;
mod group;
pub mod layer;
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
    Account, Address, Answer, App, Body, BodyStream, Call, CallOptions, Caller, Client, Code, Context,
    Deadline, Dispatch, Endpoint, Error, Extensions, Format, Formats, Frame, Handler, Head, Key, Kind,
    Message, Metadata, Peer, Receiver, Request, Response, Result, ResultExt, Route, Router, Schema, Sender,
    Server, Shutdown, TraceContext, codec, format, key, metadata,
};

#[doc = include_str!("docs/error.md")]
pub use micro_macros::Error;
#[doc = include_str!("docs/handler.md")]
pub use micro_macros::handler;
pub use micro_macros::message;
