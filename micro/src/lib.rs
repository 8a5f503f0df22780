//! Build networked services: discovery, load balancing, RPC and streams behind one struct.

#[doc(hidden)]
pub mod private;

pub use micro_core::{
    Account, Address, Answer, App, Body, BodyStream, Call, CallOptions, Caller, Client, Code, Context,
    Deadline, Dispatch, Endpoint, Error, Extensions, Format, Formats, Frame, Handler, Head, Key, Kind,
    Message, Metadata, Peer, Receiver, Request, Response, Result, ResultExt, Route, Router, Schema, Sender,
    Server, Shutdown, TraceContext, codec, format, key, metadata,
};

pub use micro_macros::{Error, handler, message};
