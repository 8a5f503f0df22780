use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use micro_core::{Address, Call, Dispatch, Error, Formats, Listener, Request, Result, Shutdown};

#[cfg(feature = "http")]
use crate::refused::Refused;

/// Carries calls between processes: it dials, and it listens.
///
/// The laws are those of [`Dispatch`] and of this crate's `conformance` module.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// The name by which settings choose it: `http`.
    fn name(&self) -> &'static str;

    /// What a node that listens with these options says, under the key `micro` of its record, that it speaks beyond what
    /// go-micro does: best first, for [`DialOptions::protocols`] of those who call it.
    fn speaks(&self, options: &ListenOptions) -> &'static [&'static str] {
        let _ = options;
        &[]
    }

    /// Makes the link to an address. Whether anybody is there may turn out only with the first call.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when nobody answers there within
    /// [`DialOptions::timeout`]; [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for an address that is
    /// none of this transport's.
    async fn dial(&self, to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>>;

    /// Takes an address.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when it cannot be had, and
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for one that is none of this transport's.
    async fn listen(&self, at: &Address, options: &ListenOptions) -> Result<Box<dyn Listener>>;
}

/// The link to one address, whatever sockets it holds. Dropping the last handle closes it when its calls are done.
#[async_trait]
pub trait Connection: Dispatch {
    /// Whether it takes calls.
    fn state(&self) -> ConnectionState;

    /// Whether a call would wait here before it is sent: for others to end, as over HTTP/1.1 when each socket of the pool
    /// has one, or for a word of a peer that is silent. Where there is another node that call goes there.
    fn is_busy(&self) -> bool {
        false
    }

    /// Makes a call if it takes one now and the call would not wait: what is tried first for each call.
    ///
    /// # Errors
    /// The request of a call that was not made.
    fn try_dispatch(&self, request: Request) -> std::result::Result<Call, Box<Request>> {
        if self.state() == ConnectionState::Ready && !self.is_busy() {
            Ok(self.dispatch(request))
        } else {
            Err(Box::new(request))
        }
    }

    /// Waits until the state has left `seen`.
    async fn changed(&self, seen: ConnectionState);
}

/// Whether a connection takes calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionState {
    /// It takes calls.
    Ready,
    /// The peer wants no new ones; those that run are answered.
    Draining,
    /// It is gone; dial again.
    Closed,
}

/// How an address is dialled, and what the connection does. The defaults are those of `micro::defaults`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DialOptions {
    /// How long a connection may take to be made.
    pub timeout: Duration,
    /// What the node is known to speak, best first, from its metadata `micro`: `lane/1`, `h2`, or `http/1.1` where those are
    /// off. A node that refuses the lane is spoken to in what it lists next. Empty for a bare address, which may be
    /// anybody's: it is called over HTTP/1.1, one call at a time on each socket, and the first call asks for the lane, which
    /// all others take if it is spoken there. Anything else (`mucp`) is a node that is not ours, and HTTP/1.1. Who refused
    /// the lane is remembered for a minute by all that dial with clones of these options.
    pub protocols: Vec<String>,
    /// The largest message that is read, in bytes.
    pub max_message: usize,
    /// The most sockets to this address, where a protocol carries one call on each.
    pub pool_size: usize,
    /// How long an idle socket is kept.
    pub pool_ttl: Duration,
    /// The most connections to this address, where a protocol carries many calls on each. Another one is made when
    /// those there are carry 100 calls each, or as many as the peer takes. One connection is one task, so one core's
    /// work, on either side, and one lost packet stops all of its calls: a few of them carry more than one core has to
    /// say, and many of them would be no better than a socket for each call.
    pub connections: usize,
    /// How long a connection that is waited for may be silent before it is asked whether it lives. One that was idle
    /// for as long is asked before the next call goes out on it.
    pub keep_alive: Duration,
    /// How long it has to answer that; what waits for it fails then, and what was not sent yet is known not to have
    /// reached it. Over HTTP/1.1 there is nothing to ask with: a host or a way that is gone, or a peer that takes not a
    /// byte of what is sent to it, is noticed by the kernel within 8 s, and a process that is stopped by the deadline
    /// of the call.
    pub keep_alive_timeout: Duration,
    /// The addresses that do not take the lane, as those who dial with clones of these options found out.
    #[cfg(feature = "http")]
    pub(crate) refused: Refused,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            protocols: Vec::new(),
            max_message: 4 * 1024 * 1024,
            pool_size: 100,
            pool_ttl: Duration::from_secs(60),
            connections: 4,
            keep_alive: Duration::from_secs(5),
            keep_alive_timeout: Duration::from_secs(3),
            #[cfg(feature = "http")]
            refused: Refused::default(),
        }
    }
}

