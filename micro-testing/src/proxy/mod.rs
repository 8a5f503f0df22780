//! A TCP proxy that does to connections what networks do.
//!
//! ```
//! use std::time::Duration;
//! use micro_testing::{Cut, Faults, Proxy, Way};
//!
//! # #[tokio::main]
//! # async fn main() -> micro::Result<()> {
//! # let target = "127.0.0.1:9";
//! let proxy = Proxy::start(target).await?;
//! // Clients call `proxy.address()` in place of the target.
//! proxy.set(Faults::none().delay(Way::Both, Duration::from_millis(20), Duration::from_millis(5)));
//! proxy.set(Faults::none().drop(Way::FromTarget)); // half open: requests arrive, answers do not
//! proxy.cut(Cut::Reset);                           // whatever is open
//! proxy.refuse().await;                            // nobody listens
//! proxy.accept()?;
//! proxy.set(Faults::none());
//! println!("{:?}", proxy.traffic());
//! # Ok(())
//! # }
//! ```

mod connection;
mod faults;
mod pump;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use micro::{Error, Result};
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use self::faults::{Cut, Faults, Way};
use crate::Seed;

/// A TCP proxy in front of an address. Dropped, it closes everything.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// Here, where a test that fails drops it and sees it.
    _seed: Seed,
    /// Bound and not listening: the port stays ours while connections are refused.
    _place: Socket,
    shared: Arc<Shared>,
    connections: Arc<Mutex<JoinSet<()>>>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// What went through a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// How many connections were accepted.
    pub connections: u64,
    /// How many of these are open.
    pub open: usize,
    /// How many were cut.
    pub cut: u64,
    /// The bytes that were handed to the target.
    pub to_target: u64,
    /// The bytes that were handed to clients.
    pub from_target: u64,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    seed: u64,
    /// What new connections get.
    faults: Mutex<Faults>,
    /// What each open one has.
    open: Mutex<HashMap<u64, watch::Sender<Order>>>,
    counts: Counts,
}

/// What a connection is told.
#[derive(Clone, Debug)]
struct Order {
    faults: Arc<Faults>,
    end: Option<Cut>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    cut: AtomicU64,
    to_target: AtomicU64,
    from_target: AtomicU64,
}

impl Proxy {
    /// A proxy on a free port of loopback, in front of `target`, with a random seed.
    ///
    /// # Errors
    /// `Unavailable` when the target has no address, or there is no port.
    pub async fn start(target: impl ToSocketAddrs) -> Result<Self> {
        Self::start_with(target, Seed::new()).await
    }

    /// The same whose randomness (jitter, corruption, instants of cuts) can be repeated.
    ///
    /// # Errors
    /// `Unavailable` when the target has no address, or there is no port.
    pub async fn start_with(target: impl ToSocketAddrs, seed: Seed) -> Result<Self> {
        let mut targets = tokio::net::lookup_host(target).await.map_err(failed)?;
        let target = targets.next().ok_or_else(|| Error::unavailable("the target has no address"))?;
        let loopback: IpAddr =
            if target.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        let place = bind(SocketAddr::new(loopback, 0)).map_err(failed)?;
        let address = place.local_addr().map_err(failed)?.as_socket();
        let address = address.ok_or_else(|| Error::internal("a TCP socket without address"))?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            seed: seed.number(),
            faults: Mutex::default(),
            open: Mutex::default(),
            counts: Counts::default(),
        });
        let (connections, accepting) = Default::default();
        let proxy = Self { address, _seed: seed, _place: place, shared, connections, accepting };
        proxy.accept()?;
        Ok(proxy)
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connects new clients to another target: a process that came back on another port, or that had to know the proxy's
    /// address before it had its own.
    pub fn set_target(&self, target: SocketAddr) {
        *locked(&self.shared.target) = target;
    }

    /// Sets what happens to all connections from now on, those that are open and new ones.
    pub fn set(&self, faults: Faults) {
        let order = Arc::new(faults.clone());
        // Under the lock of what new ones get, so that none gets the old.
        let mut new = locked(&self.shared.faults);
        for connection in locked(&self.shared.open).values() {
            connection.send_modify(|told| told.faults = Arc::clone(&order));
        }
        *new = faults;
    }

    /// Sets what happens to connections that are opened from now on.
    pub fn set_new(&self, faults: Faults) {
        *locked(&self.shared.faults) = faults;
    }

    /// Cuts all connections that are open, at once, and tells how many these were.
    pub fn cut(&self, cut: Cut) -> usize {
        let open = locked(&self.shared.open);
        for connection in open.values() {
            connection.send_modify(|order| order.end = Some(cut));
        }
        open.len()
    }

    /// Refuses new connections, as a machine does where nobody listens. Those that are open stay.
    pub async fn refuse(&self) {
        let accepting = locked(&self.accepting).take();
        if let Some(task) = accepting {
            task.abort();
            // Its listener is closed once it has ended. It was told to, so how it ended is no news.
            let _ = task.await;
        }
    }

    /// Takes new connections again.
    ///
    /// # Errors
    /// `Unavailable` when the system does not let it.
    pub fn accept(&self) -> Result<()> {
        let mut accepting = locked(&self.accepting);
        if accepting.is_none() {
            let listener = listen(self.address).map_err(failed)?;
            let (shared, connections) = (Arc::clone(&self.shared), Arc::clone(&self.connections));
            *accepting = Some(tokio::spawn(accept(listener, shared, connections)));
        }
        Ok(())
    }

    /// What went through so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let counts = &self.shared.counts;
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Traffic {
            connections: load(&counts.connections),
            open: locked(&self.shared.open).len(),
            cut: load(&counts.cut),
            to_target: load(&counts.to_target),
            from_target: load(&counts.from_target),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = locked(&self.accepting).take() {
            task.abort();
        }
        locked(&self.connections).abort_all();
    }
}

impl Shared {
    /// What a new connection is told, now and later.
    fn enter(&self) -> (u64, watch::Receiver<Order>) {
        let number = self.counts.connections.fetch_add(1, Ordering::Relaxed);
        let faults = locked(&self.faults);
        let (told, order) = watch::channel(Order { faults: Arc::new(faults.clone()), end: None });
        locked(&self.open).insert(number, told);
        (number, order)
    }

    fn leave(&self, number: u64) {
        locked(&self.open).remove(&number);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, connections: Arc<Mutex<JoinSet<()>>>) {
    loop {
        // It fails for a client that is gone already, and where descriptors are used up.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (number, order) = shared.enter();
        let connection = connection::run(Arc::clone(&shared), client, number, order);
        let mut connections = locked(&connections);
        while connections.try_join_next().is_some() {}
        connections.spawn(connection);
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bind(address)?;
    socket.listen(1024)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Several sockets have the port: the one that keeps it, and the listener.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn failed(error: io::Error) -> Error {
    Error::unavailable(format!("cannot start a proxy: {error}")).with_source(error)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
