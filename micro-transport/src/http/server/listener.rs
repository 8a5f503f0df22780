//! Accepting connections.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use micro_core::{Address, Dispatch, Error, Listener, Peer, Result, Shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::bind::bind;
use super::connection;
use super::permits::Permits;
use crate::ListenOptions;
use crate::http::socket;

/// How long is waited when connections cannot be accepted, for want of file descriptors or memory: first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// How long the log says nothing more of connections that cannot be accepted.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// How long it takes until what came before a stop is read.
const SETTLED: Duration = Duration::from_millis(20);
/// How many connections that wait in the kernel's queue are still taken when the server stops.
const LAST: usize = 4096;

/// How many connections at a time are told that there are too many; what is above that too is closed without a word.
const TURNED_AWAY: usize = 64;

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) app: Arc<dyn Dispatch>,
    pub(crate) options: ListenOptions,
    /// One permit for each call that may run.
    pub(crate) calls: Arc<Permits>,
    pub(super) stop: Shutdown,
}

impl Debug for Shared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(app: Arc<dyn Dispatch>, options: ListenOptions, stop: Shutdown) -> Arc<Self> {
        let calls = Permits::new(options.max_calls);
        Arc::new(Self { app, options, calls, stop })
    }

    /// Waits until connections are to end: when the server stops, and what has come by then is read. The kernel has it
    /// a moment before Tokio knows.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let fired = self.stop.fired();
        async move {
            fired.await;
            tokio::time::sleep(SETTLED).await;
        }
    }
}

/// A socket that listens.
struct Http {
    socket: TcpListener,
    addresses: [Address; 1],
    options: ListenOptions,
}

/// Takes an address.
pub(in crate::http) async fn listen(at: &Address, options: &ListenOptions) -> Result<Box<dyn Listener>> {
    options.check()?;
    listen_on(bind(at).await?, options)
}

/// Listens at a socket that is there already.
pub(in crate::http) fn listen_on(
    socket: std::net::TcpListener,
    options: &ListenOptions,
) -> Result<Box<dyn Listener>> {
    let options = options.checked()?;
    if Handle::try_current().is_err() {
        return Err(Error::failed_precondition(
            "listening needs a Tokio runtime: call it in an async function",
        ));
    }
    let unusable = |error: io::Error| {
        Error::unavailable(format!("cannot listen at the given socket: {error}")).not_reached()
    };
    // What Tokio asks for, and what a socket from elsewhere need not be.
    socket.set_nonblocking(true).map_err(unusable)?;
    let socket = TcpListener::from_std(socket).map_err(unusable)?;
    let address = socket.local_addr().map_err(unusable)?;
    Ok(Box::new(Http { socket, addresses: [address.into()], options }))
}

#[async_trait]
impl Listener for Http {
    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    async fn serve(self: Box<Self>, app: Arc<dyn Dispatch>, stop: Shutdown) -> Result<()> {
        let shared = Shared::new(app, self.options, stop);
        // Dropping the future drops this, which ends every connection.
        let (mut connections, mut turned_away) = (JoinSet::new(), JoinSet::new());
        let mut stop = std::pin::pin!(shared.stop.fired());
        let mut told = None;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                Some(_) = turned_away.join_next(), if !turned_away.is_empty() => {}
                (socket, from) = accept(&self.socket, &mut told) => {
                    if connections.len() < shared.options.max_connections {
                        start(&mut connections, &shared, socket, from);
                    } else if turned_away.len() < TURNED_AWAY {
                        turned_away.spawn(connection::turn_away(shared.clone(), socket));
                    }
                }
            }
        }
        drop(turned_away);
        // To their peers they are connected, and may have sent a request.
        for (socket, from) in waiting(self.socket) {
            start(&mut connections, &shared, socket, from);
        }
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

fn start(connections: &mut JoinSet<()>, shared: &Arc<Shared>, socket: TcpStream, from: SocketAddr) {
    if let Err(error) = socket::accepted(&socket) {
        // It works without, or fails at its first byte.
        tracing::debug!(%from, %error, "a connection's socket cannot be set up");
    }
    let peer = Peer::new(address(from), "");
    let peer = match socket.local_addr() {
        Ok(local) => peer.with_local(address(local)),
        Err(_) => peer,
    };
    connections.spawn(connection::serve(shared.clone(), socket, peer));
}

/// A socket of both kinds of addresses tells IPv4 ones as `::ffff:10.0.0.1`, which nobody else calls them.
fn address(socket: SocketAddr) -> Address {
    SocketAddr::new(socket.ip().to_canonical(), socket.port()).into()
}

/// The connections that wait in the kernel's queue of a socket, which is closed then. Tokio may not have heard of them.
fn waiting(socket: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(socket) = socket.into_std() else { return Vec::new() };
    let next = || {
        let (connection, from) = socket.accept().ok()?;
        connection.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(connection).ok()?, from))
    };
    std::iter::from_fn(next).take(LAST).collect()
}

/// The next connection. Whatever accepting fails with, the server lives on. `told` is when the log last said so, which
/// is not done for each connection that waits.
async fn accept(socket: &TcpListener, told: &mut Option<Instant>) -> (TcpStream, SocketAddr) {
    let mut pause = PAUSES.0;
    loop {
        match socket.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection ended before it was accepted");
            }
            Err(error) => {
                if told.is_none_or(|told| told.elapsed() > TOLD_AGAIN) {
                    *told = Some(Instant::now());
                    tracing::warn!(%error, "connections cannot be accepted; trying again until they can");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Whether an error says that the connection which would have been accepted is gone; the next one need not wait.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