/// How an address is listened at, and the limits of what comes in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenOptions {
    /// The formats that are spoken; a request in any other one is refused.
    pub formats: Formats,
    /// The name of the service: what a request that names none is for.
    pub service: String,
    /// The largest message that is read, in bytes.
    pub max_message: usize,
    /// The largest head of a request (its line and headers), in bytes. Over HTTP/1.1 a head has at most 100 lines of
    /// headers too, whatever their size. What is above either is refused with status 431.
    pub max_header: usize,
    /// The most calls at a time over all connections; above it calls are refused with
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached.
    pub max_calls: usize,
    /// The most calls and streams at a time on one connection.
    pub max_streams: u32,
    /// The most connections at a time; above it new ones are refused, with
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached. A process needs as many file
    /// descriptors (`ulimit -n`), and some for itself.
    pub max_connections: usize,
    /// How long the head of a request may take, from its first byte.
    pub header_timeout: Duration,
    /// How long a message may be on its way: that of a request from its head to its last byte, one of a stream from its
    /// first byte to its last, and an answer that is no stream until its caller has taken it. A peer that takes nothing
    /// of what is sent to it for so long is given up.
    pub message_timeout: Duration,
    /// How long a connection may be idle.
    pub idle_timeout: Duration,
    /// How long a connection with calls waiting may be silent before it is asked whether it lives.
    pub keep_alive: Duration,
    /// How long it has to answer that.
    pub keep_alive_timeout: Duration,
    /// Which protocols are on.
    pub protocols: Protocols,
    /// Where handlers are polled.
    pub placement: Placement,
    /// What tells whether the process is well, where the transport has a way to ask (`GET /healthz`, `GET /readyz`).
    /// Without it a process that answers is well.
    pub health: Option<Arc<dyn Health>>,
    /// Fires when calls that still run after a stop are to end: their handlers are dropped, and their callers are told
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), reason `STOPPING`. Before the stop it does nothing.
    /// Those who do not read what they are told keep their connection until the listener's future is dropped.
    pub cancel: Shutdown,
}

/// Tells whether a process is well, to those who start and watch it.
pub trait Health: Debug + Send + Sync + 'static {
    /// Whether it works at all; one that does not is to be restarted.
    ///
    /// # Errors
    /// Why it does not.
    fn live(&self) -> Result<()> {
        Ok(())
    }

    /// Whether it wants calls now.
    ///
    /// # Errors
    /// Why not: it is starting, stopping, or waits for something.
    fn ready(&self) -> Result<()>;
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            formats: Formats::new(),
            service: String::new(),
            max_message: 4 * 1024 * 1024,
            max_header: 64 * 1024,
            max_calls: 100_000,
            max_streams: 1_000,
            max_connections: 20_000,
            header_timeout: Duration::from_secs(10),
            message_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(75),
            keep_alive: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(5),
            protocols: Protocols::default(),
            placement: Placement::default(),
            health: None,
            cancel: Shutdown::new(),
        }
    }
}

/// Where the handlers of calls are polled that come in over a lane.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Placement {
    /// Those that are soon done with in the task of their connection, and all others in tasks of their own: what each
    /// endpoint takes is measured. This is what to use; the others are there for measurements that have to be alike.
    #[default]
    Adaptive,
    /// First in the task of their connection, and in their own once they had to wait. One that computes for long holds up
    /// the other calls of its connection.
    InPlace,
    /// In tasks of their own.
    Spawned,
}

/// Which protocols a port speaks, where its transport knows several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Protocols {
    /// HTTP/1.1.
    pub http1: bool,
    /// HTTP/2, by prior knowledge.
    pub http2: bool,
    /// The lane.
    pub lane: bool,
}

impl Default for Protocols {
    fn default() -> Self {
        Self { http1: true, http2: true, lane: true }
    }
}

/// What a call is told that [`ListenOptions::cancel`] ended.
pub(crate) fn stopped() -> Error {
    Error::unavailable("the service stopped before the call was done").with_reason("STOPPING")
}
