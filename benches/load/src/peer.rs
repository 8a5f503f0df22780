//! What a peer implements.

use std::future::Future;
use std::net::SocketAddr;

use crate::{Arguments, Ask};

/// Any error: the first one ends a measurement, which then has no result.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// A result with any error, unless another is named.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Where a server is, and what reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
    /// How many connections to make.
    pub connections: usize,
    /// How many calls there will be at a time: how many connections to make where each carries one call.
    pub in_flight: usize,
}

/// An RPC system.
pub trait Peer: Send + Sync + Sized + 'static {
    /// Its client.
    type Client: Client;

    /// Made once in a process, on its runtime.
    ///
    /// # Errors
    /// Why it cannot be.
    fn new(arguments: &Arguments) -> Result<Self>;

    /// Serves on a free port of 127.0.0.1, in tasks of the runtime that it is called on, until that ends.
    fn serve(&self) -> impl Future<Output = Result<SocketAddr>> + Send;

    /// Clients of a server: calls are spread over them in turn, so that there is one for each connection, or one that
    /// spreads them itself.
    fn connect(&self, target: Target) -> impl Future<Output = Result<Vec<Self::Client>>> + Send;

    /// How many allocations this thread has made, where they are counted.
    fn allocations() -> u64 {
        0
    }
}

/// A client of an RPC system.
pub trait Client: Clone + Send + Sync + 'static {
    /// Asks for an answer to a text.
    fn call(&self, ask: Ask, text: String) -> impl Future<Output = Result<String>> + Send;

    /// Asks for a stream of as many messages as the text says, and tells of them as they come.
    fn numbers(&self, text: String, seen: impl FnMut(u64) + Send) -> impl Future<Output = Result> + Send {
        drop((text, seen));
        async { unsupported("streams") }
    }

    /// A stream of answers that is open, idle, and stays so until what is returned is dropped.
    fn open(&self) -> impl Future<Output = Result<Box<dyn Send>>> + Send {
        async { unsupported("streams") }
    }
}

/// What a client says of work that it has no part in.
///
/// # Errors
/// Always.
pub fn unsupported<T>(work: &str) -> Result<T> {
    Err(format!("this peer has no {work}").into())
}
