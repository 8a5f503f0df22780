//! The HTTP transport: HTTP/1.1, HTTP/2 (by prior knowledge) and the [lane](crate::lane) on one port.
//!
//! The server looks at the first bytes of a connection to know what it speaks. In both versions of HTTP a call is
//!
//! * `POST /` with the headers of go-micro, `Micro-Service` and `Micro-Endpoint`: always answered with status 200, and
//!   an error is the header `Micro-Error`;
//! * `POST /Handler/Method`, for people with curl: answered with the HTTP status of the error, which is the body.
//!
//! Streams have the Connect protocol's envelopes, content type and end-of-stream message. Streams of requests need
//! HTTP/2; a streamed answer goes over either protocol, to callers that say in `Accept` that they take it.
//!
//! The [lane](crate::lane) is spoken on the same port: by nodes that list it, and where a call over HTTP/1.1 that asks for
//! it is told so.

mod base64;
mod client;
mod envelope;
mod headers;
mod server;
mod socket;

pub(crate) use self::headers::told;
#[cfg(feature = "fuzzing")]
pub(crate) use self::server::fuzzing;
pub(crate) use self::server::{Permit, Serving, Socket, linger, too_many};
use std::net::TcpListener;
use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Address, Listener, Result};

use crate::{Connection, DialOptions, ListenOptions, Protocols, Transport};

/// What a node lists in its metadata `micro` when it speaks the lane.
const LANE: &str = "lane/1";
/// What a node lists in its metadata `micro` when it speaks HTTP/2 by prior knowledge.
const H2: &str = "h2";
/// What it lists when it is one of ours and has no HTTP/2.
const HTTP1: &str = "http/1.1";

/// Calls over HTTP.
///
/// Addresses are `host:port`. When listening, no host means every interface, port 0 means any free one, and a range
/// `5000-6000` means the first free one of it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Http;

impl Http {
    /// Listens at a socket that is there already: one that was handed down by a supervisor, or opened before
    /// privileges were dropped.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the socket cannot be used, and
    /// [`Code::FailedPrecondition`](micro_core::Code::FailedPrecondition) outside of a Tokio runtime with I/O.
    pub fn listen_on(listener: TcpListener, options: &ListenOptions) -> Result<Box<dyn Listener>> {
        server::listen_on(listener, options)
    }
}

#[async_trait]
impl Transport for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn speaks(&self, options: &ListenOptions) -> &'static [&'static str] {
        match options.protocols {
            Protocols { lane: true, http2: true, .. } => &[LANE, H2],
            Protocols { lane: true, http2: false, .. } => &[LANE, HTTP1],
            Protocols { http2: true, .. } => &[H2],
            _ => &[HTTP1],
        }
    }

    async fn dial(&self, to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>> {
        options.check()?;
        client::dial(to, options).await
    }

    async fn listen(&self, at: &Address, options: &ListenOptions) -> Result<Box<dyn Listener>> {
        server::listen(at, options).await
    }
}
